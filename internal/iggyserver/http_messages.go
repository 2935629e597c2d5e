package iggyserver

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// kindNames are the names of the kinds of header keys and values, by number.
func kindNames() []string {
	return []string{"", "raw", "string", "bool", "int8", "int16", "int32", "int64", "int128", "uint8", "uint16", "uint32",
		"uint64", "uint128", "float32", "float64"}
}

// who reads the consumer and the partition of a query.
func who(query url.Values) (consumer, uint32, *answer) {
	c, partition := consumer{}, uint64(0)
	if id, given := query["consumer_id"]; given {
		if len(id[0]) < 1 || len(id[0]) > 255 {
			a := plain(http.StatusBadRequest, "Failed to deserialize query string: Invalid identifier")
			return c, 0, &a
		}
		c.id = identOf(id[0])
	}
	if text := query.Get("partition_id"); text != "" {
		var err error
		if partition, err = strconv.ParseUint(text, 10, 32); err != nil {
			a := plain(http.StatusBadRequest, "Failed to deserialize query string: partition_id: invalid digit found in string")
			return c, 0, &a
		}
	}
	return c, uint32(partition), nil
}

// pollQuery is what a poll asks for beside its consumer.
type pollQuery struct {
	kind   uint8
	value  uint64
	count  uint32
	commit bool
}

func readPoll(query url.Values) (q pollQuery, err error) {
	kinds := map[string]uint8{"": byOffset, "offset": byOffset, "timestamp": byTimestamp, "first": byFirst, "last": byLast, "next": byNext}
	kind, known := kinds[query.Get("kind")]
	if !known {
		return q, errors.New("Invalid command") //nolint:staticcheck // as the real server writes it
	}
	value, err := strconv.ParseUint(cmp.Or(query.Get("value"), "0"), 10, 64)
	if err != nil {
		return q, errors.New("invalid digit found in string")
	}
	count, err := strconv.ParseUint(cmp.Or(query.Get("count"), "10"), 10, 32)
	if err != nil {
		return q, errors.New("count: number too large to fit in target type")
	}
	return pollQuery{kind, value, uint32(count), query.Get("auto_commit") == "true"}, nil
}

func (f *face) poll(x *exchange) answer {
	query := x.URL.Query()
	c, id, bad := who(query)
	if bad != nil {
		return *bad
	}
	q, err := readPoll(query)
	if err != nil {
		return plain(http.StatusBadRequest, "Failed to deserialize query string: "+err.Error())
	}
	t, found := f.topic(x)
	if found != ok {
		return f.failedRead(found)
	}
	p := t.partition(id)
	if p == nil {
		return failed(partitionNotFound)
	}
	to := access{topic: t, partition: id}
	from, beyond := p.start(q.kind, q.value, q.count, func() (uint64, bool) { return to.stored(c, p) })
	if beyond || q.count == 0 || p.messages == 0 {
		if f.newer() {
			return polledAnswer(id, p.current, 0, nil)
		}
		return polledAnswer(0, 0, 0, nil) // whatever was asked
	}
	parts, n, last := p.read(from, q.count)
	if n > 0 && q.commit {
		if bad := f.server.state.store(to, c, p, last); bad != ok {
			return failed(bad)
		}
	}
	current := p.current
	return answer{status: http.StatusOK, later: func() []byte { return polledJSON(id, current, n, parts) }}
}

func polledAnswer(partition uint32, current uint64, n uint32, parts [][]byte) answer {
	return answer{status: http.StatusOK, body: polledJSON(partition, current, n, parts)}
}

// polledJSON writes the answer to a poll from messages as they are stored.
func polledJSON(partition uint32, current uint64, n uint32, parts [][]byte) []byte {
	b := make([]byte, 0, 128+int(n)*256+partsLength(parts)*4/3)
	b = strconv.AppendUint(append(b, `{"partition_id":`...), uint64(partition), 10)
	b = strconv.AppendUint(append(b, `,"current_offset":`...), current, 10)
	b = strconv.AppendUint(append(b, `,"count":`...), uint64(n), 10)
	b = append(b, `,"messages":[`...)
	first := true
	for _, part := range parts {
		for len(part) > 0 {
			if !first {
				b = append(b, ',')
			}
			first = false
			payload := int(binary.LittleEndian.Uint32(part[payloadLenAt:]))
			end := headerSize + payload + int(binary.LittleEndian.Uint32(part[headersLenAt:]))
			b = messageJSON(b, part[:end], payload)
			part = part[end:]
		}
	}
	return append(b, "]}"...)
}

