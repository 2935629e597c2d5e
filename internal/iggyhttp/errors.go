package iggyhttp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Ids of errors that this package acts on. The texts that come with them swap names and repeat tokens, so they are never
// shown.
const (
	idNoResource      = 20   // at a login: an unknown token (0.8); a store in something missing (0.9)
	idUnauthenticated = 40   //
	idUnauthorized    = 41   //
	idCredentials     = 42   //
	idTokenInvalid    = 53   //
	idNotPrimary      = 58   // this server does not take stores
	idNotFound        = 404  //
	idNoStream        = 1009 //
	idNoTopic         = 2010 //
	idNoPartition     = 3007 //
	idNoOffset        = 3021 //
	idInvalidOffset   = 4100 // a store beyond the end, or any in an empty partition
	idGroupExists     = 5004 //
)

// ErrCredentials is in the chain of every error that says the server refused the user, the password or the token.
var ErrCredentials = errors.New("the server refuses the credentials")

// ErrNotFound is in the chain of every error that says a stream, topic or partition is not there.
var ErrNotFound = errors.New("not found")

// errTooLarge is an answer that was larger than the memory it was asked for. It was not read.
var errTooLarge = errors.New("the answer is larger than the memory it was asked for")

// errNoAnswer is a request whose time is over.
var errNoAnswer = errors.New("the server does not answer")

// StatusError is an answer with a status of 400 or more.
type StatusError struct {
	Op     string        // what was asked
	Status int           // of HTTP
	ID     int           // of the body; 0 without one
	Code   string        // the body's name for it, letters and underscores only
	After  time.Duration // Retry-After; 0 without one
}

// Error names the operation and the answer.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s: iggy answered %d (%s)", e.Op, e.Status, strings.ToLower(http.StatusText(e.Status)))
	if e.ID != 0 && e.ID != e.Status {
		text += fmt.Sprintf(", error %d", e.ID)
	}
	if e.Code != "" {
		text += " " + e.Code
	}
	return text
}

// Is finds ErrNotFound.
func (e *StatusError) Is(target error) bool {
	return target == ErrNotFound && e.Status == http.StatusNotFound && e.ID != 0
}

// hasID reports whether err is an answer with one of ids.
func hasID(err error, ids ...int) bool {
	var status *StatusError
	if !errors.As(err, &status) {
		return false
	}
	for _, id := range ids {
		if status.ID == id {
			return true
		}
	}
	return false
}

// hasStatus reports whether err is an answer with this status of HTTP.
func hasStatus(err error, code int) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Status == code
}

// isPassing reports whether the same request may succeed in a moment: the partition of a new topic is not served yet, too
// many stores are under way, the server is starting.
func isPassing(err error) bool {
	var status *StatusError
	if !errors.As(err, &status) || status.ID == idNotPrimary {
		return false
	}
	switch status.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// isHopeless reports whether waiting cannot mend err at start-up: the configuration is wrong.
func isHopeless(err error) bool {
	var verify *tls.CertificateVerificationError
	var config *ConfigError
	return errors.Is(err, ErrCredentials) || hasID(err, idUnauthorized) || errors.As(err, &verify) || errors.As(err, &config)
}

// ConfigError is a setting that cannot work, such as a CA file that is not there.
type ConfigError struct{ Err error }

// Error returns the text of the cause.
func (e *ConfigError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ConfigError) Unwrap() error { return e.Err }
