package payload

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// maxFaultsFound is how many faults of a payload are collected before the first of them is told.
const maxFaultsFound = 64

// explain returns where a value violates a schema, in no order; none if it does not.
func (j *judge) explain(n *node, value any, at string) []Fault {
	if n == nil {
		return nil
	}
	j.spend(1)
	if j.depth++; j.depth > maxCalls {
		panic(stopped{})
	}
	defer func() { j.depth-- }()
	if n.never {
		return []Fault{{Pointer: at, Keyword: "false"}}
	}
	if !j.isKind(n, value) {
		return []Fault{{Pointer: at, Keyword: "type"}}
	}
	var found []Fault
	add := func(faults ...Fault) {
		if len(found) < maxFaultsFound {
			found = append(found, faults...)
		}
	}
	keyword := func(name string) {
		if name != "" {
			add(Fault{Pointer: at, Keyword: name})
		}
	}
	if !j.isAllowed(n, value) {
		keyword(n.values.keyword())
	}
	switch v := value.(type) {
	case map[string]any:
		keyword(j.objectFault(n, v))
		add(j.explainMembers(n, v, at)...)
	case []any:
		keyword(j.arrayFault(n, v))
		add(j.explainItems(n, v, at)...)
	case string:
		keyword(j.textFault(n, v))
	case json.Number:
		keyword(j.numberFault(n, v))
	}
	add(j.explainCombined(n, value, at)...)
	return found
}

func (v *allowed) keyword() string {
	if v.constant {
		return "const"
	}
	return "enum"
}

func (j *judge) explainMembers(n *node, object map[string]any, at string) (found []Fault) {
	j.spend(len(object))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		inner := at + "/" + escapePointer(name)
		if n.names != nil && !j.holds(n.names, name) {
			found = append(found, Fault{Pointer: inner, Keyword: "propertyNames"})
		}
		for _, schema := range j.schemasOf(n, name) {
			if schema == n.additional && schema.never {
				found = append(found, Fault{Pointer: at, Keyword: "additionalProperties"})
				continue
			}
			found = append(found, j.explain(schema, object[name], inner)...)
		}
		if len(found) >= maxFaultsFound {
			return found
		}
	}
	return found
}

func (j *judge) explainItems(n *node, array []any, at string) (found []Fault) {
	if n.items == nil {
		array = array[:min(len(array), len(n.prefix))] // anything goes behind them
	}
	j.spend(len(array))
	for i, item := range array {
		if found = append(found, j.explain(n.item(i), item, at+"/"+strconv.Itoa(i))...); len(found) >= maxFaultsFound {
			break
		}
	}
	return found
}

func (j *judge) explainCombined(n *node, value any, at string) (found []Fault) {
	for _, other := range n.also {
		found = append(found, j.explain(other, value, at)...)
	}
	if len(n.any) > 0 && !slices.ContainsFunc(n.any, func(other *node) bool { return j.holds(other, value) }) {
		found = append(found, j.alternative("anyOf", n.any, value, at)...)
	}
	if len(n.one) > 0 {
		switch j.matching(n.one, value) {
		case 0:
			found = append(found, j.alternative("oneOf", n.one, value, at)...)
		case 2:
			found = append(found, Fault{Pointer: at, Keyword: "oneOf"})
		}
	}
	if n.not != nil && j.holds(n.not, value) {
		found = append(found, Fault{Pointer: at, Keyword: "not"})
	}
	if n.condition != nil {
		found = append(found, j.explain(j.consequence(n.condition, value), value, at)...)
	}
	object, _ := value.(map[string]any)
	for _, d := range n.dependents {
		if _, there := object[d.name]; there {
			found = append(found, j.explain(d.node, value, at)...)
		}
	}
	return found
}

// maxExplained is how many of the alternatives that fit best are looked at in full.
const maxExplained = 3

