package iggyhttp

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strconv"

	"iggysink/schema"
)

// Limits of one send request.
const (
	sendMessages = 1000
	sendBytes    = 1 << 20 // of JSON; the server takes 2 MB
)

// Ids of errors about what is there already.
const (
	idStreamExists = 1012
	idTopicExists  = 2013
)

// Client sends messages and looks at topics and offsets. Every call ends with its context, and in bounded time without one.
// It is safe for concurrent use.
type Client struct{ link *link }

// Connect logs in to the server of the account. ErrCredentials is in the chain of its error if the server refuses user,
// password or token.
func Connect(ctx context.Context, account *Account) (*Client, error) {
	l, err := connect(ctx, account)
	if err != nil {
		return nil, err
	}
	return &Client{link: l}, nil
}

// Close ends the connections.
func (c *Client) Close() error {
	c.link.close()
	return nil
}

// TopicInfo is what is in a topic.
type TopicInfo struct {
	Messages   uint64
	Partitions []PartitionInfo // by id
}

// PartitionInfo is what is in a partition.
type PartitionInfo struct {
	ID       uint32
	Messages uint64
	Current  uint64 // last offset; 0 also if there is none
}

// place finds a topic.
func (c *Client) place(ctx context.Context, stream, topic, consumer string) (place, error) {
	for _, name := range []string{stream, topic} {
		if len(name) < 1 || len(name) > 255 {
			return place{}, fmt.Errorf("name %q: it needs 1 to 255 bytes", name)
		}
	}
	path, err := c.link.resolve(ctx, stream, topic)
	return place{path: path, consumer: consumer}, err
}

// Topic reads what is in a topic. ErrNotFound is in the chain of its error if the stream or topic is missing.
func (c *Client) Topic(ctx context.Context, stream, topic string) (TopicInfo, error) {
	t, err := c.place(ctx, stream, topic, "")
	if err != nil {
		return TopicInfo{}, err
	}
	state, err := c.link.topicState(ctx, t)
	if err != nil {
		return TopicInfo{}, err
	}
	info := TopicInfo{Messages: state.Messages}
	for _, p := range state.Partitions {
		info.Partitions = append(info.Partitions, PartitionInfo{p.ID, p.Messages, p.Current})
	}
	slices.SortFunc(info.Partitions, func(a, b PartitionInfo) int { return int(a.ID) - int(b.ID) })
	return info, nil
}

// StoredOffset reads what a consumer has stored for a partition; false if nothing.
func (c *Client) StoredOffset(ctx context.Context, stream, topic, consumer string, partition uint32) (uint64, bool, error) {
	t, err := c.place(ctx, stream, topic, consumer)
	if err != nil {
		return 0, false, err
	}
	return c.link.stored(ctx, t, partition)
}

// EnsureTopic creates the stream and the topic where they are missing. A topic that is there keeps its partitions. Its
// messages do not expire, unless the server's default says so.
func (c *Client) EnsureTopic(ctx context.Context, stream, topic string, partitions int) error {
	_, err := c.Topic(ctx, stream, topic)
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	r := request{op: "create stream", method: http.MethodPost, path: "/streams"}
	if r.body, err = json.Marshal(map[string]string{"name": stream}); err != nil {
		return err
	}
	if err := c.link.ask(ctx, &r, nil); err != nil && !hasID(err, idStreamExists) {
		return err
	}
	name, err := c.link.number(ctx, "/streams", stream)
	if err != nil {
		return err
	}
	r = request{op: "create topic", method: http.MethodPost, path: route("streams", name, "topics")}
	r.body, err = json.Marshal(map[string]any{
		"name": topic, "partitions_count": partitions, "compression_algorithm": "none", "message_expiry": 0, "max_topic_size": 0,
	})
	if err != nil {
		return err
	}
	if err := c.link.ask(ctx, &r, nil); err != nil && !hasID(err, idTopicExists) {
		return err
	}
	return nil
}

// Outgoing is a message to send. The zero ID lets the server choose one. The payload is not empty: HTTP takes none such.
type Outgoing struct {
	ID      schema.MessageID
	Headers []schema.Header // keys are sent as strings
	Payload []byte
}

// SendTo sends messages to a partition in as many requests as their number and size take. After an error some of them may have
// arrived, always from the front.
func (c *Client) SendTo(ctx context.Context, stream, topic string, partition uint32, messages []Outgoing) error {
	return c.send(ctx, stream, topic, partitioning{"partition_id", binary.LittleEndian.AppendUint32(nil, partition)}, messages)
}

// SendByKey sends messages to the partition that the server chooses by the hash of key, 1 to 255 bytes, as SendTo does.
func (c *Client) SendByKey(ctx context.Context, stream, topic string, key []byte, messages []Outgoing) error {
	if len(key) < 1 || len(key) > 255 {
		return errors.New("a partition key has 1 to 255 bytes")
	}
	return c.send(ctx, stream, topic, partitioning{"messages_key", key}, messages)
}

// partitioning says which partition messages go to.
type partitioning struct {
	kind  string // as the API spells it
	value []byte
}

func (c *Client) send(ctx context.Context, stream, topic string, to partitioning, messages []Outgoing) error {
	t, err := c.place(ctx, stream, topic, "")
	if err != nil {
		return err
	}
	for sent := 0; sent < len(messages); {
		body, n := packed(to, messages[sent:])
		// Once: a request that is repeated could arrive twice.
		r := request{op: "send messages", method: http.MethodPost, path: t.path + "/messages", body: body}
		if err := c.link.ask(ctx, &r, nil); err != nil {
			return fmt.Errorf("after %d of %d messages: %w", sent, len(messages), err)
		}
		sent += n
	}
	return nil
}

// packed turns the first n of messages into one request, bounded by number and bytes, at least one message.
func packed(to partitioning, messages []Outgoing) (body []byte, n int) {
	body = append(append(append(body, `{"partitioning":{"kind":"`...), to.kind...), `","value":"`...)
	body = base64.StdEncoding.AppendEncode(body, to.value)
	body = append(body, `"},"messages":[`...)
	for ; n < len(messages) && n < sendMessages; n++ {
		m := &messages[n]
		size := base64.StdEncoding.EncodedLen(len(m.Payload))
		for _, h := range m.Headers {
			size += 100 + base64.StdEncoding.EncodedLen(len(h.Key)+len(h.Value))
		}
		if n > 0 && len(body)+size > sendBytes {
			break
		}
		if n > 0 {
			body = append(body, ',')
		}
		body = m.append(body)
	}
	return append(body, "]}"...), n
}

func (m *Outgoing) append(b []byte) []byte {
	b = append(b, '{')
	if m.ID != (schema.MessageID{}) {
		order := slices.Clone(m.ID[:])
		slices.Reverse(order)
		// In quotes: the server takes no larger number than one of 64 bits otherwise.
		b = append(new(big.Int).SetBytes(order).Append(append(b, `"id":"`...), 10), `",`...)
	}
	b = base64.StdEncoding.AppendEncode(append(b, `"payload":"`...), m.Payload)
	b = append(b, '"')
	for i, h := range m.Headers {
		if i == 0 {
			b = append(b, `,"user_headers":[`...)
		} else {
			b = append(b, ',')
		}
		b = base64.StdEncoding.AppendEncode(append(b, `{"key":{"kind":"string","value":"`...), h.Key)
		b = append(strconv.AppendQuote(append(b, `"},"value":{"kind":`...), nameOf(h.Kind)), `,"value":"`...)
		b = append(base64.StdEncoding.AppendEncode(b, h.Value), `"}}`...)
	}
	if len(m.Headers) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}
