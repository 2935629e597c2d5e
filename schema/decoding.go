package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrDocument is wrapped by every error of a generated UnmarshalJSON: the document is not what its schema says.
var ErrDocument = errors.New("invalid document")

// DecodeError holds every reason why a document cannot become a Go value, ordered by pointer. What the value could hold,
// such as a number out of its bounds, is left to Validate.
type DecodeError struct {
	Violations []Violation
}

// Error names the first violation. It holds no value of the document.
func (e *DecodeError) Error() string {
	if len(e.Violations) == 0 {
		return ErrDocument.Error()
	}
	first := e.Violations[0]
	return ErrDocument.Error() + ": " + first.Pointer + ": " + first.Message()
}

// Unwrap gives ErrDocument.
func (e *DecodeError) Unwrap() error { return ErrDocument }

// decoding collects why a document cannot become a Go value. The decode functions go on after a fault, so that one run
// finds all.
type decoding struct {
	found    violations
	repeated []string // pointers of lists whose uniqueItems is judged here, because an element has no Go value
}

// unmarshal is UnmarshalJSON of every generated type. After an error *v holds what could be decoded.
func unmarshal[T any](b []byte, v *T, decode func(*decoding, string, json.RawMessage) T) error {
	if !json.Valid(b) {
		return &DecodeError{Violations: []Violation{{Keyword: keywordUncheckable}}}
	}
	var d decoding
	if *v = decode(&d, "", b); len(d.found) > 0 {
		return &DecodeError{Violations: d.found.sorted()}
	}
	return nil
}

// decodeDocument is what the generated Decode functions do: decode, then validate.
func decodeDocument[T any](b []byte, decode func(*decoding, string, json.RawMessage) T,
	validate func(*T, *violations, string)) (out T, found []Violation) {
	if !json.Valid(b) {
		return out, []Violation{{Keyword: keywordUncheckable}}
	}
	var d decoding
	out = decode(&d, "", b)
	found = d.check(func(l *violations, at string) { validate(&out, l, at) })
	return out, found
}

// check returns what decoding and validating find together. What stands at or below a value that has no Go value is not
// known to validate, nor what is absent.
func (d *decoding) check(validate func(*violations, string)) []Violation {
	faults := make(map[string]bool)
	for _, v := range d.found {
		switch v.Keyword {
		case "uniqueItems":
		case "required", "dependentRequired":
			faults[v.Pointer+"/"+EscapePointer(v.Property)] = true
		default:
			faults[v.Pointer] = true
		}
	}
	var later violations
	validate(&later, "")
	for _, v := range later {
		known := v.Keyword == "required" || v.Keyword == "dependentRequired" ||
			v.Keyword == "uniqueItems" && slices.Contains(d.repeated, v.Pointer)
		for p := v.Pointer; !known; p = p[:strings.LastIndexByte(p, '/')] {
			known = faults[p]
			if p == "" {
				break
			}
		}
		if !known {
			d.found = append(d.found, v)
		}
	}
	return d.found.sorted()
}

func (d *decoding) add(at string, v Violation) { d.found.add(at, "", v) }

// is notes a violation if the value does not begin as a value of that type does.
func (d *decoding) is(at string, raw json.RawMessage, name string) bool {
	if jsonType(raw) == name {
		return true
	}
	d.add(at, Violation{Keyword: "type", Types: []string{name}})
	return false
}

// jsonType returns the type of a valid JSON text.
func jsonType(raw json.RawMessage) string {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return "null"
	}
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

// object returns the members of an object; of a name that occurs twice the last one.
func (d *decoding) object(at string, raw json.RawMessage) (members map[string]json.RawMessage, ok bool) {
	return members, d.is(at, raw, "object") && json.Unmarshal(raw, &members) == nil
}

// require notes which of the names are missing.
func (d *decoding) require(at string, members map[string]json.RawMessage, names ...string) {
	for _, name := range names {
		if _, there := members[name]; !there {
			d.add(at, Violation{Keyword: "required", Property: name})
		}
	}
}

