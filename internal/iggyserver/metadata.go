package iggyserver

// metadataHandlerOf is the part of the table of commands about streams, topics, partitions and groups.
func metadataHandlerOf(code uint32) handler {
	switch code {
	case CodeGetStream:
		return (*Server).getStream
	case CodeGetStreams:
		return (*Server).getStreams
	case CodeCreateStream:
		return (*Server).createStream
	case CodeGetTopic:
		return (*Server).getTopic
	case CodeGetTopics:
		return (*Server).getTopics
	case CodeCreateTopic:
		return (*Server).createTopic
	case CodeCreatePartitions:
		return (*Server).createPartitions
	case CodeGetGroup:
		return (*Server).getGroup
	case CodeGetGroups:
		return (*Server).getGroups
	case CodeCreateGroup:
		return (*Server).createGroup
	case CodeDeleteGroup:
		return (*Server).deleteGroup
	case CodeJoinGroup:
		return (*Server).joinGroup
	case CodeLeaveGroup:
		return (*Server).leaveGroup
	}
	return deletionHandlerOf(code)
}

func (s *Server) getStream(_ *session, r *reader) reply {
	id := r.ident()
	if r.err != ok {
		return refuse(r.err)
	}
	str := s.state.stream(id)
	if str == nil {
		return reply{}
	}
	b := putStream(nil, str)
	for _, t := range str.topics.all() {
		b = putTopic(b, t)
	}
	return accept(b)
}

func (s *Server) getStreams(*session, *reader) reply {
	var b []byte
	for _, str := range s.state.streams.all() {
		b = putStream(b, str)
	}
	return accept(b)
}

func (s *Server) createStream(_ *session, r *reader) reply {
	name := r.name()
	switch {
	case r.err != ok:
		return refuse(r.err)
	case s.state.stream(ident{name: name}) != nil:
		return refuse(streamNameExists)
	case !s.state.hasRoom(1):
		return refuse(topicFull)
	}
	s.state.changeMetadata()
	str := &stream{name: name, created: micros(s.opts.Now())}
	str.id = s.state.streams.insert(str)
	return accept(putStream(nil, str))
}

func (s *Server) getTopic(_ *session, r *reader) reply {
	streamID, topicID := r.ident(), r.ident()
	if r.err != ok {
		return refuse(r.err)
	}
	t, found := s.state.topic(streamID, topicID)
	if found != ok {
		return reply{}
	}
	return accept(putPartitions(putTopic(nil, t), t, 1))
}

func (s *Server) getTopics(_ *session, r *reader) reply {
	id := r.ident()
	if r.err != ok {
		return refuse(r.err)
	}
	str := s.state.stream(id)
	if str == nil {
		return reply{}
	}
	var b []byte
	for _, t := range str.topics.all() {
		b = putTopic(b, t)
	}
	return accept(b)
}

func (s *Server) createTopic(_ *session, r *reader) reply {
	streamID, partitions := r.ident(), r.u32()
	t := &topic{compression: r.u8(), expiry: r.u64(), maxSize: r.u64(), replication: r.u8(), name: r.name()}
	str := s.state.stream(streamID)
	switch {
	case r.err != ok:
		return refuse(r.err)
	case partitions > maxPartitions:
		return refuse(tooManyPartitions)
	case t.compression != 1 && t.compression != 2:
		return refuse(invalidCommand)
	case str == nil:
		return refuse(streamNotFound)
	case t.maxSize != 0 && t.maxSize < segmentSize:
		return refuse(invalidTopicSize)
	case str.topic(ident{name: t.name}) != nil:
		return refuse(topicNameExists)
	case !s.state.hasRoom(1 + int(partitions)):
		return refuse(topicFull)
	}
	// 0 asks for the server's default, which the reply shows: no expiry, no limit, one replica.
	if t.expiry == 0 {
		t.expiry = unlimited
	}
	if t.maxSize == 0 {
		t.maxSize = unlimited
	}
	t.replication = max(t.replication, 1)
	t.created = micros(s.opts.Now())
	s.state.changeMetadata()
	t.id = str.topics.insert(t)
	t.addPartitions(partitions, t.created)
	return accept(putPartitions(putTopic(nil, t), t, 0))
}

