package iggy

import (
	"crypto/tls"
	"errors"
	"fmt"

	ierror "github.com/apache/iggy/foreign/go/errors"
)

// Status codes of Iggy 0.8.0 that this package acts on.
const (
	codeDisconnected    = 8    // pushed by a server that shuts down
	codeNoResource      = 20   // at a login: an unknown token
	codeStaleClient     = 30   // no heartbeat came
	codeUnauthenticated = 40   // the server has forgotten the login
	codeUnauthorized    = 41   //
	codeCredentials     = 42   //
	codeTokenInvalid    = 53   //
	codeTokenExpired    = 54   //
	codeNoStream        = 1009 //
	codeStreamExists    = 1012 //
	codeNoTopic         = 2010 //
	codeTopicExists     = 2013 //
	codeNoOffset        = 3021 // nothing to delete
	codeNotOwned        = 3022 // a store on a partition of another member
	codeInvalidOffset   = 4100 // a store beyond the end
	codeNoGroup         = 5000 //
	codeGroupExists     = 5004 //
	codeNotMember       = 5006 //
)

// ErrCredentials is in the chain of every error that says the server refused the user, the password or the token.
var ErrCredentials = errors.New("the server refuses the credentials")

// ErrNotFound is in the chain of every error that says a stream or topic is not there.
var ErrNotFound = errors.New("not found")

// errTooLarge is the answer to a poll whose reply was larger than asked for. The reply was skipped; the connection goes
// on.
var errTooLarge = errors.New("the reply is larger than the memory it was asked for")

// StatusError is a reply of the server with a status other than 0.
type StatusError struct {
	Op   string // what was asked
	Code uint32
}

// Error names the operation and the status.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: iggy answered %d (%s)", e.Op, e.Code, statusText(e.Code))
}

// Is finds ErrCredentials and ErrNotFound.
func (e *StatusError) Is(target error) bool {
	switch target {
	case ErrCredentials:
		return e.Code == codeCredentials || e.Code == codeTokenInvalid || e.Code == codeTokenExpired
	case ErrNotFound:
		return e.Code == codeNoStream || e.Code == codeNoTopic
	}
	return false
}

// statusText names a status. The SDK of 0.8.0 does not know all codes of the server of 0.8.0.
func statusText(code uint32) string {
	if code == codeNotOwned {
		return "the partition belongs to another member"
	}
	if known := ierror.FromCode(ierror.Code(code)); known != nil && uint32(known.Code()) == code {
		return known.Error()
	}
	return "unknown status"
}

// hasStatus reports whether err is a reply with one of codes.
func hasStatus(err error, codes ...uint32) bool {
	var status *StatusError
	if !errors.As(err, &status) {
		return false
	}
	for _, code := range codes {
		if status.Code == code {
			return true
		}
	}
	return false
}

// isNotFound reports whether err says that the stream or the topic is missing, in any of the SDK's ways.
func isNotFound(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, ierror.ErrTopicIdNotFound) ||
		errors.Is(err, ierror.ErrStreamIdNotFound)
}

// isNoGroup reports whether err says that there is no such consumer group.
func isNoGroup(err error) bool { return hasStatus(err, codeNoGroup) }

// isNotOwned reports whether a store was refused because the partition is another member's.
func isNotOwned(err error) bool { return hasStatus(err, codeNotOwned) }

// isNotTaken reports whether a store was refused because of what it stores: the partition is another member's, or the log
// ends before the offset. The connection goes on.
func isNotTaken(err error) bool { return hasStatus(err, codeNotOwned, codeInvalidOffset) }

// isHopeless reports whether waiting cannot mend err at start-up: the configuration is wrong.
func isHopeless(err error) bool {
	var verify *tls.CertificateVerificationError
	var config *ConfigError
	return errors.Is(err, ErrCredentials) || hasStatus(err, codeUnauthorized) || errors.As(err, &verify) ||
		errors.As(err, &config)
}

// ConfigError is a setting that cannot work, such as a CA file that is not there.
type ConfigError struct{ Err error }

// Error returns the text of the cause.
func (e *ConfigError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ConfigError) Unwrap() error { return e.Err }
