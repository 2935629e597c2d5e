package main

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iggysink/hclconfig/language"
	"iggysink/internal/findings"
)

// canary stands for every secret. It is a word as well: a secret that lost its quotes must not be told either.
const canary = "canaryOfSecrets7"

// tells reports whether text has the secret in it: as a whole, in upper case or in base64, or a part, as where a message is
// cut off.
func tells(text string) bool {
	const part = 10
	lower := strings.ToLower(text)
	for _, secret := range []string{canary, base64.StdEncoding.EncodeToString([]byte(canary))} {
		secret = strings.ToLower(secret)
		if strings.Contains(lower, secret[:part]) || strings.Contains(lower, secret[len(secret)-part:]) {
			return true
		}
	}
	return false
}

// secretText is a configuration with secret wherever a secret may stand: in every sensitive attribute of the schema, also
// in those that come with later features. Secret is an expression.
func secretText(login, secret string) string {
	var b strings.Builder
	var write func(block *language.Block, indent string)
	write = func(block *language.Block, indent string) {
		for i := range block.Attributes {
			a := &block.Attributes[i]
			switch {
			case block.Name == "iggy" && (a.Name == "token") != (login == "token") && a.Sensitive: // one login, not both
			case a.Template && a.Type.IsMapType():
				fmt.Fprintf(&b, "%s%s = { X-Plain = %s, Authorization = \"Bearer ${%s}\" }\n", indent, a.Name, secret, secret)
			case a.Template && a.Name != "url" && a.Sensitive:
				fmt.Fprintf(&b, "%s%s = \"a ${%s} ${message.id}\"\n", indent, a.Name, secret)
			case a.Template && !a.Sensitive:
			case a.Sensitive && a.Type.IsListType():
				fmt.Fprintf(&b, "%s%s = [%s]\n", indent, a.Name, secret)
			case a.Template:
				fmt.Fprintf(&b, "%s%s = \"http://127.0.0.1:1/a/${%s}?key=${%s}\"\n", indent, a.Name, secret, secret)
			case a.Sensitive && a.Type.IsMapType():
				fmt.Fprintf(&b, "%s%s = { X-Plain = %s, Authorization = \"Bearer ${%s}\" }\n", indent, a.Name, secret, secret)
			case a.Sensitive && strings.HasPrefix(a.Format, "http-url"):
				fmt.Fprintf(&b, "%s%s = \"http://127.0.0.1:1/${%s}\"\n", indent, a.Name, secret)
			case a.Name == "proxy":
				fmt.Fprintf(&b, "%s%s = \"http://user:${%s}@127.0.0.1:1\"\n", indent, a.Name, secret)
			case a.Sensitive:
				fmt.Fprintf(&b, "%s%s = %s\n", indent, a.Name, secret)
			case a.Name == "username" && login != "token":
				fmt.Fprintf(&b, "%susername = \"iggy\"\n", indent)
			case a.Name == "topics":
				fmt.Fprintf(&b, "%stopics = [\"created\"]\n", indent)
			case a.Name == "address":
				fmt.Fprintf(&b, "%saddress = \"127.0.0.1:1\"\n", indent)
			case a.Name == "consumer_group":
				fmt.Fprintf(&b, "%sconsumer_group = \"orders\"\n", indent)
			}
		}
		for _, inner := range block.Blocks {
			if inner.Name == "admin" || inner.Name == "dead_letter" || inner.Name == "tls" || inner.Name == "circuit_breaker" {
				continue // without secrets; their files need not be there
			}
			switch inner.Name {
			case "auth", "signature", "cloudevents", "rate_limit", "compression", "response_items":
				continue // credentialText has those with secrets
			}
			b.WriteString(indent + inner.Name + strings.Repeat(` "orders"`, len(inner.Labels)) + " {\n")
			write(inner, indent+"  ")
			b.WriteString(indent + "}\n")
		}
	}
	write(language.ConfigBlock(), "")
	credentialText(&b, secret)
	return b.String()
}

