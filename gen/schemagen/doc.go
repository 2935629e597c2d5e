// Package schemagen turns a JSON Schema into Go, Markdown and whatever else follows from it.
//
// Which part you need:
//
//   - To renew the generated files of a module, or to check them: [Generate].
//   - To know what a change of a schema breaks: [Parse] both versions and [Compare] them.
//   - To write code for the endpoint: [Model.ReceiverGo] or [Model.ReceiverTypeScript].
//   - To help people to write a configuration: [Model.Editor] and [Model.Example].
//
// [Parse] reads and checks a schema; it is the only way to a Model. A Model is never changed again: the emitters are its
// methods, and each is a function of the Model alone. An emitter of this package walks from Model.root and Model.types
// over schema and property in the order of the file, asks a reference for what it means with resolved, and prints with a
// printer.
//
// It imports nothing of this module, so that it can always rebuild what does not compile.
//
// # What it reads
//
// JSON Schema draft 2020-12. Below is every keyword that it understands. Any other is a Problem with file, line, column
// and the line itself, because a keyword that is skipped is a rule that nobody keeps:
//
//	structure    $schema $id $defs $ref title description type properties required additionalProperties items oneOf
//	constraints  enum const pattern format minLength maxLength minItems uniqueItems minimum maximum dependentRequired
//	values       default examples
//
// and keywords of its own:
//
//	x-go-name       Go name of a property or definition, where the one made from its JSON name will not do
//	x-go-type       Go type of a value: Secret, Template or uint32
//	x-hcl-labels    properties that the labels of an HCL block fill, in order
//	x-sensitive     the value appears in no output
//	x-path          the value is a file path, relative to the folder of the file that names it; the file is read
//	x-target        nothing is read at this path: it is written to, or connected to
//	x-enum-aliases  other spellings of an enum's values: {"spelling": "value"}; both are in the enum
//	x-source        what fills a property of the envelope, see below
//	x-when          when a property of the envelope that is not required is there
//
// A run gives every problem, in the order of the file and those of one kind together, and one for each mistake: what cannot
// be read is not judged any further. Nothing is written before it was type-checked with the code around it.
//
// A schema that says less than its author meant is refused as well: a name that occurs twice, a $ref to nothing or to
// another $ref, a definition that is never used or contains itself, a keyword that means nothing beside its type, an
// unknown format, a default, example or const that its own schema refuses, two things of one Go name.
//
// The subset, in particular:
//
//   - Objects with properties, enums of several values and oneOf are members of $defs, whose names become Go names. The
//     description of a member begins with A, An, The, What, How or Where: in Go it follows the type's name and "is". Every
//     property has a description.
//   - enum and const hold strings.
//   - $ref is #/$defs/NAME; beside it stand only descriptions, defaults, examples and x- keywords.
//   - The branches of a oneOf differ by their type, or they are objects that differ by a property which each of them
//     requires and whose const (or enum of one value) is another in each. Only the branch that is meant is reported.
//   - An integer is exact. With a minimum and a maximum it is any range within int64 or uint64; a bound that is missing is
//     that of int64. 1.0 and 1e3 are integers, as JSON Schema says. A number is a float64.
//   - An object has properties or additionalProperties with a schema, not both; additionalProperties: false closes it.
//   - uniqueItems goes with plain strings, numbers and booleans, dependentRequired with properties whose absence shows in
//     Go: not with a default, nor with a text that may be empty.
//   - A property's name is one that encoding/json can write in a struct's tag.
//
// # What fills an envelope
//
// Every property of a schema with x-source has one, or a const, or is an object of such. It is id, offset, timestamp,
// origin_timestamp, checksum, headers or payload of the message; stream, topic or partition where it comes from;
// header:NAME, one user header, for a property that is there if the message has that header; const:TEXT, a text. x-when is
// include_checksum, include_origin_timestamp or has_headers.
//
// # What it writes
//
// Generate reads schema/config.schema.json and schema/envelope.schema.json of a module, and writes
//
//	schema/config_gen.go, envelope_gen.go    structs, defaults, UnmarshalJSON that respects an explicit zero
//	schema/config_enums_gen.go               enums with constants, Values, String, Parse, MarshalText, UnmarshalText
//	schema/*_validate_gen.go                 Validate, which collects every violation with JSON Pointer and keyword
//	schema/envelope_append_gen.go            EnvelopeEncoder, which appends JSON without allocating
//	hclconfig/internal/words/*_table_gen.go  ConfigBlock, the tables that drive the decoding of HCL
//	examples/receiver/envelope/*_gen.go      what ReceiverGo gives for the envelope
//	docs/reference/configuration.md, envelope.md   a table for each block and object
//
// For users it has three more functions: Compare says what a change of a schema does to documents, by Rules; ReceiverGo and
// ReceiverTypeScript write types for the code behind an endpoint, ReceiverGo with a decoder and a validator.
//
// The output depends on the schemas alone and is the same on every run and machine. Files that begin as generated ones do
// and come from no schema any more are removed.
//
// Model.Editor gives a JSON Schema for configurations in *.hcl.json, Model.Example a document with every property.
//
// # How it is tested
//
// What is generated is compiled and run against jsonschema: random schemas with random instances
// (IGGYSINK_TEST_SCHEMAS=400 for more of them, IGGYSINK_TEST_SEED=2 for others), the files of testdata/corpus, and cases in
// the format of the public JSON-Schema-Test-Suite. IGGYSINK_TEST_SUITE=FOLDER/tests/draft2020-12 runs that suite from a
// checkout of it: a case within the subset must match, a schema outside of it must be refused.
package schemagen
