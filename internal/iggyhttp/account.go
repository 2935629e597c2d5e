package iggyhttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"iggysink/schema"
)

// tokenMargin is how long before its end a token is not used any more.
const tokenMargin = time.Minute

// Account is one login for all sources of a process: a login costs the server 25 ms of the one thread that serves HTTP, and
// newer servers keep a session for each token that stored something.
type Account struct {
	cfg *schema.Iggy

	mu      sync.Mutex
	servers map[string]*tokens // by scheme, host and port: the servers of a cluster need not take each other's tokens
}

// NewAccount returns an account that logs in when it is first used.
func NewAccount(cfg *schema.Iggy) *Account { return &Account{cfg: cfg, servers: map[string]*tokens{}} }

// at returns the tokens of a server.
func (a *Account) at(base string) *tokens {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.servers[base] == nil {
		a.servers[base] = &tokens{cfg: a.cfg}
	}
	return a.servers[base]
}

// tokens is the login at one server. A token is never refreshed: on 0.8 that voids the former one, also for requests that
// are under way.
type tokens struct {
	cfg *schema.Iggy

	mu      sync.Mutex
	token   string
	until   time.Time
	login   *login // under way
	refused uint64 // tokens that the server did not take any more
}

// login is one request for a token that several may wait for.
type login struct {
	done  chan struct{}
	token string
	err   error
}

// refusals counts the tokens that the server did not take any more. Each of them may mean that the server has restarted.
func (t *tokens) refusals() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused
}

// refuse drops a token that the server did not take. Only the first to say so counts.
func (t *tokens) refuse(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token = ""
		t.refused++
	}
}

// use returns a token, of a login over l if none is there.
func (t *tokens) use(ctx context.Context, l *link) (string, error) {
	for {
		t.mu.Lock()
		if token := t.token; token != "" && time.Until(t.until) > 0 {
			t.mu.Unlock()
			return token, nil
		}
		under := t.login
		if under == nil {
			under = &login{done: make(chan struct{})}
			t.login = under
			t.mu.Unlock()
			t.renew(ctx, l, under)
			return under.token, under.err
		}
		t.mu.Unlock()
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-under.done:
		}
		// What the other one met is true here as well, unless only its own time was over.
		if under.err == nil || !errors.Is(under.err, errEnded) {
			return under.token, under.err
		}
	}
}

// errEnded is in the chain of what a request returns because its context has ended.
var errEnded = errors.New("stopped")

// renew logs in for everybody who waits.
func (t *tokens) renew(ctx context.Context, l *link, under *login) {
	token, until, err := t.logIn(ctx, l)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", errEnded, err)
	}
	under.token, under.err = token, err
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token, t.until, t.login = token, until, nil
	close(under.done)
}

// logIn asks for a token.
func (t *tokens) logIn(ctx context.Context, l *link) (token string, until time.Time, err error) {
	r := request{op: "log in to iggy", method: http.MethodPost, path: "/users/login", open: true}
	if t.cfg.Token.IsZero() {
		r.body, err = json.Marshal(map[string]string{"username": t.cfg.Username, "password": t.cfg.Password.Reveal()})
	} else {
		r.path = "/personal-access-tokens/login"
		r.body, err = json.Marshal(map[string]string{"token": t.cfg.Token.Reveal()})
	}
	if err != nil {
		return "", time.Time{}, &ConfigError{errors.New("iggy username, password or token cannot be written as JSON")}
	}
	var identity struct {
		AccessToken struct {
			Token  string `json:"token"`
			Expiry int64  `json:"expiry"` // Unix seconds
		} `json:"access_token"`
	}
	err = l.ask(ctx, &r, &identity)
	switch {
	case hasID(err, idCredentials, idNoResource, idTokenInvalid):
		return "", time.Time{}, fmt.Errorf("%w: %w", ErrCredentials, err)
	case err != nil:
		return "", time.Time{}, err
	}
	token = identity.AccessToken.Token
	if !isBearer(token) {
		return "", time.Time{}, fmt.Errorf("log in to iggy: %w", errForeign)
	}
	// By our own clock, as the server's may differ: half of a life that is shorter than the margin.
	left := time.Until(time.Unix(identity.AccessToken.Expiry, 0))
	return token, time.Now().Add(max(left-tokenMargin, left/2, time.Second)), nil
}

// isBearer reports whether token can stand in a header.
func isBearer(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] >= 0x7f {
			return false
		}
	}
	return token != ""
}
