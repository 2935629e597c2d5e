package rules

import (
	"fmt"
	"slices"
	"strconv"

	"iggysink/schema"
)

// limits finds limits of a request that are never reached, and one that no message meets.
func (r sinkRules) limits() {
	s := r.sink
	if !r.known("batch_mode") {
		return
	}
	batches := s.BatchMode != schema.BatchModeIndividual && s.BatchMode != schema.BatchModeRaw
	for i := range s.Streams {
		st, at := &s.Streams[i], "stream/"+strconv.Itoa(i)+"/"
		if smallest := r.smallest(st, at); smallest > 0 {
			r.admits(smallest)
			r.fits(st, at, smallest)
		}
		switch {
		case !batches:
			for _, name := range []string{"batch_length", "batch_wait"} {
				if r.set(at + name) {
					r.tell(at+name, "batch-limit-unused", name+" has no effect",
						"individual and raw send one message a request. Take it out, or take nd_json or json_array.")
				}
			}
		case r.set(at+"batch_wait") && st.BatchWait > 0 && st.BatchLength == 1 && r.known(at+"batch_length"):
			r.tell(at+"batch_wait", "batch-limit-unused", "batch_wait has no effect",
				"With batch_length = 1 a request is full with its first message.")
		}
	}
}

// smallest returns the bytes that a message of a stream has in a request at least, or 0 where that is not known. Names that
// are not known are the shortest.
func (r sinkRules) smallest(st *schema.Stream, at string) int {
	s := r.sink
	if s.BatchMode == schema.BatchModeRaw || s.Cloudevents != nil || r.set("body") {
		return 0 // there is no envelope
	}
	if !r.known("include_metadata", "include_checksum", "include_origin_timestamp", at+"schema") {
		return 0
	}
	message := schema.Message{Payload: leastPayload(st)}
	partition := schema.Partition{}
	if r.known(at + "name") {
		partition.Stream = st.Name
	}
	if len(st.Topics) > 0 && r.known(at+"topics") {
		partition.Topic = slices.MinFunc(st.Topics, func(a, b string) int { return len(a) - len(b) })
	}
	text, err := schema.NewEnvelopeEncoder(partition, schema.EnvelopeOptions{
		IncludeMetadata: s.IncludeMetadata, IncludeChecksum: s.IncludeChecksum,
		IncludeOriginTimestamp: s.IncludeOriginTimestamp, Payload: st.Schema, OneLine: s.BatchMode == schema.BatchModeNDJSON,
	}).Append(nil, &message)
	if err != nil {
		return 0
	}
	return len(text)
}

// leastPayload is the shortest payload: JSON has at least one character.
func leastPayload(st *schema.Stream) []byte {
	if st.Schema == schema.PayloadFormatJSON {
		return []byte("0")
	}
	return nil
}

// frame is what a request has around its messages, and between two of them or behind each.
func (r sinkRules) frame() (around, each int) {
	switch r.sink.BatchMode {
	case schema.BatchModeJSONArray:
		return len("[]") - len(","), len(",") // one comma less than there are messages
	case schema.BatchModeNDJSON:
		return 0, len("\n")
	}
	return 0, 0
}

// admits tells of a max_payload_size_bytes that rejects every message.
func (r sinkRules) admits(smallest int) {
	around, each := r.frame()
	least := around + smallest + each
	if most := r.sink.MaxPayloadSizeBytes; most > 0 && most < least && r.known("max_payload_size_bytes") {
		r.tell("max_payload_size_bytes", "payload-limit-too-small", "",
			fmt.Sprintf("A request with the smallest possible message takes %d bytes.", least))
	}
}

// fits tells of a batch_length that a request cannot have, however small its messages are.
func (r sinkRules) fits(st *schema.Stream, at string, smallest int) {
	s := r.sink
	if s.BatchMode == schema.BatchModeIndividual || !r.set(at+"batch_length") {
		return
	}
	around, each := r.frame()
	message := schema.Message{Payload: leastPayload(st)}
	most := schema.MaxRequestMemory / message.Size()
	detail := fmt.Sprintf("A request is made of at most %d MiB of messages, which are %d of the smallest.",
		schema.MaxRequestMemory>>20, most)
	if s.MaxPayloadSizeBytes > 0 && r.known("max_payload_size_bytes") {
		if n := (s.MaxPayloadSizeBytes - around) / (smallest + each); n < most {
			most, detail = n, "max_payload_size_bytes ends a request before."
			if !r.Places.Find(r.pointer + "/max_payload_size_bytes").Secret {
				detail = fmt.Sprintf("max_payload_size_bytes ends a request after %d of the smallest messages.", most)
			}
		}
	}
	if most > 0 && st.BatchLength > most { // no message at all is another rule
		r.tell(at+"batch_length", "batch-length-unreachable", "", detail)
	}
}
