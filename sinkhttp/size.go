package sinkhttp

import (
	"sync"
	"sync/atomic"
)

// The requests near the bound that have to be accepted before it is doubled. A bound that turns out to be the endpoint's
// own costs a request that is refused, and its bytes, again and again: so each refusal doubles the number.
const (
	sizeTrials    = 64
	maxSizeTrials = 1024
)

// size is how large a request of several messages may be, as the endpoint's answers have shown.
type size struct {
	bound atomic.Int64 // bytes; 0: no request was refused for its size

	mu     sync.Mutex
	good   int  // requests near the bound that were accepted since it last changed
	trials int  // how many there have to be
	grown  bool // the bound was doubled and not refused since
}

// largest returns the size that a request of several messages may have: the configured one, 0 for any, or less.
func (z *size) largest(configured int) int {
	bound := int(z.bound.Load())
	switch {
	case bound == 0:
		return configured
	case configured == 0:
		return bound
	}
	return min(configured, bound)
}

// refused notes that the endpoint refused a body of n bytes for its size. Half of it is the bound, if that is less: a
// request that was under way when the bound changed tells nothing new.
func (z *size) refused(n int) {
	half := max(int64(n/2), 1)
	z.mu.Lock()
	defer z.mu.Unlock()
	if bound := z.bound.Load(); bound != 0 && bound <= half {
		return
	}
	z.bound.Store(half)
	z.good, z.grown = 0, false
	z.trials = min(max(z.trials*2, sizeTrials), maxSizeTrials)
}

// accepted notes that the endpoint accepted a body of n bytes. A small one says nothing about a larger bound.
func (z *size) accepted(n int) {
	bound := z.bound.Load()
	if bound == 0 || int64(n) <= bound/2 {
		return
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.good++; z.good < z.trials || z.bound.Load() != bound {
		return
	}
	if z.grown { // what was a mistake before no longer is
		z.trials = sizeTrials
	}
	z.good, z.grown = 0, true
	z.bound.Store(bound * 2)
}
