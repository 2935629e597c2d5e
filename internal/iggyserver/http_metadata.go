package iggyserver

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
)

// httpPartition and its like are what is in a stream, as JSON.
type httpPartition struct {
	ID       int    `json:"id"`
	Created  uint64 `json:"created_at"`
	Segments int    `json:"segments_count"`
	Current  uint64 `json:"current_offset"`
	Size     string `json:"size"`
	Messages uint64 `json:"messages_count"`
}

type httpTopic struct {
	ID          int              `json:"id"`
	Created     uint64           `json:"created_at"`
	Name        string           `json:"name"`
	Size        string           `json:"size"`
	Expiry      uint64           `json:"message_expiry"`
	Compression string           `json:"compression_algorithm"`
	MaxSize     uint64           `json:"max_topic_size"`
	Replication *uint8           `json:"replication_factor,omitempty"`
	Messages    uint64           `json:"messages_count"`
	Count       int              `json:"partitions_count"`
	Options     *struct{}        `json:"options,omitempty"`
	Partitions  *[]httpPartition `json:"partitions,omitempty"`
}

type httpStream struct {
	ID       int          `json:"id"`
	Created  uint64       `json:"created_at"`
	Name     string       `json:"name"`
	Size     string       `json:"size"`
	Messages uint64       `json:"messages_count"`
	Count    int          `json:"topics_count"`
	Topics   *[]httpTopic `json:"topics,omitempty"`
	Options  *struct{}    `json:"options,omitempty"`
}

type httpGroup struct {
	ID         int           `json:"id"`
	Name       string        `json:"name"`
	Partitions int           `json:"partitions_count"`
	Count      int           `json:"members_count"`
	Members    *[]httpMember `json:"members,omitempty"`
}

type httpMember struct {
	ID         int   `json:"id"`
	Count      int   `json:"partitions_count"`
	Partitions []int `json:"partitions"`
}

// identOf reads a name or a number: digits are a number, whatever they were meant to be.
func identOf(text string) ident {
	if n, err := strconv.ParseUint(text, 10, 32); err == nil && text[0] != '+' {
		return ident{number: uint32(n)}
	}
	return ident{name: text}
}

func splitAddr(address string) (string, uint16) {
	host, port, _ := net.SplitHostPort(address)
	n, _ := strconv.ParseUint(port, 10, 16)
	return host, uint16(n)
}

// sized writes a size as text, which nobody parses.
func sized(bytes uint64) string { return fmt.Sprintf("%d B", bytes) }

// topic finds the topic of a path.
func (f *face) topic(x *exchange) (*topic, status) {
	return f.server.state.topic(identOf(x.PathValue("stream")), identOf(x.PathValue("topic")))
}

func (f *face) topicView(t *topic, whole bool) httpTopic {
	size, messages := t.sizes()
	v := httpTopic{
		ID: t.id, Created: t.created, Name: t.name, Size: sized(size), Expiry: t.expiry, Compression: "none", MaxSize: t.maxSize,
		Messages: messages, Count: len(t.partitions),
	}
	if t.compression == 2 {
		v.Compression = "gzip"
	}
	if f.newer() {
		v.Options = &struct{}{}
	} else {
		v.Replication = &t.replication
	}
	if whole {
		all := make([]httpPartition, 0, len(t.partitions))
		for id, p := range t.partitions {
			all = append(all, httpPartition{id, p.created, 1, p.current, sized(p.size), p.messages})
		}
		v.Partitions = &all
	}
	return v
}

func (f *face) streamView(s *stream, whole bool) httpStream {
	size, messages := s.sizes()
	v := httpStream{ID: s.id, Created: s.created, Name: s.name, Size: sized(size), Messages: messages, Count: s.topics.len()}
	if !whole {
		return v
	}
	all := make([]httpTopic, 0, v.Count)
	for _, t := range s.topics.all() {
		all = append(all, f.topicView(t, false))
	}
	v.Topics = &all
	if f.newer() {
		v.Options = &struct{}{}
	}
	return v
}

func (f *face) listStreams(*exchange) answer {
	list := []httpStream{}
	for _, s := range f.server.state.streams.all() {
		list = append(list, f.streamView(s, false))
	}
	return said(http.StatusOK, list)
}

func (f *face) showStream(x *exchange) answer {
	s := f.server.state.stream(identOf(x.PathValue("stream")))
	if s == nil {
		return missing()
	}
	return said(http.StatusOK, f.streamView(s, true))
}

func (f *face) createStream(x *exchange) answer {
	var made struct{ Name string }
	if a := x.fields(&made, "name"); a != nil {
		return *a
	}
	switch state := &f.server.state; {
	case made.Name == "" || len(made.Name) > 255:
		return failure(http.StatusBadRequest, 1013, "invalid_stream_name")
	case state.stream(ident{name: made.Name}) != nil:
		return failed(streamNameExists)
	case !state.hasRoom(1):
		return failed(topicFull)
	default:
		state.changeMetadata()
		s := &stream{name: made.Name, created: micros(f.server.opts.Now())}
		s.id = state.streams.insert(s)
		return said(http.StatusOK, f.streamView(s, true))
	}
}

func (f *face) listTopics(x *exchange) answer {
	s := f.server.state.stream(identOf(x.PathValue("stream")))
	if s == nil {
		return missing()
	}
	list := []httpTopic{}
	for _, t := range s.topics.all() {
		list = append(list, f.topicView(t, false))
	}
	return said(http.StatusOK, list)
}

func (f *face) showTopic(x *exchange) answer {
	t, found := f.topic(x)
	if found != ok {
		return missing()
	}
	return said(http.StatusOK, f.topicView(t, true))
}

