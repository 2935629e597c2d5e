// Package rustsink turns the configuration of Iggy's own HTTP sink connector, which is written in Rust, into HCL that
// hclconfig loads. It exists so that a move is one command, and so that what that sink does in silence is written down:
//
//	toml.go      TOML -> values, and the place of each key
//	runtime.go   the file of the connector runtime -> the iggy block
//	sink.go      a connector's file -> a sink block; request.go its url and headers, stream.go its streams
//	humantime.go durations as the Rust sink reads them
//	block.go     blocks -> HCL, and the plain tree that the schema is asked about
//
// # Non-obvious
//
//   - What a file means is what the Rust sink makes of it: a duration that it does not understand is its default, delays
//     that are the wrong way round are swapped. The result says so in comments.
//   - What the Rust sink refuses to start with is an error here, with its place.
//   - No secret gets into the result, a note or an error. A header is taken for a secret unless its name says otherwise.
//   - What is returned without an error loads: every value was checked against the schema.
//   - A disabled sink may read with the group of another, as where one takes the other's place: only one of them runs.
package rustsink

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// MaxFileSize is the size in bytes of the largest file that Convert takes.
const MaxFileSize = 256 << 10

// File is one TOML file: of the connector runtime, or of one connector.
type File struct {
	Name string // for places
	Text []byte
}

// Options tell about the machine that the Rust sink runs on.
type Options struct {
	Home    string   // the home directory, which begins a token's path after ~/
	Environ []string // NAME=VALUE; variables that override settings of the Rust sink are noted, by name only
}

// Place is where something stands in a file. Lines and columns count from 1, columns in characters.
type Place struct {
	File         string
	Line, Column int
}

// String prints file:line:column.
func (p Place) String() string {
	if p.Line == 0 {
		return printable(p.File)
	}
	return fmt.Sprintf("%s:%d:%d", printable(p.File), p.Line, p.Column)
}

// Note is something that is not carried over, or not as it was.
type Note struct {
	Place Place
	Text  string
}

// String prints the note on one line.
func (n Note) String() string { return n.Place.String() + ": " + n.Text }

// Variable is an environment variable that holds a secret from now on.
type Variable struct {
	Name    string
	Meaning string // what to set it to; never the secret
}

// Result is a configuration for iggysink.
type Result struct {
	HCL       []byte // formatted, with the notes and variables as comments
	Notes     []Note
	Variables []Variable
	// AllowFiles are folders that a token or an authority is read from, which a run has to allow unless the configuration is in that folder. A
	// relative one starts at the configuration.
	AllowFiles []string
}

// Error is what the files have that cannot become a configuration.
type Error struct {
	Problems []Note
	Notes    []Note // if no sink is left, why
}

// Error prints each problem on a line of its own.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Convert makes one configuration of all files: at most one of the runtime, and any number of connectors. Its error is
// an *Error.
func Convert(files []File, opts Options) (Result, error) {
	c := &converter{opts: opts, taken: reservedVariables(), labels: make(map[string]bool)}
	for _, f := range files {
		doc := c.parse(f)
		if doc == nil {
			continue
		}
		c.sort(doc)
	}
	root := &block{}
	c.iggy(root)
	c.sinks(root)
	var reasons []Note
	if len(c.problems) == 0 && len(root.blocks) < 2 {
		slices.SortStableFunc(c.notes, byPlace)
		reasons = c.notes
		c.problem(Place{File: "import"}, "there is no HTTP sink in these files; name %s, too", c.whereSinksAre())
	}
	c.check(root)
	c.environment()
	if len(c.problems) > 0 {
		slices.SortStableFunc(c.problems, byPlace)
		return Result{}, &Error{c.problems, reasons}
	}
	slices.SortStableFunc(c.notes, byPlace)
	result := Result{HCL: c.render(files, root), Notes: c.notes, Variables: c.variables}
	for _, f := range c.folders {
		result.AllowFiles = append(result.AllowFiles, f.path)
	}
	return result, nil
}

