"""Signs requests with botocore. It reads a JSON list of requests as they were received, one signature each is printed as JSON.

Only the headers that a request says to be signed take part; everything else comes from the request.
"""

import base64
import json
import sys

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def signature(r):
    signed = r["signed_headers"].split(";")
    headers = {name: value for name, value in r["headers"].items() if name.lower() in signed}
    request = AWSRequest(method=r["method"], url=r["url"], headers=headers, data=base64.b64decode(r["body"]))
    request.context["timestamp"] = r["headers"]["X-Amz-Date"]
    signer = S3SigV4Auth if r["service"] == "s3" else SigV4Auth
    auth = signer(Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", r.get("token")), r["service"], r["region"])
    canonical = auth.canonical_request(request)
    return auth.signature(auth.string_to_sign(request, canonical), request)


json.dump([signature(r) for r in json.load(sys.stdin)], sys.stdout)
