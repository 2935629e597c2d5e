package signature

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"iggysink/internal/signingkey"
	"iggysink/schema"
)

// httpMessage signs as RFC 9421 has it.
type httpMessage struct {
	label      string
	components []string
	keyID      string
	algorithm  string
	secret     []byte             // of hmac-sha256
	private    ed25519.PrivateKey // of ed25519
	digest     bool               // content-digest is a component
}

func newHTTPMessage(b *schema.SignatureHTTPMessage) (*httpMessage, error) {
	m := &httpMessage{label: b.Label, components: b.Components, keyID: b.KeyID, algorithm: string(b.Algorithm)}
	if len(m.components) == 0 || m.label == "" {
		return nil, errors.New("components and label: must not be empty")
	}
	for _, c := range m.components {
		m.digest = m.digest || c == "content-digest"
	}
	var err error
	switch b.Algorithm {
	case schema.SignatureAlgorithmHmacSha256:
		m.secret, err = signingkey.ParseHMAC(b.Key.Reveal())
	case schema.SignatureAlgorithmEd25519:
		m.private, err = signingkey.ParseEd25519(b.Key.Reveal())
	default:
		return nil, errors.New("algorithm: is neither hmac-sha256 nor ed25519")
	}
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return m, nil
}

func (m *httpMessage) sign(r *Request) error {
	if m.digest && r.Header.Get("Content-Digest") == "" {
		sum := sha256.Sum256(r.Body)
		r.Header["Content-Digest"] = []string{"sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"}
	}
	params := m.params(r)
	base, err := m.base(r, params)
	if err != nil {
		return err
	}
	var signature []byte
	if m.private != nil {
		signature = ed25519.Sign(m.private, base)
	} else {
		mac := hmac.New(sha256.New, m.secret)
		mac.Write(base)
		signature = mac.Sum(nil)
	}
	// Several blocks share the two headers: they are dictionaries (RFC 8941), one member for each label.
	addMember(r.Header, "Signature-Input", m.label+"="+params)
	addMember(r.Header, "Signature", m.label+"=:"+base64.StdEncoding.EncodeToString(signature)+":")
	return nil
}

func addMember(h http.Header, name, member string) {
	if before := h[name]; len(before) > 0 {
		member = before[0] + ", " + member
	}
	h[name] = []string{member}
}

// params are the parameters of the signature, section 2.3.
func (m *httpMessage) params(r *Request) string {
	quoted := make([]string, 0, len(m.components))
	for _, c := range m.components {
		quoted = append(quoted, `"`+c+`"`)
	}
	return "(" + strings.Join(quoted, " ") + ");created=" + strconv.FormatInt(r.Time.Unix(), 10) +
		`;keyid="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(m.keyID) + `";alg="` + m.algorithm + `"`
}

// base is what is signed, section 2.5.
func (m *httpMessage) base(r *Request, params string) ([]byte, error) {
	var b []byte
	for _, c := range m.components {
		value, err := component(r, c)
		if err != nil {
			return nil, err
		}
		b = append(b, `"`+c+`": `+value+"\n"...)
	}
	return append(b, `"@signature-params": `+params...), nil
}

// component returns the value of a component, sections 2.1 and 2.2.
func component(r *Request, name string) (string, error) {
	switch name {
	case "@method":
		return r.Method, nil
	case "@target-uri":
		target := *r.URL // as the endpoint puts it together: what it knows of its name is the Host header
		target.Host, target.Fragment, target.User = r.host(), "", nil
		return target.String(), nil
	case "@authority":
		return authority(r), nil
	case "@scheme":
		return strings.ToLower(r.URL.Scheme), nil
	case "@request-target":
		return r.URL.RequestURI(), nil
	case "@path":
		if path := r.URL.EscapedPath(); path != "" {
			return path, nil
		}
		return "/", nil
	case "@query":
		return "?" + r.URL.RawQuery, nil
	case "host":
		return r.host(), nil
	case "content-length":
		return strconv.Itoa(len(r.Body)), nil
	}
	var values []string
	for key, list := range r.Header { // a header keeps the spelling that it was given
		if strings.EqualFold(key, name) {
			for _, v := range list {
				values = append(values, strings.TrimSpace(v))
			}
		}
	}
	if len(values) == 0 {
		return "", fmt.Errorf("signature: the request has no header %q to sign", name)
	}
	return strings.Join(values, ", "), nil
}

// authority is the host in lower case, without the port that is the scheme's.
func authority(r *Request) string {
	host := strings.ToLower(r.host())
	switch r.URL.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return host
}
