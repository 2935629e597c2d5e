package signature

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // some endpoints check nothing else, and HMAC-SHA1 is not broken
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"strconv"
	"strings"

	"iggysink/schema"
)

// keyedHash is a hash in a header of one's own choice.
type keyedHash struct {
	header string
	key    []byte
	hash   func() hash.Hash
	encode func([]byte) string
	signed string
	format string
}

func newHMAC(b *schema.SignatureHmac) (*keyedHash, error) {
	k := &keyedHash{
		header: b.Header, key: []byte(b.Secret.Reveal()), hash: sha256.New, encode: hex.EncodeToString,
		signed: b.Signed, format: b.Format,
	}
	switch b.Algorithm {
	case schema.HmacAlgorithmSha1:
		k.hash = sha1.New
	case schema.HmacAlgorithmSha512:
		k.hash = sha512.New
	case schema.HmacAlgorithmSha256:
	}
	if b.Encoding == schema.HmacEncodingBase64 {
		k.encode = base64.StdEncoding.EncodeToString
	}
	switch {
	case len(k.key) == 0:
		return nil, errors.New("secret: is empty")
	case !strings.Contains(k.signed, "{body}"):
		return nil, errors.New("signed: has no {body}")
	case !strings.Contains(k.format, "{signature}"):
		return nil, errors.New("format: has no {signature}")
	}
	return k, nil
}

func (k *keyedHash) sign(r *Request) error {
	timestamp := strconv.FormatInt(r.Time.Unix(), 10)
	mac := hmac.New(k.hash, k.key)
	// The body goes in by itself: what looks like a placeholder in it is none, and it is not copied.
	for i, piece := range strings.Split(k.signed, "{body}") {
		if i > 0 {
			mac.Write(r.Body)
		}
		mac.Write([]byte(strings.NewReplacer("{timestamp}", timestamp, "{id}", r.ID).Replace(piece)))
	}
	value := strings.NewReplacer("{timestamp}", timestamp, "{id}", r.ID, "{signature}", k.encode(mac.Sum(nil))).Replace(k.format)
	r.Header[k.header] = []string{value}
	return nil
}
