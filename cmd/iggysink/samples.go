package main

import (
	"encoding/json"
	"fmt"

	"iggysink/schema"
)

// samplesPerTopic is how many messages dev publishes to each topic.
const samplesPerTopic = 4

// topicName names a topic of a stream.
type topicName struct{ stream, topic string }

// sample is the messages that dev publishes to one topic.
type sample struct {
	topicName
	payloads [][]byte
}

// samplesFor makes messages for every topic that sinks read, in the order of the configuration. Where several sinks
// read a topic with different schemas, its messages suit all of them.
func samplesFor(sinks []*schema.Sink) []sample {
	kinds := map[topicName]schema.PayloadFormat{}
	var order []topicName
	for _, sink := range sinks {
		for _, stream := range sink.Streams {
			for _, topic := range stream.Topics {
				name := topicName{stream.Name, topic}
				before, known := kinds[name]
				if !known {
					order = append(order, name)
				}
				if !known || strictness(stream.Schema) > strictness(before) {
					kinds[name] = stream.Schema
				}
			}
		}
	}
	var samples []sample
	for _, name := range order {
		s := sample{topicName: name}
		for n := range samplesPerTopic {
			s.payloads = append(s.payloads, samplePayload(kinds[name], name, n+1))
		}
		samples = append(samples, s)
	}
	return samples
}

// strictness orders schemas: a payload that suits a stricter one suits the others.
func strictness(kind schema.PayloadFormat) int {
	switch kind {
	case schema.PayloadFormatJSON:
		return 2
	case schema.PayloadFormatText:
		return 1
	default:
		return 0
	}
}

func samplePayload(kind schema.PayloadFormat, name topicName, n int) []byte {
	switch kind {
	case schema.PayloadFormatJSON:
		event, err := json.Marshal(name.topic)
		if err != nil { // a string always can be
			panic(err)
		}
		return fmt.Appendf(nil, `{"id":%d,"event":%s,"customer":"c-%d","amount":%d.50}`, n, event, n%2+1, 10*n)
	case schema.PayloadFormatText:
		return fmt.Appendf(nil, "sample %d of %s/%s", n, name.stream, name.topic)
	default:
		// A Protocol Buffers message of field 1, a number, and field 2, a text. The number's first byte is not UTF-8.
		text := name.topic[:min(len(name.topic), 100)]
		return append([]byte{0x08, 0x80 | byte(n), 0x01, 0x12, byte(len(text))}, text...)
	}
}
