package rules

import (
	"strconv"

	"iggysink/internal/signingkey"
	"iggysink/schema"
)

// signingKeys asks that each key is one, as far as it is known.
func (r sinkRules) signingKeys() {
	for i := range r.sink.Signature {
		b, at := &r.sink.Signature[i], "signature/"+strconv.Itoa(i)
		switch {
		case b.StandardWebhooks != nil:
			for j, secret := range b.StandardWebhooks.Secrets {
				_, err := signingkey.ParseWebhook(secret.Reveal())
				r.signingKey(at+"/secrets/"+strconv.Itoa(j), "the secret", err)
			}
		case b.HTTPMessage != nil && r.known(at+"/algorithm"):
			var err error
			switch b.HTTPMessage.Algorithm {
			case schema.SignatureAlgorithmHmacSha256:
				_, err = signingkey.ParseHMAC(b.HTTPMessage.Key.Reveal())
			case schema.SignatureAlgorithmEd25519:
				_, err = signingkey.ParseEd25519(b.HTTPMessage.Key.Reveal())
			}
			r.signingKey(at+"/key", "the key", err)
		}
	}
}

func (r sinkRules) signingKey(at, what string, fault error) {
	if fault != nil && r.set(at) && r.known(at) {
		r.tell(at, "signing-key", what+" "+fault.Error(), "")
	}
}
