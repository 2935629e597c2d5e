package golden_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"iggysink/golden"
	"iggysink/schema"
)

var update = flag.Bool("update", false, "write what the encoder makes as the expectations; then read the diff")

func vectors(t *testing.T) []golden.Vector {
	t.Helper()
	vs, err := golden.Vectors()
	require.NoError(t, err)
	return vs
}

// The encoder makes every body of the corpus, cut by size as the mode asks for.
func TestEncoderMakesTheExpectedBodies(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			requests, rejected := assemble(t, &v)
			if *update {
				write(t, &v, requests, rejected)
				return
			}
			if diff := cmp.Diff(once(v.Requests), requests, asText); diff != "" {
				t.Errorf("requests (-corpus +encoder):\n%s", diff)
			}
			if diff := cmp.Diff(v.Rejected, rejected); diff != "" {
				t.Errorf("rejected (-corpus +encoder):\n%s", diff)
			}
		})
	}
}

// asText shows bodies as text in a difference.
var asText = cmp.Transformer("text", func(b []byte) string { return string(b) })

func write(t *testing.T, v *golden.Vector, requests []golden.Request, rejected []golden.Rejected) {
	t.Helper()
	if len(v.Answers) > 0 {
		return // its requests are repetitions, which no encoder knows of
	}
	file := filepath.Join(golden.Dir, v.Name+".txtar")
	require.NoError(t, os.WriteFile(file, v.Update(requests, rejected), 0o644))
}

// once drops repetitions: what is sent again because of an answer has the same bytes.
func once(requests []golden.Request) []golden.Request {
	var kept []golden.Request
	for _, r := range requests {
		if !slices.ContainsFunc(kept, func(k golden.Request) bool { return cmp.Equal(k, r) }) {
			kept = append(kept, r)
		}
	}
	return kept
}

// assemble makes the requests of a vector with the project's encoder and the corpus's own notion of the four modes.
func assemble(t *testing.T, v *golden.Vector) (requests []golden.Request, rejected []golden.Rejected) {
	t.Helper()
	encoder := schema.NewEnvelopeEncoder(v.Options.Partition, v.Options.Envelope())
	limit := v.Options.MaxPayloadSizeBytes
	fits := func(parts [][]byte) bool { return limit == 0 || len(join(v.Options.BatchMode, parts)) <= limit }
	var indexes []int
	var parts [][]byte
	flush := func() {
		if len(parts) > 0 {
			body := join(v.Options.BatchMode, parts)
			requests = append(requests, golden.Request{ContentType: contentType(v.Options), Messages: indexes, Body: body})
		}
		indexes, parts = nil, nil
	}
	for i := range v.Messages {
		part := v.Messages[i].Payload
		if v.Options.BatchMode != schema.BatchModeRaw {
			var err error
			if part, err = encoder.Append(nil, &v.Messages[i]); err != nil {
				require.ErrorIs(t, err, schema.ErrPayload)
				rejected = append(rejected, golden.Rejected{Message: i, Why: golden.WhyPayload})
				continue
			}
		}
		if !fits([][]byte{part}) {
			rejected = append(rejected, golden.Rejected{Message: i, Why: golden.WhySize})
			continue
		}
		single := v.Options.BatchMode == schema.BatchModeIndividual || v.Options.BatchMode == schema.BatchModeRaw
		if single || !fits(append(slices.Clone(parts), part)) {
			flush()
		}
		indexes, parts = append(indexes, i), append(parts, part)
	}
	flush()
	return requests, rejected
}

func join(mode schema.BatchMode, parts [][]byte) []byte {
	switch mode {
	case schema.BatchModeNDJSON:
		return append(bytes.Join(parts, []byte("\n")), '\n')
	case schema.BatchModeJSONArray:
		return slices.Concat([]byte("["), bytes.Join(parts, []byte(",")), []byte("]"))
	default:
		return parts[0]
	}
}

func contentType(o golden.Options) string {
	switch {
	case o.ContentType != "":
		return o.ContentType
	case o.BatchMode == schema.BatchModeNDJSON:
		return "application/x-ndjson"
	case o.BatchMode == schema.BatchModeRaw:
		return "application/octet-stream"
	default:
		return "application/json"
	}
}

// The corpus has what it promises: a vector that is deleted or loses its point is missed.
func TestCorpusIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range vectors(t) {
		o := v.Options
		seen["mode "+o.BatchMode.String()+" schema "+o.Schema.String()] = true
		seen["messages "+o.BatchMode.String()+" "+strings.Repeat("+", min(len(v.Messages), 2))] = true
		seen["metadata off "+o.Schema.String()] = seen["metadata off "+o.Schema.String()] || !o.IncludeMetadata
		seen["checksum"] = seen["checksum"] || o.IncludeChecksum
		seen["origin"] = seen["origin"] || o.IncludeOriginTimestamp
		for _, r := range v.Rejected {
			seen["rejected "+o.BatchMode.String()+" "+string(r.Why)] = true
		}
		if o.MaxPayloadSizeBytes < 1000 && len(v.Requests) > 1 {
			seen["cut "+o.BatchMode.String()] = true
		}
		for i := range v.Messages {
			for _, h := range v.Messages[i].Headers {
				seen["header "+golden.KindName(h.Kind)] = true
			}
		}
	}
	want := []string{"checksum", "origin", "metadata off json", "metadata off text", "metadata off raw",
		"cut nd_json", "cut json_array"}
	for _, mode := range schema.BatchModeValues() {
		for _, s := range []string{"json", "text", "raw"} {
			want = append(want, "mode "+mode.String()+" schema "+s)
		}
		want = append(want, "messages "+mode.String()+" ", "messages "+mode.String()+" +",
			"messages "+mode.String()+" ++", "rejected "+mode.String()+" size")
	}
	for _, s := range schema.PayloadFormatValues() {
		want = append(want, "mode individual schema "+s.String())
	}
	for kind := schema.HeaderRaw; kind <= schema.HeaderFloat64; kind++ {
		want = append(want, "header "+golden.KindName(kind))
	}
	for _, w := range want {
		if !seen[w] {
			t.Errorf("no vector shows: %s", w)
		}
	}
}

// Every deliberate difference that shows in a request has its vector.
func TestEveryDifferenceHasAVector(t *testing.T) {
	var names []string
	for _, v := range vectors(t) {
		if name, ok := strings.CutPrefix(v.Name, "difference-"); ok {
			names = append(names, name)
			require.Contains(t, v.Doc, "Difference from the Rust sink: ", v.Name)
		}
	}
	require.ElementsMatch(t, names, []string{
		"at-least-once", "pauses-instead-of-skipping", "retry-after", "redirects-not-followed",
		"oversize-batch-is-split", "raw-sends-original-bytes", "json-embedded-as-sent", "ndjson-spelling",
		"content-type-individual", "content-type-nd-json", "content-type-raw", "envelope-key-order",
	})
}

// A vector that is written and read again is the same: -update changes nothing but expectations.
func TestUpdateKeepsAVector(t *testing.T) {
	for _, v := range vectors(t) {
		again, err := golden.Parse(v.Name, v.Update(v.Requests, v.Rejected))
		require.NoError(t, err)
		diff := cmp.Diff(v, again, cmpopts.IgnoreUnexported(golden.Vector{}), cmpopts.EquateEmpty())
		require.Empty(t, diff, v.Name)
	}
}
