package rules

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"iggysink/hclconfig/internal/lang"
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
		origin := r.Places[r.pointer+"/"+at+"/payload_schema"]
		value := origin.Value
		if r.known(at+"/schema") && st.Schema != schema.PayloadFormatJSON {
			r.At(value, "payload-schema-json", "", "schema is "+strconv.Quote(st.Schema.String())+".")
		}
		key := filepath.Dir(value.Filename) + "\x00" + st.PayloadSchema // what may be read depends on the folder
		found, done := checked[key]
		if !done {
			found = r.checkContract(st.PayloadSchema, filepath.Dir(value.Filename))
			checked[key] = found
		}
		switch name := st.PayloadSchema; {
		case errors.Is(found.err, lang.ErrHermetic):
			if origin.Secret {
				name = schema.SecretMask
			}
			r.Scope.Needs[lang.Need{Kind: "file", Name: name}] = true
		case found.err != nil:
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

// checkContract opens the file as file() does, and compiles it within the budget of the whole load: a configuration of a
// stranger neither reads elsewhere nor keeps a core busy with many schemas.
func (r sinkRules) checkContract(path, dir string) contract {
	source, err := r.Scope.ReadAllowed(path, dir)
	if err != nil {
		return contract{err: err}
	}
	if !r.Scope.Budget.Spend(len(source)) {
		return contract{err: errors.New("the files of the configuration are too large, all together")}
	}
	s, err := payload.CompileWithin(source, r.Scope.Budget.Spend)
	if err != nil {
		return contract{err: err}
	}
	return contract{doubts: s.Doubts()}
}
