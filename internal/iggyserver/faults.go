package iggyserver

import (
	"io"
	"slices"
	"time"
)

// FaultKind is what goes wrong with a command.
type FaultKind int

const (
	// Refuse answers Fault.Status without running the command.
	Refuse FaultKind = iota + 1
	// Stall neither runs the command nor answers it. The connection stays open, and silent, until the client ends it.
	Stall
	// Mute runs the command and answers nothing; otherwise like Stall.
	Mute
	// Half runs the command, sends half of the reply and falls silent.
	Half
	// Cut runs the command, sends half of the reply and ends the connection in mid-frame.
	Cut
	// Hangup ends the connection without running the command.
	Hangup
	// Drip runs the command and sends the reply byte by byte, Fault.Pause apart.
	Drip
)

// Fault makes commands go wrong.
type Fault struct {
	Kind   FaultKind
	Code   uint32        // which command; 0 is any
	Skip   int           // let so many of them pass first
	Count  int           // how many go wrong; default 1, negative: all
	Status uint32        // of Refuse
	HTTP   int           // of Refuse over HTTP; default what Status is there
	Pause  time.Duration // of Drip
}

// armed is a fault that waits for its commands.
type armed struct {
	Fault
	fired chan struct{}
}

// Inject arms a fault. Faults fire in the order in which they were armed, one a command. The channel is closed when it
// first fires, so that a test can wait for the event.
func (s *Server) Inject(f Fault) <-chan struct{} {
	if f.Count == 0 {
		f.Count = 1
	}
	a := &armed{Fault: f, fired: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, a)
	return a.fired
}

// ClearFaults disarms all faults. What already stalls stays silent.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// take finds the fault of a command, or nil.
func (s *Server) take(code uint32) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, a := range s.faults {
		if a.Code != 0 && a.Code != code {
			continue
		}
		if a.Skip > 0 {
			a.Skip--
			continue
		}
		select {
		case <-a.fired:
		default:
			close(a.fired)
		}
		if a.Count > 0 {
			if a.Count--; a.Count == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
		}
		return &a.Fault
	}
	return nil
}

func (f *Fault) is(kind FaultKind) bool { return f != nil && f.Kind == kind }

// beforeRun tells whether the command is not run at all.
func (f *Fault) beforeRun() bool { return f.is(Stall) || f.is(Hangup) }

// spoils tells whether the reply does not go out as it is.
func (f *Fault) spoils() bool { return f != nil && f.Kind != Refuse }

// spoil sends what the fault leaves of a reply, and tells whether the connection goes on.
func (c *session) spoil(r *reply, f *Fault) bool {
	var whole []byte
	if r != nil {
		whole = frame(r.status, r.payloadLength(), r.head)
		for _, part := range r.parts {
			whole = append(whole, part...)
		}
	}
	switch f.Kind {
	case Half, Cut:
		_, _ = c.conn.Write(whole[:len(whole)/2])
	case Drip:
		return c.drip(whole, f.Pause)
	}
	if f.Kind != Cut && f.Kind != Hangup {
		// Silence. Reading on notices a client that goes, and the server's end, and answers nothing.
		_, _ = io.Copy(io.Discard, c.conn)
	}
	return false
}

func (c *session) drip(whole []byte, pause time.Duration) bool {
	return drip(c.conn, whole, pause, c.stop)
}

// drip sends byte by byte until stop is closed, and tells whether all went out.
func drip(to io.Writer, whole []byte, pause time.Duration, stop <-chan struct{}) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for i := range whole {
		if _, err := to.Write(whole[i : i+1]); err != nil {
			return false
		}
		timer.Reset(pause)
		select {
		case <-timer.C:
		case <-stop:
			return false
		}
	}
	return true
}
