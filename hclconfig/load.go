// Package hclconfig turns configuration files into a [schema.Config], and says what is wrong with them.
//
// [Load] reads files and folders as one configuration; [Result.Config] is what they say, and [Diagnostics] print what is
// wrong with them. [Format] puts a file into the canonical layout. Package language describes the language to tools.
//
// A file travels in a straight line:
//
//	read.go        finds the files and reads them, bounded
//	decode.go      blocks and attributes -> a plain tree; sourcemap.go notes the place of every value in it
//	expand.go      for_each and dynamic: more than one block of the tree from one of the text; defaults.go the block that
//	               every sink inherits from
//	violations.go  the tree against the JSON Schema, each violation at its place; forms.go what of a duration, an address or a
//	               url is wrong; hint.go how a value is written that is not what is expected
//
// Beside Load there are effective.go with what every attribute is in the end, and format.go with the layout of fmt;
// diagnostics.go names what a user gets to see, and shown.go what the lines of findings may show that has nothing to hide.
// The rooms, each of which knows those before it:
//
//	internal/words    what the language is made of: blocks, attributes, functions and their documentation
//	internal/mask     what of a file may be shown
//	internal/finding  what is wrong, in words; the rules; where values stand
//	internal/bound    what reading may cost
//	internal/lang     what names and expressions mean
//	internal/rules    what a schema cannot say
//	language          the language as data, for tools that help people to write it
//
// All findings of all files come in one run, sorted. A Diagnostic holds no secret: a value that came from env(), file()
// or a sensitive variable, or that fills a sensitive attribute, is in none of its texts.
package hclconfig

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/lang"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/rules"
	"iggysink/schema"
)

// Options say where values come from.
type Options struct {
	Vars map[string]string // --var NAME=VALUE; wins over everything else
	// VarFiles are files of NAME = literal; a later one wins. Without any, every *.vars.hcl file of a folder that is loaded
	// counts; with them, of those the *.auto.vars.hcl files only, which all others win over.
	VarFiles []string
	// Env looks up an environment variable; nil is os.LookupEnv. It serves env() and IGGYSINK_VAR_name, which a
	// VarFile and Vars win over.
	Env func(name string) (value string, set bool)
	// EnvNames lists the environment variables that are set, so that one that is close to that of a variable and means
	// nothing is told. Without it those of the process are looked at where Env is nil, and none where it is not.
	EnvNames func() []string
	// Unknowns accepts an unset env(), a variable without value and a missing file(): the value is unknown, the rest is
	// checked, and Result.Needs tells the name. Without it they are errors.
	Unknowns bool
	// StrictEnv makes those three errors in spite of Unknowns.
	StrictEnv bool
	// Hermetic leaves env(), file() and the variables of IGGYSINK_VAR_name unknown, whether they are there or not, and reads no
	// file that an attribute names: nothing of the surroundings, secrets above all, can show in what is found. It is for
	// configurations of strangers, and goes with Unknowns.
	Hermetic bool
	// AllowFiles are folders that file() may read from, next to the folder of the file that calls it, and that may hold the
	// files which attributes name.
	AllowFiles []string
	// LeaveFiles looks at no file of certificates, keys and tokens: for a caller that uses none of them.
	LeaveFiles bool
	// Secret is told of each text that came from env(), file() or a sensitive variable, and of what an expression over a
	// message makes of one, perhaps several times: who prints what a configuration does hides these. It may be nil.
	Secret func(text string)
	// Texts are files to take from here rather than from the disk, by the name that Load is given or finds: standard
	// input, or what an editor has not saved yet. A folder that is loaded has those among them that would be in it.
	Texts map[string][]byte
}

// Result is what Load made of the files.
type Result struct {
	// Config has its defaults filled in, and file paths relative to the working directory. It is nil if there was an
	// error, or if a value is unknown.
	Config *schema.Config
	Files  map[string][]byte // every configuration file that was read, by the name that Diagnostics use
	Needs  []Need            // what is unknown, sorted; only with Options.Unknowns

	effective effective
}

// Need is something that must be there before the configuration can run: an environment variable (its kind is env), the
// value of a variable (variable), or a file (file).
type Need = lang.Need

