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

// Account is one login at one server, for all sources of a process: a login costs the server 25 ms of the one thread that
// serves HTTP, and newer servers keep a session for each token that stored something. A token is never refreshed: on 0.8 that
// voids the former one, also for requests that are under way.
type Account struct {
	cfg *schema.Iggy

	mu      sync.Mutex
	token   string
	until   time.Time
	login   *login // under way
	refused uint64 // logins that replaced a token which the server did not take any more
}

// login is one request for a token that several may wait for.
type login struct {
	done  chan struct{}
	token string
	err   error
}

// NewAccount returns an account that logs in when it is first used.
func NewAccount(cfg *schema.Iggy) *Account { return &Account{cfg: cfg} }

// refusals counts the tokens that the server did not take any more. Each of them may mean that the server has restarted.
func (a *Account) refusals() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refused
}

// refuse drops a token that the server did not take. Only the first to say so counts.
func (a *Account) refuse(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token == token {
		a.token = ""
		a.refused++
	}
}

// use returns a token, of a login over l if none is there.
func (a *Account) use(ctx context.Context, l *link) (string, error) {
	for {
		a.mu.Lock()
		if a.token != "" && time.Until(a.until) > 0 {
			defer a.mu.Unlock()
			return a.token, nil
		}
		under := a.login
		if under == nil {
			under = &login{done: make(chan struct{})}
			a.login = under
			a.mu.Unlock()
			a.renew(ctx, l, under)
			return under.token, under.err
		}
		a.mu.Unlock()
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
func (a *Account) renew(ctx context.Context, l *link, under *login) {
	token, until, err := a.logIn(ctx, l)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", errEnded, err)
	}
	under.token, under.err = token, err
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token, a.until, a.login = token, until, nil
	close(under.done)
}

// logIn asks for a token.
func (a *Account) logIn(ctx context.Context, l *link) (token string, until time.Time, err error) {
	r := request{op: "log in to iggy", method: http.MethodPost, path: "/users/login", open: true}
	if a.cfg.Token.IsZero() {
		r.body, err = json.Marshal(map[string]string{"username": a.cfg.Username, "password": a.cfg.Password.Reveal()})
	} else {
		r.path = "/personal-access-tokens/login"
		r.body, err = json.Marshal(map[string]string{"token": a.cfg.Token.Reveal()})
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
