package schemagen

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Schemas as people write them: what is usual in an envelope works, and what is refused is refused once.
func TestSchemasThatPeopleHave(t *testing.T) {
	parse := func(name string) (*Model, Problems) {
		source, err := os.ReadFile(filepath.Join("testdata", "cases", name+".schema.json"))
		require.NoError(t, err)
		return ParseReceiver(name+".schema.json", "event", source, decoderSource(t))
	}

	m, problems := parse("gen_datetime")
	require.Empty(t, problems)
	files, err := m.ReceiverGo("event", decoderSource(t))
	require.NoError(t, err)
	assert.Contains(t, string(files["gen_datetime_gen.go"]), `hasFormat("date-time", v.Time)`)

	m, problems = parse("gen_enum_tz")
	require.Empty(t, problems)
	files, err = m.ReceiverGo("event", decoderSource(t))
	require.NoError(t, err)
	for _, line := range []string{`TzEtcGmt0 `, `TzEtcGmtPlus0 `, `TzEtcGmtMinus0 `, `TzEtcGmtPlus1 `, `TzEtcGmtMinus1 `} {
		assert.Contains(t, string(files["gen_enum_tz_gen.go"]), line)
	}

	_, problems = parse("gen_nullable")
	require.Len(t, problems, 1)
	assert.Equal(t, `gen_nullable.schema.json:11:12: a value that may be null is not supported: write "type": "string", and leave the `+
		`property out of required, so that it may be absent instead`, problems[0].String())

	_, problems = parse("gen_old_ref")
	require.Len(t, problems, 1)
	assert.Equal(t, 2, problems[0].Line)
	assert.Contains(t, problems[0].Message, `$schema must be draft 2020-12`)
	assert.Contains(t, problems[0].Message, `$defs`)
}

// minimal is a schema with more properties and definitions.
func minimal(properties, defs string) []byte {
	return []byte(`{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://e.example/x.schema.json",
"description":"An event.","type":"object","properties":{
` + properties + `
},"$defs":{` + defs + `}}`)
}

// One mistake has one problem, whatever else it leaves without a meaning.
func TestAMistakeHasOneProblem(t *testing.T) {
	for _, tt := range []struct{ property, want string }{
		{`"description":"A.","type":["string","null"]`, "a value that may be null is not supported"},
		{`"description":"A.","type":["string","integer"],"minLength":1`, "one of several types is not supported"},
		{`"description":"A.","type":["null"]`, "one of several types is not supported"},
		{`"description":"A.","type":"text","minLength":1,"default":"a"`, `"text" is not one of object, array`},
		{`"description":"A.","type":1,"maximum":1`, "this must be of type string"},
		{`"description":"A.","anyOf":[{"type":"string"}],"default":1`, `the keyword "anyOf" is not supported`},
		{`"description":"A.","$ref":"#/definitions/a"`, "$ref must begin with #/$defs/"},
		{`"description":"A.","$ref":"#/$defs/a","default":1`, "$ref to #/$defs/a, which is not there"},
		{`"description":"A.","type":"array","items":{"type":"text"},"default":[1]`, `"text" is not one of object, array`},
	} {
		for _, language := range []func(*Model) Problems{forGo, forTypeScript} {
			_, problems := parse("x.schema.json", "X", minimal(`"a":{`+tt.property+`}`, ""), language)
			require.Len(t, problems, 1, tt.property)
			assert.Contains(t, problems[0].Message, tt.want)
		}
	}
}

