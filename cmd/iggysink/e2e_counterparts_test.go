package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// counterparts tells for each assertion of the Rust sink's unit tests which test here makes it. A test is
// folder.Name; a vector of the corpus, which four readers check, is golden/name.
var counterparts = []struct{ assertion, by string }{
	{"the defaults of every field", "schema.TestSinkDefaultsAreThoseOfTheReference"},
	{"every override is taken", "hclconfig.TestReferenceOverridesAreTaken"},
	{"a multiplier below 1 becomes 1 (here an error)", "hclconfig.TestReferenceRefusals"},
	{"the durations 30s, 500ms, 2m, 1h", "schema.TestParseDuration"},
	{"an invalid duration becomes the default (here an error)", "schema.TestParseDurationRefuses"},
	{"method names are upper case; DELEET and xml are refused", "schema.TestEnumsReadTheirValuesAndNothingElse"},
	{"an unknown method or batch mode in the configuration", "hclconfig.TestReferenceRefusals"},
	{"the content type of individual", "golden/mode-individual-one"},
	{"the content type of nd_json", "golden/mode-nd-json-one"},
	{"the content type of json_array", "golden/mode-json-array-one"},
	{"the content type of raw", "golden/mode-raw-one"},
	{"both spellings of nd_json", "golden/difference-ndjson-spelling"},
	{"id 0, the largest id and 0x0123456789abcdef0123456789abcdef", "golden/metadata-ids"},
	{"text is cut at a character", "hclconfig.TestReferenceTruncationKeepsCharactersWhole"},
	{"a json payload", "golden/payload-json"},
	{"a text payload", "golden/payload-text"},
	{"a raw payload of 1, 2, 3", "golden/payload-raw"},
	{"a flat_buffer payload of 4, 5, 6", "golden/payload-flat-buffer"},
	{"a proto payload", "golden/payload-proto"},
	{"an envelope with offset 10, timestamp 1710064800000000 and the id of 42", "golden/payload-json"},
	{"checksum and origin timestamp are absent by default", "golden/payload-json"},
	{"include_metadata = false gives the payload", "golden/metadata-off-json"},
	{"checksum 12345", "golden/metadata-checksum"},
	{"origin timestamp 1710064799000000", "golden/metadata-origin-timestamp"},
	{"the header x-correlation-id", "golden/headers-string"},
	{"no iggy_headers without headers", "golden/headers-none"},
	{"null, booleans, integers, 3.54, nested objects", "golden/payload-json-scalars"},
	{"NaN and infinity become null (here they are not JSON)", "golden/payload-json-invalid"},
	{"an empty url, no url, file: and ftp: are refused, http and https accepted", "hclconfig.TestReferenceRefusals"},
	{"no success codes, codes 999, 0 and 100 are refused", "hclconfig.TestReferenceRefusals"},
	{"invalid header names and values are refused, valid ones accepted", "hclconfig.TestReferenceRefusals"},
	{"a Content-Type of the user is dropped (here an error)", "hclconfig.TestReferenceRefusals"},
	{"raw with include_metadata", "hclconfig.TestReferenceRefusals"},
	{"a header value that is refused is not shown", "sinkhttp.TestNewNamesTheAttributeAtFaultAndNoValue"},
	{"delivering before open is an error (here it waits)", "internal/relay.TestAFailingHealthCheckDelaysTheSinkAndCanBeStopped"},
}

// Every assertion has a counterpart that is there: a test that is renamed or deleted is missed here.
func TestEveryAssertionOfTheReferenceHasACounterpart(t *testing.T) {
	tests := map[string]map[string]bool{}
	for _, c := range counterparts {
		if vector, ok := strings.CutPrefix(c.by, "golden/"); ok {
			if _, err := os.Stat(filepath.Join(root, "golden", "vectors", vector+".txtar")); err != nil {
				t.Errorf("%s: %v", c.assertion, err)
			}
			continue
		}
		folder, name, _ := strings.Cut(c.by, ".")
		if tests[folder] == nil {
			tests[folder] = testsIn(t, filepath.Join(root, folder))
		}
		if !tests[folder][name] {
			t.Errorf("%s: there is no %s in %s", c.assertion, name, folder)
		}
	}
}

// The integration tests keep the names of the reference.
func TestIntegrationTestsHaveTheNamesOfTheReference(t *testing.T) {
	here := testsIn(t, ".")
	for _, name := range []string{
		"individual_json_messages_delivered_as_separate_posts",
		"ndjson_messages_delivered_as_single_request",
		"json_array_messages_delivered_as_single_request",
		"raw_binary_messages_delivered_without_envelope",
		"metadata_disabled_sends_bare_payload",
		"individual_messages_have_sequential_offsets",
		"multi_topic_messages_delivered_with_correct_topic_metadata",
	} {
		if !here["TestReference_"+name] {
			t.Errorf("TestReference_%s is missing", name)
		}
	}
}

// testsIn lists the test functions of a folder.
func testsIn(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}