func (f *face) createTopic(x *exchange) answer {
	var made struct {
		Name       string
		Partitions uint32 `json:"partitions_count"`
		MaxSize    uint64 `json:"max_topic_size"`
		Expiry     uint64 `json:"message_expiry"`
	}
	a := x.fields(&made, "name", "partitions_count", "compression_algorithm", "message_expiry", "max_topic_size")
	if a != nil {
		return *a
	}
	s := f.server.state.stream(identOf(x.PathValue("stream")))
	switch {
	case s == nil && f.newer():
		return failed(streamNotFound)
	case s == nil:
		return missing()
	case made.Partitions > maxPartitions:
		return failed(tooManyPartitions)
	case s.topic(ident{name: made.Name}) != nil:
		return failed(topicNameExists)
	case !f.server.state.hasRoom(1 + int(made.Partitions)):
		return failed(topicFull)
	}
	t := &topic{
		name: made.Name, compression: 1, expiry: made.Expiry, maxSize: made.MaxSize, replication: 1,
		created: micros(f.server.opts.Now()),
	}
	if t.expiry == 0 {
		t.expiry = unlimited
	}
	if t.maxSize == 0 {
		t.maxSize = unlimited
	}
	f.server.state.changeMetadata()
	t.id = s.topics.insert(t)
	t.addPartitions(made.Partitions, t.created)
	return said(http.StatusOK, f.topicView(t, true))
}

// removeTopic deletes a topic with its messages, groups and offsets.
func (f *face) removeTopic(x *exchange) answer {
	t, found := f.topic(x)
	if found != ok {
		return missing()
	}
	f.server.state.changeMetadata()
	f.server.state.dropTopic(f.server.state.stream(identOf(x.PathValue("stream"))), t)
	return empty(http.StatusNoContent)
}

func (f *face) addPartitions(x *exchange) answer {
	var more struct {
		Count uint32 `json:"partitions_count"`
	}
	if a := x.fields(&more, "partitions_count"); a != nil {
		return *a
	}
	t, found := f.topic(x)
	if found != ok {
		return f.failedWrite(found)
	}
	if more.Count < 1 || more.Count > maxPartitions {
		return failed(tooManyPartitions)
	}
	if !f.server.state.hasRoom(int(more.Count) * t.perPartition()) {
		return failed(topicFull)
	}
	f.server.state.changeMetadata()
	t.addPartitions(more.Count, micros(f.server.opts.Now()))
	f.dealAnew(t)
	if f.newer() {
		return empty(http.StatusOK)
	}
	return empty(http.StatusCreated)
}

// removePartitions deletes the last partitions.
func (f *face) removePartitions(x *exchange) answer {
	t, found := f.topic(x)
	if found != ok {
		return f.failedWrite(found)
	}
	n, err := strconv.Atoi(x.URL.Query().Get("partitions_count"))
	if err != nil || n < 1 || n > len(t.partitions) {
		return failed(tooManyPartitions)
	}
	f.server.state.changeMetadata()
	keep := len(t.partitions) - n
	for _, p := range t.partitions[keep:] {
		f.server.state.stored -= p.purge()
	}
	clear(t.partitions[keep:])
	t.partitions = t.partitions[:keep]
	f.dealAnew(t)
	return empty(http.StatusNoContent)
}

func (f *face) dealAnew(t *topic) {
	for _, g := range t.groups.all() {
		g.partitions = numbers(len(t.partitions))
		g.rebalance()
		for _, p := range t.partitions {
			f.server.state.forgetPolled(p, g.id)
		}
	}
}

func groupView(g *group, whole bool) httpGroup {
	v := httpGroup{ID: g.id, Name: g.name, Partitions: len(g.partitions), Count: g.members.len()}
	if whole {
		all := make([]httpMember, 0, v.Count)
		for _, m := range g.members.all() {
			all = append(all, httpMember{m.id, len(m.partitions), m.partitions})
		}
		v.Members = &all
	}
	return v
}

func (f *face) listGroups(x *exchange) answer {
	t, found := f.topic(x)
	if found != ok {
		return f.failedRead(found)
	}
	list := []httpGroup{}
	for _, g := range t.groups.all() {
		list = append(list, groupView(g, false))
	}
	return said(http.StatusOK, list)
}

func (f *face) showGroup(x *exchange) answer {
	t, found := f.topic(x)
	if found != ok {
		return missing()
	}
	g := t.group(identOf(x.PathValue("group")))
	switch {
	case g == nil && f.newer():
		return missing()
	case g == nil:
		return failed(groupNotFound)
	}
	return said(http.StatusOK, groupView(g, true))
}

func (f *face) createGroup(x *exchange) answer {
	var made struct{ Name string }
	if a := x.fields(&made, "name"); a != nil {
		return *a
	}
	t, found := f.topic(x)
	switch {
	case found != ok:
		return f.failedWrite(found)
	case t.group(ident{name: made.Name}) != nil:
		return failed(groupNameExists)
	case !f.server.state.hasRoom(1 + len(t.partitions)):
		return failed(topicFull)
	}
	f.server.state.changeMetadata()
	g := &group{name: made.Name, partitions: numbers(len(t.partitions))}
	g.id = t.groups.insert(g)
	if f.newer() {
		return said(http.StatusOK, groupView(g, true))
	}
	return said(http.StatusCreated, groupView(g, true))
}

func (f *face) deleteGroup(x *exchange) answer {
	t, found := f.topic(x)
	if found != ok {
		return f.failedWrite(found)
	}
	g := t.group(identOf(x.PathValue("group")))
	if g == nil {
		return failed(groupNotFound)
	}
	f.server.state.changeMetadata()
	t.groups.remove(g.id)
	for _, p := range t.partitions {
		delete(p.groups, g.id)
	}
	return empty(http.StatusNoContent)
}
