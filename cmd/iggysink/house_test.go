package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the module's folder as seen from this package.
const root = "../.."

// maxFileLines is the budget of a hand-written Go file, tests included.
const maxFileLines = 450

// allowedImports says which of our packages each package may import, outside its tests. What those import has rows of its
// own. A row may name a package of the plan that is not there yet.
var allowedImports = map[string][]string{
	"iggysink":                            {},
	"iggysink/schema":                     {},
	"iggysink/gen":                        {"gen/schemagen"},
	"iggysink/gen/schemagen":              {},
	"iggysink/examples":                   {},
	"iggysink/examples/receiver":          {"examples/receiver/envelope"},
	"iggysink/examples/receiver/envelope": {},
	"iggysink/internal/payload":           {}, // checks of payloads, for whoever reads a schema and whoever sends
	"iggysink/internal/payload/format":    {},
	"iggysink/internal/function":          {}, // the functions of the language, and what they cost
	"iggysink/internal/credential":        {}, // what looks like a secret, for whoever warns of it or writes it out
	"iggysink/internal/signingkey":        {}, // keys in their text forms, for whoever checks them and whoever signs
	"iggysink/internal/jsonscan":          {}, // JSON text that is looked at and not decoded
	"iggysink/internal/terminal":          {}, // text of somebody else, for whoever prints
	"iggysink/internal/boundedfile":       {}, // files that somebody else named
	"iggysink/internal/tlsfile":           {}, // what makes a connection encrypted, for whoever dials or listens
	"iggysink/internal/message":           {"schema", "internal/function"},
	"iggysink/internal/userheader":        {"schema"}, // what both transports read
	"iggysink/hclconfig": {"schema", "internal/payload", "internal/message", "internal/function", "internal/terminal", "hclconfig/internal/words",
		"hclconfig/internal/mask", "hclconfig/internal/finding", "hclconfig/internal/bound", "hclconfig/internal/lang", "hclconfig/internal/rules"},
	"iggysink/hclconfig/language": {"schema", "internal/function", "internal/message", "internal/terminal", "hclconfig/internal/words",
		"hclconfig/internal/mask", "hclconfig/internal/finding", "hclconfig/internal/bound", "hclconfig/internal/lang"},
	"iggysink/hclconfig/internal/rules": {"schema", "internal/payload", "internal/message", "internal/function", "internal/terminal",
		"hclconfig/internal/words", "hclconfig/internal/mask", "hclconfig/internal/finding", "hclconfig/internal/bound", "hclconfig/internal/lang"},
	"iggysink/hclconfig/internal/lang": {"schema", "internal/message", "internal/function", "internal/terminal", "hclconfig/internal/words",
		"hclconfig/internal/mask", "hclconfig/internal/finding", "hclconfig/internal/bound"},
	"iggysink/hclconfig/internal/bound": {"schema", "internal/function", "internal/terminal", "hclconfig/internal/words",
		"hclconfig/internal/mask", "hclconfig/internal/finding"},
	"iggysink/hclconfig/internal/finding": {"schema", "internal/function", "internal/terminal", "hclconfig/internal/words", "hclconfig/internal/mask"},
	"iggysink/hclconfig/internal/mask":    {"schema", "hclconfig/internal/words"},
	"iggysink/hclconfig/internal/words":   {},
	"iggysink/internal/findings":          {"schema", "hclconfig", "hclconfig/language", "internal/payload", "internal/terminal"},
	"iggysink/internal/langserver": {
		"schema", "hclconfig", "internal/payload", "internal/findings", "hclconfig/language", "internal/terminal",
	},
	"iggysink/sinkhttp": {"schema", "internal/payload", "internal/message", "internal/function",
		"sinkhttp/internal/auth", "sinkhttp/internal/signature", "sinkhttp/internal/network"},
	"iggysink/sinkhttp/internal/auth":       {"schema"},
	"iggysink/sinkhttp/internal/signature":  {"schema"},
	"iggysink/sinkhttp/internal/network":    {"schema", "internal/tlsfile"},
	"iggysink/golden":                       {"schema"},
	"iggysink/internal/iggyserver":          {"schema"},
	"iggysink/internal/iggyserver/iggytest": {"schema", "internal/iggyserver"},
	"iggysink/internal/relay":               {"schema", "sinkhttp"},
	"iggysink/internal/relay/sourcetest":    {"schema", "internal/relay"},
	"iggysink/internal/iggy":                {"schema", "sinkhttp", "internal/relay", "internal/userheader", "internal/tlsfile"},
	"iggysink/internal/iggyhttp":            {"schema", "sinkhttp", "internal/relay", "internal/userheader", "internal/tlsfile"},
	"iggysink/internal/deadletter":          {"schema", "sinkhttp", "internal/relay"},
	"iggysink/internal/admin":               {"schema", "sinkhttp", "internal/relay"},
	"iggysink/internal/rustsink":            {"schema"}, // import's conversion, which needs no part of the program
	"iggysink/cmd/iggysink": {
		"schema", "hclconfig", "hclconfig/language", "sinkhttp", "examples", "gen/schemagen",
		"internal/relay", "internal/iggy", "internal/iggyhttp", "internal/iggyserver", "internal/admin", "internal/findings", "internal/rustsink",
		"internal/payload", "internal/message", "internal/function", "internal/langserver", "internal/userheader", "internal/deadletter",
		"internal/terminal", "internal/tlsfile",
	},
}