func messageJSON(b, m []byte, payload int) []byte {
	number := func(name string, v uint64) { b = strconv.AppendUint(append(b, name...), v, 10) }
	number(`{"header":{"checksum":`, binary.LittleEndian.Uint64(m))
	low, high := binary.LittleEndian.Uint64(m[idAt:]), binary.LittleEndian.Uint64(m[idAt+8:])
	if high == 0 {
		number(`,"id":`, low)
	} else {
		id := new(big.Int).SetUint64(high)
		b = id.Or(id.Lsh(id, 64), new(big.Int).SetUint64(low)).Append(append(b, `,"id":`...), 10)
	}
	number(`,"offset":`, binary.LittleEndian.Uint64(m[offsetAt:]))
	number(`,"timestamp":`, binary.LittleEndian.Uint64(m[timestampAt:]))
	number(`,"origin_timestamp":`, binary.LittleEndian.Uint64(m[timestampAt+8:]))
	number(`,"user_headers_length":`, uint64(len(m)-headerSize-payload))
	number(`,"payload_length":`, uint64(payload))
	b = append(b, `,"reserved":0},"payload":"`...)
	b = base64.StdEncoding.AppendEncode(b, m[headerSize:headerSize+payload])
	b = append(b, `","user_headers":`...)
	return append(userHeadersJSON(b, m[headerSize+payload:]), '}')
}

// typed is a key or a value of a user header.
type typed struct {
	kind  uint8
	value []byte
}

