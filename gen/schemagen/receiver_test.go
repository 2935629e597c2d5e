package schemagen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	contract "iggysink/schema"
)

// judge is a program around a generated package: it prints the violations of each line of its input.
const judge = `package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"receiver/generated"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		v, found := generated.DecodeROOT(lines.Bytes())
		words := []string{}
		for _, f := range found {
			words = append(words, f.Keyword+" "+f.Pointer+" "+f.Property)
		}
		if again := (*generated.ROOT)(&v).Validate(); len(found) == 0 && len(again) > 0 {
			words = append(words, "Validate: "+again[0].String())
		}
		// What was read and written again is the same document for the validator.
		if b, err := json.Marshal(v); len(found) == 0 {
			var same generated.ROOT
			if err == nil {
				err = json.Unmarshal(b, &same)
			}
			if err != nil {
				words = append(words, "again: "+err.Error())
			}
		}
		fmt.Println(strings.Join(words, "; "))
	}
}
`

// verdicts compiles what ReceiverGo gives for a schema, in a module that is older than this one, and returns what it
// finds in the documents.
func verdicts(t *testing.T, m *Model, documents []string) []string {
	t.Helper()
	files, err := m.ReceiverGo("generated", contract.DecoderSource())
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "generated"), 0o700))
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	for name, content := range files {
		write(filepath.Join("generated", name), string(content))
	}
	write("go.mod", "module receiver\n\ngo 1.24\n")
	write("main.go", strings.ReplaceAll(judge, "ROOT", m.root.name))
	for _, args := range [][]string{{"vet", "./..."}, {"build", "-o", "judge", "."}} {
		command := exec.CommandContext(t.Context(), "go", args...)
		command.Dir = dir
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	program := exec.CommandContext(t.Context(), filepath.Join(dir, "judge"))
	program.Stdin = strings.NewReader(strings.Join(documents, "\n"))
	out, err := program.Output()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	require.Len(t, lines, len(documents))
	return lines
}

const envelope = `{"metadata":{"iggy_id":"0123456789abcdef0123456789abcdef","iggy_offset":18446744073709551615,` +
	`"iggy_timestamp":1710064800000000,"iggy_stream":"shop","iggy_topic":"created","iggy_partition_id":4294967295,` +
	`"iggy_checksum":1,"iggy_headers":{"a/b":"x","c~d":{"data":"AQ==","iggy_header_encoding":"base64"}}},"payload":{"n":1.50}}`

// The package for receivers finds exactly what the validator of another library finds: the same keywords at the same
// places.
func TestGeneratedReceiverFindsWhatTheValidatorFinds(t *testing.T) {
	source, err := os.ReadFile("../../schema/envelope.schema.json")
	require.NoError(t, err)
	m, problems := Parse("schema/envelope.schema.json", source)
	require.Empty(t, problems)
	documents := variants(t, envelope, 600)
	valid := 0
	for i, got := range verdicts(t, m, documents) {
		var want []string
		for _, v := range contract.ValidateEnvelope(decodeExact(t, documents[i])) {
			want = append(want, v.Keyword+" "+v.Pointer+" "+v.Property)
		}
		if len(want) == 0 {
			valid++
		}
		slices.Sort(want)
		found := strings.Split(got, "; ")
		slices.Sort(found)
		assert.Equal(t, strings.Join(want, "; "), strings.Join(found, "; "), documents[i])
	}
	assert.Greater(t, valid, 20)
	assert.Less(t, valid, 500)
}

const everything = `{"name":"ab","kind":"uno","count":1e3,"small":2,"change":-9223372036854775808,"open":5,"score":0.5,"flag":false,` +
	`"fixed":"it's \"fixed\"\u2028` + "`" + `","tags":["a","b"],"kinds":["two"],"a/b~c":{"x/y":3},` +
	`"shape":{"form":"circle","radius":1},"value":"abc","body":{"type":"t"},"more":[null]}`

// A schema that uses everything compiles, whatever its texts hold, and takes the documents that the validator takes.
func TestGeneratedReceiverOfEverything(t *testing.T) {
	source, err := os.ReadFile("testdata/receiver.schema.json")
	require.NoError(t, err)
	m, problems := Parse("testdata/receiver.schema.json", source)
	require.Empty(t, problems)
	other, err := jsonschema.CompileString("https://example.com/receiver.schema.json", string(source))
	require.NoError(t, err)
	documents := variants(t, everything, 1200)
	for _, pair := range [][2]string{
		{`"radius":1`, `"radius":10`},
		{`"form":"circle"`, `"form":"triangle"`},
		{`"value":"abc"`, `"value":["a"]`}, {`"value":"abc"`, `"value":10`}, {`"value":"abc"`, `"value":{"x":1}`},
		{`"tags":["a","b"],`, ``},
		{`"a","b"`, `"a","a"`},
		{`"name":"ab"`, `"NAME":"ab"`},
		{`"count":1e3`, `"count":1e999999999`}, {`"count":1e3`, `"count":1.0`}, {`"count":1e3`, `"count":18446744073709551616`},
	} {
		documents = append(documents, strings.Replace(everything, pair[0], pair[1], 1))
	}
	valid := 0
	for i, got := range verdicts(t, m, documents) {
		if strings.Contains(documents[i], "e999999999") { // the other library would build the number
			assert.Equal(t, "maximum /count ", got)
			continue
		}
		err := other.Validate(decodeExact(t, documents[i]))
		if got == "maximum /open " { // an integer that has no bounds must still fit into Go's
			assert.NoError(t, err)
			continue
		}
		assert.Equal(t, err == nil, got == "", "%s\n%s\n%v", documents[i], got, err)
		if err == nil {
			valid++
		}
	}
	assert.Greater(t, valid, 50)
	assert.Less(t, valid, 1000)
}

