package sinkhttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/imroc/req/v3"
	"golang.org/x/net/http/httpguts"

	"iggysink/schema"
	"iggysink/sinkhttp/internal/network"
)

// maxHeaderBytes bounds what an answer's header may take of our memory.
const maxHeaderBytes = 64 << 10

// userAgent is sent unless the configuration has a User-Agent of its own.
const userAgent = "iggysink"

// transport sends requests: req's for HTTP/1.1, net/http's for HTTP/2.
type transport interface {
	http.RoundTripper
	CloseIdleConnections()
}

// newTransport returns a transport without anything that would act on its own. What req has beside its transport, and what
// its transport has beside connections, is not used:
//
//   - Redirects: a POST becomes a GET, and an endpoint could send the request to an address of its choice.
//   - Retries: they sleep past the end of a context, know no Retry-After, and leave connections behind.
//   - Cookies: one partition's answer would change another one's requests.
//   - Automatic reading, decoding and decompression: of any size, in memory. The status decides.
//   - Its proxy from the environment, its dialling and its TLS: see internal/network; TLS files are only logged there.
//   - HTTP/2 and HTTP/3: see http2Transport. HTTP/3 has no configuration here.
//   - Its timeout, which covers the wait for a connection and costs allocations; an attempt has its own.
//   - Dumps, traces, middleware, Alt-Svc, browser fingerprints: they see or change what is sent.
//   - http.NoBody as a body: req knows only a NoBody of its own, and sends the other in chunks.
//   - Its bound on five interim answers, and its counting of decoded bytes only: conn does both on the bytes as they come.
//   - Its replay of requests on the next idle connection: see call.gotConn.
func newTransport(cfg *schema.Sink, dialer *network.Dialer) transport {
	if cfg.Network != nil && cfg.Network.HTTPVersion == schema.HTTPVersion2 {
		return newHTTP2(cfg, dialer)
	}
	watched := func(dial network.DialFunc) network.DialFunc {
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &conn{Conn: c, expires: dialer.Expires(), most: answerBytes(cfg)}, nil
		}
	}
	client := req.C().SetTimeout(0).SetCookieJar(nil).SetRedirectPolicy(req.NoRedirectPolicy()).
		DisableAutoReadResponse().DisableAutoDecode().DisableCompression().SetProxy(nil).SetLogger(nil).
		SetDial(watched(dialer.Plain)).SetDialTLS(watched(dialer.Encrypted)).EnableForceHTTP1()
	t := client.GetTransport()
	if dialer.HasProxy() {
		t.SetProxy(dialer.ForTransport)
	}
	t.MaxIdleConns = 0 // no bound beside that of the host
	t.MaxIdleConnsPerHost = cfg.MaxConnections
	t.SetMaxConnsPerHost(cfg.MaxConnections).SetIdleConnTimeout(90 * time.Second).
		SetMaxResponseHeaderBytes(maxHeaderBytes).SetReadBufferSize(4 << 10).SetWriteBufferSize(writeBuffer(cfg.BatchMode))
	return t
}

// answerBytes is how many bytes an answer may have on the wire. One that judges items has a body that is read.
func answerBytes(cfg *schema.Sink) int64 {
	if cfg.ResponseItems != nil {
		return maxAnswerBytes + 2*maxItemsAnswer
	}
	return maxAnswerBytes
}

// writeBuffer is sized so that header and body leave in few writes; every connection has one.
func writeBuffer(mode schema.BatchMode) int {
	if mode == schema.BatchModeNDJSON || mode == schema.BatchModeJSONArray {
		return 256 << 10
	}
	return 32 << 10
}

// newHeader checks the configured headers and returns what every request carries, each name as it is spelt: there are
// endpoints that know SOAPAction and not Soapaction. The map is shared by all requests and never written to afterwards.
// Names are in the errors, values never. ignored is a header that had no effect.
func newHeader(cfg *schema.Sink) (header http.Header, host, ignored string, err error) {
	header = http.Header{"User-Agent": {userAgent}}
	seen := make(map[string]bool, len(cfg.Headers))
	for name, value := range cfg.Headers {
		if value.HasFields() && http.CanonicalHeaderKey(name) == "Host" {
			return nil, "", "", errors.New("headers: Host is one for all messages")
		}
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, "", "", fmt.Errorf("headers: %q is not a valid header name", name)
		}
		text := value.Fill(schema.Partition{})
		if !httpguts.ValidHeaderFieldValue(text) {
			return nil, "", "", fmt.Errorf("headers: the value of %q has a character that is not allowed", name)
		}
		canonical := http.CanonicalHeaderKey(name)
		switch {
		case canonical == "Authorization" && cfg.Auth != nil:
			return nil, "", "", errors.New("headers: Authorization is set by auth; remove one of the two")
		case seen[canonical]:
			return nil, "", "", fmt.Errorf("headers: %q is set twice: case makes no difference", canonical)
		case schema.IsConnectionHeader(name):
			return nil, "", "", fmt.Errorf("headers: %q is set by the connection and cannot be configured", name)
		case canonical == "Content-Type":
			ignored = name
		case canonical == "Host":
			host = text
		case value.HasFields(): // each request has its own
		case canonical == "User-Agent":
			header[canonical] = []string{""} // the transport sends its own where it finds none of this spelling
			header[name] = []string{text}
		default:
			header[name] = []string{text}
		}
		seen[canonical] = true
	}
	contentType := contentType(cfg)
	if !httpguts.ValidHeaderFieldValue(contentType) {
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

// parseURL reads a URL that requests go to. Its error tells nothing of the text, which may hold a secret.
func parseURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, errors.New("is empty")
	}
	return schema.ParseHTTPURL(text)
}
