package sinkhttp

// hand holds the rejects that a Send has not returned yet. When the gate trips they are recalled: the endpoint rejects
// everything, so they were not rejected for what they are.
type hand struct {
	held []held
	open bool // registered at the gate
}

// held is a run that was rejected, and its answer.
type held struct {
	run      run
	j        judgement
	accepted uint64 // the gate's acceptances at that time: a run of rejects has the same number throughout
	recalled bool
}

// recall marks the rejects of the run that began after so many acceptances. The gate's mu is held.
func (h *hand) recall(accepted uint64) {
	for i := range h.held {
		h.held[i].recalled = h.held[i].recalled || h.held[i].accepted == accepted
	}
}

// keep holds a reject back until release. The caller holds mu.
func (g *gate) keep(h *hand, r run, j judgement) {
	h.held = append(h.held, held{run: r, j: j, accepted: g.accepted})
	if !h.open {
		h.open = true
		g.hands[h] = struct{}{}
	}
}

// takeRecalled removes from h what was recalled and returns it, in offset order.
func (g *gate) takeRecalled(h *hand) (list []run) {
	if len(h.held) == 0 {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	kept := h.held[:0]
	for _, e := range h.held {
		if e.recalled {
			list = append(list, e.run)
		} else {
			kept = append(kept, e)
		}
	}
	h.held = kept
	return list
}

// release ends h unless something in it was recalled: then it returns false. After it has returned true the rejects
// that are left in h are final.
func (g *gate) release(h *hand) bool {
	if !h.open {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range h.held {
		if h.held[i].recalled {
			return false
		}
	}
	h.open = false
	delete(g.hands, h)
	return true
}