func byPlace(a, b Note) int {
	return cmp.Or(cmp.Compare(a.Place.File, b.Place.File), cmp.Compare(a.Place.Line, b.Place.Line),
		cmp.Compare(a.Place.Column, b.Place.Column))
}

// folder is one that something is read from, and what that is.
type folder struct{ path, what string }

// converter is the state of one Convert.
type converter struct {
	opts       Options
	runtime    *document
	connectors []*connector
	activated  map[string]int64 // versions of sinks by key, from .active_versions.toml

	problems  []Note
	notes     []Note
	variables []Variable
	folders   []folder
	taken     map[string]bool // names of environment variables
	labels    map[string]bool // names of sinks
}

func (c *converter) problem(at Place, format string, args ...any) {
	c.problems = append(c.problems, Note{at, fmt.Sprintf(format, args...)})
}

func (c *converter) note(at Place, format string, args ...any) {
	c.notes = append(c.notes, Note{at, fmt.Sprintf(format, args...)})
}

// sort tells by its keys what a file is for.
func (c *converter) sort(doc *document) {
	root := c.table(doc)
	switch {
	case root.has("type") || root.has("plugin_config") || root.has("streams"):
		if conn := c.connector(root); conn != nil {
			c.connectors = append(c.connectors, conn)
		}
	case root.has("iggy") || root.has("connectors") || root.has("state") || root.has("telemetry") || root.has("http"):
		if c.runtime != nil {
			c.problem(root.at, "a second file of the runtime; the first is %s", printable(c.runtime.name))
			return
		}
		c.runtime = doc
	case root.has("sinks") || root.has("sources"): // .active_versions.toml, which the runtime's API writes
		sinks := root.sub("sinks")
		c.activated = make(map[string]int64)
		for key := range sinks.values {
			c.activated[key], _ = sinks.integer(key, math.MaxInt64)
		}
	default:
		c.problem(root.at, "this is neither a connector's file (type, key, streams, plugin_config) nor the runtime's (iggy)")
	}
}

// whereSinksAre names the folder of the connectors if the runtime's file does.
func (c *converter) whereSinksAre() string {
	if c.runtime != nil {
		if connectors, isTable := c.runtime.values["connectors"].(map[string]any); isTable {
			if folder, _ := connectors["config_dir"].(string); folder != "" {
				return "the folder of the connectors, " + printable(folder)
			}
		}
	}
	return "the connector's file"
}

// environment notes the variables that the Rust sink takes before its files.
func (c *converter) environment() {
	for _, pair := range slices.Sorted(slices.Values(c.opts.Environ)) {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(strings.ToUpper(name), "IGGY_CONNECTORS_") && name != "IGGY_CONNECTORS_CONFIG_PATH" &&
			name != "IGGY_CONNECTORS_ENV_PATH" {
			c.note(Place{File: "environment"}, "%s is set here, and overrides a setting of the Rust sink; iggysink does not read it",
				printable(name))
		}
	}
}

// variable reserves the name of an environment variable for a secret.
func (c *converter) variable(meaning string, parts ...string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, strings.Join(parts, "_"))
	if name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	base := name
	for i := 2; c.taken[name]; i++ {
		name = base + "_" + strconv.Itoa(i)
	}
	c.taken[name] = true
	c.variables = append(c.variables, Variable{name, meaning})
	return name
}

// reservedVariables are names that would change what other programs, or the Go runtime, do.
func reservedVariables() map[string]bool {
	return map[string]bool{
		"HTTP_PROXY": true, "HTTPS_PROXY": true, "NO_PROXY": true, "ALL_PROXY": true, "LD_PRELOAD": true, "LD_LIBRARY_PATH": true,
		"SSL_CERT_FILE": true, "SSL_CERT_DIR": true,
	}
}

// printable makes text of the user's safe for one line of a terminal or of a comment.
func printable(s string) string {
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}
