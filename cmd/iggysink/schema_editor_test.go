package main

import (
	"encoding/json"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"iggysink/examples"
)

// editorSettings are those that docs/guide/editors.md tells users of VS Code to write.
type editorSettings struct {
	Schemas []struct {
		FileMatch []string `json:"fileMatch"`
		URL       string   `json:"url"`
	} `json:"json.schemas"`
}

// An editor that is set up as docs/guide/editors.md says takes every example for valid, and marks a name that is misspelled.
func TestTheEditorOfTheGuideKnowsTheExamples(t *testing.T) {
	text := regexp.MustCompile("(?s)```json\n([^`]*json.schemas.*?)```").FindStringSubmatch(readFile(t, "docs/guide/editors.md"))
	if text == nil {
		t.Fatal("docs/guide/editors.md has no settings of an editor")
	}
	var settings editorSettings
	if err := json.Unmarshal([]byte(text[1]), &settings); err != nil || len(settings.Schemas) != 1 {
		t.Fatalf("%v\n%s", err, text[1])
	}
	matches := func(name string) bool {
		found := false
		for _, glob := range settings.Schemas[0].FileMatch {
			glob, excluded := strings.CutPrefix(glob, "!")
			if hit, err := filepath.Match(glob, name); err != nil {
				t.Fatal(err)
			} else if hit {
				found = !excluded
			}
		}
		return found
	}
	if file := strings.TrimPrefix(settings.Schemas[0].URL, "./"); !strings.Contains(readFile(t, "docs/guide/editors.md"), "schema editor >"+file) {
		t.Errorf("docs/guide/editors.md does not say how %s is made", file)
	}
	code, schema := captured(t, "schema", "editor")
	if code != exitOK {
		t.Fatal(schema)
	}
	compiled, err := jsonschema.CompileString("editor.json", schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range exampleNames(t, "*.hcl.json") {
		example := readFile(t, filepath.Join("examples", name))
		if !matches(path.Base(name)) {
			t.Errorf("%s is no file for the editor", name)
		}
		if err := compiled.Validate(decoded(t, example)); err != nil {
			t.Errorf("%s: %#v", name, err)
		}
		misspelled := strings.ReplaceAll(example, `"topics":`, `"topic":`)
		if err := compiled.Validate(decoded(t, misspelled)); err == nil || misspelled == example {
			t.Errorf("%s with a name that is misspelled: no error", name)
		}
	}
	if matches("prod.vars.hcl.json") || matches("package.json") || !matches(examples.Quickstart+".json") {
		t.Errorf("%v are the wrong files", settings.Schemas[0].FileMatch)
	}
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