// Reading, checking, and what only receivers cannot have: one round names all of it.
func TestAllProblemsComeInOneRound(t *testing.T) {
	source := minimal(`"a":{"description":"A.","type":"integer","multipleOf":2},
"b":{"description":"B.","type":"integer","default":"x"},
"c":{"type":"string"},
"c":{"description":"C.","type":"string"},
"d":{"description":"D.","type":"string","format":"host-port"},
"e":{"description":"E.","type":"string","pattern":"["},
"E":{"description":"E.","$ref":"#/$defs/violation"}`, `"violation":{"description":"A violation.","type":"string","enum":["a"]}`)
	_, problems := ParseReceiver("x.schema.json", "event", source, decoderSource(t))
	var got []string
	for _, p := range problems {
		got = append(got, fmt.Sprintf("%d %s", p.Line-2, p.Message))
	}
	assert.Equal(t, []string{
		`1 the keyword "multipleOf" is not supported`,
		`2 this must be of type number`,
		`3 the property c has no description`,
		`4 the name "c" occurs twice`,
		`5 a receiver has no check for the format host-port: use a pattern`,
		"6 the pattern does not compile: error parsing regexp: missing closing ]: `[`",
		`7 the Go name E is taken by x.schema.json:8:1: add x-go-name`,
		`8 the Go name Violation is taken: add x-go-name`,
	}, got)
}

// Thousands of problems are a few kinds of them: what is printed is bounded, and says how many there are.
func TestThousandsOfProblemsAreGrouped(t *testing.T) {
	var properties []string
	for i := range 5000 {
		properties = append(properties, fmt.Sprintf(`"p%d":{"type":"string","multipleOf":1}`, i))
	}
	for i := range 100 {
		properties = append(properties, fmt.Sprintf(`"q%d":{"description":"Q.","type":"string","keyword%d":1}`, i, i))
	}
	_, problems := Parse("x.schema.json", minimal(strings.Join(properties, ",\n"), ""))
	require.Len(t, problems, 10_100)
	text := problems.Err().Error()
	assert.Less(t, strings.Count(text, "\n"), 150)
	assert.Contains(t, text, `the keyword "multipleOf" is not supported`)
	assert.Contains(t, text, "  and 4997 more of this kind: lines 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, ...")
	assert.Contains(t, text, "the property p0 has no description")
	assert.Contains(t, text, `the keyword "keyword0" is not supported`)
	assert.Contains(t, text, "82 more problems of 82 other kinds were left out; fix these first")
	assert.True(t, strings.HasSuffix(text, "\n10100 problems"), "it ends with how many there are")
}

// TypeScript has no use for the names of constants and fields.
func TestTypeScriptNeedsNoGoNames(t *testing.T) {
	source := minimal(`"a":{"description":"A.","$ref":"#/$defs/m"},"A":{"description":"A.","type":"string"}`,
		`"m":{"description":"A mode.","type":"string","enum":["one","ONE","一"]}`)
	_, problems := ParseNamed("x.schema.json", "x", source)
	require.Len(t, problems, 2)
	m, problems := ParseTypeScript("x.schema.json", "x", source)
	require.Empty(t, problems)
	assert.Contains(t, string(m.ReceiverTypeScript()["x.ts"]), `export type M = "one" | "ONE" | "\u{4e00}";`)
}

// What would not compile is not written: neither a package for receivers nor the package schema.
func TestThePackageSchemaIsCheckedBeforeItIsWritten(t *testing.T) {
	dir := module(t)
	names, err := handwritten("../../schema")
	require.NoError(t, err)
	for _, name := range names {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		write(t, dir, "schema/"+filepath.Base(name), string(source))
	}
	broken := strings.Replace(readText(t, filepath.Join(dir, "schema", "decoding.go")), "func decodeText", "func decodeTexts", 1)
	write(t, dir, "schema/decoding.go", broken)
	code, message := run(dir, false)
	require.Equal(t, 1, code)
	assert.Contains(t, message, "what was generated for schema does not compile with the code around it, and nothing was written: ")
	assert.Contains(t, message, "undefined: decodeText")
	files, err := filepath.Glob(filepath.Join(dir, "schema", "*_gen.go"))
	require.NoError(t, err)
	assert.Empty(t, files)

	write(t, dir, "schema/decoding.go", readText(t, "../../schema/decoding.go"))
	write(t, dir, "schema/mine.go", "package schema\n\nfunc mine() { unknownByHand() }\n") // a mistake that is not ours
	code, message = run(dir, false)
	require.Equal(t, 0, code, message)
}

func readText(t *testing.T, name string) string {
	t.Helper()
	source, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(source)
}

