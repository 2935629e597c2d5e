package schema

import _ "embed"

//go:embed decoding.go
var decoderSource string

// DecoderSource returns the Go source of what the generated decode functions call, decoding.go. Generated packages for
// receivers hold it as well, so that there is one decoder.
func DecoderSource() []byte { return []byte(decoderSource) }
