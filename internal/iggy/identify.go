package iggy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"iggysink/schema"
)

// windowTimeout bounds the question for the protocols that a newer server takes: its answer only makes a message better.
const windowTimeout = time.Second

// Identify finds out which generation of Iggy answers at the address of cfg, without a login: "Iggy 0.8", which this build
// speaks. A newer one is a *WireError, with the protocol that it takes where it tells. Every step is bounded in time.
func Identify(ctx context.Context, cfg *schema.Iggy) (string, error) {
	secure, err := tlsConfig(cfg)
	if err != nil {
		return "", &ConfigError{err}
	}
	l, err := open(ctx, cfg.Address, secure)
	if err != nil {
		return "", err
	}
	defer l.close()
	err = l.probe(ctx, cfg.Address)
	var newer *WireError
	switch {
	case err == nil:
		return "Iggy 0.8", nil
	case errors.As(err, &newer):
		newer.Generation = l.window(ctx)
	}
	return "", err
}

// window asks a server of a newer wire for the protocols that it takes, and returns its generation; empty if it does not tell.
// The question is a login as protocol 0.0.0, which no server takes, of nobody: the name and the password are a dash, since the
// server calls empty ones malformed before it looks at the protocol.
func (l *link) window(ctx context.Context) string {
	const (
		register = 1
		evicted  = 13
		protocol = 14 // the reason: a protocol that is not served
	)
	body := binary.LittleEndian.AppendUint32(nil, 0)
	for _, name := range []string{"iggysink", "-", "-", "-"} { // program, its version, user, password
		body = appendName(body, name)
	}
	body = binary.LittleEndian.AppendUint32(body, 0) // no context
	b := make([]byte, probeLength, probeLength+len(body))
	binary.LittleEndian.PutUint32(b[48:], uint32(probeLength+len(body)))
	b[60], b[128], b[176] = 5, 1, register
	conn := l.wire.Conn
	if conn.SetDeadline(time.Now().Add(windowTimeout)) != nil {
		return ""
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(append(b, body...)); err != nil {
		return ""
	}
	var answer [probeLength]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil || answer[60] != evicted || answer[255] != protocol {
		return ""
	}
	newest := binary.LittleEndian.Uint32(answer[144:])
	return generationOf(newest)
}

// generationOf names the generation of a protocol, whose number is major << 20 | minor << 10 | patch.
func generationOf(number uint32) string {
	major, minor, patch := number>>20, number>>10&1023, number&1023
	name := "Iggy"
	switch {
	case major == 0 && minor == 11:
		name = "Iggy 0.9"
	case major == 0 && minor == 12:
		name = "Iggy 0.10"
	}
	return fmt.Sprintf("%s (protocol %d.%d.%d)", name, major, minor, patch)
}