// credentialText writes a sink for each kind of credential and signature.
func credentialText(b *strings.Builder, secret string) {
	for i, block := range []string{
		`auth "basic" {
    username = "iggy"
    password = SECRET
  }`, `auth "bearer" {
    token = SECRET
  }`, `auth "oauth2" {
    token_url = "http://127.0.0.1:1/${SECRET}"
    client_id = "iggy"
    client_secret = SECRET
    parameters = { resource = SECRET }
  }`, `signature "standard_webhooks" {
    secrets = ["whsec_${SECRET}${SECRET}"]
  }`, `signature "http_message" {
    key_id = "k"
    algorithm = "hmac-sha256"
    key = SECRET
  }`, `signature "hmac" {
    header = "X-Signature"
    secret = SECRET
  }`,
	} {
		fmt.Fprintf(b, "sink \"credential%d\" {\n  url = \"http://127.0.0.1:1/\"\n  %s\n  stream \"orders\" {\n    topics = [\"created\"]\n"+
			"    consumer_group = \"credential%d\"\n  }\n}\n", i, strings.ReplaceAll(block, "SECRET", secret), i)
	}
}

// Blocks that secretText leaves out must have no secrets: a new one shows here.
func TestSecretTextKnowsEverySensitiveAttribute(t *testing.T) {
	text := secretText("password", "X") + secretText("token", "X")
	var visit func(b *language.Block)
	visit = func(b *language.Block) {
		for _, a := range b.Attributes {
			if a.Sensitive && !strings.Contains(text, "  "+a.Name+" = ") {
				t.Errorf("no canary in %s of %s", a.Name, b.Name)
			}
		}
		for _, inner := range b.Blocks {
			visit(inner)
		}
	}
	visit(language.ConfigBlock())
}

// source is one way for a secret to get into a configuration.
type source struct {
	name     string
	prelude  string            // text above the blocks
	secret   string            // the expression that stands for the secret
	isSecret bool              // wherever it is used, not in a sensitive attribute alone
	files    map[string]string // beside the configuration
	env      map[string]string
	args     []string
}

func sources() []source {
	variable := "variable \"secret\" {\n  type = string\n  sensitive = true\n}\n"
	return []source{
		{name: "literal", secret: `"` + canary + `"`},
		{name: "env", secret: `env("THE_SECRET")`, isSecret: true, env: map[string]string{"THE_SECRET": canary}},
		{name: "default of env", secret: `env("NOT_SET", "` + canary + `")`},
		{name: "file", secret: `file("secret.txt")`, isSecret: true, files: map[string]string{"secret.txt": canary}},
		{name: "local", prelude: "locals {\n  secret = \"" + canary + "\"\n}\n", secret: "local.secret"},
		{name: "default of a variable", secret: "var.secret", isSecret: true,
			prelude: "variable \"secret\" {\n  sensitive = true\n  default = \"" + canary + "\"\n}\n"},
		{name: "flag", prelude: variable, secret: "var.secret", isSecret: true, args: []string{"--var", "secret=" + canary}},
		{name: "variable of the environment", prelude: variable, secret: "var.secret", isSecret: true,
			env: map[string]string{"IGGYSINK_VAR_secret": canary}},
		{name: "file of variables", prelude: variable, secret: "var.secret", isSecret: true, args: []string{"--var-file", "the.vars.hcl"},
			files: map[string]string{"the.vars.hcl": "secret = \"" + canary + "\"\n"}},
	}
}

// A breakage makes something wrong at each secret, or around them.
type breakage struct {
	name   string
	secret func(secret string) string // around the expression
	text   func(text string) string   // of the whole
}

func breakages() []breakage {
	around := func(before, after string) func(string) string {
		return func(s string) string { return before + s + after }
	}
	replace := func(old, with string) func(string) string {
		return func(text string) string { return strings.ReplaceAll(text, old, with) }
	}
	word := func(s string) string { return strings.Trim(s, `"`) }
	return []breakage{
		{name: "nothing"},
		{name: "a list", secret: around("[", "]")},
		{name: "a map", secret: around("{ a = ", " }")},
		{name: "a key", secret: around("{ (", ") = 1 }")},
		{name: "an index", secret: around("", "[0]")},
		{name: "an attribute of a text", secret: around("", ".foo")},
		{name: "a sum", secret: around("1 + ", "")},
		{name: "a condition", secret: around("", ` ? "a" : "b"`)},
		{name: "too many arguments", secret: around("upper(", ", 1)")},
		{name: "not JSON", secret: around("jsondecode(", ")")},
		{name: "no pattern", secret: around(`regex("^[0-9]+$", `, ")")},
		{name: "not in a map", secret: around(`lookup({ a = "b" }, `, ")")},
		{name: "an unknown function", secret: around("nosuch(", ")")},
		{name: "in base64", secret: around("base64encode(", ")")},
		{name: "in upper case", secret: around("upper(", ")")},
		{name: "a line break", secret: around(`join("\n", ["x", `, "])")},
		{name: "very long", secret: around(`join("", [for i in [1, 2, 3, 4] : join("-", [`, ", \"x\"])])")},
		{name: "without quotes", secret: word},
		{name: "without the last quote", text: replace(canary+`"`, canary)},
		{name: "something behind it", text: replace(canary+`"`, canary+`" extra`)},
		{name: "an unknown attribute", text: replace(" = ", "_x = ")},
		{name: "set twice", text: func(text string) string {
			lines := strings.SplitAfter(text, "\n")
			return strings.Join(lines, "") + "sink \"twice\" {\n  health_check_url = \"a\"\n  health_check_url = \"" + canary + "\"\n}\n"
		}},
		{name: "not closed", text: func(text string) string { return strings.TrimSuffix(text, "}\n") }},
		{name: "a block in its place", text: func(text string) string { return text + "iggy {\n  password {\n    a = \"" + canary + "\"\n  }\n}\n" }},
		{name: "NUL", text: func(text string) string { return text + "# " + canary + "\x00\n" }},
		{name: "not UTF-8", text: func(text string) string { return text + "# " + canary + "\xff\n" }},
	}
}

