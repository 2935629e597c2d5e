package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the README shows as a file is that file, word for word.
func TestTheReadmeShowsFilesAsTheyAre(t *testing.T) {
	readme := readFile(t, "README.md")
	shown := regexp.MustCompile("(?s)<!-- file:(\\S+) -->\n```\\w*\n(.*?\n)```\n").FindAllStringSubmatch(readme, -1)
	if len(shown) == 0 {
		t.Fatal("the README shows no file")
	}
	for _, match := range shown {
		if diff := cmp.Diff(readFile(t, match[1]), match[2]); diff != "" {
			t.Errorf("%s (-) and the README (+):\n%s", match[1], diff)
		}
	}
}

// A link to a file that is not there is worse than none.
func TestTheReadmesLinksExist(t *testing.T) {
	links := regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(readFile(t, "README.md"), -1)
	for _, link := range links {
		if strings.HasPrefix(link[1], "https://") {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, link[1])); err != nil {
			t.Error(err)
		}
	}
}

func TestTheReadmeListsEveryCommand(t *testing.T) {
	readme := readFile(t, "README.md")
	for _, command := range newRoot().Commands() {
		if command.IsAvailableCommand() && !strings.Contains(readme, "| `"+command.Name()) {
			t.Errorf("the README's table of commands lacks %s", command.Name())
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
