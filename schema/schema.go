// Package schema is the contract: the two JSON Schemas, the Go types that are generated from them, and the scalar
// types that they use.
//
// It imports nothing else of this module. Edit config.schema.json or envelope.schema.json, then run go generate ./...;
// what ends in _gen.go is never edited by hand.
//
// Which part you need:
//
//   - To check what people write, [ValidateConfig] and [ValidateEnvelope] work on a plain tree and find everything, wrong
//     types and unknown names included.
//   - To build a configuration in a program, fill a [Config] and call [Config.Validate].
//   - To read what an endpoint receives, decode an [Envelope] and call [Envelope.Validate].
//   - To write it, [NewEnvelopeEncoder] appends the envelope of a [Message] without allocating.
//   - To hand the schemas to other tools, [ConfigSchema] and [EnvelopeSchema] return their text.
//
// The validators agree about a document. All of them return [Violation] values, which never carry a value of the document.
package schema

import _ "embed" // for the two schemas

//go:embed config.schema.json
var configSchema string

//go:embed envelope.schema.json
var envelopeSchema string

// ConfigSchema returns the JSON Schema of the configuration.
func ConfigSchema() []byte { return []byte(configSchema) }

// EnvelopeSchema returns the JSON Schema of the envelope.
func EnvelopeSchema() []byte { return []byte(envelopeSchema) }

// ValidateConfig returns every violation of a configuration, ordered by pointer. The document is a plain tree of
// map[string]any, []any, string, bool, nil and json.Number.
func ValidateConfig(doc any) []Violation { return configValidator().validate(doc) }

// ValidateEnvelope returns every violation of an envelope, ordered by pointer. The document is a plain tree of
// map[string]any, []any, string, bool, nil and json.Number.
func ValidateEnvelope(doc any) []Violation { return envelopeValidator().validate(doc) }
