package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The environment variable of a variable is spelled one way wherever it is told of: its name is that of the variable, in the
// case of the variable. Whoever reads IGGYSINK_VAR_NAME takes it for upper case.
func TestOneSpellingOfTheEnvironmentOfVariables(t *testing.T) {
	name := regexp.MustCompile(`IGGYSINK_VAR_[A-Za-z*<{]*`)
	texts := map[string]string{}
	for _, command := range [][]string{
		{"explain", "variable"}, {"explain", "missing-variable"}, {"explain", "ignored-environment"}, {"validate", "--help"},
	} {
		_, texts[strings.Join(command, " ")] = captured(t, command...)
	}
	texts["README.md"] = readFile(t, "README.md")
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		texts[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for where, text := range texts {
		for _, found := range name.FindAllString(text, -1) {
			told++
			switch found {
			case "IGGYSINK_VAR_name", "IGGYSINK_VAR_": // and what is not the environment's, as an example of a mistake
			case "IGGYSINK_VAR_environment", "IGGYSINK_VAR_ENVIRONMENT":
			default:
				t.Errorf("%s says %s", where, found)
			}
		}
	}
	if told < 5 {
		t.Errorf("it is told of %d times only", told)
	}
}