// depend notes which of the names are missing where trigger is there.
func (d *decoding) depend(at string, members map[string]json.RawMessage, trigger string, names ...string) {
	if _, there := members[trigger]; !there {
		return
	}
	for _, name := range names {
		if _, there := members[name]; !there {
			d.add(at, Violation{Keyword: "dependentRequired", Property: name, Trigger: trigger})
		}
	}
}

// close notes the members that are none of the names.
func (d *decoding) close(at string, members map[string]json.RawMessage, names ...string) {
	for name := range members {
		if !slices.Contains(names, name) {
			d.add(at+"/"+EscapePointer(name), Violation{Keyword: "additionalProperties", Property: name})
		}
	}
}

// variant returns the value of the property that tells which branch of a oneOf is meant, if it is one of the allowed.
func (d *decoding) variant(at string, members map[string]json.RawMessage, name string, allowed ...string) string {
	raw, there := members[name]
	if !there {
		d.require(at, members, name)
		return ""
	}
	at += "/" + EscapePointer(name)
	v := d.text(at, raw)
	if jsonType(raw) == "string" && !slices.Contains(allowed, v) {
		d.add(at, Violation{Keyword: "enum", Allowed: allowed})
		return ""
	}
	return v
}

func (d *decoding) text(at string, raw json.RawMessage) (s string) {
	if d.is(at, raw, "string") && json.Unmarshal(raw, &s) != nil {
		d.is(at, nil, "string")
	}
	return s
}

// constant reads a string of which the schema says only what it is, not that it is a string.
func (d *decoding) constant(at string, raw json.RawMessage, allowed string) string {
	if jsonType(raw) != "string" {
		d.add(at, Violation{Keyword: "const", Allowed: []string{allowed}})
		return ""
	}
	return d.text(at, raw)
}

// empty notes what is wrong with an empty text where the Go value could not tell it from an absent one.
func (d *decoding) empty(at string, raw json.RawMessage, faults ...Violation) {
	if string(bytes.TrimSpace(raw)) == `""` {
		for _, v := range faults {
			d.add(at, v)
		}
	}
}

func (d *decoding) boolean(at string, raw json.RawMessage) bool {
	return d.is(at, raw, "boolean") && bytes.Contains(raw, []byte("true"))
}

// rational returns the exact value of a number, or of one that is as far beyond every bound: see boundNumbers.
func (d *decoding) rational(at string, raw json.RawMessage, name string) (*big.Rat, bool) {
	number, isNumber := boundNumber(json.Number(bytes.TrimSpace(raw))).(json.Number)
	if isNumber {
		if r, ok := new(big.Rat).SetString(number.String()); ok && (name == "number" || r.IsInt()) {
			return r, true
		}
	}
	d.add(at, Violation{Keyword: "type", Types: []string{name}})
	return nil, false
}

// bounded is rational within bounds, the schema's or those of the Go type.
func (d *decoding) bounded(at string, raw json.RawMessage, name, low, high string) (*big.Rat, bool) {
	r, ok := d.rational(at, raw, name)
	if !ok {
		return nil, false
	}
	if limit, isLimit := new(big.Rat).SetString(low); isLimit && r.Cmp(limit) < 0 {
		d.add(at, Violation{Keyword: "minimum", Limit: low})
		return nil, false
	}
	if limit, isLimit := new(big.Rat).SetString(high); isLimit && r.Cmp(limit) > 0 {
		d.add(at, Violation{Keyword: "maximum", Limit: high})
		return nil, false
	}
	return r, true
}

// decodeInteger reads an integer as JSON Schema means it: 1.0 and 1e3 are integers.
func decodeInteger[T int | uint64 | uint32](d *decoding, at string, raw json.RawMessage, low, high string) T {
	if n, ok := plainInteger(raw, low, high); ok {
		return T(n)
	}
	r, ok := d.bounded(at, raw, "integer", low, high)
	switch {
	case !ok:
		return 0
	case r.Num().IsInt64():
		return T(r.Num().Int64())
	}
	return T(r.Num().Uint64())
}

// plainInteger reads what nearly all integers are: a few digits, within the bounds. It is exact where it says yes.
func plainInteger(raw json.RawMessage, low, high string) (int64, bool) {
	if len(raw) > 18 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, false
	}
	least, err := strconv.ParseInt(low, 10, 64)
	if err != nil || n < least {
		return 0, false
	}
	most, err := strconv.ParseUint(high, 10, 64)
	return n, err == nil && (n < 0 || uint64(n) <= most)
}

