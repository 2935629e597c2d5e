# A Lambda function behind a function URL with IAM authentication.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "lambda" {
  url     = "https://abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws/"
  timeout = "60s" # longer than the function may take

  # Credentials come from the standard chain: environment, shared files, web identity, container, instance.
  auth "aws_sigv4" {
    region  = "eu-central-1"
    service = "lambda"
  }

  # The function gets an array of envelopes. An event has at most 6 MB, and contains the body as a JSON string, whose
  # quotes are escaped.
  batch_mode             = "json_array"
  max_payload_size_bytes = 3000000

  dead_letter "file" {
    path = "dead/lambda.ndjson"
  }

  stream "shop" {
    topics         = ["created"]
    consumer_group = "lambda"
    batch_length   = 100
    batch_wait     = "100ms"
  }
}
