package finding

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// MaxFindings of one severity are kept. Nobody reads more, and a hostile file could make millions.
const MaxFindings = 2000

// Report collects findings. Its zero value is ready for use.
type Report struct {
	Found    Diagnostics
	rows     map[string]Rule // by id, made at the first use
	seen     map[findingKey]*repetition
	number   map[Severity]int
	compared int     // pairs of names, for suggestions
	meant    meaning // what the next finding may offer

	// Instance is the sink that is looked at, the zero value outside of one; Sinks are all, by their place in the tree.
	Instance Instance
	Sinks    []Instance
	Exact    func(hcl.Range) hcl.Range // where a range is in its file; nil where it is right
	Shared   func(hcl.Range) bool      // whether a place is in the defaults block, which is part of every sink; nil without one

	// Partial notes that a file could not be parsed. The others are looked at, but nothing is said that it may belie: it
	// may declare a name, hold a block that is missing, or use what nobody else does.
	Partial bool
}

// Instance is one sink of the plain tree.
type Instance struct {
	Address string // such as tenant["acme"]; empty if its block has no for_each
	Count   int    // how many sinks its block makes
	Sink    string // in words, such as sink "orders", or the address
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

// At adds a finding of a rule. The severity and, if summary is empty, the summary are those of the rule's row. What was
// found before, as in another instance of the same block, is not found again.
func (r *Report) At(rng hcl.Range, rule, summary, detail string) {
	meant := r.meant
	r.meant = meaning{} // it was of this finding
	row := r.row(rule)
	if r.Exact != nil {
		rng = r.Exact(rng)
	}
	key := findingKey{rng, rule, cmp.Or(summary, row.Summary), detail}
	if r.seen == nil {
		r.seen, r.number = make(map[findingKey]*repetition), make(map[Severity]int)
	}
	s := r.seen[key]
	if s == nil {
		if r.number[row.Severity]++; r.number[row.Severity] > MaxFindings && rule != "too-many-findings" {
			return
		}
		s = &repetition{count: r.Instance.Count, shared: r.Shared != nil && r.Shared(rng)}
		r.seen[key] = s
		d := Diagnostic{Severity: row.Severity, Rule: rule, Summary: key.summary, Detail: detail, Range: rng}
		if meant.asks(detail) {
			d.meant = meant
		}
		r.Found = append(r.Found, d)
	}
	a := r.Instance.Address
	if s.shared {
		a = r.Instance.Sink
		s.itself = s.itself || a == ""
	}
	if a != "" {
		if s.addresses == nil {
			s.first, s.addresses = a, make(map[string]bool)
		}
		s.addresses[a] = true
	}
}

// row returns the row of id. An id that is not there is a mistake of this program, which its tests would show.
func (r *Report) row(id string) Rule {
	row, found := r.Rule(id)
	if !found {
		panic("finding: no rule " + id)
	}
	return row
}

// Rule returns the rule of that id, if there is one.
func (r *Report) Rule(id string) (rule Rule, found bool) {
	if r.rows == nil {
		r.rows = make(map[string]Rule)
		for _, row := range Rules() {
			r.rows[row.ID] = row
		}
	}
	rule, found = r.rows[id]
	return rule, found
}

// NameInstances says which instances a finding is about, unless it is about all that a block makes: a default may be wrong
// in one of all the sinks. It says too that there would be more to say.
func (r *Report) NameInstances() {
	for i := range r.Found {
		d := &r.Found[i]
		s := r.seen[findingKey{d.Range, d.Rule, d.Summary, d.Detail}]
		if s == nil || s.itself || len(s.addresses) == 0 {
			continue
		}
		if all := map[bool]int{false: s.count, true: len(r.Sinks)}[s.shared]; len(s.addresses) == all {
			continue
		}
		where := s.first
		if n := len(s.addresses); n > 1 {
			where = fmt.Sprintf("%s and %d more", where, n-1)
		}
		d.Detail = Join(d.Detail, "In "+where+".")
	}
	r.More()
}

// Full reports whether there are as many findings of a severity as are shown. One more is counted then.
func (r *Report) Full(severity Severity) bool {
	if r.number[severity] < MaxFindings {
		return false
	}
	r.number[severity]++
	return true
}

// More says that there would be more to say.
func (r *Report) More() {
	if n := max(r.number[Error]-MaxFindings, 0) + max(r.number[Warning]-MaxFindings, 0); n > 0 {
		r.At(hcl.Range{}, "too-many-findings", "more findings were left out", "Fix these first.")
	}
}

// InstanceAt returns the sink that a pointer leads into.
func (r *Report) InstanceAt(pointer string) Instance {
	rest, inSink := strings.CutPrefix(pointer, "/sink/")
	number, _, _ := strings.Cut(rest, "/")
	if i, err := strconv.Atoi(number); inSink && err == nil && i < len(r.Sinks) {
		return r.Sinks[i]
	}
	return Instance{}
}
