package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// logEvent is a line of the log as the code writes it.
type logEvent struct {
	level    string
	message  string
	keys     []string
	packages []string
}

// logLevels are the levels, the gravest first.
var logLevels = []string{"error", "warn", "info", "debug"}

// logCalls are the methods of slog.Logger that write a line, with the place of the message among their arguments.
var logCalls = map[string]int{
	"Debug": 0, "Info": 0, "Warn": 0, "Error": 0, "DebugContext": 1, "InfoContext": 1, "WarnContext": 1, "ErrorContext": 1,
	"Log": 2, "LogAttrs": 2,
}

// testHelpers are packages that are in no program.
var testHelpers = []string{"iggysink/golden", "iggysink/internal/relay/sourcetest", "iggysink/internal/iggyserver/iggytest"}

func logEventsPage(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("# Log events\n\nEvery line that iggysink can log, by level. Logs go to stderr. Beside the keys of its row a line has `time`, " +
		"`level` and `msg`, one about a\nsink has `sink`, and one about reading a topic has `stream`, `topic` and `group`. " +
		"The texts are stable enough to search for;\nalerts are better built on [metrics](metrics.md).\n")
	headings := map[string]string{
		"error": "Somebody has to act: a sink has ended, or waits for a person.",
		"warn":  "Worth a look: something was given up, stands still, or is not as configured. What can go on does.",
		"info":  "The course of things.",
		"debug": "Only with `--log-level debug`.",
	}
	events := collectLogEvents(t)
	for _, level := range logLevels {
		fmt.Fprintf(&b, "\n## %s%s\n\n%s\n\n| message | keys | package |\n|---|---|---|\n", strings.ToUpper(level[:1]), level[1:], headings[level])
		for _, e := range events {
			if e.level == level {
				fmt.Fprintf(&b, "| %s | %s | %s |\n", cellOf(e.message), codeList(e.keys), strings.Join(e.packages, ", "))
			}
		}
	}
	return b.String()
}

func codeList(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "`" + strings.Join(words, "`, `") + "`"
}

// A line of the log is one sentence without a full stop that says the same wherever it is written, its keys are plain
// words, and none is written in a way that the page could not list.
func TestLogEventsAreWellFormed(t *testing.T) {
	key := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	levels := make(map[string]string)
	for _, e := range collectLogEvents(t) {
		if first := e.message[:1]; strings.HasSuffix(e.message, ".") || strings.ToLower(first) != first {
			t.Errorf("%q begins in lower case and has no full stop", e.message)
		}
		if other := levels[e.message]; other != "" && e.message != "attempt" {
			t.Errorf("%q is logged at %s and at %s", e.message, other, e.level)
		}
		levels[e.message] = e.level
		for _, k := range e.keys {
			if !key.MatchString(k) || k == "err" {
				t.Errorf("%q has the key %q: write a plain word, and error for an error", e.message, k)
			}
		}
	}
	if len(levels) < 30 {
		t.Errorf("only %d events", len(levels))
	}
}

// collectLogEvents reads the calls of loggers in all packages that are in the program. The same message of two packages
// is one event.
func collectLogEvents(t *testing.T) []logEvent {
	t.Helper()
	found := make(map[[2]string]*logEvent)
	for _, path := range slices.Sorted(maps.Keys(allowedImports)) {
		if slices.Contains(testHelpers, path) {
			continue
		}
		folder := strings.TrimPrefix(strings.TrimPrefix(path, "iggysink"), "/")
		for _, event := range logEventsOf(t, folder) {
			event.packages = []string{cmp.Or(folder, ".")}
			id := [2]string{event.level, event.message}
			if known := found[id]; known != nil {
				known.packages = sortedUnion(known.packages, event.packages)
				known.keys = appendMissing(known.keys, event.keys)
			} else {
				found[id] = &event
			}
		}
	}
	return slices.SortedFunc(func(yield func(logEvent) bool) {
		for _, e := range found {
			if !yield(*e) {
				return
			}
		}
	}, func(a, b logEvent) int {
		return cmp.Or(strings.Compare(a.message, b.message), strings.Compare(a.level, b.level))
	})
}

func sortedUnion(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(append(a, b...))))
}

func appendMissing(list, more []string) []string {
	for _, m := range more {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

// logEventsOf returns the events of one package.
func logEventsOf(t *testing.T, folder string) (events []logEvent) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	r := &logReader{positions: token.NewFileSet(), common: make(map[string][]string), t: t}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(r.positions, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
		r.readCommon(file)
	}
	for _, file := range files {
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok {
				events = append(events, r.read(fn)...)
			}
		}
	}
	return events
}

// logReader reads the log calls of one package.
type logReader struct {
	positions *token.FileSet
	common    map[string][]string // name of a function that returns attributes -> their keys
	t         *testing.T
}

