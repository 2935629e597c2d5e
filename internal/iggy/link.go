package iggy

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"strconv"
	"time"
	"unsafe"

	"github.com/apache/iggy/foreign/go/client/tcp"
	iggcon "github.com/apache/iggy/foreign/go/contracts"

	"iggysink/internal/tlsfile"
	"iggysink/schema"
)

// connectTimeout bounds name resolution, TCP and TLS handshake together.
const connectTimeout = 5 * time.Second

// Codes of the commands that link sends without the SDK, whose own login prints to the standard logger.
const (
	commandLogin      = 38
	commandLoginToken = 44
)

// link is one authenticated connection. It serves one call at a time and one goroutine.
type link struct {
	sdk  *tcp.IggyTcpClient
	wire *wire
}

// LinkError is a connection that cannot be used any more: a new one has to be made.
type LinkError struct {
	Op  string // what was asked
	Err error
}

// Error says what was asked and why there is no answer.
func (e *LinkError) Error() string {
	if errors.Is(e.Err, os.ErrDeadlineExceeded) {
		return e.Op + ": the server does not answer"
	}
	return e.Op + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *LinkError) Unwrap() error { return e.Err }

// connect opens a connection to the server of cfg and logs in. A cluster member that is not the leader is left for the
// leader, once. Every step is bounded in time. With probe the server is asked first which protocol it speaks; another one
// is a *WireError. The question costs a line in its log, so it is left out beside a connection that is up. A drop makes the
// answer unknown again: an upgrade drops connections too, and a newer server must get no login of ours.
func connect(ctx context.Context, cfg *schema.Iggy, probe bool) (*link, error) {
	secure, err := tlsConfig(cfg)
	if err != nil {
		return nil, &ConfigError{err}
	}
	l, err := dial(ctx, cfg, cfg.Address, secure, probe)
	if err != nil {
		return nil, err
	}
	leader := l.leader(ctx)
	if leader == "" {
		return l, nil
	}
	l.close()
	l, err = dial(ctx, cfg, leader, secure, false) // a cluster has one protocol
	if err != nil {
		return nil, fmt.Errorf("%s is not the leader of its cluster: %w", cfg.Address, err)
	}
	return l, nil
}

// dial opens one connection and logs in.
func dial(ctx context.Context, cfg *schema.Iggy, address string, secure *tls.Config, probe bool) (*link, error) {
	l, err := open(ctx, address, secure)
	if err != nil {
		return nil, err
	}
	if probe {
		err = l.probe(ctx, address)
	}
	if err == nil {
		err = l.login(ctx, cfg)
	}
	if err != nil {
		_ = l.wire.Close()
		return nil, err
	}
	return l, nil
}

// open opens one connection.
func open(ctx context.Context, address string, secure *tls.Config) (*link, error) {
	limited, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	op := "connect to iggy at " + address
	conn, err := (&net.Dialer{}).DialContext(limited, "tcp", address)
	if err != nil {
		return nil, &LinkError{op, err}
	}
	if secure != nil {
		client := tls.Client(conn, secure)
		if err := client.HandshakeContext(limited); err != nil {
			return nil, &LinkError{op, errors.Join(fmt.Errorf("TLS: %w", err), conn.Close())}
		}
		conn = client
	}
	l, err := newLink(conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return l, nil
}

// newLink puts conn into a client of the SDK, whose calls need nothing else. Its constructor is not used, because it
// dials by itself, for ever. The field is not exported; a test pins name, type and SDK version.
func newLink(conn net.Conn) (*link, error) {
	l := &link{sdk: new(tcp.IggyTcpClient), wire: &wire{Conn: conn}}
	field := reflect.ValueOf(l.sdk).Elem().FieldByName("conn")
	if !field.IsValid() || field.Type() != reflect.TypeFor[net.Conn]() {
		return nil, errPinned
	}
	*(*net.Conn)(unsafe.Pointer(field.UnsafeAddr())) = l.wire
	return l, nil
}

// tlsConfig builds the TLS settings; nil without TLS. The CA file adds to the system's authorities.
func tlsConfig(cfg *schema.Iggy) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("iggy address %q: %w", cfg.Address, err)
	}
	if cfg.TLS == nil {
		return nil, nil
	}
	secure := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if cfg.TLS.ServerName != "" {
		secure.ServerName = cfg.TLS.ServerName
	}
	if cfg.TLS.CAFile != "" {
		if secure.RootCAs, err = tlsfile.Authorities(cfg.TLS.CAFile); err != nil {
			return nil, fmt.Errorf("iggy tls ca_file: %w", err)
		}
	}
	return secure, nil
}

