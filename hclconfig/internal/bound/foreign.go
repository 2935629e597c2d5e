package bound

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/words"
)

// header tells of [NAME] or [[NAME]] on a line of its own. Nothing behind it is told: the file is in another language.
func (s *source) header(first int) (mistake, bool) {
	last, name := s.lastOfLine(first), first
	for s.kind(name) == hclsyntax.TokenOBrack {
		name++
	}
	if s.kind(name) != hclsyntax.TokenIdent || s.kind(last) != hclsyntax.TokenCBrack {
		return mistake{}, false
	}
	return mistake{s.tokens[first].Range, "a block has no brackets around its type", otherLanguage("TOML", s.tokens[name]), true}, true
}

// otherLanguage says how a block is written, to those who write another language.
func otherLanguage(language string, name hclsyntax.Token) string {
	form := `A block is type "label" { ... }, or type { ... }`
	if table := words.ConfigBlock().Child(string(name.Bytes)); table != nil {
		form = fmt.Sprintf("It is %s { ... }", name.Bytes)
		if len(table.Labels) > 0 {
			form = fmt.Sprintf("It is %s \"NAME\" { ... }", name.Bytes)
		}
	}
	return form + ": a configuration is HCL, and this looks like " + language + "."
}
