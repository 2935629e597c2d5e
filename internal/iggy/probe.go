package iggy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// probeLength is the size of a frame of Iggy 0.9 and later.
const probeLength = 256

// WireError says that the server speaks another protocol than this build does over TCP. No login was sent.
type WireError struct {
	Address    string
	Generation string // of the server, where it was asked; empty: 0.9 or later
}

// Error tells what to do.
func (e *WireError) Error() string {
	generation := "Iggy 0.9 or later"
	if e.Generation != "" {
		generation = e.Generation
	}
	return fmt.Sprintf("the server at %s is %s; over TCP this build speaks the protocol of Iggy 0.8. "+
		`transport = "http" in the iggy block reads from it`, e.Address, generation)
}

// probeFrame is a ping of Iggy 0.9 whose first eight bytes, a checksum that 0.9 does not verify, are the head of a get_me
// of Iggy 0.8 with the rest as its payload. So both answer it, before any login, and stay in step.
func probeFrame() []byte {
	b := make([]byte, probeLength)
	binary.LittleEndian.PutUint32(b, probeLength-4)
	binary.LittleEndian.PutUint32(b[4:], 20) // get_me; a ping would look like a reply of 0.9
	binary.LittleEndian.PutUint32(b[48:], probeLength)
	b[60] = 5  // request
	b[128] = 1 // client: 0 is never answered
	binary.LittleEndian.PutUint64(b[168:], 1)
	b[176] = 2 // read
	binary.LittleEndian.PutUint32(b[196:], 1)
	return b
}

// probe finds out which protocol the server speaks, with one round trip. The connection goes on if it is that of 0.8.
func (l *link) probe(ctx context.Context, address string) error {
	const op = "ask iggy for its protocol"
	var rest [probeLength - headLength]byte
	err := l.call(ctx, op, controlLimit, func() error {
		if _, err := l.wire.Write(probeFrame()); err != nil {
			return err
		}
		var head [headLength]byte
		if _, err := l.wire.Read(head[:]); err != nil || l.wire.status != 0 {
			return err
		}
		_, err := io.ReadFull(l.wire.Conn, rest[:])
		return err
	})
	var status *StatusError
	switch {
	case errors.As(err, &status):
		return nil // 0.8: not logged in
	case errors.Is(err, io.EOF):
		// io.EOF and not err: err names the operation already.
		return &LinkError{op, fmt.Errorf("the server ends the connection: it may expect TLS, or be no Iggy server: %w", io.EOF)}
	case err != nil:
		return err
	}
	l.wire.broken = true
	if binary.LittleEndian.Uint32(rest[48-headLength:]) == probeLength && rest[60-headLength] == 8 {
		return &WireError{Address: address}
	}
	return &LinkError{op, errors.New("this is not Iggy's protocol")}
}
