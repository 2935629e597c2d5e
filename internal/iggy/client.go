package iggy

import (
	"context"
	"errors"
	"fmt"
	"sync"

	iggcon "github.com/apache/iggy/foreign/go/contracts"

	"iggysink/schema"
)

// Limits of one send request.
const (
	sendMessages = 1000
	sendBytes    = 1 << 20
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
	t, err := newTarget(stream, topic, "")
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.link
	if _, err = l.topicState(ctx, t); !isNotFound(err) {
		return err
	}
	err = l.call(ctx, "create stream", controlLimit, func() error {
		_, err := l.sdk.CreateStream(stream)
		return err
	})
	if err != nil && !hasStatus(err, codeStreamExists) {
		return err
	}
	err = l.call(ctx, "create topic", listLimit, func() error {
		_, err := l.sdk.CreateTopic(t.stream, topic, uint32(partitions), iggcon.CompressionAlgorithmNone,
			iggcon.IggyExpiryNeverExpire, 0, nil)
		return err
	})
	if hasStatus(err, codeTopicExists) {
		return nil
	}
	return err
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
	t, err := newTarget(stream, topic, "")
	if err != nil {
		return TopicInfo{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	state, err := c.link.topicState(ctx, t)
	if err != nil {
		return TopicInfo{}, err
	}
	info := TopicInfo{Messages: state.MessagesCount}
	for _, p := range state.Partitions {
		info.Partitions = append(info.Partitions, PartitionInfo{p.Id, p.MessagesCount, p.CurrentOffset})
	}
	return info, nil
}

// StoredOffset reads what a consumer group has stored for a partition; false if nothing, or if there is no such group.
func (c *Client) StoredOffset(ctx context.Context, stream, topic, group string, partition uint32) (uint64, bool, error) {
	t, err := newTarget(stream, topic, group)
	if err != nil {
		return 0, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	offset, found, err := c.link.stored(ctx, t, partition)
	if hasStatus(err, codeNoGroup) {
		return 0, false, nil
	}
	return offset, found, err
}

// Partitioning says which partition messages go to. The zero value is Balanced.
type Partitioning struct{ how iggcon.Partitioning }

// Balanced lets the server choose the partition of each request, in turn.
func Balanced() Partitioning { return Partitioning{iggcon.None()} }

// ToPartition chooses the partition.
func ToPartition(id uint32) Partitioning { return Partitioning{iggcon.PartitionId(id)} }

// ByKey lets the server choose by the hash of key, 1 to 255 bytes.
func ByKey(key []byte) Partitioning {
	return Partitioning{iggcon.Partitioning{Kind: iggcon.MessageKey, Length: len(key), Value: key}}
}

// Outgoing is a message to send. The zero ID lets the server choose one.
type Outgoing struct {
	ID      schema.MessageID
	Headers []schema.Header // keys are sent as strings
	Payload []byte
}

// Send sends messages in as many requests as their number and size take. After an error some of them may have arrived,
// always from the front.
func (c *Client) Send(ctx context.Context, stream, topic string, to Partitioning, messages []Outgoing) error {
	t, err := newTarget(stream, topic, "")
	if err != nil {
		return err
	}
	if to.how.Kind == 0 {
		to = Balanced()
	}
	if to.how.Kind == iggcon.MessageKey && (to.how.Length < 1 || to.how.Length > 255) {
		return errors.New("a partition key has 1 to 255 bytes")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for sent := 0; sent < len(messages); {
		request, err := pack(messages[sent:])
		if err != nil {
			return fmt.Errorf("message %d: %w", sent+len(request)+1, err)
		}
		err = c.link.call(ctx, "send messages", controlLimit, func() error {
			return c.link.sdk.SendMessages(t.stream, t.topic, to.how, request)
		})
		if err != nil {
			return fmt.Errorf("after %d of %d messages: %w", sent, len(messages), err)
		}
		sent += len(request)
	}
	return nil
}

// maxPayload is what the server takes of one message, 0.8 and 0.9 alike. The SDK has an older number.
const maxPayload = 64_000_000

// pack turns the first of messages into one request, bounded by number and bytes, at least one message. With an error it
// returns those before the one that is wrong.
func pack(messages []Outgoing) ([]iggcon.IggyMessage, error) {
	var request []iggcon.IggyMessage
	size := 0
	for _, m := range messages {
		headers := appendHeaders(nil, m.Headers)
		switch {
		case len(m.Payload) > maxPayload:
			return request, fmt.Errorf("a payload of %d bytes; iggy takes %d", len(m.Payload), maxPayload)
		case len(headers) > iggcon.MaxUserHeadersSize:
			return request, fmt.Errorf("headers of %d bytes; iggy takes %d", len(headers), iggcon.MaxUserHeadersSize)
		}
		size += messageHead + len(m.Payload) + len(headers)
		if len(request) == sendMessages || len(request) > 0 && size > sendBytes {
			break
		}
		request = append(request, iggcon.IggyMessage{
			Header:  iggcon.NewMessageHeader(iggcon.MessageID(m.ID), uint32(len(m.Payload)), uint32(len(headers))),
			Payload: m.Payload, UserHeaders: headers,
		})
	}
	return request, nil
}