// elsewhere uses the secret where a value is usually shown.
func elsewhere(secret string) string {
	return "sink \"elsewhere\" {\n  url = \"http://${" + secret + "}.example/\"\n  retry_delay = " + secret + "\n  max_retries = " + secret +
		"\n  batch_mode = " + secret + "\n  enabled = " + secret + "\n  success_status_codes = [" + secret + "]\n  ordering_key = " + secret +
		"\n  stream \"shop\" {\n    topics = [" + secret + ", " + secret + "]\n    consumer_group = " + secret +
		"\n    start_from = \"x${" + secret + "}\"\n  }\n}\n"
}

// No secret is in what a command prints or writes, whatever is wrong with the configuration it stands in.
func TestNoCommandTellsASecret(t *testing.T) {
	for _, s := range sources() {
		t.Run(s.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for name, value := range s.env {
				t.Setenv(name, value)
			}
			for name, text := range s.files {
				writeFile(t, name, text)
			}
			for _, login := range []string{"password", "token"} {
				for i, b := range breakages() {
					if login == "token" && i%5 > 0 {
						continue // the attributes are alike: a part will do
					}
					secret := s.secret
					if b.secret != nil {
						secret = b.secret(secret)
					}
					text := s.prelude + secretText(login, secret)
					if s.isSecret {
						text += elsewhere(secret)
					}
					if b.text != nil {
						text = b.text(text)
					}
					writeFile(t, "broken.hcl", text)
					sweep(t, b.name+" of a "+login, text, s)
				}
				for _, format := range findings.Formats() { // in which noCanaryInFiles has looked
					if info, err := os.Stat(reportFile(format)); err != nil || info.Size() == 0 {
						t.Errorf("there is no report: %v", err)
					}
				}
				writeFile(t, "valid.hcl", s.prelude+secretText(login, s.secret))
				sweepValid(t, s)
				sweepRendered(t, s)
			}
		})
	}
}

// sweep runs every command that stops at a broken configuration.
func sweep(t *testing.T, name, text string, s source) {
	t.Helper()
	for _, command := range brokenCommands() {
		args := slices.Concat(command, s.args)
		if command[0] == "fmt" { // loads nothing
			args = command
		}
		code, output := captured(t, args...)
		if tells(output) {
			t.Errorf("%s: iggysink %s, exit %d, tells the secret:\n%s\nThe configuration is\n%s", name, strings.Join(args, " "), code,
				around(output), text)
		}
	}
	noCanaryInFiles(t)
}

// brokenCommands are those that load a configuration, each as far as it gets with one that is broken.
func brokenCommands() [][]string {
	reports := []string{"validate", "broken.hcl"}
	for _, format := range findings.Formats() {
		reports = append(reports, "--format", format+"="+reportFile(format))
	}
	return [][]string{
		reports,
		{"validate", "broken.hcl", "--strict-env", "--notes"}, {"validate", "broken.hcl", "--hermetic", "--format", "json"},
		{"run", "broken.hcl", "--once", "--timeout", "1ns"},
		{"dev", "broken.hcl", "--once"},
		{"explain", "--config", "broken.hcl"},
		{"fmt", "--check", "--diff", "broken.hcl"},
		{"render", "broken.hcl", "--sink", "orders"},
		{"probe", "broken.hcl"},
		{"offset", "set", "broken.hcl", "--sink", "orders", "--to", "latest"},
	}
}

