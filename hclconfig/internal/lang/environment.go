package lang

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
)

// nearMisses tells of environment variables that are close to that of a declared variable, and give none a value: the name
// behind the prefix is that of the variable, in its own case, which few expect of an environment.
func (s *Scope) nearMisses() {
	if s.Settings.Hermetic || s.Settings.EnvNames == nil || s.Partial {
		return
	}
	for _, set := range slices.Sorted(slices.Values(s.Settings.EnvNames())) {
		name, ours := cutPrefixFold(set, envPrefix)
		exact := strings.HasPrefix(set, envPrefix)
		if !ours || exact && s.variables[name] != nil {
			continue
		}
		v := s.nearest(name)
		if v == nil {
			continue
		}
		if _, given := s.lookUp(envPrefix + v.name); given { // somebody spelled it right, too, or case makes no difference here
			continue
		}
		why := ""
		if strings.EqualFold(name, v.name) {
			why = "Upper and lower case differ."
		}
		s.At(v.rng, "ignored-environment", fmt.Sprintf("the environment variable %s gives no variable a value", mask.Printable(set)),
			finding.Join(why, finding.YouMean(envPrefix+v.name)))
	}
}

// cutPrefixFold is strings.CutPrefix, whatever the case of the prefix.
func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

// nearest returns the variable whose name is the same but for its case or its separators, or the closest one.
func (s *Scope) nearest(name string) *variable {
	plain := func(s string) string { return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s)) }
	for _, declared := range s.variableNames() {
		if plain(declared) == plain(name) {
			return s.variables[declared]
		}
	}
	names := s.variableNames()
	return s.variables[cmp.Or(s.Closest(name, names), s.Closest(strings.ToLower(name), names))]
}
