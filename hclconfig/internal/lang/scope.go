// Package lang is what names and expressions mean: variables, locals, functions, and what may stand in a block.
//
//	scope.go        what expressions may name; declare.go what declares it
//	values.go       where variables get their values from; misfit.go what of a value does not fit the type;
//	                environment.go what of the environment looks like one, and is none
//	eval.go         locals and names, bare.go names that are none; functions.go what can be called, try.go can() and try(),
//	                file.go file(), index.go an index, urltemplate.go a template, message.go what of it depends on a message
//	templatefile.go templatefile() and fileexists()
//	where.go        where a url points
//	native.go       takes expressions of JSON for native ones
//	content.go      what belongs in a block, and what of it does not
package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
)

// Settings say where values come from.
type Settings struct {
	Vars       map[string]string // --var; wins over everything else
	VarFiles   []string
	Env        func(name string) (value string, set bool)
	EnvNames   func() []string              // of the environment variables that are set; may be nil
	Unknowns   bool                         // what is not there is unknown rather than an error
	Hermetic   bool                         // env(), file() and IGGYSINK_VAR_name are unknown, whether they are there or not
	AllowFiles []string                     // folders that file() may read from
	Secret     func(text string)            // is told of each text that is secret; may be nil
	Open       func(path string) *mask.File // reads a file of values; nil if it cannot, which was told
}

// Need is something that must be there before the configuration can run.
type Need struct {
	Kind string // env, variable or file
	Name string // of the variable, or the path
}

// Scope is what expressions may name, and evaluates them. What is wrong it tells its report.
type Scope struct {
	*finding.Report
	Settings Settings
	Files    mask.Files
	Budget   *bound.Budget
	Needs    map[Need]bool // what is unknown

	variables map[string]*variable
	locals    map[string]*local
	values    cty.Value // of all variables, when they have them
	// UnknownTop notes that a block at the top level of a file has an unknown type, which was told.
	UnknownTop bool

	countTold bool                                    // a block has count, which was told
	ready     bool                                    // all locals have a value
	contexts  map[string]*hcl.EvalContext             // by folder, made when all locals have a value
	calls     map[string]map[string]function.Function // by folder: what can be called
	turns     map[string]cty.Value                    // each, and the iterators of dynamic blocks, where an expression stands in them
	nodes     map[hcl.Range]hclsyntax.Expression      // of JSON, by their place
}

// New returns a scope in which nothing is declared.
func New(report *finding.Report, files mask.Files, settings Settings) *Scope {
	return &Scope{
		Report: report, Settings: settings, Files: files, Budget: bound.NewBudget(), Needs: make(map[Need]bool),
		variables: make(map[string]*variable), locals: make(map[string]*local),
		contexts: make(map[string]*hcl.EvalContext), calls: make(map[string]map[string]function.Function),
		nodes: make(map[hcl.Range]hclsyntax.Expression),
	}
}

// Names returns what is declared as root.NAME, and where; the root is var or local.
func (s *Scope) Names(root string) map[string]hcl.Range {
	all := make(map[string]hcl.Range)
	if root == "local" {
		for name, l := range s.locals {
			all[name] = l.attr.NameRange
		}
		return all
	}
	for name, v := range s.variables {
		all[name] = v.rng
	}
	return all
}
