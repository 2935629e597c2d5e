package main

import (
	"context"
	"errors"

	"iggysink/internal/iggy"
	"iggysink/internal/iggyhttp"
	"iggysink/schema"
)

// topicClient looks at topics and changes them, over either transport.
type topicClient interface {
	// ensure creates the stream and the topic where they are missing.
	ensure(ctx context.Context, topic topicName, partitions int) error
	// partitions lists the partitions of a topic. isNoTopic knows its error if there is none.
	partitions(ctx context.Context, topic topicName) ([]uint32, error)
	// send appends payloads to a partition, each with headers.
	send(ctx context.Context, topic topicName, partition uint32, headers []schema.Header, payloads [][]byte) error
	// sendByKey sends to the partition that the server chooses by the hash of a key of 1 to 255 bytes.
	sendByKey(ctx context.Context, topic topicName, key []byte, headers []schema.Header, payloads [][]byte) error
	// ends tells how far each partition goes, by id.
	ends(ctx context.Context, topic topicName) ([]partitionEnd, error)
	// stored reads the offset of a consumer group; false if there is none.
	stored(ctx context.Context, topic topicName, group string, partition uint32) (uint64, bool, error)
	// setNext stores, by partition, which offset a consumer group reads next; 0: the first message there is. Nothing may run
	// with it meanwhile.
	setNext(ctx context.Context, topic topicName, group string, next map[uint32]uint64) error
	// messageFrom reads the message at offset, or the first behind it; false if there is none.
	messageFrom(ctx context.Context, topic topicName, group string, partition uint32, offset uint64) (schema.Message, bool, error)
	close() error
}

// partitionEnd is how far a partition goes: to one more than its last offset.
type partitionEnd struct {
	id  uint32
	end uint64
}

// endOf returns the end of a partition with so many messages and this last offset.
func endOf(messages, current uint64) uint64 {
	if messages == 0 && current == 0 {
		return 0
	}
	return current + 1
}

// isNoTopic reports whether err says that the server has no such topic.
func isNoTopic(err error) bool {
	return errors.Is(err, iggy.ErrNotFound) || errors.Is(err, iggyhttp.ErrNotFound)
}

// isLoginRefused reports whether err says that the server refuses the login.
func isLoginRefused(err error) bool {
	return errors.Is(err, iggy.ErrCredentials) || errors.Is(err, iggyhttp.ErrCredentials)
}

// connectClient logs in over the transport that cfg names.
func connectClient(ctx context.Context, cfg *schema.Iggy) (topicClient, error) {
	if cfg.Transport == schema.IggyTransportHTTP {
		client, err := iggyhttp.Connect(ctx, iggyhttp.NewAccount(cfg))
		if err != nil {
			return nil, err
		}
		return httpClient{client}, nil
	}
	client, err := iggy.Connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return tcpClient{client}, nil
}

type tcpClient struct{ *iggy.Client }

func (c tcpClient) ensure(ctx context.Context, topic topicName, partitions int) error {
	return c.EnsureTopic(ctx, topic.stream, topic.topic, partitions)
}

func (c tcpClient) partitions(ctx context.Context, topic topicName) (ids []uint32, err error) {
	info, err := c.Topic(ctx, topic.stream, topic.topic)
	for _, p := range info.Partitions {
		ids = append(ids, p.ID)
	}
	return ids, err
}

func (c tcpClient) send(
	ctx context.Context, topic topicName, partition uint32, headers []schema.Header, payloads [][]byte,
) error {
	return c.Send(ctx, topic.stream, topic.topic, iggy.ToPartition(partition), overTCP(headers, payloads))
}

func (c tcpClient) sendByKey(ctx context.Context, topic topicName, key []byte, headers []schema.Header, payloads [][]byte) error {
	return c.Send(ctx, topic.stream, topic.topic, iggy.ByKey(key), overTCP(headers, payloads))
}

func overTCP(headers []schema.Header, payloads [][]byte) []iggy.Outgoing {
	messages := make([]iggy.Outgoing, len(payloads))
	for i, payload := range payloads {
		messages[i] = iggy.Outgoing{Headers: headers, Payload: payload}
	}
	return messages
}

func (c tcpClient) ends(ctx context.Context, topic topicName) (ends []partitionEnd, err error) {
	info, err := c.Topic(ctx, topic.stream, topic.topic)
	for _, p := range info.Partitions {
		ends = append(ends, partitionEnd{p.ID, endOf(p.Messages, p.Current)})
	}
	return ends, err
}

func (c tcpClient) stored(ctx context.Context, topic topicName, group string, partition uint32) (uint64, bool, error) {
	return c.StoredOffset(ctx, topic.stream, topic.topic, group, partition)
}

func (c tcpClient) setNext(ctx context.Context, topic topicName, group string, next map[uint32]uint64) error {
	return c.SetNext(ctx, topic.stream, topic.topic, group, next)
}

func (c tcpClient) messageFrom(
	ctx context.Context, topic topicName, group string, partition uint32, offset uint64,
) (schema.Message, bool, error) {
	return c.MessageFrom(ctx, topic.stream, topic.topic, group, partition, offset)
}

func (c tcpClient) close() error { return c.Close() }

type httpClient struct{ *iggyhttp.Client }

func (c httpClient) ensure(ctx context.Context, topic topicName, partitions int) error {
	return c.EnsureTopic(ctx, topic.stream, topic.topic, partitions)
}

func (c httpClient) partitions(ctx context.Context, topic topicName) (ids []uint32, err error) {
	info, err := c.Topic(ctx, topic.stream, topic.topic)
	for _, p := range info.Partitions {
		ids = append(ids, p.ID)
	}
	return ids, err
}

func (c httpClient) send(
	ctx context.Context, topic topicName, partition uint32, headers []schema.Header, payloads [][]byte,
) error {
	return c.SendTo(ctx, topic.stream, topic.topic, partition, overHTTP(headers, payloads))
}

func (c httpClient) sendByKey(ctx context.Context, topic topicName, key []byte, headers []schema.Header, payloads [][]byte) error {
	return c.SendByKey(ctx, topic.stream, topic.topic, key, overHTTP(headers, payloads))
}

func overHTTP(headers []schema.Header, payloads [][]byte) []iggyhttp.Outgoing {
	messages := make([]iggyhttp.Outgoing, len(payloads))
	for i, payload := range payloads {
		messages[i] = iggyhttp.Outgoing{Headers: headers, Payload: payload}
	}
	return messages
}

func (c httpClient) ends(ctx context.Context, topic topicName) (ends []partitionEnd, err error) {
	info, err := c.Topic(ctx, topic.stream, topic.topic)
	for _, p := range info.Partitions {
		ends = append(ends, partitionEnd{p.ID, endOf(p.Messages, p.Current)})
	}
	return ends, err
}

func (c httpClient) stored(ctx context.Context, topic topicName, group string, partition uint32) (uint64, bool, error) {
	return c.StoredOffset(ctx, topic.stream, topic.topic, group, partition)
}

func (c httpClient) setNext(ctx context.Context, topic topicName, group string, next map[uint32]uint64) error {
	return c.SetNext(ctx, topic.stream, topic.topic, group, next)
}

func (c httpClient) messageFrom(
	ctx context.Context, topic topicName, group string, partition uint32, offset uint64,
) (schema.Message, bool, error) {
	return c.MessageFrom(ctx, topic.stream, topic.topic, group, partition, offset)
}

func (c httpClient) close() error { return c.Close() }
