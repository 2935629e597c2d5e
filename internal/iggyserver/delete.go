package iggyserver

// deletionHandlerOf is the part of the table of commands about deleting and emptying streams, topics and partitions.
func deletionHandlerOf(code uint32) handler {
	switch code {
	case CodeDeleteStream:
		return (*Server).deleteStream
	case CodePurgeStream:
		return (*Server).purgeStream
	case CodeDeleteTopic:
		return (*Server).deleteTopic
	case CodePurgeTopic:
		return (*Server).purgeTopic
	case CodeDeletePartitions:
		return (*Server).deletePartitions
	}
	return nil
}

func (s *Server) deleteStream(_ *session, r *reader) reply {
	str, found := s.namedStream(r)
	if found != ok {
		return refuse(found)
	}
	s.state.changeMetadata()
	for _, t := range str.topics.all() {
		s.state.dropTopic(str, t)
	}
	s.state.streams.remove(str.id)
	return reply{}
}

func (s *Server) purgeStream(_ *session, r *reader) reply {
	str, found := s.namedStream(r)
	if found != ok {
		return refuse(found)
	}
	for _, t := range str.topics.all() {
		s.state.purgeTopic(t)
	}
	return reply{}
}

func (s *Server) deleteTopic(_ *session, r *reader) reply {
	streamID, topicID := r.ident(), r.ident()
	if r.err != ok {
		return refuse(r.err)
	}
	t, found := s.state.topic(streamID, topicID)
	if found != ok {
		return refuse(found)
	}
	s.state.changeMetadata()
	s.state.dropTopic(s.state.stream(streamID), t)
	return reply{}
}

func (s *Server) purgeTopic(_ *session, r *reader) reply {
	streamID, topicID := r.ident(), r.ident()
	if r.err != ok {
		return refuse(r.err)
	}
	t, found := s.state.topic(streamID, topicID)
	if found != ok {
		return refuse(found)
	}
	s.state.purgeTopic(t)
	return reply{}
}

// deletePartitions deletes the last partitions of a topic. Those that stay are dealt anew, as after a creation.
func (s *Server) deletePartitions(_ *session, r *reader) reply {
	streamID, topicID, n := r.ident(), r.ident(), r.u32()
	if r.err != ok {
		return refuse(r.err)
	}
	if n < 1 {
		return refuse(tooManyPartitions)
	}
	t, found := s.state.topic(streamID, topicID)
	switch {
	case found != ok:
		return refuse(found)
	case uint64(n) > uint64(len(t.partitions)):
		return refuse(invalidPartitionsCount)
	}
	s.state.changeMetadata()
	keep := len(t.partitions) - int(n)
	for _, p := range t.partitions[keep:] {
		s.state.stored -= p.purge()
	}
	clear(t.partitions[keep:])
	t.partitions = t.partitions[:keep]
	t.turn = 0
	s.dealAnew(t)
	return reply{}
}

// namedStream reads the ident of a request and finds the stream.
func (s *Server) namedStream(r *reader) (*stream, status) {
	id := r.ident()
	if r.err != ok {
		return nil, r.err
	}
	str := s.state.stream(id)
	if str == nil {
		return nil, streamNotFound
	}
	return str, ok
}

// dropTopic takes a topic out of its stream, with its logs, groups and offsets.
func (s *state) dropTopic(str *stream, t *topic) {
	s.purgeTopic(t)
	str.topics.remove(t.id)
}

// purgeTopic empties the logs of a topic and forgets every stored offset. Groups and their members stay, and so does what
// they polled.
func (s *state) purgeTopic(t *topic) {
	for _, p := range t.partitions {
		s.stored -= p.purge()
	}
}

// purge makes a log as new and returns the bytes freed. The next message has offset 0.
func (p *partition) purge() (freed uint64) {
	freed = p.size
	p.batches, p.current, p.started, p.size, p.messages = nil, 0, false, 0, 0
	clear(p.consumers)
	clear(p.groups)
	return freed
}
