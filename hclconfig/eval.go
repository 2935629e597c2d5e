package hclconfig

import (
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
)

// scope is what expressions may name.
type scope struct {
	variables map[string]*variable
	locals    map[string]*local
	values    cty.Value                               // of all variables, when they have them
	ready     bool                                    // all locals have a value
	contexts  map[string]*hcl.EvalContext             // by folder, made when all locals have a value
	functions map[string]map[string]function.Function // by folder
	turns     map[string]cty.Value                    // each, and the iterators of dynamic blocks, where an expression stands in them
}

// local is one attribute of a locals block.
type local struct {
	attr  *hcl.Attribute
	value cty.Value
	state int // 0 not begun, 1 being evaluated, 2 done
}

// secret marks a value as sensitive, and tells Options.Secret of the texts in it.
func (l *loader) secret(v cty.Value) cty.Value {
	if l.opts.Secret != nil {
		unmarked, _ := v.UnmarkDeep()
		_ = cty.Walk(unmarked, func(_ cty.Path, e cty.Value) (bool, error) { // the function gives no error
			if e.Type() == cty.String && e.IsKnown() && !e.IsNull() {
				l.opts.Secret(e.AsString())
			}
			return true, nil
		})
	}
	return v.Mark(mask.Sensitive)
}

// locals evaluates every local, each after those that it uses.
func (l *loader) locals() {
	for _, name := range slices.Sorted(maps.Keys(l.scope.locals)) {
		l.local(name, nil)
	}
	l.scope.ready, l.budget.Settled = true, true
}

// local evaluates one local. The path holds the names that are waiting for it.
func (l *loader) local(name string, path []string) {
	d := l.scope.locals[name]
	switch d.state {
	case 2:
		return
	case 1:
		l.cycle(append(path[slices.Index(path, name):], name))
		return
	}
	d.state = 1
	for _, t := range l.native(d.attr.Expr).Variables() {
		if used, isLocal := nameAfter(t, "local"); isLocal && l.scope.locals[used] != nil {
			l.local(used, append(path, name))
		}
	}
	d.value = l.bounded(l.evaluate(d.attr.Expr, evaluation{quiet: true}), d.attr)
	d.state = 2
}

// cycle tells of a circle once, at the first of its names.
func (l *loader) cycle(names []string) {
	first := slices.Min(names)
	at := slices.Index(names, first)
	circle := append(slices.Clone(names[at:len(names)-1]), names[:at]...)
	circle = append(circle, first)
	for i := range circle {
		circle[i] = "local." + mask.Printable(circle[i])
	}
	l.At(l.scope.locals[first].attr.NameRange, "local-cycle", "", strings.Join(circle, " uses ")+".")
}

// bounded refuses a value that could grow without end from local to local.
func (l *loader) bounded(v cty.Value, attr *hcl.Attribute) cty.Value {
	if bound.TextSize(v) > maxValueSize {
		l.At(attr.NameRange, "value-too-large", "", "It has more than 1 MiB of text.")
		return cty.DynamicVal
	}
	if !bound.NumbersFit(v) {
		l.At(attr.NameRange, "number-out-of-range", "", "It has more than 300 digits.")
		return cty.DynamicVal
	}
	return v
}

// evaluation says how an expression is to be evaluated.
type evaluation struct {
	quiet     bool                 // it may be on its way to a sensitive attribute: no word of it is shown
	template  map[string]cty.Value // stream, topic and partition, in a url
	noContext bool                 // a literal: no names and no functions
}

// evaluate returns the value of an expression, or an unknown one and a finding.
func (l *loader) evaluate(expr hcl.Expression, how evaluation) cty.Value {
	if !l.namesKnown(expr, how) {
		return cty.DynamicVal
	}
	ctx := &hcl.EvalContext{}
	if !how.noContext { // a literal may be evaluated before the variables have their values
		ctx = l.context(expr)
	}
	for _, names := range []map[string]cty.Value{l.scope.turns, how.template} {
		if len(names) > 0 && !how.noContext {
			ctx = ctx.NewChild()
			ctx.Variables = names
		}
	}
	if l.budget.Exhausted { // which was told: one finding for all
		return cty.DynamicVal
	}
	value, diags := l.native(expr).Value(ctx)
	if l.budget.Exhausted {
		l.At(expr.Range(), "too-much-work", "", "Its loops, or the text that they make, are too large.")
		return cty.DynamicVal
	}
	if !diags.HasErrors() {
		return value
	}
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			l.Evaluation(d)
		}
	}
	return cty.DynamicVal
}

