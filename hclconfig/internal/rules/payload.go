package rules

import (
	"strconv"

	"iggysink/internal/payload"
	"iggysink/schema"
)

// payloads checks the payload schemas of a sink. checked remembers what was found out about a file: many sinks may name
// the same one.
func (r sinkRules) payloads(checked map[string]error) {
	for i := range r.sink.Streams {
		st, at := &r.sink.Streams[i], "stream/"+strconv.Itoa(i)
		if !r.set(at + "/payload_schema") {
			continue
		}
		value := r.Places[r.pointer+"/"+at+"/payload_schema"].Value
		if r.known(at+"/schema") && st.Schema != schema.PayloadSchemaJSON {
			r.At(value, "payload-schema-json", "", "schema is "+strconv.Quote(st.Schema.String())+".")
		}
		err, done := checked[st.PayloadSchema]
		if !done {
			_, err = payload.Load(st.PayloadSchema)
			checked[st.PayloadSchema] = err
		}
		if err != nil {
			r.At(value, "payload-schema", "", "Of the file it names: "+err.Error()+".")
		}
	}
}
