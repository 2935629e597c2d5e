package signingkey

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func armoured(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestKeysInTheirForms(t *testing.T) {
	_, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	for _, key := range [][]byte{private, private.Seed()} {
		got, err := ParseWebhook("whsk_" + base64.StdEncoding.EncodeToString(key))
		require.NoError(t, err)
		assert.Equal(t, Webhook{Private: private}, got, "a seed is the same key")
	}
	got, err := ParseWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	assert.Len(t, got.Secret, 24)
	secret, err := ParseHMAC(" aGVsbG8\n")
	require.NoError(t, err)
	assert.Equal(t, "hello", string(secret))
	again, err := ParseEd25519(armoured(t, private))
	require.NoError(t, err)
	assert.Equal(t, private, again)
}

func TestFaultsTellNothingOfAKey(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	webhook := func(text string) error { _, err := ParseWebhook(text); return err }
	hmac := func(text string) error { _, err := ParseHMAC(text); return err }
	private := func(text string) error { _, err := ParseEd25519(text); return err }
	for _, tt := range []struct {
		parse      func(string) error
		text, want string
	}{
		{webhook, "canary", "begins with neither whsec_ nor whsk_"}, {webhook, "", "begins with neither whsec_ nor whsk_"},
		{webhook, "whsec_!canary", "is not base64 after whsec_"}, {webhook, "whsk_!canary", "is not base64 after whsk_"},
		{webhook, "whsec_Y2FuYXJ5", "holds 6 bytes; a secret has 24 to 64"}, {webhook, "whsk_Y2FuYXJ5", "holds 6 bytes; an ed25519 key has 32 or 64"},
		{hmac, "canary!", "is not base64, which hmac-sha256 needs"}, {hmac, " ", "is not base64, which hmac-sha256 needs"},
		{private, "canary", "has no PEM block, which ed25519 needs"},
		{private, "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n", "has a PEM block that is not a PKCS #8 private key"},
		{private, armoured(t, other), "is not an ed25519 key"},
	} {
		assert.EqualError(t, tt.parse(tt.text), tt.want)
	}
}
