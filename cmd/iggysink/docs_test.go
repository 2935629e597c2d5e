package main

import (
	"bytes"
	"encoding/json"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// maxReadmeLines keeps the README one screen a subject: what is longer belongs into docs.
const maxReadmeLines = 200

// documents returns the README and every page of docs, by its path from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{"README.md": readFile(t, "README.md")}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(file) != ".md" {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err == nil {
			pages[filepath.ToSlash(name)] = readFile(t, name)
		}
		return err
	})
	if err != nil || len(pages) < 15 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	return pages
}

// codeBlock is a fenced block of a page.
type codeBlock struct {
	page, language, argument, text string
}

func codeBlocks(pages map[string]string) (blocks []codeBlock) {
	fence := regexp.MustCompile("(?ms)^ *```(\\w+)(?: (\\w+))?\n(.*?)\n *```$")
	for _, page := range sortedKeys(pages) {
		for _, match := range fence.FindAllStringSubmatch(pages[page], -1) {
			blocks = append(blocks, codeBlock{page, match[1], match[2], match[3] + "\n"})
		}
	}
	return blocks
}

func sortedKeys(pages map[string]string) (names []string) {
	for name := range pages {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestTheReadmeIsShort(t *testing.T) {
	if lines := strings.Count(readFile(t, "README.md"), "\n"); lines > maxReadmeLines {
		t.Errorf("the README has %d lines, more than %d", lines, maxReadmeLines)
	}
}

// What a page shows as a file is that file, word for word.
func TestDocumentsShowFilesAsTheyAre(t *testing.T) {
	shown := 0
	for page, text := range documents(t) {
		for _, match := range regexp.MustCompile("(?s)<!-- file:(\\S+) -->\n```\\w*\n(.*?\n)```\n").FindAllStringSubmatch(text, -1) {
			shown++
			if diff := cmp.Diff(readFile(t, match[1]), match[2]); diff != "" {
				t.Errorf("%s (-) and %s (+):\n%s", match[1], page, diff)
			}
		}
	}
	if shown < 3 {
		t.Errorf("only %d files are shown", shown)
	}
}

// A link to a file or a heading that is not there is worse than none.
func TestLinksOfDocumentsLeadSomewhere(t *testing.T) {
	pages, links := documents(t), 0
	for page, text := range pages {
		for _, match := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(prose(text), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.HasPrefix(target, "https://") {
				continue
			}
			links++
			file := page
			if target != "" {
				file = path.Join(path.Dir(page), target)
			}
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(pages[file]), anchor) {
				t.Errorf("%s links to %s: there is no heading #%s", page, file, anchor)
			}
		}
	}
	if links < 50 {
		t.Errorf("only %d links", links)
	}
}

// prose returns a page without its code blocks.
func prose(text string) string {
	return regexp.MustCompile("(?s)(?:^|\n) *```.*?\n *```").ReplaceAllString(text, "")
}

// anchors returns those that GitHub gives to the headings of a page.
func anchors(text string) (ids []string) {
	for _, match := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(prose(text), -1) {
		ids = append(ids, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, match[1]))
	}
	return ids
}

// Every page can be reached from the index, and every guide names the next one.
func TestTheIndexListsEveryPage(t *testing.T) {
	pages := documents(t)
	for name := range pages {
		short := strings.TrimPrefix(name, "docs/")
		if short != name && short != "README.md" && !strings.Contains(pages["docs/README.md"], "]("+short+")") {
			t.Errorf("docs/README.md does not list %s", short)
		}
	}
}

// Every command that a page shows exists, with these flags and this number of arguments.
func TestCommandsOfDocumentsExist(t *testing.T) {
	pages, commands := documents(t), 0
	check := func(page, line string) {
		words := shellWords(line)
		root := newRoot()
		c, rest, err := root.Find(words)
		if err == nil {
			err = c.ParseFlags(rest)
		}
		if err == nil && c.Runnable() {
			err = c.ValidateArgs(c.Flags().Args())
		}
		if err != nil || c == root && len(words) > 0 && !strings.HasPrefix(words[0], "-") {
			t.Errorf("%s: iggysink %s: %v", page, line, err)
		}
		commands++
	}
	call := regexp.MustCompile(`(?m)(?:^|[|;&] *|cmd/|time -v +|- )iggysink +([^\n|]*)`)
	for _, b := range codeBlocks(pages) {
		if b.language != "sh" && b.language != "yaml" {
			continue
		}
		for _, match := range call.FindAllStringSubmatch(b.text, -1) {
			check(b.page, match[1])
		}
	}
	known := map[string]bool{"COMMAND": true, "NAME": true}
	for _, c := range newRoot().Commands() {
		known[c.Name()] = true
	}
	for page, text := range pages {
		for _, match := range regexp.MustCompile("`iggysink ([a-zA-Z]+)[^`]*`").FindAllStringSubmatch(prose(text), -1) {
			if !known[match[1]] {
				t.Errorf("%s: there is no command iggysink %s", page, match[1])
			}
		}
	}
	if commands < 25 {
		t.Errorf("only %d commands found", commands)
	}
}

// shellWords splits a command line as a shell would, as far as the pages go: quotes, a redirection and a comment.
func shellWords(line string) (words []string) {
	for _, word := range regexp.MustCompile(`"[^"]*"|'[^']*'|[<>]\S*\s*\S+|#.*|[^\s'"]+`).FindAllString(line, -1) {
		if !strings.ContainsAny(word[:1], "<>#") {
			words = append(words, strings.Trim(word, `"'`))
		}
	}
	return words
}

