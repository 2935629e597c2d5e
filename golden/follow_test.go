package golden_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/golden"
	"iggysink/schema"
)

// shapeFile says which envelope the corpus shows: one property a line, with what fills it.
const shapeFile = "envelope.txt"

var follow = flag.Bool("follow", false, "if the envelope's schema has other properties than the corpus shows, let the corpus follow")

// The corpus shows the envelope of the schema. go generate runs this with -follow: then a corpus that shows another one
// is brought up to it, each request with the same messages as before. A corpus that shows this envelope is not touched,
// so that a change of the encoder alone never passes by itself.
func TestCorpusFollowsTheEnvelope(t *testing.T) {
	have, err := os.ReadFile(shapeFile)
	require.NoError(t, err)
	root := contract(t)
	want := shape(root, root, reflect.TypeFor[schema.Envelope](), "")
	if string(have) == want {
		return
	}
	require.True(t, *follow, "the corpus shows another envelope: run go generate ./...\n-%s\n+%s", have, want)
	for _, v := range vectors(t) {
		file := filepath.Join(golden.Dir, v.Name+".txtar")
		require.NoError(t, os.WriteFile(file, followed(t, v), 0o644))
	}
	require.NoError(t, os.WriteFile(shapeFile, []byte(want), 0o644))
}

// shape lists the properties of an object in the order of the Go type, which is the schema's.
func shape(root, n node, in reflect.Type, path string) string {
	var b strings.Builder
	properties, _ := n["properties"].(node)
	for i := range in.NumField() {
		name, _, _ := strings.Cut(in.Field(i).Tag.Get("json"), ",")
		property, _ := properties[name].(node)
		if _, sourced := property["x-source"]; sourced || property["const"] != nil {
			b.WriteString(path + name)
			for _, keyword := range []string{"x-source", "x-when", "const"} {
				if property[keyword] != nil {
					fmt.Fprintf(&b, " %s=%s", strings.TrimPrefix(keyword, "x-"), property[keyword])
				}
			}
			b.WriteString("\n")
			continue
		}
		r := receiver{root: root}
		b.WriteString(shape(root, r.resolve(property), in.Field(i).Type, path+name+"/"))
	}
	return b.String()
}

// followed returns a vector with the envelopes of today's schema. A limit that some message must not exceed moves with
// the bodies.
func followed(t *testing.T, v golden.Vector) []byte {
	t.Helper()
	requests := slices.Clone(v.Requests)
	if v.Options.BatchMode != schema.BatchModeRaw {
		encoder := schema.NewEnvelopeEncoder(v.Options.Partition, v.Options.Envelope())
		for i := range requests {
			var parts [][]byte
			for _, m := range requests[i].Messages {
				part, err := encoder.Append(nil, &v.Messages[m])
				require.NoError(t, err, v.Name)
				parts = append(parts, part)
			}
			requests[i].Body = join(v.Options.BatchMode, parts)
		}
	}
	text := v.Update(requests, v.Rejected)
	old := fmt.Appendf(nil, "max_payload_size_bytes %d\n", v.Options.MaxPayloadSizeBytes)
	if v.Options.MaxPayloadSizeBytes == 0 || !bytes.Contains(text, old) {
		return text
	}
	limit := movedLimit(t, v, requests)
	return bytes.Replace(text, old, fmt.Appendf(nil, "max_payload_size_bytes %d\n", limit), 1)
}

// movedLimit returns a limit under which the same messages share a request as before.
func movedLimit(t *testing.T, v golden.Vector, requests []golden.Request) int {
	t.Helper()
	longest := func(list []golden.Request) (n int) {
		for _, r := range list {
			n = max(n, len(r.Body))
		}
		return n
	}
	candidates := []int{v.Options.MaxPayloadSizeBytes + longest(requests) - longest(v.Requests)}
	for i := range 4096 {
		candidates = append(candidates, longest(requests)+i)
	}
	for _, limit := range candidates {
		moved := v
		moved.Options.MaxPayloadSizeBytes = limit
		made, rejected := assemble(t, &moved)
		if slices.Equal(rejected, v.Rejected) && slices.EqualFunc(made, once(requests), func(a, b golden.Request) bool {
			return slices.Equal(a.Messages, b.Messages)
		}) {
			return limit
		}
	}
	require.Fail(t, "no limit keeps the point of a vector", "%s: adapt it by hand", v.Name)
	return 0
}