// reportFile is where brokenCommands have a report written.
func reportFile(format string) string { return "report." + format }

// sweepValid runs commands on a configuration that is valid, with a server and an endpoint that are not there.
func sweepValid(t *testing.T, s source) {
	t.Helper()
	for _, command := range [][]string{
		{"validate", "valid.hcl"}, {"validate", "valid.hcl", "--format", "json"}, {"validate", "valid.hcl", "--hermetic"}, {"validate", "valid.hcl", "--notes"},
		{"explain", "--config", "valid.hcl"}, {"fmt", "--diff", "valid.hcl"},
		{"probe", "valid.hcl"}, {"probe", "valid.hcl", "--format", "json"},
		{"dev", "valid.hcl", "--once", "--log-level", "debug"},
		{"run", "valid.hcl", "--once", "--timeout", "1ms", "--log-level", "debug", "--log-format", "json"},
	} {
		args := slices.Concat(command, s.args)
		code, output := captured(t, args...)
		if command[0] == "validate" && code != exitOK {
			t.Errorf("%s: the configuration is not valid, and nothing was swept:\n%s", s.name, output)
		}
		if tells(output) {
			t.Errorf("%s: iggysink %s, exit %d, tells the secret:\n%s", s.name, strings.Join(args, " "), code, around(output))
		}
	}
	noCanaryInFiles(t)
}

// templatedText is a sink whose requests are made of messages, and of the secret beside them. What stands in a body is a secret
// where it came from outside.
func templatedText(s source) string {
	text := `
sink "templated" {
  url = "http://127.0.0.1:1/a/${SECRET}-${message.payload.id}/x${SECRET}/${SECRET}?k=${SECRET}${message.id}&${SECRET}=1"
  headers = { X-Mix = "b ${SECRET} ${message.id}", X-Up = "${upper(SECRET)}-${message.id}", X-All = SECRET }
  stream "orders" {
    topics         = ["created"]
    consumer_group = "templated"
  }
`
	if s.isSecret {
		text += `  body = jsonencode({
    id = message.payload.id, s = SECRET, b = base64encode("${SECRET}"), u = upper(SECRET), p = substr(SECRET, 0, 12), t = "a${SECRET}b",
    e = "a ${SECRET}${message.id}"
  })
`
	}
	return strings.ReplaceAll(text, "SECRET", s.secret) + "}\n"
}

// sweepRendered renders requests of every sink that sweepValid has, and of one that is made of messages.
func sweepRendered(t *testing.T, s source) {
	t.Helper()
	text, err := os.ReadFile("valid.hcl")
	if err != nil {
		t.Fatal(err)
	}
	templated := templatedText(s)
	if !s.isSecret { // a query whose name is the secret is written out in the configuration, as a name
		templated = strings.ReplaceAll(templated, "&${"+s.secret+"}=1", "")
	}
	writeFile(t, "valid.hcl", string(text)+templated)
	writeFile(t, "messages", `{"payload": {"id": 1}, "headers": {"tenant": "acme"}}`)
	for _, sink := range []string{"orders", "templated", "credential0", "credential1", "credential2", "credential3", "credential4", "credential5"} {
		for _, more := range []string{"--payloads=false", "--curl"} {
			code, output := captured(t, slices.Concat([]string{"render", "valid.hcl", "--sink", sink, "messages", more}, s.args)...)
			if code != exitOK || !strings.Contains(output, "http://127.0.0.1:1/") {
				t.Errorf("%s: nothing was rendered of %s, and nothing was swept: exit %d\n%s", s.name, sink, code, output)
			}
			if tells(output) {
				t.Errorf("%s: render %s %s tells the secret:\n%s", s.name, sink, more, around(output))
			}
		}
	}
}

// captured runs a command line and returns all that it prints.
func captured(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out syncBuffer // dev writes requests and logs at the same time
	code := run(t.Context(), args, strings.NewReader(""), &out, &out)
	return code, out.String()
}

// around cuts out the place of the canary.
func around(output string) string {
	i := strings.Index(output, canary)
	return output[max(0, i-300):min(len(output), i+300)]
}

// noCanaryInFiles looks at what was written; what the test wrote itself has the canary.
func noCanaryInFiles(t *testing.T) {
	t.Helper()
	own := []string{"broken.hcl", "valid.hcl", "secret.txt", "the.vars.hcl"}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || slices.Contains(own, path) {
			return err
		}
		text, err := os.ReadFile(path)
		if tells(string(text)) {
			t.Errorf("%s has the secret", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
