package schema

// Group returns the consumer group of st: the configured one, or iggysink- and the sink's name.
func (s *Sink) Group(st *Stream) string {
	if st.ConsumerGroup != "" {
		return st.ConsumerGroup
	}
	return "iggysink-" + s.Name
}

// RejectedPolicy returns what happens to a rejected message: on_rejected, or what the presence of a dead_letter block
// implies.
func (s *Sink) RejectedPolicy() OnRejected {
	switch {
	case s.OnRejected != "":
		return s.OnRejected
	case s.DeadLetter != nil:
		return OnRejectedDeadLetter
	default:
		return OnRejectedBlock
	}
}