func (s *Server) createPartitions(_ *session, r *reader) reply {
	streamID, topicID, n := r.ident(), r.ident(), r.u32()
	if r.err != ok {
		return refuse(r.err)
	}
	if n < 1 || n > maxPartitions {
		return refuse(tooManyPartitions)
	}
	t, found := s.state.topic(streamID, topicID)
	switch {
	case found != ok:
		return refuse(found)
	case !s.state.hasRoom(int(n) * t.perPartition()):
		return refuse(topicFull)
	}
	s.state.changeMetadata()
	t.addPartitions(n, micros(s.opts.Now()))
	s.dealAnew(t)
	return reply{}
}

// dealAnew deals the partitions of a topic among the members of each group, after their number changed.
func (s *Server) dealAnew(t *topic) {
	for _, g := range t.groups.all() {
		g.partitions = numbers(len(t.partitions))
		g.rebalance()
		for _, p := range t.partitions {
			s.state.forgetPolled(p, g.id)
		}
	}
}

func numbers(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func (s *Server) getGroup(_ *session, r *reader) reply {
	streamID, topicID, groupID := r.ident(), r.ident(), r.ident()
	if r.err != ok {
		return refuse(r.err)
	}
	_, g, found := s.group(streamID, topicID, groupID)
	if found != ok {
		return reply{}
	}
	b := putGroup(nil, g)
	for _, m := range g.members.all() {
		b = put32(put32(b, uint32(m.id)), uint32(len(m.partitions)))
		for _, partition := range m.partitions {
			b = put32(b, uint32(partition))
		}
	}
	return accept(b)
}

func (s *Server) getGroups(_ *session, r *reader) reply {
	streamID, topicID := r.ident(), r.ident()
	if r.err != ok {
		return refuse(r.err)
	}
	t, found := s.state.topic(streamID, topicID)
	if found != ok {
		return reply{}
	}
	var b []byte
	for _, g := range t.groups.all() {
		b = putGroup(b, g)
	}
	return accept(b)
}

func (s *Server) createGroup(_ *session, r *reader) reply {
	streamID, topicID, name := r.ident(), r.ident(), r.name()
	if r.err != ok {
		return refuse(r.err)
	}
	t, found := s.state.topic(streamID, topicID)
	switch {
	case found != ok:
		return refuse(found)
	case t.group(ident{name: name}) != nil:
		return refuse(groupNameExists)
	case !s.state.hasRoom(1 + len(t.partitions)):
		return refuse(topicFull)
	}
	s.state.changeMetadata()
	g := &group{name: name, partitions: numbers(len(t.partitions))}
	g.id = t.groups.insert(g)
	return accept(putGroup(nil, g))
}

func (s *Server) group(streamID, topicID, groupID ident) (*topic, *group, status) {
	t, found := s.state.topic(streamID, topicID)
	if found != ok {
		return nil, nil, found
	}
	g := t.group(groupID)
	if g == nil {
		return nil, nil, groupNotFound
	}
	return t, g, ok
}

// namedGroup reads the three idents of a request and finds the group.
func (s *Server) namedGroup(r *reader) (*topic, *group, status) {
	streamID, topicID, groupID := r.ident(), r.ident(), r.ident()
	if r.err != ok {
		return nil, nil, r.err
	}
	return s.group(streamID, topicID, groupID)
}

func (s *Server) deleteGroup(_ *session, r *reader) reply {
	t, g, found := s.namedGroup(r)
	if found != ok {
		return refuse(found)
	}
	s.state.changeMetadata()
	t.groups.remove(g.id)
	for _, p := range t.partitions {
		delete(p.groups, g.id)
	}
	return reply{}
}

func (s *Server) joinGroup(c *session, r *reader) reply {
	t, g, found := s.namedGroup(r)
	if found != ok {
		return refuse(found)
	}
	s.state.join(t, g, c.id, s.opts.Now())
	return reply{}
}

func (s *Server) leaveGroup(c *session, r *reader) reply {
	t, g, found := s.namedGroup(r)
	if found != ok {
		return refuse(found)
	}
	if !s.state.leave(t, g, c.id) {
		return refuse(memberNotFound)
	}
	return reply{}
}
