// Package signingkey reads the keys of signatures in their text forms: for the sink that signs with them, and for validate,
// which says what is wrong with them before a sink is made. No error holds a piece of a key.
package signingkey

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Webhook is a key of Standard Webhooks. One of the two is set.
type Webhook struct {
	Secret  []byte             // symmetric: it signs as v1
	Private ed25519.PrivateKey // it signs as v1a
}

// ParseWebhook reads whsec_ or whsk_ and base64. The specification asks for 24 to 64 bytes of a symmetric key. The error goes
// on behind the name of what holds the text: "is not base64 after whsec_".
func ParseWebhook(text string) (Webhook, error) {
	prefix, encoded, _ := strings.Cut(text, "_")
	if prefix != "whsec" && prefix != "whsk" {
		return Webhook{}, errors.New("begins with neither whsec_ nor whsk_")
	}
	key, err := decode(encoded)
	switch {
	case err != nil:
		return Webhook{}, fmt.Errorf("is not base64 after %s_", prefix)
	case prefix == "whsec" && (len(key) < 24 || len(key) > 64):
		return Webhook{}, fmt.Errorf("holds %d bytes; a secret has 24 to 64", len(key))
	case prefix == "whsec":
		return Webhook{Secret: key}, nil
	case len(key) == ed25519.SeedSize:
		return Webhook{Private: ed25519.NewKeyFromSeed(key)}, nil
	case len(key) == ed25519.PrivateKeySize:
		return Webhook{Private: key}, nil
	}
	return Webhook{}, fmt.Errorf("holds %d bytes; an ed25519 key has 32 or 64", len(key))
}

// ParseHMAC reads the base64 of a symmetric key, with or without padding and with white space around it.
func ParseHMAC(text string) ([]byte, error) {
	key, err := decode(strings.TrimSpace(text))
	if err != nil || len(key) == 0 {
		return nil, errors.New("is not base64, which hmac-sha256 needs")
	}
	return key, nil
}

// ParseEd25519 reads a private key in PEM (PKCS #8).
func ParseEd25519(text string) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("has no PEM block, which ed25519 needs")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("has a PEM block that is not a PKCS #8 private key")
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("is not an ed25519 key")
	}
	return private, nil
}

func decode(text string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
}
