package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"iggysink/hclconfig"
)

// switchedOn is the starter with all its settings: a line of a comment that has no space, or more than one, behind its #
// is a setting.
func switchedOn() []byte {
	return regexp.MustCompile(`(?m)^( *)#(\S| {2}[^ ]+ += )`).ReplaceAllFunc(starter, func(line []byte) []byte {
		return bytes.Replace(line, []byte("#"), nil, 1)
	})
}

// The starter has no finding, not even a warning, as it is and with everything switched on; and it looks as fmt writes it.
func TestTheStarterIsValid(t *testing.T) {
	for name, text := range map[string][]byte{"as it is": starter, "with everything on": switchedOn()} {
		t.Run(name, func(t *testing.T) {
			formatted, found := hclconfig.Format("starter", text)
			if found.HasErrors() || !bytes.Equal(formatted, text) {
				t.Errorf("fmt would make of it:\n%s%v", formatted, found)
			}
			path := filepath.Join(t.TempDir(), "starter.hcl")
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			env := func(name string) (string, bool) { return name, true }
			result, found := hclconfig.Load([]string{path}, hclconfig.Options{Env: env, LeaveFiles: true})
			if len(found) > 0 || result.Config == nil {
				t.Errorf("%v", found)
			}
		})
	}
	if bytes.Equal(starter, switchedOn()) || bytes.Contains(switchedOn(), []byte("#max")) {
		t.Error("not every setting was switched on")
	}
}