// alternative explains the alternative that is meant, of several none of which holds: the one that no constant and no
// type excludes, otherwise the one that fits best. Where nothing tells them apart it names the keyword alone.
func (j *judge) alternative(keyword string, branches []*node, value any, at string) []Fault {
	fits := make([]fitness, len(branches))
	var open []int // branches that are not excluded
	for i, branch := range branches {
		fits[i] = j.fit(branch, value, 0)
		if !fits[i].excluded() {
			open = append(open, i)
		}
	}
	whole := []Fault{{Pointer: at, Keyword: keyword}}
	switch {
	case len(open) == 1:
		return j.explain(branches[open[0]], value, at)
	case len(open) == 0 && sameReason(fits):
		return whole
	case len(open) == 0:
		for i := range branches {
			open = append(open, i)
		}
	}
	slices.SortStableFunc(open, func(a, b int) int { return cmp.Compare(fits[b].score(), fits[a].score()) })
	if len(open) > 1 && kindOf(value)&(isObject|isArray) == 0 {
		return whole
	}
	var best []Fault
	top := fits[open[0]]
	for _, i := range open[:min(len(open), maxExplained)] {
		if fits[i].constants != top.constants || fits[i].lacking != top.lacking {
			continue // one that is about something else may have fewer faults, and is not meant
		}
		if faults := j.explain(branches[i], value, at); best == nil || len(faults) < len(best) {
			best = faults
			for k := range best {
				if best[k].Branch == "" {
					best[k].Branch = "#" + branches[i].named()
				}
			}
		}
	}
	return best
}

// sameReason reports whether one and the same thing excludes all branches: the value of a property that tells them apart
// is that of none.
func sameReason(fits []fitness) bool {
	for _, f := range fits {
		if f.against != fits[0].against {
			return false
		}
	}
	return true
}

// named returns the pointer by which people know a branch: that of the definition it refers to.
func (n *node) named() string {
	if len(n.also) == 1 && n.kinds == isAny && n.properties == nil {
		return n.also[0].at
	}
	return n.at
}

// fitness is how well a schema fits a value, at a glance.
type fitness struct {
	against   string // the property whose constants, or "type" where the type, excludes it; empty: nothing does
	constants int    // that hold
	declared  int    // properties that it names and that are there
	lacking   int    // required ones that are not, and those that it does not allow
}

func (f fitness) excluded() bool { return f.against != "" }

func (f fitness) score() int {
	score := 100*f.constants + f.declared - 2*f.lacking
	if f.excluded() {
		score -= 1000
	}
	return score
}

// fit looks at the type, the constants and the names of the properties, through references and alternatives.
func (j *judge) fit(n *node, value any, looked int) (f fitness) {
	j.spend(1)
	if !j.isKind(n, value) {
		return fitness{against: " type"}
	}
	if n.values != nil && !j.isAllowed(n, value) {
		f.against = " value"
	}
	object, isObject := value.(map[string]any)
	if isObject {
		j.spend(len(n.properties))
		for name, p := range n.properties {
			j.fitMember(&f, p, name, object)
		}
		if n.additional != nil && n.additional.never {
			f.lacking += max(0, len(object)-f.declared)
		}
	}
	if looked >= maxLooked {
		return f
	}
	for _, other := range n.also {
		f = f.with(j.fit(other, value, looked+1))
	}
	for _, alternatives := range [][]*node{n.any, n.one} {
		if len(alternatives) == 0 {
			continue
		}
		best := j.fit(alternatives[0], value, looked+1)
		for _, other := range alternatives[1:] {
			if inner := j.fit(other, value, looked+1); inner.score() > best.score() {
				best = inner
			}
		}
		f = f.with(best)
	}
	return f
}

func (j *judge) fitMember(f *fitness, p *property, name string, object map[string]any) {
	value, there := object[name]
	switch {
	case !there && p.bit >= 0:
		f.lacking++
	case there && p.declared:
		f.declared++
		values := p.node.constantsOf(0)
		if values == nil {
			return
		}
		if text, is := value.(string); is && values.strings[text] || !is && j.isAllowed(&node{values: values}, value) {
			f.constants++
		} else {
			f.against = min(name, cmp.Or(f.against, name)) // whatever the order of the map
		}
	}
}

// constantsOf returns the enum or const of a schema, or of the one that it refers to.
func (n *node) constantsOf(looked int) *allowed {
	if n.values != nil {
		return n.values
	}
	if looked < maxLooked {
		for _, other := range n.also {
			if values := other.constantsOf(looked + 1); values != nil {
				return values
			}
		}
	}
	return nil
}

func (f fitness) with(other fitness) fitness {
	if f.against == "" {
		f.against = other.against
	}
	f.constants += other.constants
	f.declared += other.declared
	f.lacking += other.lacking
	return f
}