// The rules of x-source stand in one message, and no message leads to another: who does what it says is done.
func TestTheRulesOfSourcesDoNotContradictEachOther(t *testing.T) {
	const file = "../../schema/envelope.schema.json"
	source := readText(t, file)
	add := func(property, required string) Problems {
		changed := strings.Replace(source, `        "iggy_offset": {`, `        "region": {"description":"Where.","type":"string"`+property+`},
        "iggy_offset": {`, 1)
		changed = strings.Replace(changed, `"required": ["iggy_id", `, `"required": [`+required+`"iggy_id", `, 1)
		_, problems := Parse(file, []byte(changed))
		return problems
	}
	problems := add("", "")
	require.Len(t, problems, 1)
	for _, text := range []string{"region needs an x-source", "header:NAME", "const:TEXT", "is not required and has no x-when",
		"is either required, or not required and has an x-when of include_checksum, include_origin_timestamp or has_headers",
		"has to be built again"} {
		assert.Contains(t, problems[0].Message, text)
	}
	for presence, works := range map[[3]string]bool{
		{`const:eu`, ``, `"region", `}: true, {`const:eu`, ``, ``}: false, {`const:eu`, `has_headers`, ``}: true,
		{`const:eu`, `has_headers`, `"region", `}: false,
		{`header:r`, ``, ``}:                      true, {`header:r`, ``, `"region", `}: false, {`header:r`, `has_headers`, ``}: false,
	} {
		property := `,"x-source":"` + presence[0] + `"`
		if presence[1] != "" {
			property += `,"x-when":"` + presence[1] + `"`
		}
		problems := add(property, presence[2])
		if works {
			assert.Empty(t, problems, presence)
			continue
		}
		require.Len(t, problems, 1, presence)
		assert.Contains(t, problems[0].Message, presenceRule())
	}
}

// Code that uses generated types breaks where documents do not: each is of the category source.
func TestChangesThatOnlyCodeNotices(t *testing.T) {
	const before = `"a":{"description":"A.","$ref":"#/$defs/mode"},"n":{"description":"N.","type":"integer"}`
	const mode = `"mode":{"description":"A mode.","type":"string","enum":["one","two"]}`
	old := parsed(t, "old.json", minimal(before, mode))
	for _, tt := range []struct{ name, properties, defs, want string }{
		{"a renamed x-go-name", strings.Replace(before, `"N."`, `"N.","x-go-name":"Number"`, 1), mode,
			"source go-changed /properties/n/x-go-name: the Go field Thing.N is Number now\n"},
		{"a definition of another name", strings.Replace(before, "mode", "manner", 1), strings.Replace(mode, `"mode"`, `"manner"`, 1),
			"source go-changed /$defs/manner: the Go type was Mode and is Manner\n"},
		{"a default", strings.Replace(before, `"N."`, `"N.","default":1`, 1), mode,
			"warning default-changed /properties/n/default: the default was not there and is 1\n" +
				"source go-changed /properties/n: the Go field Thing.N was of type *int and is of type int\n"},
		{"another size of number", strings.Replace(before, `"N."`, `"N.","minimum":0,"maximum":18446744073709551615`, 1), mode,
			"breaking minimum-raised /properties/n/minimum: minimum was not there and is 0\n" +
				"breaking maximum-lowered /properties/n/maximum: maximum was not there and is 18446744073709551615\n" +
				"source go-changed /properties/n: the Go field Thing.N was of type *int and is of type *uint64\n"},
	} {
		after := parsed(t, "new.json", minimal(tt.properties, tt.defs))
		assert.Equal(t, tt.want, listChanges(Compare(old, after, Backward)), tt.name)
	}
	assert.ElementsMatch(t, []string{"gen_datetime", "gen_enum_tz", "gen_nullable", "gen_old_ref"}, caseNames(t))
}

// caseNames lists the files of testdata/cases.
func caseNames(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/cases/*.schema.json")
	require.NoError(t, err)
	names := make(map[string]bool)
	for _, file := range files {
		names[TypeName(file)] = true
	}
	return slices.Collect(maps.Keys(names))
}