// call runs one exchange of the SDK. Its error is a *StatusError, a *LinkError, errTooLarge, or the SDK's own about the
// arguments or about something missing.
func (l *link) call(ctx context.Context, op string, limit int, exchange func() error) error {
	if err := context.Cause(ctx); err != nil {
		return &LinkError{op, err}
	}
	if l.wire.broken {
		return &LinkError{op, net.ErrClosed}
	}
	l.wire.begin(answerTimeout, limit)
	stop := context.AfterFunc(ctx, l.wire.cut)
	err := guarded(exchange)
	if !stop() {
		l.wire.broken = true
	}
	var panicked *panicError
	switch {
	case errors.As(err, &panicked):
		l.wire.broken = true
		return &LinkError{op, err}
	case l.wire.tooLarge:
		return errTooLarge
	case l.wire.broken && err != nil:
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return &LinkError{op, err}
	case l.wire.status != 0:
		return &StatusError{op, l.wire.status}
	case err != nil:
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// panicError is a panic of the SDK: it met a reply that it does not understand.
type panicError struct{ value any }

// Error tells that the reply was malformed.
func (e *panicError) Error() string { return fmt.Sprintf("malformed reply: %v", e.value) }

// guarded runs exchange and turns its panic into an error: the SDK slices replies without looking at their length.
func guarded(exchange func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value}
		}
	}()
	return exchange()
}

// login authenticates with the token or with user and password.
func (l *link) login(ctx context.Context, cfg *schema.Iggy) error {
	code, payload := uint32(commandLogin), []byte(nil)
	if cfg.Token.IsZero() {
		password := cfg.Password.Reveal()
		if n := max(len(cfg.Username), len(password)); n > 255 {
			return &ConfigError{errors.New("iggy username and password have at most 255 bytes")}
		}
		payload = appendName(appendName(payload, cfg.Username), password)
		payload = append(payload, make([]byte, 8)...) // no version, no context
	} else {
		token := cfg.Token.Reveal()
		if len(token) > 255 {
			return &ConfigError{errors.New("an iggy token has at most 255 bytes")}
		}
		code, payload = commandLoginToken, appendName(payload, token)
	}
	err := l.call(ctx, "log in to iggy", controlLimit, func() error { return l.raw(code, payload) })
	switch {
	case hasStatus(err, codeNoResource):
		return fmt.Errorf("%w: unknown token: %w", ErrCredentials, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &LinkError{"log in to iggy", errors.New("the server accepted the connection but does not answer " +
			"(an Iggy server of 0.9 or later never does: iggysink speaks the protocol of 0.8)")}
	}
	return err
}

func appendName(b []byte, name string) []byte { return append(append(b, byte(len(name))), name...) }

// raw sends one request and reads its reply, without the SDK.
func (l *link) raw(code uint32, payload []byte) error {
	frame := binary.LittleEndian.AppendUint32(nil, uint32(4+len(payload)))
	frame = append(binary.LittleEndian.AppendUint32(frame, code), payload...)
	if _, err := l.wire.Write(frame); err != nil {
		return err
	}
	var head [headLength]byte
	if _, err := l.wire.Read(head[:]); err != nil {
		return err
	}
	if length := binary.LittleEndian.Uint32(head[4:]); length > 1 {
		_, err := l.wire.Read(make([]byte, length))
		return err
	}
	return nil
}

// leader returns the address of the cluster's leader where that is another server than this one; otherwise nothing.
// A server that cannot say is taken as it is.
func (l *link) leader(ctx context.Context) string {
	var meta *iggcon.ClusterMetadata
	err := l.call(ctx, "get cluster metadata", controlLimit, func() (err error) {
		meta, err = l.sdk.GetClusterMetadata()
		return err
	})
	if err != nil || len(meta.Nodes) < 2 {
		return ""
	}
	for _, node := range meta.Nodes {
		if node.Role != iggcon.RoleLeader || node.Status != iggcon.Healthy {
			continue
		}
		address := net.JoinHostPort(node.IP, strconv.Itoa(int(node.Endpoints.Tcp)))
		if address != l.wire.RemoteAddr().String() {
			return address
		}
	}
	return ""
}

// close ends the connection.
func (l *link) close() {
	l.wire.broken = true
	_ = l.wire.Close()
}
