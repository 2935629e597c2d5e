package lang

import (
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
	"iggysink/internal/function"
)

// local is one attribute of a locals block.
type local struct {
	attr  *hcl.Attribute
	value cty.Value
	state int // 0 not begun, 1 being evaluated, 2 done
}

// secret marks a value as sensitive, and tells Options.Secret of the texts in it.
func (s *Scope) secret(v cty.Value) cty.Value {
	s.tell(v)
	return v.Mark(mask.Sensitive)
}

// tell tells Options.Secret of the texts in a value.
func (s *Scope) tell(v cty.Value) {
	if s.Settings.Secret == nil {
		return
	}
	unmarked, _ := v.UnmarkDeep()
	_ = cty.Walk(unmarked, func(_ cty.Path, e cty.Value) (bool, error) { // the function gives no error
		if e.Type() == cty.String && e.IsKnown() && !e.IsNull() {
			s.Settings.Secret(e.AsString())
		}
		return true, nil
	})
}

// Locals evaluates every local, each after those that it uses.
func (s *Scope) Locals() {
	for _, name := range slices.Sorted(maps.Keys(s.locals)) {
		s.local(name, nil)
	}
	s.ready, s.Budget.Settled = true, true
}

// local evaluates one local. The path holds the names that are waiting for it.
func (s *Scope) local(name string, path []string) {
	d := s.locals[name]
	switch d.state {
	case 2:
		return
	case 1:
		s.cycle(append(path[slices.Index(path, name):], name))
		return
	}
	d.state = 1
	for _, t := range s.native(d.attr.Expr).Variables() {
		if used, isLocal := NameAfter(t, "local"); isLocal && s.locals[used] != nil {
			s.local(used, append(path, name))
		}
	}
	d.value = s.bounded(s.evaluate(d.attr.Expr, evaluation{quiet: true}), d.attr)
	d.state = 2
}

// cycle tells of a circle once, at the first of its names.
func (s *Scope) cycle(names []string) {
	first := slices.Min(names)
	at := slices.Index(names, first)
	circle := append(slices.Clone(names[at:len(names)-1]), names[:at]...)
	circle = append(circle, first)
	for i := range circle {
		circle[i] = "local." + mask.Printable(circle[i])
	}
	s.At(s.locals[first].attr.NameRange, "local-cycle", "", strings.Join(circle, " uses ")+".")
}

// bounded refuses a value that could grow without end from local to local. Its elements are gone through several times, and
// a chain of locals in which each doubles has as many as the bound lets through.
func (s *Scope) bounded(v cty.Value, attr *hcl.Attribute) cty.Value {
	if s.Budget.Exhausted { // which was told
		return cty.DynamicVal
	}
	if !s.Budget.Spend(16 * function.Elements(v)) {
		s.At(attr.NameRange, "too-much-work", "", "The values of locals have too many elements, all together.")
		return cty.DynamicVal
	}
	if function.Size(v) > maxValueSize {
		s.At(attr.NameRange, "value-too-large", "", "It has more than 1 MiB of text.")
		return cty.DynamicVal
	}
	if !function.NumbersFit(v) {
		s.At(attr.NameRange, "number-out-of-range", "", "It has more than 300 digits.")
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

// Evaluate returns the value of an expression, or an unknown one and a finding. Of one that may be on its way to a sensitive
// attribute no word is shown: it is quiet.
func (s *Scope) Evaluate(expr hcl.Expression, quiet bool) cty.Value {
	return s.evaluate(expr, evaluation{quiet: quiet})
}

// evaluate returns the value of an expression, or an unknown one and a finding.
func (s *Scope) evaluate(expr hcl.Expression, how evaluation) cty.Value {
	if !s.namesKnown(expr, how) {
		return cty.DynamicVal
	}
	ctx := &hcl.EvalContext{}
	if !how.noContext { // a literal may be evaluated before the variables have their values
		ctx = s.context(expr)
	}
	for _, names := range []map[string]cty.Value{s.turns, how.template} {
		if len(names) > 0 && !how.noContext {
			ctx = ctx.NewChild()
			ctx.Variables = names
		}
	}
	if s.Budget.Exhausted { // which was told: one finding for all
		return cty.DynamicVal
	}
	value, diags := s.native(expr).Value(ctx)
	if s.Budget.Exhausted {
		s.At(expr.Range(), "too-much-work", "", "Its loops, or the text that they make, are too large.")
		return cty.DynamicVal
	}
	if !diags.HasErrors() {
		return value
	}
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			s.Evaluation(d)
		}
	}
	return cty.DynamicVal
}

