package function

import (
	"strings"

	"github.com/zclconf/go-cty/cty"
)

const (
	maxWidth = 9999    // of a verb of format
	maxSize  = 1 << 30 // where counting ends
)

// callCost bounds what a call goes through and makes.
func callCost(name string, args []cty.Value) int {
	switch name {
	case "length", "element", "one", "lookup": // go through nothing
		return 4
	case "keys", "values":
		return 1 + 8*elementCount(args)
	case "contains": // compares with each
		return 1 + 16*elementCount(args)
	}
	total := 1
	for _, a := range args {
		total += Size(a)
	}
	n := elementCount(args)
	cost := total
	switch name {
	case "join": // the separator may stand between all of them
		cost = times(length(args, 0), n) + total
	case "format": // each verb may take the largest argument, at a width of four digits
		cost = times(verbs(args), total+maxWidth) + total
	case "formatlist":
		cost = times(times(verbs(args), total+maxWidth), n+1) + total
	case "replace": // the text may consist of nothing but what is replaced; a pattern is gone through for each letter
		cost = times(length(args, 0)+1, length(args, 2)+1) + total
		if pattern := text(args, 1); strings.HasPrefix(pattern, "/") {
			cost += times(length(args, 0), matchCost(strings.Trim(pattern, "/")))
		}
	case "regex", "regexall":
		cost = times(length(args, 1)+1, matchCost(text(args, 0))) + total
	case "distinct": // compares each with each
		cost = times(n, n) + total
	case "setproduct":
		cost = 1
		for _, a := range args {
			cost = times(cost, max(elementCount([]cty.Value{a}), 1))
		}
		cost = times(cost, 8*len(args)) + total
	case "indent": // every line gets the spaces
		cost = times(strings.Count(text(args, 1), "\n")+1, number(args, 0)) + total
	case "range":
		cost = 1024 // go-cty makes no more
	case "csvdecode", "jsondecode", "yamldecode": // a value takes more than its text
		cost = times(total, 8)
	case "toset", "setunion", "setintersection", "setsubtract": // each element is hashed as a whole, which is slow
		for _, a := range args {
			cost += times(Elements(a), 256)
		}
		cost += times(total, 16)
	case "parseint": // its digits are read in squared time
		cost = times(length(args, 0), length(args, 0))/256 + total
	case "sort", "tolist", "tomap", "merge", "concat", "flatten", "zipmap":
		cost = times(total, 4)
	}
	return max(cost, 1)
}

// matchCost is what a pattern costs for each letter.
func matchCost(pattern string) int {
	n, err := patternSize(pattern)
	if err != nil {
		return 1 // it is refused
	}
	return n/8 + 1
}

func verbs(args []cty.Value) int { return strings.Count(text(args, 0), "%") }

func text(args []cty.Value, i int) string {
	if i >= len(args) {
		return ""
	}
	s, _ := textOf(args[i])
	return s
}

func length(args []cty.Value, i int) int { return len(text(args, i)) }

// number returns an argument that is a number from 0 on.
func number(args []cty.Value, i int) int {
	v, _ := args[i].Unmark()
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.Number {
		return 1
	}
	n, _ := v.AsBigFloat().Int64()
	return int(min(max(n, 1), maxSize))
}

// times multiplies without an overflow.
func times(a, b int) int {
	if a > 0 && b > maxSize/a {
		return maxSize
	}
	return a * b
}

// Size adds up the text in a value, and counts its elements. It stops where that is more than anything may cost.
func Size(v cty.Value) int {
	v, _ = v.Unmark()
	switch {
	case !v.IsKnown() || v.IsNull():
		return 1
	case v.Type() == cty.String:
		return 1 + len(v.AsString())
	case !v.CanIterateElements():
		return 1
	}
	n := 1
	for it := v.ElementIterator(); n <= 64<<20 && it.Next(); {
		_, e := it.Element()
		n += Size(e)
	}
	return n
}

// Elements counts the elements in a value, and those in them. It stops where that is more than anything may cost.
func Elements(v cty.Value) int {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return 1
	}
	n := 1
	for it := v.ElementIterator(); n <= 64<<20 && it.Next(); {
		_, e := it.Element()
		n += Elements(e)
	}
	return n
}

func elementCount(values []cty.Value) int {
	n := 0
	for _, v := range values {
		plain, _ := v.Unmark()
		if plain.IsKnown() && !plain.IsNull() && plain.CanIterateElements() {
			n += plain.LengthInt()
		}
	}
	return n
}
