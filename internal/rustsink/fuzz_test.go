package rustsink_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"iggysink/internal/rustsink"
)

// FuzzConvert: what comes out loads, or there is an error with a place.
func FuzzConvert(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, ".toml") {
				f.Add(file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		converted(t, []rustsink.File{{Name: "fuzz.toml", Text: text}}, options)
	})
}

// A file as large as may be ends in bounded time, whatever is in it.
func TestHugeFiles(t *testing.T) {
	head := "type = \"sink\"\nkey = \"k\"\npath = \"http_sink\"\n"
	for name, text := range map[string]string{
		"brackets":  "a = " + strings.Repeat("[", 1<<17),
		"braces":    strings.Repeat("a = {", 1<<15),
		"tables":    head + strings.Repeat("[[streams]]\n", 1<<12),
		"headers":   head + "[plugin_config.headers]\n" + strings.Repeat("x", 1<<17) + " = \"v\"\n",
		"dots":      strings.Repeat("a.", 1<<16) + "a = 1",
		"one line":  head + "plugin_config = { headers = {" + strings.Repeat("x = 1, ", 1<<14) + "} }\n",
		"too large": strings.Repeat(" ", rustsink.MaxFileSize+1),
		"NUL":       strings.Repeat("\x00", 1<<17),
	} {
		if _, err := rustsink.Convert([]rustsink.File{{Name: name, Text: []byte(text)}}, options); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Text without quotes is a common slip, and the text may be a secret.
func TestBrokenFilesShowNoSecret(t *testing.T) {
	for _, text := range []string{
		"Authorization = Bearer CANARY", "Authorization = \"CANARY", "Authorization = 1.5CANARY", "Authorization = 1e5CANARY",
		"Authorization = 0xCANARY", "Authorization = 2026-01-01CANARY", "Authorization = 'CANARY'CANARY", "Authorization = \"\\CANARY\"",
		"Authorization = [CANARY]", "Authorization = {CANARY}", "Authorization = trueCANARY", "Authorization = \"\"\"CANARY",
	} {
		_, err := rustsink.Convert([]rustsink.File{{Name: "broken.toml", Text: []byte(text)}}, options)
		if err == nil || strings.Contains(err.Error(), "CANARY") || !strings.HasPrefix(err.Error(), "broken.toml:1:") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