// leaves are packages about text and files alone, which whoever reads some may import.
var leaves = []string{"internal/credential", "internal/jsonscan", "internal/payload/format", "internal/boundedfile", "internal/signingkey"}

// listedPackage is what go list tells of a package.
type listedPackage struct {
	ImportPath string
	Imports    []string
}

// The import direction is what keeps the parts separable: gen can rebuild a broken schema, an endpoint knows nothing of
// brokers, and no test helper gets into the program.
func TestImportsPointOneWay(t *testing.T) {
	packages := listPackages(t)
	for _, p := range packages {
		allowed, known := allowedImports[p.ImportPath]
		if !known {
			t.Errorf("%s is in no row of allowedImports: what may it import?", p.ImportPath)
		}
		for _, path := range p.Imports {
			short, ours := strings.CutPrefix(path, "iggysink/")
			if (ours || path == "iggysink") && !slices.Contains(allowed, short) && !slices.Contains(leaves, short) {
				t.Errorf("%s imports %s", p.ImportPath, path)
			}
			if strings.HasPrefix(path, "github.com/apache/iggy/") && p.ImportPath != "iggysink/internal/iggy" {
				t.Errorf("%s imports the SDK; only internal/iggy does", p.ImportPath)
			}
		}
	}
}

func listPackages(t *testing.T) (packages []listedPackage) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listedPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	// A check over an empty list would always pass.
	if !slices.ContainsFunc(packages, func(p listedPackage) bool { return p.ImportPath == "iggysink/cmd/iggysink" }) {
		t.Fatal("go list does not know this package")
	}
	return packages
}

// The doc of a package that has a map of its files names every one of them, and none that is gone.
func TestMapsOfFilesAreTrue(t *testing.T) {
	mapped, name := regexp.MustCompile(`(?m)^//\t\w+\.go +\S`), regexp.MustCompile(`\b\w+\.go\b`)
	maps := 0
	for path := range allowedImports {
		folder := strings.TrimPrefix(strings.TrimPrefix(path, "iggysink"), "/")
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range files {
			files[i] = filepath.Base(files[i])
		}
		for _, home := range files {
			doc, _, _ := strings.Cut(readFile(t, filepath.Join(folder, home)), "\npackage ")
			if !mapped.MatchString(doc) {
				continue
			}
			maps++
			named := name.FindAllString(doc, -1)
			for _, file := range files {
				if !strings.HasSuffix(file, "_test.go") && file != home && !slices.Contains(named, file) {
					t.Errorf("the map of %s does not name %s", path, file)
				}
			}
			for _, file := range named {
				if !slices.Contains(files, file) {
					t.Errorf("the map of %s names %s, which is gone", path, file)
				}
			}
		}
	}
	if maps < 3 {
		t.Errorf("only %d maps", maps)
	}
}

func TestFilesFitTheBudget(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		lines, generated, err := countLines(path)
		if err != nil {
			return err
		}
		checked++
		if !generated && lines > maxFileLines {
			t.Errorf("%s has %d lines, more than %d: split it", path, lines, maxFileLines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 20 {
		t.Errorf("only %d Go files found below %s", checked, root)
	}
}

// A room that one person cannot hold in the head is cut: what is generated counts as a file, and its lines do not.
func TestRoomsFitTheBudget(t *testing.T) {
	const maxFiles, maxLines = 25, 4000
	checked := 0
	for path := range allowedImports {
		folder := strings.TrimPrefix(strings.TrimPrefix(path, "iggysink"), "/")
		if folder != "hclconfig" && !strings.HasPrefix(folder, "hclconfig/") {
			continue
		}
		all, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files, lines := 0, 0
		for _, file := range all {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			n, generated, err := countLines(file)
			if err != nil {
				t.Fatal(err)
			}
			files++
			if !generated {
				lines += n
			}
		}
		if files == 0 {
			t.Errorf("%s has no Go files", path)
		}
		if files > maxFiles || lines > maxLines {
			t.Errorf("%s has %d files and %d lines, more than %d or %d: cut it along what its parts say to each other",
				path, files, lines, maxFiles, maxLines)
		}
		checked++
	}
	if checked < 5 {
		t.Errorf("only %d rooms below hclconfig", checked)
	}
}

func countLines(path string) (lines int, generated bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		if lines++; lines == 1 {
			generated = strings.HasPrefix(scanner.Text(), "// Code generated ")
		}
	}
	return lines, generated, scanner.Err()
}
