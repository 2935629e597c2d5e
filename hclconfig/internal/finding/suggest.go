package finding

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
)

// maxCompared is how many pairs of names are compared in one Load: a hostile file may declare thousands, and name thousands
// of others.
const maxCompared = 200_000

// MaySuggest reports whether more names may be compared: whoever has to collect them asks before.
func (r *Report) MaySuggest() bool { return r.compared < maxCompared }

// DidYouMean returns a sentence with the closest of the known names, or nothing if none is close.
func (r *Report) DidYouMean(name string, known []string) string {
	return YouMean(r.Closest(name, known))
}

// Closest is the function of that name, as long as the bound is not reached.
func (r *Report) Closest(name string, known []string) string {
	if r.compared += len(known); r.compared > maxCompared {
		return ""
	}
	r.meant = meaning{name: name, instead: Closest(name, known)}
	return r.meant.instead
}

// YouMean asks whether a name is meant; nothing if it is empty.
func YouMean(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("Did you mean %q?", name)
}

// Closest returns the known name that is at most a third of its letters, and at most three edits, away: otherwise the
// only one that has all the words of the name, as max_retries has those of retries.
func Closest(name string, known []string) string {
	if len(name) > 64 {
		return ""
	}
	best, bound := "", 4
	for _, k := range known {
		// A name of one letter is one edit away from every other.
		if d := distance(name, k); d < bound && d < min(len(name), len(k)) && d*3 <= max(len(k), 3) {
			best, bound = k, d
		}
	}
	if best != "" {
		return best
	}
	for _, k := range known {
		switch {
		case !hasWords(k, name):
		case best != "" && best != k:
			return ""
		default:
			best = k
		}
	}
	return best
}

// hasWords reports whether known has all words of name, the beginning of a word counting as one.
func hasWords(known, name string) bool {
	split := func(s string) []string {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	}
	of := split(known)
	words := split(name)
	return len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool {
		return len(word) < 3 || !slices.ContainsFunc(of, func(w string) bool { return strings.HasPrefix(w, word) })
	})
}

// wrongStep is the step of a name that leads to nothing, such as ulr in each.value.ulr.
type wrongStep struct {
	name string
	of   cty.Value // what does not have it
}

// stepOf returns which step HCL complains of, or nil if it is none of a name.
func stepOf(d *hcl.Diagnostic) *wrongStep {
	expr, isName := d.Expression.(*hclsyntax.ScopeTraversalExpr)
	if !isName || d.EvalContext == nil {
		return nil
	}
	for i, step := range expr.Traversal {
		if attribute, isAttribute := step.(hcl.TraverseAttr); isAttribute && i > 0 && attribute.SrcRange == Subject(d) {
			of, _ := expr.Traversal[:i].TraverseAbs(d.EvalContext) // it is what the next step was taken from
			return &wrongStep{attribute.Name, of}
		}
	}
	return nil
}

// noAttribute tells of a name that an object does not have. Which names it has is not shown of a secret that is there:
// those of one that is not known are those of a type in the configuration.
func (r *Report) noAttribute(rng hcl.Range, step *wrongStep) {
	detail := ""
	plain, marks := step.of.Unmark()
	_, secret := marks[mask.Sensitive]
	if plain.Type().IsObjectType() && (!secret || !plain.IsKnown()) && r.MaySuggest() {
		names := slices.Sorted(maps.Keys(plain.Type().AttributeTypes()))
		detail = cmp.Or(r.DidYouMean(step.name, names), has(names))
	}
	r.At(rng, "invalid-expression", fmt.Sprintf("there is no attribute %q", mask.Printable(step.name)),
		cmp.Or(detail, "The value has no attribute of that name."))
}

// has lists the names of an object while they are few.
func has(names []string) string {
	if len(names) == 0 || len(names) > 10 {
		return ""
	}
	for i, name := range names {
		names[i] = mask.Printable(name)
	}
	return "The value has " + strings.Join(names, ", ") + "."
}

// AlreadyThere says where a block has what may be meant: who takes the advice would otherwise get another error.
func AlreadyThere(name string, content *hcl.BodyContent, rng hcl.Range) string {
	at := hcl.Range{}
	if a := content.Attributes[name]; a != nil {
		at = a.NameRange
	}
	for _, b := range content.Blocks {
		if b.Type == name && name != "stream" && name != "sink" && name != "variable" && name != "locals" {
			at = mask.Header(b)
		}
	}
	switch {
	case at.Filename == "":
		return ""
	case at.Filename != rng.Filename:
		return fmt.Sprintf("%s%s at %s.", name, alreadySet, Place(at))
	}
	return fmt.Sprintf("%s%s on line %d.", name, alreadySet, at.Start.Line)
}

// alreadySet is what AlreadyThere says of a name.
const alreadySet = " is already set"

// Belongs says where a name means something that means nothing in a block of the type title.
func Belongs(name, title string) string {
	switch {
	case name == "for_each" && title != "":
		return `Only sink and dynamic blocks take for_each: dynamic "stream" { ... } makes a block for each element.`
	case title == "variable" || title == "dynamic":
		return ""
	}
	var homes []string
	label := ""
	for b := range words.ConfigBlock().All() {
		if b.Name == title && slices.Contains(b.Labels, name) {
			label = fmt.Sprintf("It is the label of the block: %s %q { ... }.", b.Name, strings.ToUpper(name))
		}
		has := b.Setting(name) != nil || b.Child(name) != nil
		if has && b.Name == "" && title != "" && b.Child(name) != nil {
			label = "Write it at the top level of a file."
		}
		if has && b.Name != "" && !slices.Contains(homes, b.Name) {
			homes = append(homes, b.Name)
		}
	}
	switch {
	case label != "":
		return label
	case len(homes) == 0:
		return ""
	case len(homes) == 1:
		return fmt.Sprintf("It belongs in a block of type %s.", homes[0])
	}
	return fmt.Sprintf("It belongs in a block of type %s or %s.", strings.Join(homes[:len(homes)-1], ", "), homes[len(homes)-1])
}

// distance is the number of letters to insert, delete, replace or swap with their neighbour.
func distance(a, b string) int {
	before, previous, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if lower(a[i-1]) == lower(b[j-1]) {
				cost = 0
			}
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, previous, row = previous, row, before
	}
	return previous[len(b)]
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// NotIn says that a block of the type title has nothing of a name.
func NotIn(title string) string {
	if title == "" {
		return "No block or attribute at the top level of a file has that name."
	}
	return "Blocks of type " + title + " have nothing of that name."
}