func TestTheReferenceListsEveryCommand(t *testing.T) {
	page := readFile(t, "docs/reference/command-line.md")
	for _, command := range newRoot().Commands() {
		if command.IsAvailableCommand() && !strings.Contains(page, "\n## iggysink "+command.Name()+"\n") {
			t.Errorf("the reference lacks %s", command.Name())
		}
	}
}

// Configuration that a page shows is valid and in the canonical layout. A block that is marked as sink is the inside of
// one; what else is missing is added: a page shows what it is about.
func TestConfigurationOfDocumentsIsValid(t *testing.T) {
	checked := 0
	for _, b := range codeBlocks(documents(t)) {
		if b.language != "hcl" || strings.HasPrefix(b.page, "docs/reference/") {
			continue
		}
		checked++
		dir := t.TempDir()
		write := func(name, text string) string {
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return file
		}
		text := b.text
		if b.argument == "sink" {
			stream := "\n  stream \"shop\" {\n    topics         = [\"created\"]\n    consumer_group = \"orders\"\n  }\n}\n"
			if !regexp.MustCompile(`(?m)^url +=`).MatchString(text) {
				stream = "\n  url = \"https://api.example.com\"\n" + stream
			}
			inside := regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(text, "  $1")
			text = "sink \"orders\" {\n" + inside + stream
		}
		shown := write("shown.hcl", text)
		write("order.schema.json", `{"type": "object"}`) // what the pages call their payload schema
		if !strings.Contains(text, "iggy {") {
			write("iggy.hcl", "iggy {\n  username = \"iggy\"\n  password = env(\"IGGY_PASSWORD\")\n}\n")
		}
		if !strings.Contains(text, "sink \"") {
			write("sink.hcl", goodSink)
		}
		var out bytes.Buffer
		if code := run(t.Context(), []string{"validate", dir}, nil, &out, &out); code != exitOK {
			t.Errorf("%s: exit code %d\n%s\n%s", b.page, code, b.text, &out)
		}
		out.Reset()
		if code := run(t.Context(), []string{"fmt", "--check", "--diff", shown}, nil, &out, &out); code != exitOK {
			t.Errorf("%s: not in the canonical layout\n%s", b.page, &out)
		}
	}
	if checked < 10 {
		t.Errorf("only %d blocks", checked)
	}
}

// Data that a page shows can be read.
func TestDataOfDocumentsIsWellFormed(t *testing.T) {
	checked := 0
	for _, b := range codeBlocks(documents(t)) {
		var err error
		var v any
		switch b.language {
		case "json":
			err = json.Unmarshal([]byte(b.text), &v)
		case "yaml":
			err = yaml.Unmarshal([]byte(b.text), &v)
		default:
			continue
		}
		checked++
		if err != nil {
			t.Errorf("%s: %v\n%s", b.page, err, b.text)
		}
	}
	if checked < 8 {
		t.Errorf("only %d blocks", checked)
	}
}

// What a page prints as the output of a command is printed by it, whatever the time and the ids.
func TestOutputOfDocumentsIsPrinted(t *testing.T) {
	varying := regexp.MustCompile(`[0-9a-f]{32}|\b\d{16}\b`)
	shown := 0
	for page, text := range documents(t) {
		for _, match := range regexp.MustCompile("(?s)<!-- output:iggysink ([^\n]*) -->\n```text\n(.*?\n)```\n").FindAllStringSubmatch(text, -1) {
			shown++
			code, printed := captured(t, strings.Fields(match[1])...)
			if code != exitOK {
				t.Fatalf("%s: exit code %d\n%s", match[1], code, printed)
			}
			printed = varying.ReplaceAllString(printed, "N")
			for line := range strings.Lines(varying.ReplaceAllString(match[2], "N")) {
				if !strings.Contains(printed, line) {
					t.Errorf("%s: iggysink %s does not print %s\n%s", page, match[1], line, printed)
				}
			}
		}
	}
	if shown == 0 {
		t.Error("no page shows what a command prints")
	}
}

// Every metric that a page names in code exists.
func TestMetricsOfDocumentsExist(t *testing.T) {
	served := readFile(t, "docs/reference/metrics.md")
	for page, text := range documents(t) {
		for _, name := range regexp.MustCompile(`\biggysink_[a-z_]+\b`).FindAllString(text, -1) {
			if !strings.Contains(served, "`"+name+"`") {
				t.Errorf("%s names the metric %s, which does not exist", page, name)
			}
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

// A link in a doc comment of a package that others import leads to something that it exports.
func TestLinksOfPackageDocsLeadSomewhere(t *testing.T) {
	api, links := readFile(t, "cmd/iggysink/testdata/api.txt"), 0
	for _, folder := range publicPackages {
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files: %v", folder, len(files), err)
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, group := range parsed.Comments {
				for _, match := range regexp.MustCompile(`\[([A-Z]\w*)(?:\.([A-Z]\w*))?\]`).FindAllStringSubmatch(group.Text(), -1) {
					links++
					name, member := match[1], match[2]
					found := regexp.MustCompile(`(?m)^` + folder + `: (?:const|func|type|var) ` + name + `\b`)
					if member != "" {
						found = regexp.MustCompile(`(?m)^` + folder + `: (?:method \(` + name + `\) |type ` + name + ` struct, )` + member + `\b`)
					}
					if !strings.HasSuffix(file, "_test.go") && !found.MatchString(api) {
						t.Errorf("%s: %s leads nowhere", file, match[0])
					}
				}
			}
		}
	}
	if links < 20 {
		t.Errorf("only %d links", links)
	}
}