// context returns what an expression of a file may use. While the locals are evaluated it has those that the expression
// names: a context of all, made anew for each of many, would take for ever.
func (s *Scope) context(expr hcl.Expression) *hcl.EvalContext {
	dir := filepath.Dir(expr.Range().Filename)
	if ctx := s.contexts[dir]; ctx != nil {
		return ctx
	}
	if s.calls[dir] == nil {
		s.calls[dir] = s.functions(dir)
	}
	names := maps.Keys(s.locals)
	if !s.ready {
		names = namedBy(expr, "local")
	}
	locals := make(map[string]cty.Value)
	for name := range names {
		locals[name] = cty.DynamicVal
		if d := s.locals[name]; d != nil && d.state == 2 {
			locals[name] = d.value
		}
	}
	if s.values == cty.NilVal {
		values := make(map[string]cty.Value)
		for name, v := range s.variables {
			values[name] = v.value
		}
		s.values = cty.ObjectVal(values)
	}
	ctx := &hcl.EvalContext{
		Variables: map[string]cty.Value{"var": s.values, "local": cty.ObjectVal(locals), "path": cty.ObjectVal(map[string]cty.Value{
			"module": cty.StringVal(dir),
		})},
		Functions: s.calls[dir],
	}
	if s.ready {
		s.contexts[dir] = ctx
	}
	return ctx
}

// namedBy returns every NAME of root.NAME in an expression.
func namedBy(expr hcl.Expression, root string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, t := range expr.Variables() {
			if name, named := NameAfter(t, root); named && !yield(name) {
				return
			}
		}
	}
}

// namesKnown tells of every name in an expression that means nothing. HCL would tell too, but only where it evaluates.
func (s *Scope) namesKnown(expr hcl.Expression, how evaluation) bool {
	node := s.native(expr)
	told := s.operations(node, how)
	known := len(told) == 0
	for _, t := range node.Variables() {
		if !slices.ContainsFunc(told, func(rng hcl.Range) bool { return rng.Overlaps(t.SourceRange()) }) {
			known = s.nameKnown(t, how) && known
		}
	}
	return known
}

func (s *Scope) nameKnown(t hcl.Traversal, how evaluation) bool {
	root, rng := t.RootName(), t.SourceRange()
	_, isField := how.template[root]
	_, isTurn := s.turns[root]
	switch {
	case how.noContext:
		s.At(rng, "invalid-variable", "a literal is expected",
			"Write text in quotes; other names and functions cannot be used here.")
	case isField:
		return true
	case isTurn:
		return s.turnKnown(t)
	case root == "each":
		s.At(rng, "unknown-name", "there is no each here", "each.key and each.value belong to a sink with for_each.")
	case slices.Contains(words.TemplateFields(), root):
		s.At(rng, "template-field", fmt.Sprintf("%s cannot be used here", root),
			"It differs from partition to partition and is filled in later, in the url of a sink only.")
	case root == "message":
		s.At(rng, "message-expression", "message cannot be used here", "It is one message that is delivered: url, headers, body, "+
			"filter and cloudevents of a sink have one.")
	case root == "var", root == "local":
		return s.declared(t)
	case root == "path":
		if name, named := NameAfter(t, root); named && name == "module" {
			return true
		}
		s.At(rng, "unknown-name", "path has only path.module", "path.module is the folder of the configuration file.")
	case root == "count":
		s.count(rng)
	default:
		s.bare(t, how)
	}
	return false
}

// turnKnown tells of something behind each, or an iterator, that is neither key nor value.
func (s *Scope) turnKnown(t hcl.Traversal) bool {
	root := t.RootName()
	name, named := NameAfter(t, root)
	if named && name != "key" && name != "value" {
		s.At(t.SourceRange(), "unknown-name", fmt.Sprintf("%s has no %s", root, mask.Printable(name)),
			finding.Join(fmt.Sprintf("It has %s.key and %s.value.", root, root), s.DidYouMean(name, []string{"key", "value"})))
		return false
	}
	return true
}

// declared tells of a var.NAME or local.NAME that is not declared.
func (s *Scope) declared(t hcl.Traversal) bool {
	root, rng := t.RootName(), t.SourceRange()
	name, named := NameAfter(t, root)
	var names []string
	switch {
	case !s.MaySuggest():
	case root == "var" && s.variables[name] == nil:
		names = s.variableNames()
	case root == "local" && s.locals[name] == nil:
		names = slices.Sorted(maps.Keys(s.locals))
	}
	switch {
	case !named:
		s.At(rng, "unknown-name", fmt.Sprintf("a name is missing after %q", root), fmt.Sprintf("Write %s.NAME.", root))
	case root == "var" && s.variables[name] != nil, root == "local" && s.locals[name] != nil:
		return true
	case s.Partial: // it may be declared there; the value is unknown
	default:
		s.At(rng, "unknown-name", fmt.Sprintf("%s.%s is not declared", root, mask.Printable(name)),
			finding.Join(s.DidYouMean(name, names), map[string]string{
				"var":   "Declare it with a variable block.",
				"local": "Set it in a locals block.",
			}[root]))
	}
	return false
}

// NameAfter returns NAME of root.NAME or root["NAME"].
func NameAfter(t hcl.Traversal, root string) (string, bool) {
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

// Within evaluates with the names of a turn, in addition to those around it.
func (s *Scope) Within(names map[string]cty.Value, do func()) {
	outer := s.turns
	s.turns = maps.Clone(outer)
	if s.turns == nil {
		s.turns = make(map[string]cty.Value)
	}
	maps.Copy(s.turns, names)
	do()
	s.turns = outer
}

// Alone evaluates without the names of the turns around it.
func (s *Scope) Alone(do func()) {
	outer := s.turns
	s.turns = map[string]cty.Value{}
	do()
	s.turns = outer
}
