package function

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// texts are the functions of strings.
func texts() map[string]function.Function {
	return map[string]function.Function{
		"chomp": stdlib.ChompFunc, "indent": stdlib.IndentFunc, "join": stdlib.JoinFunc, "lower": stdlib.LowerFunc,
		"split": stdlib.SplitFunc, "substr": stdlib.SubstrFunc, "title": stdlib.TitleFunc, "trim": stdlib.TrimFunc,
		"trimprefix": stdlib.TrimPrefixFunc, "trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc,
		"upper":  stdlib.UpperFunc,
		"format": bounded(stdlib.FormatFunc), "formatlist": bounded(stdlib.FormatListFunc),
		"regex": matching(stdlib.RegexFunc), "regexall": matching(stdlib.RegexAllFunc), "replace": replaceFunction(),
		"startswith": testFunction("prefix", strings.HasPrefix), "endswith": testFunction("suffix", strings.HasSuffix),
		"strcontains": testFunction("part", strings.Contains),
		"formatdate":  stdlib.FormatDateFunc, "timeadd": stdlib.TimeAddFunc,
	}
}

var (
	// wideVerb is a verb of format whose width or precision asks for more than 9999 characters.
	wideVerb = regexp.MustCompile(`%[^a-zA-Z%]*[0-9]{5}`)
	// numberVerb is one that takes a number.
	numberVerb = regexp.MustCompile(`%[^a-zA-Z%]*[bBcdeEfFgGoxX]`)
)

// bounded is format or formatlist with bounded widths.
func bounded(f function.Function) function.Function {
	return guarded(f, func(args []cty.Value) error {
		pattern, ok := textOf(args[0])
		if !ok {
			return nil
		}
		if wideVerb.MatchString(pattern) || strings.Contains(pattern, "*") && strings.Contains(pattern, "%") {
			return &Error{Reason: "A width has at most 4 digits and no *."}
		}
		if numberVerb.MatchString(pattern) && slices.ContainsFunc(args[1:], func(v cty.Value) bool {
			return !Countable(v, cty.Number)
		}) {
			return errHuge
		}
		return nil
	})
}

// matching is a function whose first argument is a pattern of bounded size.
func matching(f function.Function) function.Function {
	return guarded(f, func(args []cty.Value) error {
		if pattern, ok := textOf(args[0]); ok {
			_, err := patternSize(pattern)
			return err
		}
		return nil
	})
}

// maxStates is how large a pattern may become when its repetitions are written out.
const maxStates = 10_000

// patternSize returns how many states a pattern has. What does not parse is left to the function, which says why.
func patternSize(pattern string) (int, error) {
	if len(pattern) > maxStates {
		return 0, &Error{Reason: "A pattern has at most 10,000 characters.", TooMuch: true}
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 1, nil //nolint:nilerr // the function reports it
	}
	n := states(parsed)
	if n > maxStates {
		return 0, &Error{Reason: "A pattern has at most 10,000 states; repetitions count as often as they repeat."}
	}
	return n, nil
}

func states(r *syntax.Regexp) int {
	n := 1 + len(r.Rune)
	for _, sub := range r.Sub {
		n += states(sub)
	}
	if r.Op == syntax.OpRepeat {
		n *= max(r.Max, r.Min, 1)
	}
	return min(n, 1<<30)
}

// replaceFunction is replace as Terraform has it: a pattern between slashes is a regular expression.
func replaceFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "text", Type: cty.String}, {Name: "search", Type: cty.String}, {Name: "replacement", Type: cty.String},
		},
		Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			pattern := args[1].AsString()
			if len(pattern) < 2 || pattern[0] != '/' || pattern[len(pattern)-1] != '/' {
				return stdlib.ReplaceFunc.Call(args)
			}
			pattern = pattern[1 : len(pattern)-1]
			if _, err := patternSize(pattern); err != nil {
				return cty.NilVal, err
			}
			compiled, err := regexp.Compile(pattern)
			if err != nil {
				return cty.NilVal, function.NewArgErrorf(1, "not a regular expression")
			}
			return cty.StringVal(compiled.ReplaceAllString(args[0].AsString(), args[2].AsString())), nil
		},
	})
}

// textOf returns the text of a known string.
func textOf(v cty.Value) (string, bool) {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}