// variants returns a document and n others in which one or two values are others, or gone.
func variants(t *testing.T, document string, n int) []string {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	replacements := []string{`null`, `true`, `""`, `"a"`, `"one"`, `"toolong"`, `0`, `-1`, `1.0`, `2.5`, `1e30`, `-0.0`, `[]`, `["a"]`,
		`[1,1]`, `{}`, `{"data":"x"}`, `{"form":"square","side":1}`, `18446744073709551616`, `9223372036854775808`}
	out := []string{document}
	for len(out) <= n {
		doc := decodeExact(t, document)
		for range 1 + random.IntN(2) {
			change(doc, random, func() any { return decodeExact(t, replacements[random.IntN(len(replacements))]) })
		}
		out = append(out, string(text(doc)))
	}
	return out
}

// change replaces, removes or adds a value somewhere in doc.
func change(doc any, random *rand.Rand, value func() any) {
	members, isObject := doc.(map[string]any)
	if !isObject || len(members) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(members))
	name := names[random.IntN(len(names))]
	if _, deeper := members[name].(map[string]any); deeper && random.IntN(4) > 0 {
		change(members[name], random, value)
		return
	}
	switch random.IntN(8) {
	case 0:
		delete(members, name)
	case 1:
		members["x"+name] = value()
	default:
		members[name] = value()
	}
}

func decodeExact(t *testing.T, document string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v), document)
	return v
}

// What a receiver's package could not check, or what would not compile, is refused at its place.
func TestReceiverProblems(t *testing.T) {
	source, err := os.ReadFile("testdata/receiver.schema.json")
	require.NoError(t, err)
	for _, tt := range []struct{ old, new, want string }{
		{`"type": "integer" }`, `"type": "string", "format": "host-port" }`, "a receiver has no check for the format host-port: use a pattern"},
		{`"type": "integer" }`, `"type": "string", "x-go-type": "Secret" }`, "a receiver has no type Secret"},
		{`"#/$defs/value"`, `"#/$defs/violation"`, "the Go name Violation is taken: add x-go-name"},
	} {
		changed := bytes.Replace(source, []byte(tt.old), []byte(tt.new), 1)
		changed = bytes.Replace(changed, []byte(`"value": {
      "description"`), fmt.Appendf(nil, "%q: {\n      \"description\"", map[bool]string{true: "violation", false: "value"}[strings.Contains(tt.new, "violation")]), 1)
		m, problems := Parse("receiver.schema.json", changed)
		require.Empty(t, problems)
		found := m.ReceiverProblems(decoderSource(t))
		require.Len(t, found, 1)
		assert.Equal(t, tt.want, found[0].Message)
		assert.Positive(t, found[0].Line)
		_, err := m.ReceiverGo("generated", contract.DecoderSource())
		assert.EqualError(t, err, strings.TrimSuffix(found[0].Text(), "\n"))
	}
}

func TestReceiverPackageNames(t *testing.T) {
	m, problems := Parse("base.schema.json", []byte(base))
	require.Empty(t, problems)
	for _, name := range []string{"", "main", "func", "a-b", "1a", "_", "a/b"} {
		_, err := m.ReceiverGo(name, contract.DecoderSource())
		assert.ErrorContains(t, err, "cannot be the name of a Go package", name)
	}
}

func TestTypeNames(t *testing.T) {
	for file, want := range map[string]string{
		"a/envelope.schema.json": "envelope", `C:\a\order.json`: "order", "order-envelope.v2.schema.json": "order-envelope.v2",
		"/dev/fd/63": "schema", "-": "schema", "": "schema",
	} {
		assert.Equal(t, want, TypeName(file), file)
	}
}

