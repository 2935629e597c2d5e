package sinkhttp

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// contractFile writes a schema that asks for a positive number n and for nothing else.
func contractFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "order.schema.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"type": "object", "required": ["n"], "additionalProperties": false,
		"properties": {"n": {"type": "integer", "minimum": 1}}}`), 0o600))
	return path
}

// withContract gives the sink a stream block with that payload schema.
func withContract(path string, mode schema.BatchMode) func(*schema.Sink) {
	return func(c *schema.Sink) {
		stream := schema.DefaultStream()
		stream.Name, stream.PayloadSchema = "shop", path
		c.Streams, c.BatchMode, c.IncludeMetadata, c.MaxConsecutiveRejects = []schema.Stream{stream}, mode, false, 0
	}
}

func TestPayloadsThatViolateTheContractAreNotSent(t *testing.T) {
	path := contractFile(t)
	for mode, want := range map[schema.BatchMode][]string{
		schema.BatchModeNDJSON: {"{\"n\":1}\n{\"n\":2}\n"}, schema.BatchModeJSONArray: {`[{"n":1},{"n":2}]`},
		schema.BatchModeIndividual: {`{"n":1}`, `{"n":2}`}, schema.BatchModeRaw: {`{"n":1}`, `{"n":2}`},
	} {
		inScene(t, withContract(path, mode), nil, func(s *scene) {
			b := batch(0, `{"n":1}`, `{"n":0}`, `{"n":"canary"}`, `{"canary":1}`, `[]`, `{"n":`, `{"n":2}`)
			b.Contract = path
			p, refused := s.sink.Prepare(b)
			var reasons []string
			for _, o := range refused {
				reasons = append(reasons, o.Reason)
			}
			assert.Equal(t, []string{
				"the payload violates its schema at /n: minimum",
				"the payload violates its schema at /n: type",
				"the payload violates its schema at its root: additionalProperties",
				"the payload violates its schema at its root: type",
				"invalid payload: JSON ends too early at byte 5",
			}, reasons)
			assert.Equal(t, "AA", kinds(s.sink.Send(s.t.Context(), nil, p)))
			assert.Equal(t, want, s.endpoint.bodies())
		})
	}
}

func TestABatchWithoutContractIsNotChecked(t *testing.T) {
	inScene(t, withContract(contractFile(t), schema.BatchModeRaw), nil, func(s *scene) {
		_, refused := s.sink.Prepare(batch(0, `not even JSON`))
		assert.Empty(t, refused)
	})
}

func TestNewCompilesTheContract(t *testing.T) {
	unsound := filepath.Join(t.TempDir(), "unsound.json")
	require.NoError(t, os.WriteFile(unsound, []byte(`{"type": "strin"}`), 0o600))
	for path, want := range map[string]string{
		"/nowhere/a.json": `stream "shop": payload_schema: cannot use /nowhere/a.json: no such file or directory`,
		unsound:           `stream "shop": payload_schema: cannot use ` + unsound + `: line 1, column 10: "strin" is not a type: did you mean "string"? The types are object, array, string, number, integer, boolean, null`,
	} {
		cfg := config(t, "http://h/")
		withContract(path, schema.BatchModeRaw)(&cfg)
		_, err := New(&cfg, Options{})
		assert.EqualError(t, err, want)
	}
	cfg := config(t, "http://h/")
	withContract(contractFile(t), schema.BatchModeRaw)(&cfg)
	cfg.Streams[0].Schema = schema.PayloadFormatText
	_, err := New(&cfg, Options{})
	assert.EqualError(t, err, `stream "shop": payload_schema: only payloads with schema = "json" can be checked`)
}

// BenchmarkPrepareWithContract is BenchmarkPrepare/nd_json with every payload checked.
func BenchmarkPrepareWithContract(b *testing.B) {
	path := filepath.Join(b.TempDir(), "order.schema.json")
	require.NoError(b, os.WriteFile(path, []byte(`{"type": "object", "required": ["order"],
		"properties": {"order": {"type": "string", "maxLength": 500}}, "additionalProperties": false}`), 0o600))
	s := startAt(b, "http://127.0.0.1:1/in", withContract(path, schema.BatchModeNDJSON))
	list := benchBatch(500)
	list.Contract = path
	b.ReportAllocs()
	for b.Loop() {
		p, refused := s.Prepare(list)
		if len(refused) > 0 {
			b.Fatal(refused)
		}
		s.give(p)
	}
	b.ReportMetric(float64(b.N*500)/b.Elapsed().Seconds(), "msg/s")
}
