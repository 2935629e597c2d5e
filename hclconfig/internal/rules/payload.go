package rules

import (
	"fmt"
	"strconv"
	"strings"

	"iggysink/internal/payload"
	"iggysink/schema"
)

// contract is what was found out about the file of a payload schema.
type contract struct {
	err    error
	doubts []payload.Doubt
}

// payloads checks the payload schemas of a sink. checked remembers what was found out about a file: many sinks may name
// the same one.
func (r sinkRules) payloads(checked map[string]contract) {
	for i := range r.sink.Streams {
		st, at := &r.sink.Streams[i], "stream/"+strconv.Itoa(i)
		if !r.set(at + "/payload_schema") {
			continue
		}
		value := r.Places[r.pointer+"/"+at+"/payload_schema"].Value
		if r.known(at+"/schema") && st.Schema != schema.PayloadSchemaJSON {
			r.At(value, "payload-schema-json", "", "schema is "+strconv.Quote(st.Schema.String())+".")
		}
		found, done := checked[st.PayloadSchema]
		if !done {
			found = checkContract(st.PayloadSchema)
			checked[st.PayloadSchema] = found
		}
		if found.err != nil {
			r.At(value, "payload-schema", "", "Of the file it names: "+found.err.Error()+".")
		}
		for _, d := range found.doubts {
			text := fmt.Sprintf("Of the file it names, line %d, column %d: %s", d.Line, d.Column, d.Text)
			if !strings.HasSuffix(text, "?") {
				text += "."
			}
			r.At(value, "payload-schema-doubt", "", text)
		}
	}
}

func checkContract(path string) contract {
	s, err := payload.Load(path)
	if err != nil {
		return contract{err: err}
	}
	return contract{doubts: s.Doubts()}
}