// The types are what tsc takes with all its checks, and refuse what the schema does.
func TestTypeScriptIsAccepted(t *testing.T) {
	compiler, err := exec.LookPath("tsc")
	if err != nil {
		t.Skip("there is no tsc on the PATH: npm install --global typescript, then run this test again")
	}
	dir := t.TempDir()
	for _, file := range []string{"../../schema/envelope.schema.json", "testdata/receiver.schema.json"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		m, problems := Parse(file, source)
		require.Empty(t, problems)
		for name, content := range m.ReceiverTypeScript() {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "use.ts"), []byte(typescriptUse), 0o600))
	command := exec.CommandContext(t.Context(), compiler, "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess",
		"--noEmit", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler", "--types", "", "use.ts")
	command.Dir = dir
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// typescriptUse is code behind an endpoint. An @ts-expect-error with no error below it is an error itself.
const typescriptUse = `import type { Envelope, LargeInteger } from "./envelope";
import type { Receiver, Shape, Value } from "./receiver";

const seen = new Set<string>();

export function key(e: Envelope): string {
  const m = e.metadata;
  const offset: LargeInteger = m.iggy_offset;
  if (typeof offset === "number" && !Number.isSafeInteger(offset)) {
    throw new Error("rounded");
  }
  return [m.iggy_stream, m.iggy_topic, m.iggy_partition_id, offset].join("/");
}

export function isNew(text: string): boolean {
  const e = JSON.parse(text) as Envelope;
  const size = seen.size;
  return seen.add(key(e)).size > size;
}

export function area(s: Shape): number {
  return s.form === "circle" ? s.radius : s.side;
}

export function header(e: Envelope, name: string): string | undefined {
  const h = e.metadata.iggy_headers?.[name];
  return typeof h === "string" ? h : h?.data;
}

export const value: Value = ["a"];
export const big: Envelope["metadata"]["iggy_offset"] = 18446744073709551615n;
export const some: Pick<Receiver, "name" | "a/b~c" | "kind"> = { name: "ab", "a/b~c": { x: 1 }, kind: "it's \"3\"` + "`" + `" };
// @ts-expect-error: three is no kind
export const kind: Receiver["kind"] = "three";
// @ts-expect-error: a payload can be anything, so that it is nothing before somebody looked
export const payload = (e: Envelope): string => e.payload;
// @ts-expect-error: the optional checksum may be absent
export const checksum = (e: Envelope): LargeInteger => e.metadata.iggy_checksum;
// @ts-expect-error: a large integer is no number
export const rounded = (e: Envelope): number => e.metadata.iggy_offset;
`

// The example's package is as fresh as everything else, and what an earlier generator left there goes.
func TestExampleReceiverIsKeptFresh(t *testing.T) {
	dir := t.TempDir()
	names, err := handwritten("../../schema") // what is generated is checked with the code around it
	require.NoError(t, err)
	names = append(names, "../../schema/config.schema.json", "../../schema/envelope.schema.json")
	for _, name := range names {
		name = "schema/" + filepath.Base(name)
		source, err := os.ReadFile(filepath.Join("../..", name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), source, 0o600))
	}
	folder := filepath.Join(dir, "examples", "receiver", "envelope")
	require.NoError(t, Generate(dir, false))
	require.NoDirExists(t, folder, "a module without the example gets no package of it")

	require.NoError(t, os.MkdirAll(folder, 0o700))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	write("old_gen.go", ReceiverHeader+"old.schema.json. DO NOT EDIT.\n\npackage envelope\n")
	write("mine_gen.go", "package envelope\n")
	require.ErrorContains(t, Generate(dir, true), "examples/receiver/envelope/envelope_gen.go is stale")
	require.NoError(t, Generate(dir, false))
	require.NoError(t, Generate(dir, true))
	assert.NoFileExists(t, filepath.Join(folder, "old_gen.go"))
	assert.FileExists(t, filepath.Join(folder, "mine_gen.go"))
	write("envelope_gen.go", ReceiverHeader+"envelope.schema.json. DO NOT EDIT.\n\npackage envelope\n")
	require.ErrorContains(t, Generate(dir, true), "examples/receiver/envelope/envelope_gen.go is stale")
}

// decoderSource is what becomes part of every package for receivers.
func decoderSource(t *testing.T) []byte {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "..", "schema", "decoding.go"))
	require.NoError(t, err)
	return source
}

// A name of the schema may be any that the code around it does not have: what that has is read from it.
func TestAReceiverWithUsualFormatsAndNamesCompiles(t *testing.T) {
	const text = `{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://e.example/x.schema.json","title":"event",
		"description":"An event.","type":"object","required":["time","id"],"properties":{
		"time":{"description":"A.","type":"string","format":"date-time"},"id":{"description":"A.","type":"string","format":"uuid"},
		"link":{"description":"A.","type":"string","format":"uri"},"r":{"description":"A.","$ref":"#/$defs/release"}},
		"$defs":{"release":{"description":"A release.","type":"object","properties":{"a":{"description":"A.","type":"string"}}}}}`
	m, problems := Parse("event.schema.json", []byte(text))
	require.Empty(t, problems)
	files, err := m.ReceiverGo("event", decoderSource(t))
	require.NoError(t, err)
	assert.Contains(t, string(files["event_gen.go"]), `hasFormat("date-time", v.Time)`)
	files["event_gen.go"] = append(files["event_gen.go"], "\nfunc decodeRelease() {}\n"...)
	assert.ErrorContains(t, typeCheck(files, files), "decodeRelease redeclared in this block")

	m, problems = Parse("event.schema.json", []byte(strings.ReplaceAll(text, "release", "violation")))
	require.Empty(t, problems)
	assert.Contains(t, m.ReceiverProblems(decoderSource(t)).String(), "the Go name Violation is taken")
}
