package main

import (
	"context"
	"errors"
	"fmt"

	"iggysink/schema"
)

// publisher deals payloads to the partitions of one topic in turn, unless they have a key. The server's own balancing deals
// requests, so that a small file would land in one partition.
type publisher struct {
	client     topicClient
	topic      topicName
	partitions []uint32
	key        []byte // where it is set the server chooses the partition by it
	sent       int
}

func newPublisher(ctx context.Context, client topicClient, topic topicName) (*publisher, error) {
	partitions, err := client.partitions(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("looking at %s/%s: %w", topic.stream, topic.topic, err)
	}
	p := &publisher{client: client, topic: topic, partitions: partitions}
	if len(p.partitions) == 0 {
		return nil, errors.New("the topic has no partitions")
	}
	return p, nil
}

// publish sends payloads, each with headers. After an error some of them may have arrived.
func (p *publisher) publish(ctx context.Context, headers []schema.Header, payloads [][]byte) error {
	if len(p.key) > 0 {
		if err := p.client.sendByKey(ctx, p.topic, p.key, headers, payloads); err != nil {
			return fmt.Errorf("publishing to %s/%s: %w", p.topic.stream, p.topic.topic, err)
		}
		p.sent += len(payloads)
		return nil
	}
	hands := make([][][]byte, len(p.partitions))
	for i, payload := range payloads {
		hand := (p.sent + i) % len(hands)
		hands[hand] = append(hands[hand], payload)
	}
	for i, hand := range hands {
		if len(hand) == 0 {
			continue
		}
		if err := p.client.send(ctx, p.topic, p.partitions[i], headers, hand); err != nil {
			return fmt.Errorf("publishing to %s/%s: %w", p.topic.stream, p.topic.topic, err)
		}
		p.sent += len(hand) // keeps the turn and counts what is there, also after an error
	}
	return nil
}
