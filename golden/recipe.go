package golden

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"iggysink/schema"
)

//go:embed recipes
var recipeFiles embed.FS

// RecipeDir is where the transcripts of recipes are, relative to this package's folder.
const RecipeDir = "recipes"

// Recipe is what happens between a configuration of examples/recipes and the service that it is for: messages, the exact
// requests, the answers, and what became of each message.
type Recipe struct {
	Name        string // of the configuration, without its extension
	Doc         string // what the case shows
	Environment map[string]string
	Messages    []schema.Message // of partition 0 of shop/created
	source      []byte
}

// Exchange is a request, as it arrived, and its answer.
type Exchange struct {
	At         time.Duration // since the first message
	Method     string
	URL        string // with its scheme and host
	Header     http.Header
	Body       []byte // decoded, where it has a Content-Encoding
	Status     int
	Answer     http.Header
	AnswerBody []byte
}

// Recipes reads the transcripts in the order of their names. None is an error.
func Recipes() ([]Recipe, error) {
	entries, err := fs.ReadDir(recipeFiles, RecipeDir)
	if err != nil {
		return nil, fmt.Errorf("read the transcripts of recipes: %w", err)
	}
	var all []Recipe
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".txtar")
		if !ok || e.IsDir() {
			return nil, fmt.Errorf("%s is no transcript: it must be a file with the ending .txtar", e.Name())
		}
		data, err := fs.ReadFile(recipeFiles, path.Join(RecipeDir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the transcripts of recipes: %w", err)
		}
		r, err := ParseRecipe(name, data)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, errors.New("there are no transcripts of recipes")
	}
	return all, nil
}

// ParseRecipe reads what a transcript begins with: environment and messages. The rest is compared as text.
func ParseRecipe(name string, data []byte) (Recipe, error) {
	archive := txtar.Parse(data)
	r := Recipe{Name: name, Doc: strings.TrimSpace(string(archive.Comment)), Environment: make(map[string]string), source: data}
	if r.Doc == "" {
		return r, fmt.Errorf("%s: it must begin with a sentence that says what the case shows", name)
	}
	var v Vector
	for _, f := range archive.Files {
		var err error
		switch kind, _, _ := strings.Cut(f.Name, " "); {
		case f.Name == "environment":
			err = readFields(f.Data, nil, nil, func(f field) error {
				r.Environment[f.key] = f.rest
				return nil
			})
		case f.Name == fmt.Sprintf("message %d", len(v.Messages)):
			err = v.parseMessage(f.Data)
		case kind != "request" && kind != "answer" && f.Name != "outcomes":
			err = errors.New("unknown section")
		}
		if err != nil {
			return r, fmt.Errorf("%s: section %q: %w", name, f.Name, err)
		}
	}
	if r.Messages = v.Messages; len(r.Messages) == 0 {
		return r, fmt.Errorf("%s: it has no messages", name)
	}
	return r, nil
}

// Text returns the transcript as it stands in its file.
func (r *Recipe) Text() string { return string(r.source) }

// Transcript returns the transcript with what has happened: environment and messages stay as they are.
func (r *Recipe) Transcript(exchanges []Exchange, outcomes []string) string {
	archive := txtar.Parse(r.source)
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool {
		return f.Name != "environment" && !strings.HasPrefix(f.Name, "message ")
	})
	for i, e := range exchanges {
		request := fmt.Appendf(nil, "at %s\n%s %s\n", e.At, e.Method, e.URL)
		request = formatBody(append(formatHeader(request, e.Header), '\n'), e.Body)
		answer := fmt.Appendf(nil, "%d %s\n", e.Status, http.StatusText(e.Status))
		answer = formatBody(append(formatHeader(answer, e.Answer), '\n'), e.AnswerBody)
		archive.Files = append(archive.Files, txtar.File{Name: fmt.Sprintf("request %d", i), Data: request},
			txtar.File{Name: fmt.Sprintf("answer %d", i), Data: answer})
	}
	var lines bytes.Buffer
	for _, o := range outcomes {
		lines.WriteString(o + "\n")
	}
	archive.Files = append(archive.Files, txtar.File{Name: "outcomes", Data: lines.Bytes()})
	return string(txtar.Format(archive))
}

// formatHeader appends a header in the order of its names.
func formatHeader(b []byte, h http.Header) []byte {
	for _, name := range slices.SortedFunc(maps.Keys(h), cmp.Compare) {
		for _, value := range h[name] {
			b = fmt.Appendf(b, "%s: %s\n", name, value)
		}
	}
	return b
}
