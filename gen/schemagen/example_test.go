package schemagen_test

import (
	"fmt"

	"iggysink/gen/schemagen"
)

// Parse is the only way to a Model. Compare then says what a change of a schema does to those who rely on it: here to
// receivers that were built for the old envelope.
func ExampleCompare() {
	before, problems := schemagen.Parse("old.schema.json", []byte(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id": "https://example.com/envelope.schema.json",
		"description": "What an endpoint receives.",
		"type": "object",
		"required": ["offset"],
		"properties": {
			"offset": { "description": "Offset.", "type": "integer", "x-source": "offset" }
		}
	}`))
	fmt.Println(len(problems), "problems")
	after, problems := schemagen.Parse("new.schema.json", []byte(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id": "https://example.com/envelope.schema.json",
		"description": "What an endpoint receives.",
		"type": "object",
		"required": ["topic"],
		"properties": {
			"topic": { "description": "Topic.", "type": "string", "x-source": "topic" }
		}
	}`))
	fmt.Println(len(problems), "problems")
	for _, change := range schemagen.Compare(before, after, schemagen.Forward) {
		fmt.Println(change.Severity, change.Pointer, change.Rule)
	}
	// Output:
	// 0 problems
	// 0 problems
	// breaking /properties/offset required-removed
	// warning /properties/offset property-removed-open
	// source /properties/offset go-changed
	// info /properties/topic property-added-open
	// info /properties/topic required-added
}
