package hclconfig

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
	"iggysink/schema"
)

// validate holds the tree against the JSON Schema, tells every violation at its place and takes what is not valid out of
// the tree, so that the rest can be decoded and looked at by the rules.
func (l *loader) validate(tree map[string]any) {
	for _, v := range schema.ValidateConfig(tree) {
		l.Instance = l.InstanceAt(v.Pointer)
		l.violation(v, tree)
	}
	l.Instance = finding.Instance{}
	if l.emptyEach != nil && len(l.Sinks) == 0 && !l.Partial {
		l.At(*l.emptyEach, "missing-block", "there is no sink", "for_each has no element, and there is no other sink.")
	}
}

func (l *loader) violation(v schema.Violation, tree map[string]any) {
	o := l.places.Find(v.Pointer)
	if o.Unknown && v.Pointer != "" {
		return
	}
	switch v.Keyword {
	case "required", "dependentRequired":
		l.missing(v, o)
		return
	case "additionalProperties": // content has told already; the labels and names of the tree are those of the table
		l.At(o.Name, "unknown-attribute", fmt.Sprintf("unknown attribute %q", mask.Printable(v.Property)), "")
	default:
		rule, detail := ruleOf(v), ""
		name := leafName(v.Pointer)
		summary := fmt.Sprintf("%s %s", name, v.Message())
		value, isText := valueAt(tree, v.Pointer).(string)
		if rule == "invalid-duration" || rule == "invalid-address" || rule == "invalid-url" {
			summary, detail = "", name+" "+v.Message()+"."
			if isText {
				detail = formDetail(v, value, !o.Secret || o.Literal && rule == "invalid-url")
				l.offer(value, detail)
			}
		}
		if v.Keyword == "enum" && isText && !o.Secret {
			detail = finding.Join(fmt.Sprintf("%q is not one of them.", mask.Shorten(value)), l.DidYouMean(value, v.Allowed))
		}
		if hint := formInWords(name); v.Keyword == "pattern" && hint != "" {
			summary, detail = "invalid "+name, hint
			if v.Example != "" {
				detail += fmt.Sprintf(" Such as %q.", v.Example)
			}
		}
		rng := l.placeOf(v, tree)
		l.At(rng, rule, summary, finding.Join(detail, l.scope.SetElsewhere(rng)))
	}
	l.places.Forget(v.Pointer)
	remove(tree, v.Pointer)
}

// tried is what a detail offers.
var tried = regexp.MustCompile(`Try "([^"]+)"\.`)

// offer lets an editor put what a detail offers in the place of a value.
func (l *loader) offer(value, detail string) {
	if m := tried.FindStringSubmatch(detail); m != nil {
		l.Offer(value, m[1])
	} else if p := filledIn(value); p != nil && strings.Contains(detail, p.Meant) {
		l.OfferSource(p.Written, p.Meant)
	}
}

// formInWords says what the pattern of an attribute means: few people read those.
func formInWords(name string) string {
	switch name {
	case "ordering_key":
		return "It is header:NAME or payload:/json/pointer."
	case "content_type":
		return "It has visible characters of ASCII, and spaces between them."
	}
	return ""
}

// placeOf returns the place of a violation: in a list that holds a value twice that of the second one.
func (l *loader) placeOf(v schema.Violation, tree map[string]any) hcl.Range {
	list, _ := valueAt(tree, v.Pointer).([]any)
	seen := make(map[json.Number]bool)
	for i, value := range list {
		number, isNumber := value.(json.Number)
		if v.Keyword == "uniqueItems" && isNumber && seen[number] {
			return l.places.Find(v.Pointer + "/" + strconv.Itoa(i)).Value
		}
		seen[number] = true
	}
	return l.places.Find(v.Pointer).Value
}

