package hclconfig

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"iggysink/hclconfig/internal/mask"
)

// advice is what a configuration is told: "rule: summary. detail", a line for each finding.
func advice(t *testing.T, text string, files map[string]string, opts Options) string {
	t.Helper()
	all := map[string]string{"a.hcl": text}
	for name, content := range files {
		all[name] = content
	}
	write(t, all)
	if opts.Env == nil {
		opts.Env = environment(map[string]string{"T": "token"})
	}
	_, found := Load([]string{"a.hcl"}, opts)
	var b strings.Builder
	for _, d := range found {
		b.WriteString(d.Rule + ": " + d.Summary + ". " + d.Detail + "\n")
	}
	return b.String()
}

// Who comes from another language is told what takes the place of a function.
func TestFunctionsOfOtherLanguagesHaveAnAdvice(t *testing.T) {
	for name, want := range map[string]string{
		"uuid": "Its result differs", "nonsensitive": "stays sensitive", "getenv": `env("NAME")`, "md5": "sha256()",
		"filebase64": "base64encode(file(PATH))", "filesha256": "sha256(file(PATH))", "filesha512": "sha512(file(PATH))",
		"base64gzip": "read it with env() or file()", "yamlencode": "jsonencode()", "templatestring": "format()", "list": "tolist()",
		"map": "tomap()", "alltrue": "!contains(LIST, false)", "anytrue": "contains(LIST, true)", "coalescelist": "length(LIST) > 0",
		"chunklist": "for: [for NAME in LIST", "basename": "path.module", "strlen": "length()", "implode": "join()", "tolower": `"lower"`,
		"toupper": `"upper"`, "urlescape": `"urlencode"`,
	} {
		got := advice(t, sinkOf(`"http://127.0.0.1/"`, "  content_type = "+name+`("a")`), nil, Options{})
		assert.Contains(t, got, "unknown-function", name)
		assert.Contains(t, got, want, name)
	}
}

func TestWhatIsWrongWithATemplateFile(t *testing.T) {
	const call = `  content_type = templatefile("body.tmpl", { name = "x", items = ["a"] })`
	for content, want := range map[string]string{
		"a ${name":      "is not closed",
		"a ${other}":    "no value for a name in it",
		"a ${items}":    "A value cannot be part of a text",
		"${items}":      "single value that is not text",
		"${upper(name)": "is not closed",
		"${" + strings.Repeat("(", 200) + "name" + strings.Repeat(")", 200) + "}": "At most",
	} {
		got := advice(t, sinkOf(`"http://127.0.0.1/"`, call), map[string]string{"body.tmpl": content}, Options{})
		assert.Contains(t, got, want, content)
	}
	assert.NotContains(t, advice(t, sinkOf(`"http://127.0.0.1/"`, call), map[string]string{"body.tmpl": "text/${name}"}, Options{}), "error")
	got := advice(t, sinkOf(`"http://127.0.0.1/"`, call), nil, Options{Hermetic: true, Unknowns: true})
	assert.NotContains(t, got, "invalid-file", "nobody looks at a file that may not be there")
	exists := `  content_type = fileexists("body.tmpl") ? "a/b" : "c/d"`
	assert.NotContains(t, advice(t, sinkOf(`"http://127.0.0.1/"`, exists), nil, Options{Hermetic: true, Unknowns: true}), "file")
	got = advice(t, sinkOf(`"http://127.0.0.1/"`, `  content_type = fileexists("folder") ? "a/b" : "c/d"`),
		map[string]string{"folder/x": ""}, Options{})
	assert.Contains(t, got, "folder, a pipe or a device")
}

func TestWhatIsWrongWithVariablesAndLocals(t *testing.T) {
	const used = "  content_type = var.a\n"
	for text, want := range map[string]string{
		"variable \"a\" {\n  default = \"x\"\n  validation {\n    condition     = null\n    error_message = \"m\"\n  }\n}":         "condition must be true or false",
		"variable \"a\" {\n  default = \"x\"\n  validation {\n    condition     = var.a == \"y\"\n    error_message = [1]\n  }\n}": "error_message must be a string",
		"variable \"a\" {\n  default = \"x\"\n}\nlocals {\n  b = 1\n  b = 2\n}":                                                    "an attribute is set twice",
		"variable \"a\" {\n  default = \"x\"\n}\nlocals {\n  b {\n  }\n}":                                                          "locals",
	} {
		assert.Contains(t, advice(t, text+"\n"+sinkOf(`"http://127.0.0.1/"`, used), nil, Options{}), want, text)
	}
	declared := "variable \"a\" {\n  type = list(string)\n}\n" + sinkOf(`"http://127.0.0.1/"`, "  content_type = var.a[0]\n")
	assert.Contains(t, advice(t, declared, nil, Options{Vars: map[string]string{"a": "[\n\n" + strings.Repeat("(", 200) + "1]"}}), "At most")
	assert.Contains(t, advice(t, declared, nil, Options{Vars: map[string]string{"a": "[\n1 1]"}}), "of its line 2")
	plain := "variable \"a\" {\n  type = string\n}\n" + sinkOf(`"http://127.0.0.1/"`, used)
	assert.Contains(t, advice(t, plain, nil, Options{Vars: map[string]string{"a": "\xff"}}), "is not UTF-8 text")
	got := advice(t, plain, map[string]string{"v.vars.hcl": "block {\n}\na = \"x\"\n"}, Options{VarFiles: []string{"v.vars.hcl"}})
	assert.Contains(t, got, "a file of variables takes no blocks")
}

