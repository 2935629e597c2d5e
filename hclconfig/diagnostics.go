package hclconfig

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"iggysink/hclconfig/internal/mask"
)

// Severity says whether a finding stops the configuration from being used.
type Severity string

// The severities, as they are written in JSON.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Diagnostic is one finding. Its texts are ours, they hold no value that is sensitive, and its snippet is masked: it may
// be printed anywhere.
type Diagnostic struct {
	Severity Severity
	Rule     string // stable id, a row of Rules
	Summary  string // what is wrong: no capital, no full stop
	Detail   string // sentences that say why, and what to do; may be empty
	// Range is where. Its Filename is empty if the finding is about no place in a file, such as a --var.
	Range   hcl.Range
	Snippet *Snippet // the first source line of Range, nil without a readable one
}

// Snippet is one source line with everything replaced that may be secret.
type Snippet = mask.Snippet

// Diagnostics are findings, sorted by file and position when Load or Format returns them.
type Diagnostics []Diagnostic

// HasErrors reports whether one of them is an error.
func (d Diagnostics) HasErrors() bool { return d.Count(Error) > 0 }

// Count returns how many have that severity.
func (d Diagnostics) Count(s Severity) int {
	n := 0
	for i := range d {
		if d[i].Severity == s {
			n++
		}
	}
	return n
}

// sorted orders by file and position and drops repetitions: several files may tell of one undeclared name.
func (d Diagnostics) sorted() Diagnostics {
	slices.SortStableFunc(d, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Range.Filename, b.Range.Filename), cmp.Compare(a.Range.Start.Byte, b.Range.Start.Byte),
			cmp.Compare(a.Range.End.Byte, b.Range.End.Byte), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Summary, b.Summary),
			cmp.Compare(a.Detail, b.Detail))
	})
	return slices.CompactFunc(d, func(a, b Diagnostic) bool {
		return a.Range == b.Range && a.Rule == b.Rule && a.Summary == b.Summary && a.Detail == b.Detail
	})
}

// maxFindings of one severity are kept. Nobody reads more, and a hostile file could make millions.
const maxFindings = 2000

// report collects findings.
type report struct {
	found    Diagnostics
	rows     map[string]Rule // by id, made at the first use
	seen     map[findingKey]*repetition
	number   map[Severity]int
	compared int      // pairs of names, for suggestions
	instance instance // the sink that is looked at; the zero value outside of one
	exact    func(hcl.Range) hcl.Range
	shared   func(hcl.Range) bool // whether a place is in the defaults block, which is part of every sink
}

// instance is one sink of the plain tree.
type instance struct {
	address string // such as tenant["acme"]; empty if its block has no for_each
	count   int    // how many sinks its block makes
	sink    string // in words, such as sink "orders", or the address
}

// findingKey tells one finding from another.
type findingKey struct {
	rng                   hcl.Range
	rule, summary, detail string
}

// repetition says for which instances of a sink a finding was made, or for which sinks if it is about a default.
type repetition struct {
	first     string
	addresses map[string]bool
	count     int
	shared    bool
	itself    bool // it is about a default, whichever sinks have it
}

// at adds a finding of a rule. The severity and, if summary is empty, the summary are those of the rule's row. What was
// found before, as in another instance of the same block, is not found again.
func (r *report) at(rng hcl.Range, rule, summary, detail string) {
	row := r.rule(rule)
	if r.exact != nil {
		rng = r.exact(rng)
	}
	key := findingKey{rng, rule, cmp.Or(summary, row.Summary), detail}
	if r.seen == nil {
		r.seen, r.number = make(map[findingKey]*repetition), make(map[Severity]int)
	}
	s := r.seen[key]
	if s == nil {
		if r.number[row.Severity]++; r.number[row.Severity] > maxFindings && rule != "too-many-findings" {
			return
		}
		s = &repetition{count: r.instance.count, shared: r.shared != nil && r.shared(rng)}
		r.seen[key] = s
		r.found = append(r.found, Diagnostic{Severity: row.Severity, Rule: rule, Summary: key.summary, Detail: detail, Range: rng})
	}
	a := r.instance.address
	if s.shared {
		a = r.instance.sink
		s.itself = s.itself || a == ""
	}
	if a != "" {
		if s.addresses == nil {
			s.first, s.addresses = a, make(map[string]bool)
		}
		s.addresses[a] = true
	}
}

// rule returns the row of id. An id that is not there is a mistake in this package, which its tests would show.
func (r *report) rule(id string) Rule {
	if r.rows == nil {
		r.rows = make(map[string]Rule)
		for _, row := range Rules() {
			r.rows[row.ID] = row
		}
	}
	row, found := r.rows[id]
	if !found {
		panic("hclconfig: no rule " + id)
	}
	return row
}

// nameInstances says which instances a finding is about, unless it is about all that a block makes: a default may be wrong
// in one of all the sinks. It says too that there would be more to say.
func (r *report) nameInstances(sinks int) {
	for i := range r.found {
		d := &r.found[i]
		s := r.seen[findingKey{d.Range, d.Rule, d.Summary, d.Detail}]
		if s == nil || s.itself || len(s.addresses) == 0 {
			continue
		}
		if all := map[bool]int{false: s.count, true: sinks}[s.shared]; len(s.addresses) == all {
			continue
		}
		where := s.first
		if n := len(s.addresses); n > 1 {
			where = fmt.Sprintf("%s and %d more", where, n-1)
		}
		d.Detail = join(d.Detail, "In "+where+".")
	}
	r.more()
}

// full reports whether there are as many findings of a severity as are shown. One more is counted then.
func (r *report) full(severity Severity) bool {
	if r.number[severity] < maxFindings {
		return false
	}
	r.number[severity]++
	return true
}

// more says that there would be more to say.
func (r *report) more() {
	if n := max(r.number[Error]-maxFindings, 0) + max(r.number[Warning]-maxFindings, 0); n > 0 {
		r.at(hcl.Range{}, "too-many-findings", "there are more findings than these", "Mend these first.")
	}
}

// join puts sentences together that may be empty.
func join(sentences ...string) string {
	var kept []string
	for _, s := range sentences {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, " ")
}
