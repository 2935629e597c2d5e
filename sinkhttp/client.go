package sinkhttp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/imroc/req/v3"

	"iggysink/schema"
)

// maxHeaderBytes bounds what an answer's header may take of our memory.
const maxHeaderBytes = 64 << 10

// userAgent is sent unless the configuration has a User-Agent of its own.
const userAgent = "iggysink"

// newTransport returns a transport without anything that would act on its own: no redirects, retries, cookies, proxy or
// decoding, and HTTP/1.1 only, because the HTTP/2 of req does not bound what an endpoint can make it do.
func newTransport(cfg *schema.Sink, dial dialFunc) (*req.Transport, error) {
	plain, encrypted, err := dialers(cfg, dial)
	if err != nil {
		return nil, err
	}
	client := req.C().SetTimeout(0).SetCookieJar(nil).SetRedirectPolicy(req.NoRedirectPolicy()).
		DisableAutoReadResponse().DisableAutoDecode().DisableCompression().SetProxy(nil).SetLogger(nil).
		SetDial(plain).SetDialTLS(encrypted).EnableForceHTTP1()
	t := client.GetTransport()
	t.MaxIdleConns = 0 // no bound beside that of the host
	t.MaxIdleConnsPerHost = cfg.MaxConnections
	t.SetMaxConnsPerHost(cfg.MaxConnections).SetIdleConnTimeout(90 * time.Second).
		SetMaxResponseHeaderBytes(maxHeaderBytes).SetReadBufferSize(4 << 10).SetWriteBufferSize(writeBuffer(cfg.BatchMode))
	return t, nil
}

// writeBuffer is sized so that header and body leave in few writes; every connection has one.
func writeBuffer(mode schema.BatchMode) int {
	if mode == schema.BatchModeNDJSON || mode == schema.BatchModeJSONArray {
		return 256 << 10
	}
	return 32 << 10
}

// newTLS reads the files of the tls block. They are read here and not by req, which only logs that it cannot read one
// and trusts nobody else where it has a certificate authority.
func newTLS(cfg *schema.Sink) (*tls.Config, error) {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: cfg.TLSDangerAcceptInvalidCerts, //nolint:gosec // asked for by name, and warned of
	}
	block := cfg.TLS
	if block == nil {
		return config, nil
	}
	config.ServerName = block.ServerName
	if block.CAFile != "" {
		pem, err := os.ReadFile(block.CAFile)
		if err != nil {
			return nil, fmt.Errorf("tls: ca_file: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool() // a system without authorities
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls: ca_file: no certificate in %s", block.CAFile)
		}
		config.RootCAs = pool
	}
	if block.CertFile != "" || block.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(block.CertFile, block.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("tls: cert_file and key_file: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// newHeader checks the configured headers and returns what every request carries, each name as it is spelt: there are
// endpoints that know SOAPAction and not Soapaction. The map is shared by all requests and never written to afterwards.
// Names are in the errors, values never. ignored is a header that had no effect.
func newHeader(cfg *schema.Sink) (header http.Header, host, ignored string, err error) {
	header = http.Header{"User-Agent": {userAgent}}
	seen := make(map[string]bool, len(cfg.Headers))
	for name, value := range cfg.Headers {
		if !validName(name) {
			return nil, "", "", fmt.Errorf("headers: %q is not a valid header name", name)
		}
		if !validValue(value.Reveal()) {
			return nil, "", "", fmt.Errorf("headers: the value of %q has a character that is not allowed", name)
		}
		canonical := http.CanonicalHeaderKey(name)
		switch {
		case seen[canonical]:
			return nil, "", "", fmt.Errorf("headers: %q is set twice: case makes no difference", canonical)
		case schema.IsConnectionHeader(name):
			return nil, "", "", fmt.Errorf("headers: %q is set by the connection and cannot be configured", name)
		case canonical == "Content-Type":
			ignored = name
		case canonical == "Host":
			host = value.Reveal()
		case canonical == "User-Agent":
			header[canonical] = []string{""} // the transport sends its own where it finds none of this spelling
			header[name] = []string{value.Reveal()}
		default:
			header[name] = []string{value.Reveal()}
		}
		seen[canonical] = true
	}
	contentType := contentType(cfg)
	if !validValue(contentType) {
		return nil, "", "", errors.New("content_type: has a character that is not allowed")
	}
	header["Content-Type"] = []string{contentType}
	return header, host, ignored, nil
}

func contentType(cfg *schema.Sink) string {
	switch {
	case cfg.ContentType != "":
		return cfg.ContentType
	case cfg.BatchMode == schema.BatchModeNDJSON:
		return "application/x-ndjson"
	case cfg.BatchMode == schema.BatchModeRaw:
		return "application/octet-stream"
	}
	return "application/json"
}

// validName reports whether name is a token (RFC 9110 section 5.6.2).
func validName(name string) bool {
	for i := range len(name) {
		c := name[i]
		alphanumeric := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alphanumeric && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return name != ""
}

// validValue reports whether value can stand in a header line: no control character but the tab.
func validValue(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// parseURL reads a URL that requests go to. Its error tells nothing of the text, which may hold a secret.
func parseURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, errors.New("is empty")
	}
	return schema.ParseHTTPURL(text)
}
