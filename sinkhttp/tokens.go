package sinkhttp

import (
	"net/http"
	"slices"
	"strings"
	"sync"
)

// tokens are the credentials that a sink was given while it runs, from a token endpoint, a file or a chain: the last few of
// them, because an endpoint may tell an older one than it was sent. It may be used from several goroutines.
type tokens struct {
	mu   sync.Mutex
	last []spelt // the newest last
}

// spelt is a token with the forms in which an answer may show it.
type spelt struct {
	token string
	forms []string
}

// keptTokens is how many are known: more than are good at one time.
const keptTokens = 8

// note keeps the tokens that a request carries. A signature is none: it is another one for each request.
func (t *tokens) note(header http.Header) {
	for _, name := range []string{"Authorization", "X-Amz-Security-Token"} {
		for _, value := range header[name] {
			scheme, token, found := strings.Cut(value, " ")
			if !found {
				token = value
			}
			if !strings.HasPrefix(scheme, "AWS4-") {
				t.add(token)
			}
		}
	}
}

func (t *tokens) add(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if slices.ContainsFunc(t.last, func(s spelt) bool { return s.token == token }) {
		return
	}
	if len(t.last) == keptTokens {
		t.last = slices.Delete(t.last, 0, 1)
	}
	t.last = append(t.last, spelt{token, spellings(token)})
}

// forms returns the tokens as an answer may show them.
func (t *tokens) forms() (all []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.last {
		all = append(all, s.forms...)
	}
	return all
}