// readCommon notes the keys of functions whose results are spread into log calls: logAttrs returns them in a []any.
func (r *logReader) readCommon(file *ast.File) {
	for _, decl := range file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Name.Name != "logAttrs" {
			continue
		}
		ast.Inspect(fn, func(n ast.Node) bool {
			if list, ok := n.(*ast.CompositeLit); ok {
				r.common[fn.Name.Name] = r.keys(list.Elts)
			}
			return true
		})
	}
}

// read returns the events of one function.
func (r *logReader) read(fn *ast.FuncDecl) (events []logEvent) {
	ast.Inspect(fn, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		at, ok := logCalls[method.Sel.Name]
		if pkg, isName := method.X.(*ast.Ident); !ok || len(call.Args) <= at || isName && pkg.Name == "http" {
			return true // also the Error method of errors, and http.Error
		}
		message := textOf(call.Args[at])
		if message == "" {
			r.t.Errorf("%s: the message of a log line is a constant", r.positions.Position(call.Pos()))
			return true
		}
		levels := []string{strings.ToLower(strings.TrimSuffix(method.Sel.Name, "Context"))}
		if at == logCalls["LogAttrs"] {
			levels = levelsIn(fn)
		}
		for _, level := range levels {
			events = append(events, logEvent{level: level, message: message, keys: r.keysOf(call, at+1)})
		}
		return true
	})
	return events
}

// keysOf returns the keys of a call's arguments from one on.
func (r *logReader) keysOf(call *ast.CallExpr, from int) []string {
	args := call.Args[from:]
	if !call.Ellipsis.IsValid() {
		return r.keys(args)
	}
	spread, ok := args[len(args)-1].(*ast.CallExpr)
	if !ok {
		r.t.Errorf("%s: keys that cannot be read from the code", r.positions.Position(call.Pos()))
		return nil
	}
	if name, ok := spread.Fun.(*ast.SelectorExpr); ok && r.common[name.Sel.Name] != nil {
		return append(slices.Clone(r.common[name.Sel.Name]), r.keys(spread.Args)...)
	}
	r.t.Errorf("%s: keys that cannot be read from the code", r.positions.Position(call.Pos()))
	return nil
}

// keys returns the keys of attributes, which are a key and a value, or a call such as slog.String(key, value).
func (r *logReader) keys(args []ast.Expr) (keys []string) {
	for len(args) > 0 {
		key, width := textOf(args[0]), 2
		if attr, ok := args[0].(*ast.CallExpr); ok && len(attr.Args) > 0 {
			key, width = textOf(attr.Args[0]), 1
		}
		if key == "" {
			r.t.Errorf("%s: a key is a constant", r.positions.Position(args[0].Pos()))
			return keys
		}
		keys = append(keys, key)
		args = args[min(width, len(args)):]
	}
	return keys
}

// levelsIn returns the levels that a function names, the gravest first.
func levelsIn(fn *ast.FuncDecl) (levels []string) {
	ast.Inspect(fn, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if level, ok := strings.CutPrefix(s.Sel.Name, "Level"); ok {
				levels = append(levels, strings.ToLower(level))
			}
		}
		return true
	})
	return levels
}

// textOf returns the value of a string literal, or of a sum of them, and "" for all else.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if v := constant.MakeFromLiteral(e.Value, e.Kind, 0); v.Kind() == constant.String {
			return constant.StringVal(v)
		}
	case *ast.BinaryExpr:
		x, y := textOf(e.X), textOf(e.Y)
		if e.Op == token.ADD && x != "" && y != "" {
			return x + y
		}
	case *ast.ParenExpr:
		return textOf(e.X)
	}
	return ""
}

// The reader sees what is written in other ways as well, and refuses what it cannot list.
func TestLogCallsAreRead(t *testing.T) {
	const head = "package p\nfunc f() {\n"
	for text, want := range map[string]string{
		`log.Warn("a " + "b", "k", v, slog.Int("n", 1))`:                                 `[{warn a b [k n] []}]`,
		`s.log.InfoContext(ctx, "a")`:                                                    `[{info a [] []}]`,
		`level := slog.LevelDebug; log.LogAttrs(ctx, level, "a", slog.Duration("d", 1))`: `[{debug a [d] []}]`,
		`_ = err.Error(); http.Error(w, "a", 500)`:                                       `[]`,
		`go func() { slog.New(h).Error("a", "e", err) }()`:                               `[{error a [e] []}]`,
	} {
		r := &logReader{positions: token.NewFileSet(), t: t}
		file, err := parser.ParseFile(r.positions, "f.go", head+text+"\n}\n", parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if have := fmt.Sprint(r.read(file.Decls[0].(*ast.FuncDecl))); have != want {
			t.Errorf("%s: have %s, want %s", strconv.Quote(text), have, want)
		}
	}
}