// context returns what an expression of a file may use. While the locals are evaluated it has those that the expression
// names: a context of all, made anew for each of many, would take for ever.
func (l *loader) context(expr hcl.Expression) *hcl.EvalContext {
	dir := filepath.Dir(expr.Range().Filename)
	if ctx := l.scope.contexts[dir]; ctx != nil {
		return ctx
	}
	if l.scope.functions[dir] == nil {
		l.scope.functions[dir] = l.functions(dir)
	}
	names := maps.Keys(l.scope.locals)
	if !l.scope.ready {
		names = namedBy(expr, "local")
	}
	locals := make(map[string]cty.Value)
	for name := range names {
		locals[name] = cty.DynamicVal
		if d := l.scope.locals[name]; d != nil && d.state == 2 {
			locals[name] = d.value
		}
	}
	if l.scope.values == cty.NilVal {
		values := make(map[string]cty.Value)
		for name, v := range l.scope.variables {
			values[name] = v.value
		}
		l.scope.values = cty.ObjectVal(values)
	}
	ctx := &hcl.EvalContext{
		Variables: map[string]cty.Value{"var": l.scope.values, "local": cty.ObjectVal(locals)},
		Functions: l.scope.functions[dir],
	}
	if l.scope.ready {
		l.scope.contexts[dir] = ctx
	}
	return ctx
}

// namedBy returns every NAME of root.NAME in an expression.
func namedBy(expr hcl.Expression, root string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, t := range expr.Variables() {
			if name, named := nameAfter(t, root); named && !yield(name) {
				return
			}
		}
	}
}

// namesKnown tells of every name in an expression that means nothing. HCL would tell too, but only where it evaluates.
func (l *loader) namesKnown(expr hcl.Expression, how evaluation) bool {
	known := true
	for _, t := range l.native(expr).Variables() {
		known = l.nameKnown(t, how) && known
	}
	return known
}

func (l *loader) nameKnown(t hcl.Traversal, how evaluation) bool {
	root, rng := t.RootName(), t.SourceRange()
	_, isField := how.template[root]
	_, isTurn := l.scope.turns[root]
	switch {
	case how.noContext:
		l.At(rng, "invalid-variable", "a literal is expected",
			"Text stands in quotes; other names and functions cannot be used here.")
	case isField:
		return true
	case isTurn:
		return l.turnKnown(t)
	case root == "each":
		l.At(rng, "unknown-name", "there is no each here", "each.key and each.value belong to a sink with for_each.")
	case slices.Contains(words.TemplateFields(), root):
		l.At(rng, "template-field", fmt.Sprintf("%s cannot be used here", root),
			"It differs from partition to partition and is filled in later, in the url of a sink only.")
	case root == "var", root == "local":
		return l.declared(t)
	default:
		summary := "" // the name may be a secret that lost its quotes
		if !how.quiet {
			summary = fmt.Sprintf("unknown name %q", mask.Printable(root))
		}
		roots := append([]string{"var", "local", "true", "false", "null"}, slices.Sorted(maps.Keys(how.template))...)
		l.At(rng, "unknown-name", summary, finding.Join("Text stands in quotes. Names are var.NAME and local.NAME.", l.DidYouMean(root, roots)))
	}
	return false
}

// turnKnown tells of something behind each, or an iterator, that is neither key nor value.
func (l *loader) turnKnown(t hcl.Traversal) bool {
	root := t.RootName()
	name, named := nameAfter(t, root)
	if named && name != "key" && name != "value" {
		l.At(t.SourceRange(), "unknown-name", fmt.Sprintf("%s has no %s", root, mask.Printable(name)),
			finding.Join(fmt.Sprintf("It has %s.key and %s.value.", root, root), l.DidYouMean(name, []string{"key", "value"})))
		return false
	}
	return true
}

// declared tells of a var.NAME or local.NAME that is not declared.
func (l *loader) declared(t hcl.Traversal) bool {
	root, rng := t.RootName(), t.SourceRange()
	name, named := nameAfter(t, root)
	var names []string
	switch {
	case !l.MaySuggest():
	case root == "var" && l.scope.variables[name] == nil:
		names = l.variableNames()
	case root == "local" && l.scope.locals[name] == nil:
		names = slices.Sorted(maps.Keys(l.scope.locals))
	}
	switch {
	case !named:
		l.At(rng, "unknown-name", fmt.Sprintf("a name is missing behind %q", root), fmt.Sprintf("Write %s.NAME.", root))
	case root == "var" && l.scope.variables[name] != nil, root == "local" && l.scope.locals[name] != nil:
		return true
	case l.Partial: // it may be declared there; the value is unknown
	default:
		l.At(rng, "unknown-name", fmt.Sprintf("%s.%s is not declared", root, mask.Printable(name)),
			finding.Join(l.DidYouMean(name, names), map[string]string{
				"var":   "Declare it with a variable block.",
				"local": "Set it in a locals block.",
			}[root]))
	}
	return false
}

// nameAfter returns NAME of root.NAME or root["NAME"].
func nameAfter(t hcl.Traversal, root string) (string, bool) {
	if len(t) < 2 || t.RootName() != root {
		return "", false
	}
	switch step := t[1].(type) {
	case hcl.TraverseAttr:
		return step.Name, true
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String && step.Key.IsKnown() && !step.Key.IsNull() {
			return step.Key.AsString(), true
		}
	}
	return "", false
}
