package function

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// codecs are the functions that encode, decode and hash.
func codecs() map[string]function.Function {
	return map[string]function.Function{
		"base64encode": textFunction(func(s string) (string, error) {
			return base64.StdEncoding.EncodeToString([]byte(s)), nil
		}),
		"base64decode": textFunction(decodeBase64),
		"csvdecode":    stdlib.CSVDecodeFunc,
		"jsondecode":   decoding(stdlib.JSONDecodeFunc, true), "jsonencode": stdlib.JSONEncodeFunc,
		"sha256": textFunction(func(s string) (string, error) {
			sum := sha256.Sum256([]byte(s))
			return hex.EncodeToString(sum[:]), nil
		}),
		"sha512": textFunction(func(s string) (string, error) {
			sum := sha512.Sum512([]byte(s))
			return hex.EncodeToString(sum[:]), nil
		}),
		"urlencode":  textFunction(func(s string) (string, error) { return url.QueryEscape(s), nil }),
		"yamldecode": withoutAliases(decoding(ctyyaml.YAMLDecodeFunc, false)),
	}
}

func decodeBase64(s string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err == nil && !utf8.Valid(b) {
		err = errors.New("not UTF-8")
	}
	return string(b), err
}

// quoted are the strings of JSON: what looks like a number in them is none. YAML has other quotes, and words with quotes in
// them.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// decoding is jsondecode or yamldecode for text without huge numbers and deep nesting.
func decoding(f function.Function, isJSON bool) function.Function {
	return guarded(f, func(args []cty.Value) error {
		text, ok := textOf(args[0])
		if !ok {
			return nil
		}
		if isJSON {
			text = quoted.ReplaceAllString(text, `""`)
		}
		depth, deepest, start := 0, 0, -1
		for i := 0; i <= len(text); i++ {
			if i < len(text) && strings.IndexByte("0123456789.+-eE_", text[i]) >= 0 {
				if start < 0 {
					start = i
				}
				continue
			}
			if start >= 0 && !IsBounded(strings.ReplaceAll(text[start:i], "_", "")) {
				return errHuge
			}
			if start = -1; i == len(text) {
				break
			}
			switch text[i] {
			case '{', '[':
				depth++
				deepest = max(deepest, depth)
			case '}', ']':
				depth--
			}
		}
		if deepest > maxNesting {
			return &Error{Reason: "Its argument nests too deep."}
		}
		return nil
	})
}

// alias is where YAML repeats what an anchor names.
var alias = regexp.MustCompile(`(^|[\s,:\[{-])\*[^\s*]`)

// withoutAliases refuses the aliases of YAML: a few lines of them stand for gigabytes.
func withoutAliases(f function.Function) function.Function {
	return guarded(f, func(args []cty.Value) error {
		if text, ok := textOf(args[0]); ok && alias.MatchString(text) {
			return &Error{Reason: "Aliases (*name) are not supported in YAML."}
		}
		return nil
	})
}

// maxNesting is how deep a text may nest that is decoded.
const maxNesting = 100
