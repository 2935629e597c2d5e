// Package iggysink delivers messages of Apache Iggy streams to HTTP endpoints.
//
// This file is the map. The contract is in schema: two JSON Schemas and the Go code that gen makes of them. A message
// travels in a straight line:
//
//	internal/iggy     polls one partition over the SDK and stores offsets
//	internal/relay    queues it, cuts batches, keeps the ledger, writes dead letters, decides what is settled
//	sinkhttp          checks (internal/payload) and encodes the batch, sends it, and gives one outcome per message
//
// hclconfig turns the user's HCL into a schema.Config, cmd/iggysink puts the parts together, internal/admin shows how it
// is going, internal/iggyserver is the in-process server of `iggysink dev` and of the tests, and golden holds the
// vectors of every body that iggysink can send.
//
// Around the writing of a configuration: internal/findings prints what hclconfig finds, internal/langserver shows it in an
// editor, and internal/rustsink makes HCL of the Rust sink's TOML. The package docs say which file holds what.
//
// docs is for users: guide has a page for each task, reference is generated, and design leads to the notes in the package
// docs on what is not obvious.
//
// Below are only the generators: edit a schema, then go generate ./..., and never edit a *_gen.go file or a page of
// docs/reference. The first reads the schemas, the second lets the vectors of golden follow an envelope that has other
// properties, and the third writes the pages that are made of the program's own commands, rules, metrics and records.
package iggysink

//go:generate go run ./gen
//go:generate go test ./golden -run ^TestCorpusFollowsTheEnvelope$ -count=1 -follow
//go:generate go test ./internal/admin ./internal/deadletter ./cmd/iggysink -run ^TestReferencePage -count=1 -update
