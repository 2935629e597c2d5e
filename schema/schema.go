// Package schema is the contract: the two JSON Schemas, the Go types that are generated from them, and the scalar
// types that they use.
//
// It imports nothing else of this module. Edit config.schema.json or envelope.schema.json, then run go generate ./...;
// what ends in _gen.go is never edited by hand.
package schema
