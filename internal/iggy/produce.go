package iggy

import (
	"context"
	"fmt"

	iggcon "github.com/apache/iggy/foreign/go/contracts"

	"iggysink/schema"
)

// Limits of one send request, and of one message. maxPayload is what the server takes, 0.8 and 0.9 alike; the SDK has an
// older number.
const (
	sendMessages = 1000
	sendBytes    = 1 << 20
	maxPayload   = 64_000_000
)

// createStream creates the stream, unless it is there.
func (l *link) createStream(ctx context.Context, t place) error {
	err := l.call(ctx, "create stream", controlLimit, func() error {
		_, err := l.sdk.CreateStream(t.stream)
		return err
	})
	if hasStatus(err, codeStreamExists) {
		return nil
	}
	return err
}

// createTopic creates the topic, unless it is there. Its messages do not expire, whatever the server's default.
func (l *link) createTopic(ctx context.Context, t place, partitions int) error {
	err := l.call(ctx, "create topic", listLimit, func() error {
		_, err := l.sdk.CreateTopic(identifier(t.stream), t.topic, uint32(partitions), iggcon.CompressionAlgorithmNone,
			iggcon.IggyExpiryNeverExpire, 0, nil)
		return err
	})
	if hasStatus(err, codeTopicExists) {
		return nil
	}
	return err
}

// send sends the first of messages in one request, as many as it takes, and returns how many. Its error is a *messageError
// where one of them cannot be sent; then none is.
func (l *link) send(ctx context.Context, t place, to Partitioning, messages []Outgoing) (int, error) {
	how := iggcon.None()
	switch to.kind {
	case toPartition:
		how = iggcon.PartitionId(to.partition)
	case byKey:
		how = iggcon.Partitioning{Kind: iggcon.MessageKey, Length: len(to.key), Value: to.key}
	case balanced:
	}
	request, err := pack(messages)
	if err != nil {
		return 0, &messageError{len(request), err}
	}
	return len(request), l.call(ctx, "send messages", controlLimit, func() error {
		return l.sdk.SendMessages(identifier(t.stream), identifier(t.topic), how, request)
	})
}

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

// appendHeaders writes a block of user headers with text keys, as userheader.Decode reads it.
func appendHeaders(b []byte, headers []schema.Header) []byte {
	entries := make([]iggcon.HeaderEntry, len(headers))
	for i, h := range headers {
		entries[i] = iggcon.HeaderEntry{
			Key:   iggcon.HeaderKey{Kind: iggcon.String, Value: h.Key},
			Value: iggcon.HeaderValue{Kind: iggcon.HeaderKind(h.Kind), Value: h.Value},
		}
	}
	return append(b, iggcon.GetHeadersBytes(entries)...)
}
