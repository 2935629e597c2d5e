// Package schemagen turns a JSON Schema into Go, Markdown and whatever else follows from it.
//
// Parse reads and checks a schema; it is the only way to a Model. A Model is never changed again: the emitters are its
// methods, and each is a function of the Model alone. An emitter of this package walks from Model.root and Model.types
// over schema and property in the order of the file, asks a reference for what it means with resolved, and prints with a
// printer.
//
// It imports nothing of this module, so that it can always rebuild what does not compile.
//
// # What it reads
//
// JSON Schema draft 2020-12. It understands these keywords; any other is an error with file, line and column, because a
// keyword that is skipped is a rule that nobody keeps:
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
//	x-path          the value is a file path, relative to the folder of the file that names it
//	x-enum-aliases  other spellings of an enum's values: {"spelling": "value"}; both are in the enum
//	x-source        what fills a property of the envelope; every one has a source or is an object of such
//	x-when          when a property of the envelope that is not required is there
//
// Objects with properties, enums and oneOf are members of $defs, whose names become Go names. The description of a
// member begins with A, An, The, What, How or Where: in Go it follows the type's name and "is". The two branches of a
// oneOf are a string and an object. Every property has a description; defaults and examples satisfy their schema.
//
// # What it writes
//
// Generate reads schema/config.schema.json and schema/envelope.schema.json of a module, and writes
//
//	schema/config_gen.go, envelope_gen.go    structs, defaults, UnmarshalJSON that respects an explicit zero
//	schema/config_enums_gen.go               enums with constants, Values, String, Parse, MarshalText, UnmarshalText
//	schema/*_validate_gen.go                 Validate, which collects every violation with JSON Pointer and keyword
//	schema/config_table_gen.go               ConfigBlock, the tables that drive the decoding of HCL
//	schema/envelope_append_gen.go            EnvelopeEncoder, which appends JSON without allocating
//	examples/receiver/envelope/*_gen.go      what ReceiverGo gives for the envelope
//	README.md                                reference tables, between <!-- gen:NAME --> and <!-- /gen:NAME -->
//
// For users it has three more functions: Compare says what a change of a schema does to documents, by Rules; ReceiverGo and
// ReceiverTypeScript write types for the code behind an endpoint, ReceiverGo with a decoder and a validator.
//
// The output depends on the schemas alone and is the same on every run and machine.
package schemagen