func (d *decoding) number(at string, raw json.RawMessage, low, high string) float64 {
	r, ok := d.bounded(at, raw, "number", low, high)
	if !ok {
		return 0
	}
	f, _ := r.Float64()
	return f
}

// decodeText reads a string that becomes a T. A string that parse refuses violates keyword.
func decodeText[T any](d *decoding, at string, raw json.RawMessage, parse func(string) (T, error), v Violation) (out T) {
	before := len(d.found)
	s := d.text(at, raw)
	if len(d.found) > before {
		return out
	}
	out, err := parse(s)
	if err != nil {
		d.add(at, v)
	}
	return out
}

// decodeList reads a list. Its elements are compared here if one of them has no Go value: Validate could not.
func decodeList[T any](d *decoding, at string, raw json.RawMessage, unique bool, item func(string, json.RawMessage) T) []T {
	var elements []json.RawMessage
	if !d.is(at, raw, "array") || json.Unmarshal(raw, &elements) != nil {
		return nil
	}
	before := len(d.found)
	out := make([]T, 0, len(elements))
	for i, e := range elements {
		out = append(out, item(at+"/"+strconv.Itoa(i), e))
	}
	if unique && len(d.found) > before {
		d.repeated = append(d.repeated, at)
		if repeats(elements) {
			d.found.add(at, "", Violation{Keyword: "uniqueItems"})
		}
	}
	return out
}

// decodeMap reads an object whose names are free.
func decodeMap[T any](d *decoding, at string, raw json.RawMessage, value func(string, json.RawMessage) T) map[string]T {
	members, ok := d.object(at, raw)
	if !ok {
		return nil
	}
	out := make(map[string]T, len(members))
	for name, e := range members {
		out[name] = value(at+"/"+EscapePointer(name), e)
	}
	return out
}

// repeats reports whether two elements are the same JSON value, whatever their spelling.
func repeats(elements []json.RawMessage) bool {
	seen := make(map[string]bool, len(elements))
	for _, e := range elements {
		key := canonical(e)
		if seen[key] {
			return true
		}
		seen[key] = true
	}
	return false
}

// canonical returns the one spelling of a JSON value: names sorted, numbers as fractions.
func canonical(raw json.RawMessage) string {
	doc, err := decodeTree(string(raw))
	if err != nil {
		return string(raw)
	}
	text, err := json.Marshal(asFractions(doc))
	if err != nil {
		return string(raw)
	}
	return string(text)
}

// asFractions returns doc with every number and string as a string that tells which it was.
func asFractions(doc any) any {
	switch v := boundNumbers(doc).(type) {
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok {
			return "number " + r.String()
		}
	case string:
		return "string " + v
	case []any:
		for i := range v {
			v[i] = asFractions(v[i])
		}
		return v
	case map[string]any:
		for name := range v {
			v[name] = asFractions(v[name])
		}
		return v
	}
	return doc
}

// hasStandardFormat reports whether a text has a format of JSON Schema itself. A name that is not known is never satisfied.
func hasStandardFormat(name, s string) bool {
	switch name {
	case "date-time":
		const seconds = len("2006-01-02T15:04:")
		if len(s) > seconds+2 && s[seconds:seconds+2] == "60" { // a leap second, which package time does not know
			s = s[:seconds] + "59" + s[seconds+2:]
		}
		// Package time takes an hour of one digit, and a comma.
		return len(s) > seconds && s[len("2006-01-02T15")] == ':' && !strings.Contains(s, ",") &&
			new(time.Time).UnmarshalText([]byte(strings.ToUpper(s))) == nil
	case "uuid":
		groups := strings.Split(s, "-")
		for i, digits := range []int{8, 4, 4, 4, 12} {
			if len(groups) != 5 || len(groups[i]) != digits || strings.Trim(groups[i], "0123456789abcdefABCDEF") != "" {
				return false
			}
		}
		return true
	case "uri":
		u, err := url.Parse(s)
		return err == nil && u.Scheme != "" && !strings.ContainsFunc(s, func(r rune) bool {
			return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}", r)
		})
	}
	return false
}