// missing tells of an attribute or a block that is not there.
func (l *loader) missing(v schema.Violation, o *finding.Origin) {
	pointer := v.Pointer + "/" + v.Property
	if !l.places.Known(pointer) { // it is there, and its value is not known or not valid
		return
	}
	if v.Pointer == "" && (l.Partial || l.scope.UnknownTop) {
		return // it may be what could not be read
	}
	if v.Pointer == "/iggy" && v.Trigger != "" && l.places["/iggy/token"] != nil {
		return // there is another login, which is told: a whole one would be one more too many
	}
	detail := firstSentence(v.Description)
	table := l.tableAt(v.Pointer)
	switch isBlock := table != nil && table.Child(v.Property) != nil; {
	case isBlock && v.Pointer == "":
		l.At(o.Value, "missing-block", fmt.Sprintf("there is no %s block", v.Property), detail)
	case isBlock:
		l.At(o.Value, "missing-block", fmt.Sprintf("the block %q is missing", v.Property), detail)
	case v.Trigger != "":
		l.At(l.places.Find(v.Pointer+"/"+v.Trigger).Name, "missing-attribute",
			fmt.Sprintf("%q is missing: %s needs it", v.Property, v.Trigger), detail)
	default:
		l.At(o.Value, "missing-attribute", fmt.Sprintf("%q is missing", v.Property), detail)
	}
	l.places.Forget(pointer)
}

// tableAt returns the table of the block at a pointer.
func (l *loader) tableAt(pointer string) *words.Block {
	table := words.ConfigBlock()
	for segment := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if _, err := strconv.Atoi(segment); err == nil || segment == "" {
			continue
		}
		if table = table.Child(segment); table == nil {
			return nil
		}
	}
	return table
}

// ruleOf returns the rule that a keyword of the schema stands for.
func ruleOf(v schema.Violation) string {
	switch v.Keyword {
	case "type":
		return "wrong-type"
	case "minimum", "maximum", "minLength", "maxLength", "minItems":
		return "out-of-range"
	case "uniqueItems":
		return "duplicate-value"
	case "format":
		switch {
		case strings.HasPrefix(v.Format, "go-duration"):
			return "invalid-duration"
		case v.Format == "host-port":
			return "invalid-address"
		case strings.HasPrefix(v.Format, "http-url"):
			return "invalid-url"
		}
	}
	return "invalid-value"
}

// leafName returns the name of the attribute that a pointer leads to or into: a list's or map's rather than its element's
// number or key.
func leafName(pointer string) string {
	segments := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	name := segments[len(segments)-1]
	if _, err := strconv.Atoi(name); err == nil && len(segments) > 1 {
		return "an element of " + segments[len(segments)-2]
	}
	if n := len(segments); n > 1 && segments[n-2] == "headers" {
		return "a value of headers"
	}
	return name
}

func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i >= 0 {
		return s[:i+1]
	}
	return s
}

// valueAt returns the value at a pointer, or nil.
func valueAt(v any, pointer string) any {
	if pointer == "" {
		return v
	}
	for segment := range strings.SplitSeq(pointer[1:], "/") {
		switch container := v.(type) {
		case map[string]any:
			v = container[finding.Unescape(segment)]
		case []any:
			i, err := strconv.Atoi(segment)
			if err != nil || i < 0 || i >= len(container) {
				return nil
			}
			v = container[i]
		default:
			return nil
		}
	}
	return v
}

// remove takes the attribute at a pointer, or around it, out of the tree. A list that lost an element would be another
// list, and a block or a label must stay: the places of what follows would move.
func remove(tree map[string]any, pointer string) {
	for pointer != "" {
		i := strings.LastIndexByte(pointer, '/')
		parent, name := valueAt(tree, pointer[:i]), finding.Unescape(pointer[i+1:])
		if object, isObject := parent.(map[string]any); isObject {
			switch object[name].(type) {
			case map[string]any:
				if name != "headers" {
					return
				}
			case []any:
				if name == "sink" || name == "stream" {
					return
				}
			}
			delete(object, name)
			return
		}
		pointer = pointer[:i]
	}
}
