package signature

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"

	"iggysink/internal/signingkey"
	"iggysink/schema"
)

// standardWebhooks signs as Standard Webhooks 1.0 has it.
type standardWebhooks struct {
	keys []signingkey.Webhook
}

func newStandardWebhooks(b *schema.SignatureStandardWebhooks) (*standardWebhooks, error) {
	s := &standardWebhooks{}
	for i, secret := range b.Secrets {
		k, err := signingkey.ParseWebhook(secret.Reveal())
		if err != nil {
			return nil, fmt.Errorf("secrets: element %d %w", i+1, err)
		}
		s.keys = append(s.keys, k)
	}
	if len(s.keys) == 0 {
		return nil, errors.New("secrets: must have at least one")
	}
	return s, nil
}

func (s *standardWebhooks) sign(r *Request) error {
	timestamp := strconv.FormatInt(r.Time.Unix(), 10)
	content := append([]byte(r.ID+"."+timestamp+"."), r.Body...)
	var all []byte
	for i, k := range s.keys {
		if i > 0 {
			all = append(all, ' ')
		}
		all = appendSignature(all, k, content)
	}
	r.Header["Webhook-Id"] = []string{r.ID}
	r.Header["Webhook-Timestamp"] = []string{timestamp}
	r.Header["Webhook-Signature"] = []string{string(all)}
	return nil
}

func appendSignature(dst []byte, k signingkey.Webhook, content []byte) []byte {
	if k.Private != nil {
		return base64.StdEncoding.AppendEncode(append(dst, "v1a,"...), ed25519.Sign(k.Private, content))
	}
	mac := hmac.New(sha256.New, k.Secret)
	mac.Write(content)
	return base64.StdEncoding.AppendEncode(append(dst, "v1,"...), mac.Sum(nil))
}
