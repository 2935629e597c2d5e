// Package golden is the corpus: what messages become on the wire, byte for byte, as text that a person can check.
//
// One file under vectors is one case: messages, the options that matter, and the requests that an endpoint must get.
// Four readers agree on each: the envelope schema, the encoder, the engine against a real endpoint, and a decoder that
// shares no code with the encoder. README.md describes the format. Only tests import this package.
package golden

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"iggysink/schema"
)

//go:embed vectors
var files embed.FS

// Dir is where the vectors are, relative to this package's folder.
const Dir = "vectors"

// Vector is one case of the corpus.
type Vector struct {
	Name     string // file name without its extension
	Doc      string // what the case shows
	Options  Options
	Messages []schema.Message
	Answers  []Answer  // what the endpoint answers to the first requests; 200 to all after them
	Requests []Request // what the endpoint gets, in order
	Rejected []Rejected
	source   []byte
}

// Options are the attributes of a sink and of its stream that a body depends on.
type Options struct {
	Partition              schema.Partition
	Schema                 schema.PayloadFormat
	BatchMode              schema.BatchMode
	IncludeMetadata        bool
	IncludeChecksum        bool
	IncludeOriginTimestamp bool
	ContentType            string
	MaxPayloadSizeBytes    int
}

// Envelope returns the options of the encoder that o asks for.
func (o Options) Envelope() schema.EnvelopeOptions {
	return schema.EnvelopeOptions{
		IncludeMetadata:        o.IncludeMetadata,
		IncludeChecksum:        o.IncludeChecksum,
		IncludeOriginTimestamp: o.IncludeOriginTimestamp,
		Payload:                o.Schema,
		OneLine:                o.BatchMode == schema.BatchModeNDJSON,
	}
}

// Apply sets what o says on a sink. Its stream, its URL and everything else stay.
func (o Options) Apply(s *schema.Sink) {
	s.BatchMode = o.BatchMode
	s.IncludeMetadata = o.IncludeMetadata
	s.IncludeChecksum = o.IncludeChecksum
	s.IncludeOriginTimestamp = o.IncludeOriginTimestamp
	s.ContentType = o.ContentType
	s.MaxPayloadSizeBytes = o.MaxPayloadSizeBytes
}

// Answer is a scripted response: its status and at most one header.
type Answer struct {
	Status        int
	Header, Value string
}

// Request is one request that the endpoint must get.
type Request struct {
	ContentType string
	Messages    []int // indexes of the messages that it carries, ascending
	Body        []byte
}

// Rejected is a message that must not be sent.
type Rejected struct {
	Message int
	Why     Why
}

// Why says what is wrong with a rejected message.
type Why string

// The reasons to reject a message before anything is sent.
const (
	WhyPayload Why = "payload" // it is not what the stream's schema says
	WhySize    Why = "size"    // alone it is over max_payload_size_bytes
)

// Vectors reads the whole corpus in the order of its file names. Anything that is not a vector is an error, and so is
// an empty corpus: a reader of it would then check nothing.
func Vectors() ([]Vector, error) { return read(files) }

// read reads the corpus of fsys.
func read(fsys fs.FS) ([]Vector, error) {
	entries, err := fs.ReadDir(fsys, Dir)
	if err != nil {
		return nil, fmt.Errorf("read the corpus: %w", err)
	}
	var vectors []Vector
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".txtar")
		if !ok || e.IsDir() {
			return nil, fmt.Errorf("%s in the corpus is not a vector: it must be a file with the ending .txtar", e.Name())
		}
		data, err := fs.ReadFile(fsys, path.Join(Dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the corpus: %w", err)
		}
		v, err := Parse(name, data)
		if err != nil {
			return nil, err
		}
		vectors = append(vectors, v)
	}
	if len(vectors) == 0 {
		return nil, errors.New("the corpus is empty")
	}
	return vectors, nil
}
