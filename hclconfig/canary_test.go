package hclconfig

import (
	"fmt"
	"strings"
	"testing"

	"iggysink/hclconfig/internal/words"
)

// sweepBodies returns a configuration for each attribute of the language, in each place that can set it; %s is its value.
func sweepBodies() []string {
	const stream = "  stream \"s\" {\n    topics = [\"t\"]\n  }\n"
	bodies := []string{
		"sink \"a\" {\n  for_each = %s\n  url = \"x\"\n}", "sink \"a\" {\n  for_each = toset([%s])\n  url = each.key\n}",
		"sink \"a\" {\n  for_each = { (%s) = 1 }\n  url = each.key\n}",
		"sink \"a\" {\n  dynamic \"stream\" {\n    for_each = [%s]\n    labels = [stream.value]\n    content {\n      topics = [stream.value, stream.value]\n    }\n  }\n}",
		"sink \"a\" {\n  dynamic \"dead_letter\" {\n    for_each = toset([%s])\n    labels = [dead_letter.key]\n    content {\n      path = \"x\"\n    }\n  }\n}",
		"variable \"v\" {\n  type = string\n  validation {\n    condition = %s\n    error_message = %[1]s\n  }\n}",
		"variable \"v\" {\n  validation {\n    condition = %s == \"\"\n    error_message = \"no ${%[1]s}\"\n  }\n}",
		"locals {\n  a = %s\n  b = local.a.b\n  c = local.a[0]\n  d = [for x in local.a : x]\n  e = jsondecode(local.a)[local.a]\n}",
		"locals {\n  a = { (%s) = 1 }\n  b = local.a.none\n  c = file(%[1]s)\n  d = env(%[1]s)\n  e = toset(%[1]s)\n}",
		"# iggysink:ignore literal-secret it is public\nsink \"a\" {\n  url = %s\n}",
	}
	var visit func(table *words.Block, open, shut string)
	visit = func(table *words.Block, open, shut string) {
		for i := range table.Attributes {
			name := table.Attributes[i].Name
			for _, value := range []string{"%s", "[%s, %[1]s]", "{ A = %s }"} {
				bodies = append(bodies, open+name+" = "+value+"\n"+shut)
			}
		}
		for _, b := range table.Blocks {
			label := ""
			if len(b.Labels) > 0 {
				label = ` "file"`
			}
			visit(b, open+b.Name+label+" {\n", "}\n"+shut)
		}
	}
	visit(words.ConfigBlock(), "", "")
	for i := range words.ConfigBlock().Child("sink").Attributes {
		name := words.ConfigBlock().Child("sink").Attributes[i].Name
		bodies = append(bodies, "defaults {\n  "+name+" = %s\n}\nsink \"a\" {\n"+stream+"}\nsink \"b\" {\n"+stream+"}",
			"sink \"a\" {\n  for_each = { k = %s }\n  "+name+" = each.value\n"+stream+"}")
	}
	return bodies
}

// Whatever attribute a secret fills, in whatever place, and whatever is wrong with it: no finding shows it.
func TestNoAttributeShowsASecret(t *testing.T) {
	values := []string{canary, "http://u:" + canary + "@example.com/" + canary, canary + "\n", "5" + canary,
		`{"` + canary + `": "` + canary + `"}`}
	write(t, map[string]string{"s.txt": canary})
	findings := 0
	for _, body := range sweepBodies() {
		for _, expr := range []string{`env("S")`, `var.s`} {
			text := login + fmt.Sprintf(body, expr) + "\nvariable \"s\" {\n  sensitive = true\n}\n"
			for _, value := range values {
				env := environment(map[string]string{"S": value, "IGGYSINK_VAR_s": value, "T": "t"})
				result, found := Load([]string{"a.hcl"}, Options{Env: env, Vars: map[string]string{},
					Texts: map[string][]byte{"a.hcl": []byte(text)}})
				findings += len(found)
				if words := inWords(result, found); strings.Contains(words, canary) {
					t.Fatalf("%s\nwith %q says\n%s", text, value, words)
				}
			}
		}
	}
	if findings == 0 {
		t.Error("nothing was found: the sweep looks at nothing")
	}
}
