package iggyserver

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxHTTPBody is how many bytes a request over HTTP has at most, as with the real server.
const maxHTTPBody = 2_000_000

// tokenLife is how long a token is valid.
const tokenLife = time.Hour

// Bounds of what clients make the HTTP face keep.
const (
	maxTokens   = 1000 // of a login, and personal ones
	maxHTTPConn = 512  // connections at once; one more ends at once
	idleHTTP    = 2 * time.Minute
)

// face is the HTTP side of a server: the same state, through the routes of Iggy's HTTP API that a consumer and a producer
// need. Requests run one at a time, under the lock of the server.
type face struct {
	server *Server
	addr   string

	serving sync.WaitGroup // the accepting goroutine and the requests
	mu      sync.Mutex     // guards the next four
	http    *http.Server
	conns   map[net.Conn]struct{}
	over    bool          // no request may begin any more
	stop    chan struct{} // closed when the generation ends

	// Guarded by the lock of the server.
	tokens map[string]time.Time // with their ends
	access map[string]string    // personal access tokens by name
}

// answer is what a route answers. A text is not JSON.
type answer struct {
	status int
	body   []byte
	later  func() []byte // makes the body once the server's lock is free
	text   bool
	header http.Header
}

// exchange is one request with its body, and what the route found in the path.
type exchange struct {
	*http.Request
	body []byte
}

// route answers an exchange. The server's lock is held.
type route func(f *face, x *exchange) answer

// startFace listens for HTTP.
func startFace(s *Server, address string) (*face, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for HTTP on %s: %w", address, err)
	}
	f := &face{server: s, addr: listener.Addr().String(), tokens: map[string]time.Time{}, access: map[string]string{}}
	f.serve(listener)
	return f, nil
}

// serve answers on listener until end.
func (f *face) serve(listener net.Listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over, f.conns, f.stop = false, map[net.Conn]struct{}{}, make(chan struct{})
	f.http = &http.Server{
		Handler: f.handler(f.stop), ConnState: f.track, ReadHeaderTimeout: time.Minute, IdleTimeout: idleHTTP,
		ErrorLog: slog.NewLogLogger(f.server.log.Handler(), slog.LevelWarn),
	}
	if secure := f.server.opts.TLS; secure != nil {
		listener = tls.NewListener(listener, secure)
	}
	f.serving.Go(func() { _ = f.http.Serve(listener) }) // it returns when end closes it
}

// track keeps the connections, so that a restart can end them.
func (f *face) track(conn net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch state {
	case http.StateNew:
		if f.conns[conn] = struct{}{}; len(f.conns) > maxHTTPConn {
			abort(conn) // its state becomes closed
		}
	case http.StateClosed, http.StateHijacked: // what a fault took over ends with stop
		delete(f.conns, conn)
	case http.StateActive, http.StateIdle:
	}
}