func TestWhatIsWrongWithURLsAndDurations(t *testing.T) {
	for attribute, want := range map[string]string{
		`timeout = "5 parsecs"`: "unit", `timeout = "5x"`: "unit", `timeout = "1h-5s"`: "duration", `timeout = "s5"`: "duration",
		`health_check_url = "ftp://h/"`: "scheme", `health_check_url = "http://h:99999/"`: "port",
	} {
		assert.Contains(t, advice(t, sinkOf(`"http://127.0.0.1/"`, "  "+attribute), nil, Options{}), want, attribute)
	}
	for name, value := range map[string]string{"FTP": "ftp://h/", "PORT": "http://h:99999/"} {
		got := advice(t, sinkOf(`"http://127.0.0.1/"`, `  health_check_url = env("`+name+`")`), nil,
			Options{Env: environment(map[string]string{"T": "token", name: value})})
		assert.Contains(t, got, "invalid-url", name)
		assert.NotContains(t, got, value)
	}
}

func TestFilesThatFileDoesNotTake(t *testing.T) {
	for content, want := range map[string]string{strings.Repeat("x", 1<<20+1): "more than 1 MiB", "\xff\xfe": "UTF-8"} {
		got := advice(t, sinkOf(`"http://127.0.0.1/"`, `  content_type = file("f")`), map[string]string{"f": content}, Options{})
		assert.Contains(t, got, want)
	}
}

func TestValuesThatOthersImply(t *testing.T) {
	text := login + `
sink "buried" {
  url              = "http://127.0.0.1:1/orders"
  health_check_url = "https://${env("HOST")}/secret"
  headers          = { A = "a", B = env("T") }
  dead_letter "file" {
    path = "d.jsonl"
  }
  stream "shop" {
    topics = ["created"]
  }
}
sink "blocked" {
  url = env("URL")
  stream "shop" {
    topics = ["created"]
  }
}
`
	write(t, map[string]string{"a.hcl": text})
	result, found := Load([]string{"a.hcl"}, Options{
		Env: environment(map[string]string{"T": "token", "URL": "http://h.test/path-secret", "HOST": "h.test"}),
	})
	assert.False(t, found.HasErrors(), "%v", found)
	texts := func(kind []string, name string) (all []string) {
		for _, v := range result.Values(kind, attributeOf(t, kind, name)) {
			all = append(all, v.Text)
		}
		return all
	}
	assert.Equal(t, []string{`"dead_letter"`, `"block"`}, texts([]string{"sink"}, "on_rejected"))
	groups := texts([]string{"sink", "stream"}, "consumer_group")
	assert.Len(t, groups, 2)
	assert.Contains(t, groups[0], "buried")
	assert.Equal(t, []string{mask.Hidden, "{}"}, texts([]string{"sink"}, "headers"))
	for _, url := range texts([]string{"sink"}, "url") {
		assert.NotContains(t, url, "path-secret")
	}
}

func TestExpressionsOverAMessageThatCannotBe(t *testing.T) {
	for attribute, want := range map[string]string{
		`headers = { for k, v in message.headers : k => v }`: "{ NAME = VALUE } or merge()",
		`headers = { A = message.nothing }`:                  "there is no attribute",
		`body = message`:                                     "message",
		`body = "${message.payload.a.b[0].c} ${message}"`:    "cannot be part of a text",
	} {
		assert.Contains(t, advice(t, sinkOf(`"http://127.0.0.1/"`, "  "+attribute), nil, Options{}), want, attribute)
	}
	for _, attribute := range []string{
		`headers = { (env("UNSET")) = message.topic }`, `headers = merge(jsondecode(env("UNSET")), { A = message.topic })`,
		`headers = { A = "${env("UNSET")}-${message.topic}" }`, `body = "${env("UNSET")}-${message.topic}"`,
	} {
		got := advice(t, sinkOf(`"http://127.0.0.1/"`, "  "+attribute), nil, Options{Unknowns: true})
		assert.NotContains(t, got, "message-expression", attribute)
	}
}

func TestWhatIsWrongInJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{"locals": {"b": 1, "b": 2}}`: "A local has one value",
		`{"locals": [1]}`:              "object",
		`{"locals": {"b": 1}, "variable": {"v": {"type": "list(", "default": 1}}}`: "type",
		`{"variable": {"v": {"type": 5}}}`:                                         "type",
		`{"variable": {"v": {"type": "` + strings.Repeat("(", 200) + `"}}}`:        "type",
		`{"sink": {"url": "http://h/"}}`:                                           "label",
	} {
		write(t, map[string]string{"a.hcl.json": text})
		_, found := Load([]string{"a.hcl.json"}, Options{})
		var b strings.Builder
		for _, d := range found {
			b.WriteString(d.Rule + ": " + d.Summary + ". " + d.Detail + "\n")
		}
		assert.Contains(t, b.String(), want, text)
	}
}
