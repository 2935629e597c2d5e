package relay

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// drainGrace is how long the workers may take to end once their requests are cancelled. What takes longer is stuck, as
// a write to a disk that does not answer, and nothing is waited for any more.
const drainGrace = 2 * time.Second

// crash is a panic in one of the sink's goroutines. It ends this sink and no other. Locks that the goroutine held stay
// held and what it was changing is half changed: nothing of the relay's state is read or stored any more.
type crash struct {
	latch

	err atomic.Pointer[error]
}

// catch ends the sink where the goroutine that defers it panics. what says which one that was.
func (r *Relay) catch(what string) {
	value := recover()
	if value == nil {
		return
	}
	err := fmt.Errorf("internal error in the %s: %v", what, value)
	if r.crash.err.CompareAndSwap(nil, &err) {
		r.log.Error("internal error: this sink ends, and stores nothing more because its state may be broken; "+
			"other sinks go on, and a restart delivers again what was not stored",
			"sink", r.cfg.Name, "in", what, "panic", fmt.Sprint(value), "stack", string(debug.Stack()))
	}
	r.crash.close()
}

// abandon ends a Run whose state may be broken: it cancels everything and waits for whoever still ends by itself.
func (r *Relay) abandon(cancel func(), goroutines ...*sync.WaitGroup) (Result, error) {
	r.closing.close()
	r.draining.close()
	r.cut()
	cancel()
	patience := time.NewTimer(drainGrace)
	defer patience.Stop()
	if r.mu.TryLock() { // otherwise it may stay locked
		r.stopped = true
		for _, p := range r.former {
			select {
			case <-p.done:
			case <-patience.C:
				patience.Reset(0)
			}
		}
		r.mu.Unlock()
	}
	for _, group := range goroutines {
		ended := make(chan struct{})
		go func() { // ends with the process where one of them never does
			group.Wait()
			close(ended)
		}()
		select {
		case <-ended:
		case <-patience.C:
			patience.Reset(0)
		}
	}
	return Result{Abandoned: true}, *r.crash.err.Load()
}

// awaitWorkers waits until the workers have ended, at most for DrainTimeout and drainGrace, and returns those that have
// not.
func (r *Relay) awaitWorkers(workers []*partition) (stuck map[*partition]bool) {
	deadline := time.NewTimer(r.opts.DrainTimeout + drainGrace)
	defer deadline.Stop()
	stuck = make(map[*partition]bool)
	for _, p := range workers {
		select {
		case <-p.done:
			continue
		default:
		}
		select {
		case <-p.done:
		case <-r.crash.done:
			return stuck
		case <-deadline.C:
			deadline.Reset(0) // for the others
			stuck[p] = true
			r.log.Error("a partition does not come to an end: it is left as it is, and the next start delivers its "+
				"messages again", p.logAttrs()...)
		}
	}
	return stuck
}

// elapsed is the time since Run began, by a clock that nobody sets.
func (r *Relay) elapsed() time.Duration { return time.Since(r.began) }