// end ends all connections and waits. With kill they are reset.
func (f *face) end(kill bool) error {
	f.mu.Lock()
	f.over = true
	close(f.stop)
	for conn := range f.conns {
		if kill {
			abort(conn)
		}
	}
	server := f.http
	f.mu.Unlock()
	err := server.Close()
	f.serving.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// again listens at the same address after end. No token is valid any more.
func (f *face) again() error {
	f.server.mu.Lock()
	clear(f.tokens)
	f.server.mu.Unlock()
	listener, err := net.Listen("tcp", f.addr)
	if err != nil {
		return fmt.Errorf("listening for HTTP on %s again: %w", f.addr, err)
	}
	f.serve(listener)
	return nil
}

// HTTPAddr is the host and port of the HTTP face; empty without one. It stays the same across restarts.
func (s *Server) HTTPAddr() string {
	if s.face == nil {
		return ""
	}
	return s.face.addr
}

// known are the routes, each with the command whose faults it has.
func known() map[string]struct {
	code uint32
	run  route
	open bool
} {
	type entry = struct {
		code uint32
		run  route
		open bool
	}
	const topic, group = "/streams/{stream}/topics/{topic}", "/consumer-groups/{group}"
	return map[string]entry{
		"GET /ping":                                      {CodePing, (*face).ping, true},
		"POST /users/login":                              {CodeLoginUser, (*face).login, true},
		"POST /users/refresh-token":                      {0, (*face).refresh, true},
		"DELETE /users/logout":                           {CodeLogoutUser, (*face).logout, false},
		"POST /personal-access-tokens/login":             {CodeLoginWithToken, (*face).loginWithToken, true},
		"GET /personal-access-tokens":                    {0, (*face).listTokens, false},
		"POST /personal-access-tokens":                   {0, (*face).createToken, false},
		"DELETE /personal-access-tokens/{name}":          {0, (*face).deleteToken, false},
		"GET /cluster/metadata":                          {CodeGetClusterMetadata, (*face).cluster, false},
		"GET /clients":                                   {CodeGetClients, (*face).clients, false},
		"GET /streams":                                   {CodeGetStreams, (*face).listStreams, false},
		"POST /streams":                                  {CodeCreateStream, (*face).createStream, false},
		"GET /streams/{stream}":                          {CodeGetStream, (*face).showStream, false},
		"GET /streams/{stream}/topics":                   {CodeGetTopics, (*face).listTopics, false},
		"POST /streams/{stream}/topics":                  {CodeCreateTopic, (*face).createTopic, false},
		"GET " + topic:                                   {CodeGetTopic, (*face).showTopic, false},
		"DELETE " + topic:                                {0, (*face).removeTopic, false},
		"POST " + topic + "/partitions":                  {CodeCreatePartitions, (*face).addPartitions, false},
		"DELETE " + topic + "/partitions":                {0, (*face).removePartitions, false},
		"GET " + topic + "/messages":                     {CodePollMessages, (*face).poll, false},
		"POST " + topic + "/messages":                    {CodeSendMessages, (*face).send, false},
		"GET " + topic + "/consumer-offsets":             {CodeGetOffset, (*face).showOffset, false},
		"PUT " + topic + "/consumer-offsets":             {CodeStoreOffset, (*face).storeOffset, false},
		"DELETE " + topic + "/consumer-offsets/{client}": {CodeDeleteOffset, (*face).deleteOffset, false},
		"GET " + topic + "/consumer-groups":              {CodeGetGroups, (*face).listGroups, false},
		"POST " + topic + "/consumer-groups":             {CodeCreateGroup, (*face).createGroup, false},
		"GET " + topic + group:                           {CodeGetGroup, (*face).showGroup, false},
		"DELETE " + topic + group:                        {CodeDeleteGroup, (*face).deleteGroup, false},
	}
}

// handler routes requests.
func (f *face) handler(stop chan struct{}) http.Handler {
	mux := http.NewServeMux()
	for pattern, r := range known() {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, request *http.Request) {
			if !f.start() {
				return
			}
			defer f.serving.Done()
			fault := f.server.take(r.code)
			if fault.beforeRun() {
				f.spoil(w, answer{}, fault, stop)
				return
			}
			a := f.answer(request, r.run, r.open, fault)
			if fault.spoils() {
				f.spoil(w, a, fault, stop)
				return
			}
			a.write(w, f.newer())
		})
	}
	mux.HandleFunc("/", f.elsewhere(mux))
	return mux
}

// start counts a request in, unless the face is about to end.
func (f *face) start() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.over {
		f.serving.Add(1)
	}
	return !f.over
}

// newer reports whether the face answers as 0.9 does.
func (f *face) newer() bool { return f.server.opts.NewerHTTP }

// elsewhere answers what no route is for: 404, or 405 where another method has one, and on 0.8 first asks for a token.
func (f *face) elsewhere(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		a := answer{status: http.StatusNotFound}
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			other := request.Clone(request.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != "/" {
				allowed = append(allowed, method)
				if method == http.MethodGet {
					allowed = append(allowed, http.MethodHead)
				}
			}
		}
		switch {
		case request.URL.Path == "/" && !f.newer():
			a = answer{status: http.StatusOK, body: []byte("Iggy API"), text: true}
		case len(allowed) == 0 && f.newer():
		case f.refused(request) != nil:
			a = *f.refused(request)
		case len(allowed) > 0:
			a = answer{status: http.StatusMethodNotAllowed, header: http.Header{"Allow": {strings.Join(allowed, ",")}}}
		}
		a.write(w, f.newer())
	}
}

