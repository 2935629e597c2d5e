package iggy

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"iggysink/schema"
)

// Client sends messages and looks at topics, over one connection. Every call ends with its context, and in bounded time
// without one. After a broken call the client cannot be used any more. It is safe for concurrent use; calls wait for each
// other.
type Client struct {
	mu   sync.Mutex
	link *link
}

// Connect opens a connection to the server of cfg and logs in. ErrCredentials is in the chain of its error if the server
// refuses user, password or token.
func Connect(ctx context.Context, cfg *schema.Iggy) (*Client, error) {
	l, err := connect(ctx, cfg, true)
	if err != nil {
		return nil, err
	}
	return &Client{link: l}, nil
}

// Close ends the connection.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link.close()
	return nil
}

// EnsureTopic creates the stream and the topic where they are missing. A topic that is there keeps its partitions. Its
// messages do not expire, whatever the server's default.
func (c *Client) EnsureTopic(ctx context.Context, stream, topic string, partitions int) error {
	t, err := newPlace(stream, topic, "")
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.link
	if _, err = l.topicState(ctx, t); !isNotFound(err) {
		return err
	}
	if err := l.createStream(ctx, t); err != nil {
		return err
	}
	return l.createTopic(ctx, t, partitions)
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

// Topic reads what is in a topic. ErrNotFound is in the chain of its error if the stream or topic is missing.
func (c *Client) Topic(ctx context.Context, stream, topic string) (TopicInfo, error) {
	t, err := newPlace(stream, topic, "")
	if err != nil {
		return TopicInfo{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	state, err := c.link.topicState(ctx, t)
	if err != nil {
		return TopicInfo{}, err
	}
	info := TopicInfo{Messages: state.messages}
	for _, p := range state.partitions {
		info.Partitions = append(info.Partitions, PartitionInfo{p.id, p.messages, p.current})
	}
	return info, nil
}

// StoredOffset reads what a consumer group has stored for a partition; false if nothing, or if there is no such group.
func (c *Client) StoredOffset(ctx context.Context, stream, topic, group string, partition uint32) (uint64, bool, error) {
	t, err := newPlace(stream, topic, group)
	if err != nil {
		return 0, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	offset, found, err := c.link.stored(ctx, t, partition)
	if isNoGroup(err) {
		return 0, false, nil
	}
	return offset, found, err
}

// Partitioning says which partition messages go to. The zero value lets the server choose one for each request, in turn.
type Partitioning struct {
	kind      partitioningKind
	partition uint32
	key       []byte
}

type partitioningKind int

const (
	balanced partitioningKind = iota
	toPartition
	byKey
)

// ToPartition chooses the partition.
func ToPartition(id uint32) Partitioning { return Partitioning{kind: toPartition, partition: id} }

// ByKey lets the server choose by the hash of key, 1 to 255 bytes.
func ByKey(key []byte) Partitioning { return Partitioning{kind: byKey, key: key} }

// Outgoing is a message to send. The zero ID lets the server choose one.
type Outgoing struct {
	ID      schema.MessageID
	Headers []schema.Header // keys are sent as strings
	Payload []byte
}

// messageError is a message that cannot be sent.
type messageError struct {
	index int
	err   error
}

// Error returns the text of the cause.
func (e *messageError) Error() string { return e.err.Error() }

// Send sends messages in as many requests as their number and size take. After an error some of them may have arrived,
// always from the front.
func (c *Client) Send(ctx context.Context, stream, topic string, to Partitioning, messages []Outgoing) error {
	t, err := newPlace(stream, topic, "")
	if err != nil {
		return err
	}
	if to.kind == byKey && (len(to.key) < 1 || len(to.key) > 255) {
		return errors.New("a partition key has 1 to 255 bytes")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for sent := 0; sent < len(messages); {
		n, err := c.link.send(ctx, t, to, messages[sent:])
		var wrong *messageError
		if errors.As(err, &wrong) {
			return fmt.Errorf("message %d: %w", sent+wrong.index+1, wrong.err)
		}
		if err != nil {
			return fmt.Errorf("after %d of %d messages: %w", sent, len(messages), err)
		}
		sent += n
	}
	return nil
}
