package iggy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Limits of one exchange.
const (
	answerTimeout = 5 * time.Second // for a request and the head of its reply
	minRate       = 256 << 10       // bytes a second that a reply must bring at least
	hardLimit     = 256 << 20       // a longer reply to a poll is not one
	controlLimit  = 64 << 10        // of a reply that lists nothing, as that to a login
	listLimit     = 1 << 20         // of a reply that lists partitions or members: some ten thousands of them
	firstBody     = 1 << 20         // bytes of a reply that its length alone buys
	headLength    = 8               // u32 status, u32 length
)

// errPinned says that the SDK reads otherwise than v0.8.0 does.
var errPinned = errors.New("the Iggy SDK is not the v0.8.0 this package is made for")

// wire is the net.Conn inside the SDK's client: it follows the frames of one exchange at a time. It bounds each in time
// and size, keeps the status and, for polls, the body of the reply, and repairs two faults of the SDK's reader, which
// leaves a body of one byte and the body of an error in the stream.
type wire struct {
	net.Conn
	limit  int    // largest body that the coming reply may have
	keep   bool   // keep the body of the coming reply and show the SDK an empty one
	status uint32 // of the last reply
	body   []byte // of the last reply, if it was to be kept

	state    wireState
	head     [headLength]byte
	given    int  // bytes of head handed to the SDK
	tooLarge bool // the last reply was skipped
	broken   bool // requests and replies are out of step

	mu      sync.Mutex
	ended   bool          // no deadline may be set any more
	timeout time.Duration // of begin
}

// wireState is where in an exchange a wire is.
type wireState int

const (
	wireIdle wireState = iota
	wireSent
	wireHead
	wireBody
)

// begin prepares for one exchange.
func (w *wire) begin(timeout time.Duration, limit int) {
	w.limit, w.keep, w.status, w.body, w.tooLarge = limit, false, 0, nil, false
	w.mu.Lock()
	w.timeout = timeout
	w.mu.Unlock()
	w.extend(0)
}

// extend sets the deadline for n further bytes.
func (w *wire) extend(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		_ = w.SetDeadline(time.Now().Add(w.timeout + time.Duration(n/minRate)*time.Second))
	}
}

// cut ends the exchange under way and all further ones.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	_ = w.SetDeadline(time.Unix(1, 0))
}

// Write sends a request.
func (w *wire) Write(b []byte) (int, error) {
	w.state = wireSent
	w.extend(len(b))
	n, err := w.Conn.Write(b)
	if err != nil {
		w.broken = true
	}
	return n, err
}

// Read gives the SDK first the head, then the body of the reply.
func (w *wire) Read(b []byte) (int, error) {
	n, err := w.read(b)
	if err != nil && !errors.Is(err, errTooLarge) {
		w.broken = true
	}
	return n, err
}

func (w *wire) read(b []byte) (int, error) {
	switch w.state {
	case wireSent:
		if err := w.readHead(); err != nil {
			return 0, err
		}
		w.state, w.given = wireHead, 0
		fallthrough
	case wireHead:
		n := copy(b, w.head[w.given:])
		w.given += n
		if w.given == headLength {
			w.state = wireIdle
			if binary.LittleEndian.Uint32(w.head[4:]) > 1 {
				w.state = wireBody
			}
		}
		return n, nil
	case wireBody:
		if len(b) != int(binary.LittleEndian.Uint32(w.head[4:])) {
			return 0, errPinned
		}
		w.state = wireIdle
		return io.ReadFull(w.Conn, b)
	default:
		return 0, errPinned
	}
}

// readHead reads the head of a reply and settles what the SDK would leave in the stream.
func (w *wire) readHead() error {
	if _, err := io.ReadFull(w.Conn, w.head[:]); err != nil {
		return err
	}
	w.status = binary.LittleEndian.Uint32(w.head[:])
	length := int(binary.LittleEndian.Uint32(w.head[4:]))
	if length > hardLimit {
		return fmt.Errorf("a reply of %d bytes: this is not Iggy's protocol", length)
	}
	if !w.keep && length > w.limit {
		return fmt.Errorf("a reply of %d bytes, where at most %d are taken", length, w.limit)
	}
	w.extend(length)
	w.tooLarge = w.status == 0 && length > w.limit
	switch {
	case w.status == 0 && w.keep && !w.tooLarge:
		var err error
		if w.body, err = readBody(w.Conn, length); err != nil {
			return err
		}
	case w.status != 0 || length == 1 || w.tooLarge:
		if _, err := io.CopyN(io.Discard, w.Conn, int64(length)); err != nil {
			return err
		}
	default:
		return nil
	}
	binary.LittleEndian.PutUint32(w.head[4:], 0)
	if w.tooLarge {
		w.state = wireIdle
		return errTooLarge
	}
	return nil
}

// readBody reads length bytes. The server's word for a long reply buys memory only as its bytes arrive.
func readBody(r io.Reader, length int) ([]byte, error) {
	body := make([]byte, 0, min(length, firstBody))
	for {
		at := len(body)
		body = body[:min(length, cap(body))]
		if _, err := io.ReadFull(r, body[at:]); err != nil || len(body) == length {
			return body, err
		}
		body = append(make([]byte, 0, min(length, 2*len(body))), body...)
	}
}