// answer checks the token and the body, and runs a route.
func (f *face) answer(request *http.Request, run route, open bool, fault *Fault) answer {
	if !open {
		if a := f.refused(request); a != nil {
			return *a
		}
	}
	if fault.is(Refuse) {
		return f.refuseAs(fault)
	}
	body, a := readRequest(request)
	if a != nil {
		return *a
	}
	f.server.mu.Lock()
	result := run(f, &exchange{request, body})
	f.server.mu.Unlock()
	if result.later != nil {
		result.body = result.later()
	}
	return result
}

// readRequest reads a body: JSON, of at most 2 MB.
func readRequest(request *http.Request) ([]byte, *answer) {
	if request.Method != http.MethodPost && request.Method != http.MethodPut {
		return nil, nil
	}
	if kind, _, _ := strings.Cut(request.Header.Get("Content-Type"), ";"); kind != "application/json" {
		a := plain(http.StatusUnsupportedMediaType, "Expected request with `Content-Type: application/json`")
		return nil, &a
	}
	var body bytes.Buffer
	_, err := body.ReadFrom(http.MaxBytesReader(nil, request.Body, maxHTTPBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		a := plain(http.StatusRequestEntityTooLarge, "Failed to buffer the request body: length limit exceeded")
		return nil, &a
	case err != nil:
		a := plain(http.StatusBadRequest, "Failed to buffer the request body")
		return nil, &a
	case !json.Valid(body.Bytes()):
		a := plain(http.StatusBadRequest, "Failed to parse the request body as JSON")
		return nil, &a
	}
	return body.Bytes(), nil
}

// refused answers a request without a token that counts; nil for one with it.
func (f *face) refused(request *http.Request) *answer {
	token, bearer := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	end, found := f.tokens[token]
	if !found && f.newer() {
		for _, pat := range f.access {
			found = found || token == pat
		}
		end = f.server.opts.Now().Add(tokenLife)
	}
	if bearer && found && f.server.opts.Now().Before(end) {
		return nil
	}
	a := answer{status: http.StatusUnauthorized}
	switch {
	case f.newer() && !bearer:
		a = failure(http.StatusUnauthorized, 77, "access_token_missing")
	case f.newer():
		a = failure(http.StatusUnauthorized, uint32(unauthenticated), "unauthenticated")
	}
	return &a
}

// newToken makes a token. The lock is held.
func (f *face) newToken() (string, time.Time) {
	f.makeRoom()
	token, end := "test."+rand.Text()+"."+rand.Text(), f.server.opts.Now().Add(tokenLife)
	f.tokens[token] = end
	return token, end
}

// makeRoom forgets tokens that have ended, and where that is not enough the one that ends first.
func (f *face) makeRoom() {
	if len(f.tokens) < maxTokens {
		return
	}
	now, first := f.server.opts.Now(), ""
	for token, end := range f.tokens {
		if !now.Before(end) {
			delete(f.tokens, token)
		} else if first == "" || end.Before(f.tokens[first]) {
			first = token
		}
	}
	if len(f.tokens) >= maxTokens {
		delete(f.tokens, first)
	}
}

// write sends an answer.
func (a answer) write(w http.ResponseWriter, newer bool) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	switch {
	case len(a.body) == 0:
	case a.text:
		h.Set("Content-Type", "text/plain; charset=utf-8")
	default:
		h.Set("Content-Type", "application/json")
	}
	if newer && a.status < http.StatusBadRequest {
		h.Set("Iggy-View", "0")
	}
	if a.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that has gone does not read
}

// said is an answer of JSON.
func said(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return plain(http.StatusInternalServerError, err.Error())
	}
	return answer{status: status, body: body}
}

func plain(status int, text string) answer {
	return answer{status: status, body: []byte(text), text: true}
}

func empty(status int) answer { return answer{status: status} }
