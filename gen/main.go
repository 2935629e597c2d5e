// Gen turns the JSON Schemas of the contract into Go and Markdown. Run it from the root of the module:
//
//	go run ./gen         writes what has changed, and removes generated files that have no schema any more
//	go run ./gen -check  writes nothing; exits 1 and names the files that are stale
//
// It imports nothing of this module, so that it can always rebuild what does not compile.
//
// # What it reads
//
// schema/config.schema.json and schema/envelope.schema.json, in draft 2020-12. It understands these keywords; any other
// is an error with file, line and column, because a keyword that is skipped is a rule that nobody keeps:
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
//	schema/config_gen.go, envelope_gen.go    structs, defaults, UnmarshalJSON that respects an explicit zero
//	schema/config_enums_gen.go               enums with constants, Values, String, Parse, MarshalText, UnmarshalText
//	schema/*_validate_gen.go                 Validate, which collects every violation with JSON Pointer and keyword
//	schema/config_table_gen.go               ConfigBlock, the tables that drive the decoding of HCL
//	schema/envelope_append_gen.go            EnvelopeEncoder, which appends JSON without allocating
//	README.md                                reference tables, between <!-- gen:NAME --> and <!-- /gen:NAME -->
//
// The output depends on the schemas alone and is the same on every run and machine.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	code, message := run(".", os.Args[1:])
	if _, err := os.Stderr.WriteString(message); err != nil && code == 0 {
		code = 2
	}
	os.Exit(code) //nolint:forbidigo // gen is a program of its own
}

// run is main for the module in dir. It returns what to print and the exit code: 0, 1 for a schema at fault or a stale
// file, 2 for usage.
func run(dir string, args []string) (code int, message string) {
	var usage strings.Builder
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	flags.SetOutput(&usage)
	check := flags.Bool("check", false, "write nothing; fail if a file is stale")
	if err := flags.Parse(args); err != nil {
		return 2, usage.String()
	}
	if flags.NArg() > 0 {
		return 2, "gen takes no arguments\n"
	}
	if err := generate(dir, *check); err != nil {
		return 1, err.Error() + "\n"
	}
	return 0, ""
}

// generate brings the generated files of the module in dir up to date, or only reports which are not.
func generate(dir string, check bool) error {
	want, err := outputs(dir, check)
	if err != nil {
		return err
	}
	var stale []error
	for _, name := range slices.Sorted(maps.Keys(want)) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		have, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		switch {
		case want[name] == nil && check:
			stale = append(stale, fmt.Errorf("%s is generated from nothing: go generate ./... removes it", name))
		case want[name] == nil:
			err = os.Remove(file)
		case err == nil && bytes.Equal(have, want[name]):
		case check:
			stale = append(stale, fmt.Errorf("%s is stale: go generate ./... renews it", name))
		default:
			err = os.WriteFile(file, want[name], 0o644)
		}
		if err != nil && !check {
			return err
		}
	}
	return errors.Join(stale...)
}

// outputs returns every file to write by its slash-separated name; nil for one to remove.
func outputs(dir string, strict bool) (map[string][]byte, error) {
	out := make(map[string][]byte)
	var documents []*document
	var problems []error
	for _, file := range []string{"schema/config.schema.json", "schema/envelope.schema.json"} {
		source, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil {
			return nil, err
		}
		d, err := load(file, source)
		problems = append(problems, err)
		documents = append(documents, d)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if err := orphans(dir, out); err != nil {
		return nil, err
	}
	for _, d := range documents {
		files, err := golang(d)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, files)
	}
	return out, readme(dir, documents, strict, out)
}

// load reads one schema and checks it.
func load(file string, source []byte) (*document, error) {
	d, err := loadDocument(file, source)
	if err != nil {
		return nil, err
	}
	return d, check(d)
}

// orphans notes for removal every file in schema that an earlier run has written.
func orphans(dir string, out map[string][]byte) error {
	files, err := filepath.Glob(filepath.Join(dir, "schema", "*_gen.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(source, []byte(header)) {
			out["schema/"+filepath.Base(file)] = nil
		}
	}
	return nil
}

// readme replaces the tables between the markers of README.md, where there is one.
func readme(dir string, documents []*document, strict bool, out map[string][]byte) error {
	source, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text := string(source)
	for _, d := range documents {
		name := strings.ToLower(d.name)
		begin, end := "<!-- gen:"+name+" -->\n", "<!-- /gen:"+name+" -->"
		before, rest, found := strings.Cut(text, begin)
		_, after, ended := strings.Cut(rest, end)
		switch {
		case found && ended:
			text = before + begin + "\n" + markdown(d) + "\n" + end + after
		case strict:
			return fmt.Errorf("README.md has no lines %s and %s for the reference of %s", strings.TrimSpace(begin), end, d.file)
		}
	}
	out["README.md"] = []byte(text)
	return nil
}