// userHeadersJSON writes headers by kind and key, the last of a key that is there twice; bytes that are no headers as they
// are.
func userHeadersJSON(b, raw []byte) []byte {
	entries, sound := readUserHeaders(raw)
	if !sound {
		b = base64.StdEncoding.AppendEncode(append(b, '"'), raw)
		return append(b, '"')
	}
	b = append(b, '[')
	for i, e := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		for j, part := range e {
			b = append(append(append(b, [2]string{`{"key":{"kind":"`, `,"value":{"kind":"`}[j]...), kindNames()[part.kind]...), `","value":"`...)
			b = append(base64.StdEncoding.AppendEncode(b, part.value), `"}`...)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// readUserHeaders sorts them as the real server's map does.
func readUserHeaders(raw []byte) (entries [][2]typed, sound bool) {
	take := func() (t typed, fine bool) {
		if len(raw) < 5 {
			return t, false
		}
		n := int(binary.LittleEndian.Uint32(raw[1:]))
		if raw[0] < 1 || raw[0] > 15 || n < 1 || n > 255 || n > len(raw)-5 {
			return t, false
		}
		t = typed{raw[0], raw[5 : 5+n]}
		raw = raw[5+n:]
		return t, true
	}
	order := func(a, b [2]typed) int {
		return cmp.Or(cmp.Compare(a[0].kind, b[0].kind), slices.Compare(a[0].value, b[0].value))
	}
	for len(raw) > 0 {
		key, fine := take()
		if !fine {
			return nil, false
		}
		value, fine := take()
		if !fine {
			return nil, false
		}
		e := [2]typed{key, value}
		i, found := slices.BinarySearchFunc(entries, e, order)
		if found {
			entries[i] = e
		} else {
			entries = slices.Insert(entries, i, e)
		}
	}
	return entries, true
}

// sentMessage is a message of a send.
type sentMessage struct {
	ID      json.RawMessage `json:"id"`
	Payload []byte          `json:"payload"`
	Headers json.RawMessage `json:"user_headers"`
}

func (f *face) send(x *exchange) answer {
	var sent struct {
		Partitioning struct {
			Kind  string
			Value []byte
		}
		Messages []sentMessage
	}
	if a := x.fields(&sent, "partitioning", "messages"); a != nil {
		return *a
	}
	if len(sent.Messages) == 0 {
		return failed(invalidMessagesCount)
	}
	var data []byte
	now := micros(f.server.opts.Now())
	for i := range sent.Messages {
		var err error
		if data, err = sent.Messages[i].append(data, now); err != nil {
			return plain(http.StatusUnprocessableEntity, "Failed to deserialize the JSON body into the target type: "+err.Error())
		}
	}
	b, bad := newBatch(data, uint32(len(sent.Messages)))
	if bad != ok {
		return failed(bad)
	}
	t, found := f.topic(x)
	if found != ok {
		return f.failedWrite(found)
	}
	kinds := map[string]uint8{"balanced": 1, "partition_id": 2, "messages_key": 3}
	p, bad := t.choose(kinds[sent.Partitioning.Kind], sent.Partitioning.Value)
	switch {
	case bad != ok:
		return f.failedWrite(bad)
	case f.server.state.stored+uint64(len(b.data)) > f.server.state.limit:
		return failed(topicFull)
	}
	base := p.next()
	p.append(b, now)
	f.server.state.stored += uint64(len(b.data))
	if !f.newer() {
		return empty(http.StatusCreated)
	}
	id := slices.Index(t.partitions, p)
	s := f.server.state.stream(identOf(x.PathValue("stream")))
	a := said(http.StatusCreated, map[string]any{"confirmations": []any{
		map[string]any{"stream_id": s.id, "topic_id": t.id, "partition_id": id, "base_offset": base},
	}})
	a.header = http.Header{"Iggy-Durability": {"replicated-memory"}}
	return a
}

// append writes a message as it is stored.
func (m *sentMessage) append(b []byte, now uint64) ([]byte, error) {
	if len(m.Payload) == 0 {
		return nil, errors.New("Failed to create message: Invalid message payload length") //nolint:staticcheck // its words
	}
	id, err := readID(m.ID)
	if err != nil {
		return nil, err
	}
	headers, err := readHeadersJSON(m.Headers)
	if err != nil {
		return nil, err
	}
	head := make([]byte, headerSize)
	copy(head[idAt:], id)
	binary.LittleEndian.PutUint64(head[timestampAt+8:], now)
	binary.LittleEndian.PutUint32(head[headersLenAt:], uint32(len(headers)))
	binary.LittleEndian.PutUint32(head[payloadLenAt:], uint32(len(m.Payload)))
	return append(append(append(b, head...), m.Payload...), headers...), nil
}

// readID reads a number, a number in a string, or a UUID; none is 0.
func readID(raw json.RawMessage) ([]byte, error) {
	text := strings.Trim(string(raw), `"`)
	if text == "" || text == "null" {
		return make([]byte, 16), nil
	}
	id, base := new(big.Int), 10
	if strings.Count(text, "-") == 4 {
		text, base = strings.ReplaceAll(text, "-", ""), 16
	}
	if _, fine := id.SetString(text, base); !fine || id.Sign() < 0 || id.BitLen() > 128 {
		return nil, fmt.Errorf("Invalid message id") //nolint:staticcheck // its words
	}
	b := id.FillBytes(make([]byte, 16))
	slices.Reverse(b)
	return b, nil
}

// readHeadersJSON reads a list of headers, or bytes that are taken as they are.
func readHeadersJSON(raw json.RawMessage) ([]byte, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if raw[0] == '"' {
		var block []byte
		err := json.Unmarshal(raw, &block)
		return block, err
	}
	type part struct {
		Kind  string
		Value []byte
	}
	var entries []struct{ Key, Value part }
	if err := json.Unmarshal(raw, &entries); err != nil {
		return nil, err
	}
	var b []byte
	for _, e := range entries {
		for _, p := range []part{e.Key, e.Value} {
			kind := slices.Index(kindNames(), p.Kind)
			if kind < 1 {
				return nil, errors.New("user_headers: unknown kind")
			}
			b = appendTyped(b, typed{byte(kind), p.Value})
		}
	}
	// What comes over HTTP passes through the sorted map on its way in, too.
	sorted, sound := readUserHeaders(b)
	if !sound {
		return nil, errors.New("user_headers: a key or a value has 1 to 255 bytes")
	}
	b = b[:0:0]
	for _, e := range sorted {
		b = appendTyped(appendTyped(b, e[0]), e[1])
	}
	return b, nil
}

func appendTyped(b []byte, t typed) []byte {
	return append(put32(append(b, t.kind), uint32(len(t.value))), t.value...)
}

// offsetPlace finds the partition of a query about offsets.
func (f *face) offsetPlace(x *exchange) (access, consumer, *partition, *answer) {
	c, id, bad := who(x.URL.Query())
	if bad != nil {
		return access{}, c, nil, bad
	}
	t, found := f.topic(x)
	if found != ok {
		a := f.failedRead(found)
		return access{}, c, nil, &a
	}
	p := t.partition(id)
	if p == nil {
		a := missing()
		return access{}, c, nil, &a
	}
	return access{topic: t, partition: id}, c, p, nil
}

func (f *face) showOffset(x *exchange) answer {
	to, c, p, bad := f.offsetPlace(x)
	if bad != nil {
		return *bad
	}
	stored, there := to.stored(c, p)
	if !there {
		return missing()
	}
	return said(http.StatusOK, map[string]any{"partition_id": to.partition, "current_offset": p.current, "stored_offset": stored})
}

func (f *face) storeOffset(x *exchange) answer {
	var want struct {
		Consumer  json.RawMessage `json:"consumer_id"`
		Partition *uint32         `json:"partition_id"`
		Offset    uint64          `json:"offset"`
	}
	if a := x.fields(&want, "offset"); a != nil {
		return *a
	}
	t, found := f.topic(x)
	if found != ok {
		return f.failedWrite(found)
	}
	id := uint32(0)
	switch {
	case want.Partition != nil:
		id = *want.Partition
	case f.newer():
		return failed(resourceNotFound)
	}
	p := t.partition(id)
	switch {
	case p == nil:
		return f.failedWrite(partitionNotFound)
	case p.messages == 0 && p.current == 0, want.Offset > p.current:
		return failed(invalidOffset)
	}
	c := consumer{}
	text := string(want.Consumer) // a number, or a name
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(want.Consumer, &text); err != nil {
			return plain(http.StatusUnprocessableEntity, "Failed to deserialize the JSON body into the target type")
		}
	}
	if text != "" {
		c.id = identOf(text)
	}
	if bad := f.server.state.store(access{topic: t, partition: id}, c, p, want.Offset); bad != ok {
		return failed(bad)
	}
	return empty(http.StatusNoContent)
}

func (f *face) deleteOffset(x *exchange) answer {
	_, _, p, bad := f.offsetPlace(x)
	if bad != nil {
		return *bad
	}
	c := consumer{id: identOf(x.PathValue("client"))}
	if _, any := p.consumers[c.key()]; !any {
		return failed(offsetNotFound)
	}
	delete(p.consumers, c.key())
	return empty(http.StatusNoContent)
}