// Load reads files and folders as one configuration. The result is never nil.
func Load(paths []string, opts Options) (*Result, Diagnostics) {
	if opts.Env == nil {
		opts.Env = os.LookupEnv
		if opts.EnvNames == nil {
			opts.EnvNames = processNames
		}
	}
	l := &loader{Report: new(finding.Report), opts: opts, files: make(mask.Files), places: make(finding.Places)}
	l.Exact, l.Shared = l.files.Exact, l.inDefaults
	l.scope = lang.New(l.Report, l.files, lang.Settings{
		Vars: opts.Vars, VarFiles: opts.VarFiles, Env: opts.Env, EnvNames: opts.EnvNames,
		Unknowns: opts.Unknowns && !opts.StrictEnv, Hermetic: opts.Hermetic,
		AllowFiles: opts.AllowFiles, Secret: opts.Secret, Open: l.open,
	})
	l.read(paths)
	l.parse()
	root := l.collect()
	if !l.broken {
		l.showHarmless()
	}
	var config *schema.Config
	if !l.broken {
		l.scope.Variables(l.beside)
		l.scope.Locals()
		l.scope.Validations()
		tree := l.decode(root)
		l.replacedMaps(tree)
		l.validate(tree)
		l.dropDefaults(tree)
		config = l.typed(tree)
		rules.Check(rules.Subject{Report: l.Report, Places: l.places, Scope: l.scope, Sources: l.sources}, config)
	}
	return l.finish(config)
}

// processNames returns the names of the environment variables of the process.
func processNames() (names []string) {
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	return names
}

// loader is the state of one Load: what it reports, what names mean, and where the values of the tree stand.
type loader struct {
	*finding.Report
	scope  *lang.Scope
	places finding.Places

	opts       Options
	files      mask.Files   // all that were read
	sources    []*mask.File // those of the configuration, in the order in which they were named
	beside     []string     // files of variables that were found in folders
	valuesOnly []string     // folders that hold nothing else
	lacking    []string     // blocks at the top of files that are there, and are not what they should be
	broken     bool         // a file could not be read, or may change what the others mean: nothing is said about the rest

	tree      map[string]any                        // nil if nothing could be decoded
	made      int                                   // how many blocks for_each and dynamic have made
	full      bool                                  // the tree has as many values as it may have
	emptyEach *hcl.Range                            // of the first for_each that makes no sink
	noTurns   []func(pointer string) map[string]any // make a sink of each block whose for_each is empty
	defaults  *defaults                             // nil without such a block
}

// finish sorts the findings and gives each its masked snippet.
func (l *loader) finish(config *schema.Config) (*Result, Diagnostics) {
	result := &Result{Files: make(map[string][]byte, len(l.sources)), effective: effective{l.tree, l.places}}
	for _, f := range l.sources {
		result.Files[f.Name] = f.Text
	}
	for need := range maps.Keys(l.scope.Needs) {
		result.Needs = append(result.Needs, need)
	}
	slices.SortFunc(result.Needs, func(a, b Need) int {
		return strings.Compare(a.Kind+"\x00"+a.Name, b.Kind+"\x00"+b.Name)
	})
	l.NameInstances()
	found := l.Found.Sorted()
	for i := range found {
		if f := l.files.Of(found[i].Range); f != nil {
			found[i].Snippet = f.Snippet(found[i].Range)
			found[i].FindFix(f.Text)
		}
	}
	if !found.HasErrors() && len(result.Needs) == 0 {
		result.Config = config
	}
	return result, found
}

// typed decodes what is valid of the tree. Whatever was violated or is unknown has been taken out of it, and has its
// default here: the rules ask the source map before they speak about a value. What is missing then has been reported, or
// is not known yet.
func (l *loader) typed(tree map[string]any) *schema.Config {
	l.tree = tree
	config := new(schema.Config)
	text, err := json.Marshal(tree)
	if err == nil {
		err = json.Unmarshal(text, config)
	}
	var faults *schema.DecodeError
	fits := err == nil
	if errors.As(err, &faults) {
		fits = !slices.ContainsFunc(faults.Violations, func(v schema.Violation) bool {
			return v.Keyword != "required" && v.Keyword != "dependentRequired"
		})
	}
	if fits {
		return config
	}
	// The error may quote a secret. What the schema lets through and the types do not is a fault of ours.
	l.At(hcl.Range{}, "invalid-value", "the configuration does not fit the types that were made from its schema", "")
	return new(schema.Config)
}
