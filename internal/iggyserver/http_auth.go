package iggyserver

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

func (f *face) ping(*exchange) answer { return plain(http.StatusOK, "pong") }

// fields decodes a body that has to have certain fields.
func (x *exchange) fields(into any, needed ...string) *answer {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(x.body, &all); err != nil {
		a := plain(http.StatusUnprocessableEntity, "Failed to deserialize the JSON body into the target type: "+err.Error())
		return &a
	}
	for _, name := range needed {
		if _, there := all[name]; !there {
			a := plain(http.StatusUnprocessableEntity,
				"Failed to deserialize the JSON body into the target type: missing field `"+name+"`")
			return &a
		}
	}
	if err := json.Unmarshal(x.body, into); err != nil {
		a := plain(http.StatusUnprocessableEntity, "Failed to deserialize the JSON body into the target type: "+err.Error())
		return &a
	}
	return nil
}

// identity is the answer to a login.
func (f *face) identity() answer {
	token, end := f.newToken()
	return said(http.StatusOK, map[string]any{
		"user_id": 0, "access_token": map[string]any{"token": token, "expiry": end.Unix()},
	})
}

func (f *face) login(x *exchange) answer {
	var who struct{ Username, Password string }
	if a := x.fields(&who, "username", "password"); a != nil {
		return *a
	}
	if who.Username != f.server.opts.Username || who.Password != f.server.opts.Password {
		return failed(invalidCredentials)
	}
	return f.identity()
}

func (f *face) loginWithToken(x *exchange) answer {
	var who struct{ Token string }
	if a := x.fields(&who, "token"); a != nil {
		return *a
	}
	found := who.Token != "" && who.Token == f.server.opts.Token
	for _, token := range f.access {
		found = found || who.Token == token
	}
	switch {
	case found:
		return f.identity()
	case f.newer():
		return failure(http.StatusUnauthorized, 53, "invalid_personal_access_token")
	}
	return failed(resourceNotFound)
}

// refresh gives another token. On 0.8 the one that was shown is void from then on.
func (f *face) refresh(x *exchange) answer {
	var shown struct{ Token string }
	if a := x.fields(&shown, "token"); a != nil {
		return *a
	}
	end, found := f.tokens[shown.Token]
	switch {
	case found && !f.server.opts.Now().Before(end), !found && f.newer():
		return failed(unauthenticated)
	case !found:
		return failure(http.StatusUnauthorized, 78, "invalid_access_token")
	}
	if !f.newer() {
		delete(f.tokens, shown.Token)
	}
	return f.identity()
}

func (f *face) logout(x *exchange) answer {
	if !f.newer() {
		delete(f.tokens, strings.TrimPrefix(x.Header.Get("Authorization"), "Bearer "))
	}
	return empty(http.StatusNoContent)
}

func (f *face) listTokens(*exchange) answer {
	list := []map[string]any{}
	for name := range f.access {
		list = append(list, map[string]any{"name": name, "expiry_at": nil})
	}
	slices.SortFunc(list, func(a, b map[string]any) int { return strings.Compare(fmt.Sprint(a["name"]), fmt.Sprint(b["name"])) })
	return said(http.StatusOK, list)
}

func (f *face) createToken(x *exchange) answer {
	var token struct {
		Name   string
		Expiry uint64
	}
	if a := x.fields(&token, "name"); a != nil {
		return *a
	}
	if n := len(token.Name); n < 3 || n > 30 {
		return failure(http.StatusBadRequest, 50, "invalid_personal_access_token_name")
	}
	if _, there := f.access[token.Name]; !there && len(f.access) >= maxTokens {
		return failure(http.StatusBadRequest, 56, "personal_access_tokens_limit_reached")
	}
	f.access[token.Name] = rand.Text()
	return said(http.StatusOK, map[string]any{"token": f.access[token.Name]})
}

func (f *face) deleteToken(x *exchange) answer {
	delete(f.access, x.PathValue("name"))
	return empty(http.StatusNoContent)
}

// cluster describes a cluster of one, or what Options.Nodes says.
func (f *face) cluster(*exchange) answer {
	type node struct {
		Name      string            `json:"name"`
		IP        string            `json:"ip"`
		Endpoints map[string]uint16 `json:"endpoints"`
		Role      string            `json:"role"`
		Status    string            `json:"status"`
	}
	host, port := splitAddr(f.addr)
	_, tcp := splitAddr(f.server.addr)
	nodes := []node{{"iggy-node", host, map[string]uint16{"tcp": tcp, "quic": 8080, "http": port, "websocket": 8092}, "leader", "healthy"}}
	if leader := f.server.opts.Leader; leader != "" {
		nodes[0].Role = "follower"
		host, port := splitAddr(leader)
		nodes = append(nodes, node{"iggy-leader", host, map[string]uint16{"http": port}, "leader", "healthy"})
	}
	return said(http.StatusOK, map[string]any{"name": "single-node", "nodes": nodes})
}

func (f *face) clients(*exchange) answer {
	list := []map[string]any{}
	for id := range f.server.sessions {
		list = append(list, map[string]any{"client_id": id})
	}
	return said(http.StatusOK, list)
}

// recordedAnswer keeps an answer as the bytes that it is on the wire.
type recordedAnswer struct {
	header http.Header
	out    bytes.Buffer
}

func (r *recordedAnswer) Header() http.Header { return r.header }

func (r *recordedAnswer) WriteHeader(status int) {
	fmt.Fprintf(&r.out, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	_ = r.header.Write(&r.out) // into memory
	r.out.WriteString("\r\n")
}

func (r *recordedAnswer) Write(b []byte) (int, error) { return r.out.Write(b) }

func (r *recordedAnswer) bytes() []byte { return r.out.Bytes() }
