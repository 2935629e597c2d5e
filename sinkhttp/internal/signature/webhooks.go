package signature

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"iggysink/schema"
)

// standardWebhooks signs as Standard Webhooks 1.0 has it.
type standardWebhooks struct {
	keys []webhookKey
}

// webhookKey is a symmetric key (v1) or a private one (v1a).
type webhookKey struct {
	secret  []byte
	private ed25519.PrivateKey
}

func newStandardWebhooks(b *schema.SignatureStandardWebhooks) (*standardWebhooks, error) {
	s := &standardWebhooks{}
	for i, secret := range b.Secrets {
		k, err := readWebhookKey(secret.Reveal())
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

// readWebhookKey reads a secret in its text form. The specification wants 24 to 64 bytes of a symmetric one.
func readWebhookKey(text string) (webhookKey, error) {
	symmetric, isSymmetric := strings.CutPrefix(text, "whsec_")
	private, isPrivate := strings.CutPrefix(text, "whsk_")
	switch {
	case isSymmetric:
		key, err := decodeKey(symmetric)
		switch {
		case err != nil:
			return webhookKey{}, errors.New("is not base64 behind whsec_")
		case len(key) < 24 || len(key) > 64:
			return webhookKey{}, fmt.Errorf("holds %d bytes; a secret has 24 to 64", len(key))
		}
		return webhookKey{secret: key}, nil
	case isPrivate:
		key, err := decodeKey(private)
		switch {
		case err != nil:
			return webhookKey{}, errors.New("is not base64 behind whsk_")
		case len(key) == ed25519.SeedSize:
			return webhookKey{private: ed25519.NewKeyFromSeed(key)}, nil
		case len(key) == ed25519.PrivateKeySize:
			return webhookKey{private: key}, nil
		}
		return webhookKey{}, fmt.Errorf("holds %d bytes; an ed25519 key has 32 or 64", len(key))
	}
	return webhookKey{}, errors.New("begins with neither whsec_ nor whsk_")
}

// decodeKey reads base64 with or without padding.
func decodeKey(text string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
}

func (s *standardWebhooks) sign(r *Request) error {
	timestamp := strconv.FormatInt(r.Time.Unix(), 10)
	content := append([]byte(r.ID+"."+timestamp+"."), r.Body...)
	var all []byte
	for i, k := range s.keys {
		if i > 0 {
			all = append(all, ' ')
		}
		all = k.append(all, content)
	}
	r.Header["Webhook-Id"] = []string{r.ID}
	r.Header["Webhook-Timestamp"] = []string{timestamp}
	r.Header["Webhook-Signature"] = []string{string(all)}
	return nil
}

func (k webhookKey) append(dst, content []byte) []byte {
	if k.private != nil {
		return base64.StdEncoding.AppendEncode(append(dst, "v1a,"...), ed25519.Sign(k.private, content))
	}
	mac := hmac.New(sha256.New, k.secret)
	mac.Write(content)
	return base64.StdEncoding.AppendEncode(append(dst, "v1,"...), mac.Sum(nil))
}
