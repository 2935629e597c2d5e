package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"iggysink/hclconfig"
	"iggysink/schema"
)

// loadFlags are the flags of every command that loads a configuration.
type loadFlags struct {
	vars       []string
	varFiles   []string
	allowFiles []string
}

func (f *loadFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.vars, "var", nil, "value of a variable, as `name=value`; repeatable")
	cmd.Flags().StringArrayVar(&f.varFiles, "var-file", nil, "`file` with values of variables; repeatable, later ones win")
	cmd.Flags().StringArrayVar(&f.allowFiles, "allow-files", nil,
		"`folder` that file() and attributes such as ca_file may read from, next to that of the configuration; repeatable")
}

// options reads the flags.
func (f *loadFlags) options() (hclconfig.Options, error) {
	opts := hclconfig.Options{Vars: map[string]string{}, VarFiles: f.varFiles, AllowFiles: f.allowFiles}
	for _, pair := range f.vars {
		name, value, found := strings.Cut(pair, "=")
		if !found || name == "" {
			// The pair itself may be a secret that lost its name.
			return opts, errors.New("--var takes name=value")
		}
		opts.Vars[name] = value
	}
	return opts, nil
}

// load returns the configuration of paths. Findings go to stderr; an error among them is the exit code, and nothing may
// be started.
func (f *loadFlags) load(stderr io.Writer, paths []string) (*schema.Config, error) {
	opts, err := f.options()
	if err != nil {
		return nil, err
	}
	return loadWith(stderr, paths, opts)
}

func loadWith(stderr io.Writer, paths []string, opts hclconfig.Options) (*schema.Config, error) {
	result, findings := hclconfig.Load(paths, opts)
	if err := writeFindings(stderr, findings); err != nil {
		return nil, err
	}
	if findings.HasErrors() {
		return nil, &exitError{code: findingsCode(findings)}
	}
	return result.Config, nil
}

// findingsCode is the exit code of findings: a file that cannot be read is no verdict on its content.
func findingsCode(findings hclconfig.Diagnostics) int {
	switch {
	case !findings.HasErrors():
		return exitOK
	case slices.ContainsFunc(findings, func(d hclconfig.Diagnostic) bool {
		return d.Rule == "unreadable-file" || d.Rule == "no-configuration"
	}):
		return exitUsage
	default:
		return exitFailed
	}
}

// loadForDev is load with a placeholder for every environment variable that is needed and not set. What is secret goes to
// secrets, but for these.
func (f *loadFlags) loadForDev(stderr io.Writer, paths []string, secrets *masker) (*schema.Config, error) {
	opts, err := f.options()
	if err != nil {
		return nil, err
	}
	opts.LeaveFiles = true // nothing leaves the machine
	placeholders := map[string]string{}
	opts.Env = func(name string) (string, bool) {
		if value, set := os.LookupEnv(name); set {
			return value, true
		}
		value, set := placeholders[name]
		return value, set
	}
	findPlaceholders(paths, opts, placeholders)
	if len(placeholders) > 0 {
		names := slices.Sorted(maps.Keys(placeholders))
		if _, err := fmt.Fprintf(stderr, "not set, replaced by placeholders: %s\n\n", strings.Join(names, ", ")); err != nil {
			return nil, err
		}
	}
	opts.Secret = func(text string) {
		if !slices.Contains(placeholderValues(), text) {
			secrets.addValue(text)
		}
	}
	return loadWith(stderr, paths, opts)
}

// placeholderValues are tried in turn: what an environment variable is for shows only in what makes an error.
func placeholderValues() []string {
	return []string{
		"placeholder", "http://placeholder.invalid/placeholder", "127.0.0.1:1", "1", "1s", "true",
		"whsec_" + devKey, devKey, devPrivateKey(), // of signatures, whose keys are read while a configuration is loaded
	}
}

// findPlaceholders fills placeholders, which opts.Env reads, with a value for each name that is needed and not set. One
// name after the other gets the value that makes the fewest errors. Where some are left each is asked once more: what a
// value breaks may show only when all the others have one.
func findPlaceholders(paths []string, opts hclconfig.Options, placeholders map[string]string) {
	opts.Unknowns = true
	var names []string
	for {
		result, _ := hclconfig.Load(paths, opts)
		before := len(names)
		for _, need := range result.Needs {
			if _, known := placeholders[need.Name]; need.Kind == "env" && !known {
				names = append(names, need.Name)
				findPlaceholder(paths, opts, placeholders, need.Name)
			}
		}
		if len(names) == before {
			break
		}
	}
	if _, findings := hclconfig.Load(paths, opts); findings.Count(hclconfig.Error) > 0 {
		for _, name := range names {
			findPlaceholder(paths, opts, placeholders, name)
		}
	}
}

func findPlaceholder(paths []string, opts hclconfig.Options, placeholders map[string]string, name string) {
	fewest := -1
	best := ""
	for _, value := range placeholderValues() {
		placeholders[name] = value
		if _, findings := hclconfig.Load(paths, opts); fewest < 0 || findings.Count(hclconfig.Error) < fewest {
			fewest, best = findings.Count(hclconfig.Error), value
		}
	}
	placeholders[name] = best
}
