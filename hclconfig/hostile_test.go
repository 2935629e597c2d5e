package hclconfig

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEncodings(t *testing.T) {
	for name, text := range map[string]string{
		"a NUL": "a = \"\x00\"", "UTF-16": "\xff\xfei\x00", "big-endian UTF-16": "\xfe\xff\x00i",
		"no UTF-8": "{\"a\": \"\xff\"}", "a cut character": "a = \"\xe2\x82",
	} {
		for _, file := range []string{"a.hcl", "a.hcl.json"} {
			require.Contains(t, loadText(file, text), "[invalid-encoding]", name)
		}
	}
}

func TestWindowsLineBreaks(t *testing.T) {
	c := loadOne(t, "a.hcl", strings.ReplaceAll(sinkOf(`"http://127.0.0.1/"`, ""), "\n", "\r\n"))
	require.Len(t, c.Sinks, 1)
}

// A name may be as long as a file. A log has no use for it.
func TestFindingsAboutLongNames(t *testing.T) {
	long := strings.Repeat("a", 100_000)
	for _, text := range []string{long + " = 1\n", long + " {}\n", "sink \"a\" {\n  url = var." + long + "\n}\n",
		"variable \"" + long + "\" {}\n", "sink \"" + long + "\" {\n  timeout = \"x\"\n}\n"} {
		if found := loadText("a.hcl", text); len(found) > 10_000 {
			t.Errorf("%.20s... has %d bytes of findings", text, len(found))
		}
	}
}

func TestWhatIsNoFile(t *testing.T) {
	write(t, map[string]string{"folder.hcl/a.txt": "", "good/a.hcl": sinkOf(`"http://127.0.0.1/"`, "")})
	require.NoError(t, os.Symlink("loop.hcl", "loop.hcl"))
	require.NoError(t, os.Symlink("../good", "good/up"))
	makePipe(t, "pipe.hcl")
	require.NoError(t, os.WriteFile("large.hcl", nil, 0o600))
	require.NoError(t, os.Truncate("large.hcl", 100<<20))
	require.NoError(t, os.WriteFile("blocks.hcl", []byte(strings.Repeat("a {}\n", 1_000_000)), 0o600))
	for path, want := range map[string]string{
		"absent.hcl": "[unreadable-file]\n  absent.hcl:0:0\n  It does not exist.",
		"loop.hcl":   "[unreadable-file]\n  loop.hcl:0:0\n  Its links lead in a circle.",
		"pipe.hcl":   "[unreadable-file]\n  pipe.hcl:0:0\n  It is a folder, a pipe or a device.",
		"folder.hcl": "[no-configuration]",
		"large.hcl":  "[file-too-large]",
		"blocks.hcl": "[file-too-large]",
		".":          "[unreadable-file]\n  folder.hcl:0:0",
		"good":       "nothing to say",
	} {
		result, found := Load([]string{path}, Options{Env: environment(map[string]string{"T": "x"})})
		require.Contains(t, inWords(result, found), want, path)
	}
	result, found := Load(nil, Options{})
	require.Contains(t, inWords(result, found), "[no-configuration]")
}

// canary is a secret that must be in no finding.
const canary = "hunter2xyz"

// Whatever goes wrong, and wherever the secret stands, no finding shows it.
func TestNoFindingShowsASecret(t *testing.T) {
	bodies := []string{
		"iggy {\n  token = %s\n  password = %[1]s\n}", "iggy {\n  address = %s\n}", "iggy {\n  tokn = %s\n}",
		"iggy {\n  token = %s", "iggy {\n  token = %s %[1]s\n}", "iggy { token = %s password = 1 }", "locals {\n  a = %s\n  a = %[1]s\n}",
		"locals {\n  address = %s\n  address = 1\n}", "locals {\n  a = jsondecode(%s)\n}", "locals {\n  a = upper(%s, 1)\n}",
		"locals {\n  a = 5 + %s\n}", "locals {\n  a = {}[%s]\n}", "locals {\n  a = regex(%s, %[1]s)\n}", "locals {\n  a = base64decode(%s)\n}",
		"locals {\n  a = file(%s)\n}", "variable \"v\" {\n  type = number\n  default = %s\n}", "variable \"v\" {\n  default = upper(%s)\n}",
		"sink \"a\" {\n  url = %s\n}", "sink \"a\" {\n  url = upper(%s)\n}", "sink \"a\" {\n  url = \"http://${%s}\"\n}",
		"sink \"a\" {\n  url = \"http://${%s}@h/${topic}\"\n}", "sink \"a\" {\n  headers = { A = %s, A = 1 }\n}",
		"sink \"a\" {\n  headers = {\n    Content-Type = %s\n  }\n}", "sink \"a\" {\n  headers = %s\n}",
		"sink \"a\" {\n  headers = { Authorization = %s }\n  timeout = \"5\" # %[1]s\n}", "sink \"a\" {\n  health_check_url = %s\n}",
		"sink \"a\" {\n  rate_limit = %s\n}", "sink \"a\" {\n  wrong = %s\n}", "sink %s {\n", "iggy {\n  token = <<EOT\n%s\nEOT\n password = 1\n}",
		"/* %s */ wrong = 1", "iggy {\n  tls = { ca_file = %s }\n}", "sink \"a\" {\n  tls {\n    ca_file = 1\n    x = %s\n  }\n}",
	}
	for _, name := range []string{"timeout", "method", "retry_delay", "max_retries", "enabled", "content_type", "ordering_key",
		"success_status_codes", "batch_mode", "health_check_url", "url"} {
		bodies = append(bodies, "sink \"a\" {\n  "+name+" = %s\n}", "sink \"a\" {\n  "+name+" = \"%s\"\n}")
	}
	values := []string{`"` + canary + `"`, canary, `env("S")`, `env("NONE", "` + canary + `")`, `file("s.txt")`, `var.s`,
		`"x${env("S")}"`, `"` + canary, `'` + canary + `'`, `{ "` + canary + `" = 1 }`, `["` + canary + `"]`}
	for _, body := range bodies {
		for _, value := range values {
			if attribute := strings.Contains(body, `"%s"`); attribute && strings.HasPrefix(value, `"`) {
				continue
			}
			if strings.HasPrefix(value, "{") && strings.Contains(body, "headers = %s") { // the name of a header is none
				continue
			}
			if strings.HasPrefix(value, `"h`) && strings.Contains(body, "file(%s)") { // nor is that of a file
				continue
			}
			if isPlain(body, value) { // a literal that is no secret: the user shall see it
				continue
			}
			text := fmt.Sprintf(body, value) + "\nvariable \"s\" {\n  sensitive = true\n}\n"
			write(t, map[string]string{"a.hcl": text, "s.txt": canary})
			for _, opts := range []Options{{}, {Unknowns: true}} {
				opts.Env = environment(map[string]string{"S": canary, "IGGYSINK_VAR_s": canary})
				result, found := Load([]string{"a.hcl"}, opts)
				if said := inWords(result, found); strings.Contains(said, canary) {
					t.Errorf("%s\nsays\n%s", text, said)
				}
			}
		}
	}
}

// isPlain reports whether the secret would be written as the value or the label of something that is not sensitive.
func isPlain(body, value string) bool {
	if !strings.Contains(value, canary) || strings.HasPrefix(value, "env(") {
		return false
	}
	for _, word := range []string{"token", "password", "url", "headers", "locals", "variable", "wrong", "tokn", "rate_limit", "tls ", "/*", " x "} {
		if strings.Contains(body, word) && !strings.Contains(body, "timeout = %s") {
			return false
		}
	}
	return true
}

// The same in JSON, whether the file parses or not.
func TestNoFindingShowsASecretInJSON(t *testing.T) {
	for _, body := range []string{`{"iggy": {"token": "%s", "wrong": 1}}`, `{"iggy": {"token": "%s",}}`, `{"iggy": {"token": ["%s"]}}`,
		`{"iggy": {"token": {"a": "%s"}}}`, `{"iggy": {"tokn": "%s"}}`, `{"iggy": "%s"}`, `{"iggy": {"token": "%s`, `["%s"]`, `"%s"`,
		`{"locals": {"a": "${upper(\"%s\", 1)}"}}`, `{"sink": {"a": {"url": "%s"}}}`, `{"sink": {"a": {"headers": {"A": "%s\n"}}}}`,
		`{"sink": {"a": {"headers": "%s"}}}`, `{"sink": {"a": {"timeout": "${env(\"NONE\", \"%s\")}"}}}`,
		`{"sink": {"a": {"timeout": "${\u0065nv(\"NONE\", \"%s\")}"}}}`, `{"sink": {"a": {"url": "${upper(topic)}%s"}}}`,
		`{"iggy": {"token": "${%s}", "wrong": 1}}`, `{"iggy": {"tokn": "${var.v}%s${upper(%[1]s)}"}}`, `{"iggy": {"tokn": "${%s"}}`,
		`{"iggy": {"tokn": "%%{ if true }%s%%{ endif }"}}`, `{"iggy": {"tokn": "$${%s}"}}`, `{"iggy": {"tokn": "${var.v /* %s */}"}}`,
		`{"iggy": {"tokn": "${ {%s = 1}"}}`, `{"iggy": {"tokn": "\n\"${var.v} %s"}}`,
		`{"variable": {"v": {"type": "number", "default": "%s"}}}`, `{"iggy": {"token": %s}}`, `{"iggy": %s`} {
		write(t, map[string]string{"a.hcl.json": fmt.Sprintf(body, canary)})
		result, found := Load([]string{"a.hcl.json"}, Options{Env: environment(nil)})
		require.NotEmpty(t, found)
		require.NotContains(t, inWords(result, found), canary, body)
	}
}

func TestFormat(t *testing.T) {
	got, found := Format("a.hcl", []byte("iggy{\naddress=\"a\"\n  username   = \"b\"\n}\n"))
	require.Empty(t, found)
	require.Equal(t, "iggy {\n  address  = \"a\"\n  username = \"b\"\n}\n", string(got))
	again, found := Format("a.hcl", got)
	require.Empty(t, found)
	require.Equal(t, string(got), string(again))
	got, found = Format("a.hcl", []byte("iggy {\n  password = \""+canary+"\" x\n"))
	require.Nil(t, got)
	require.True(t, found.HasErrors())
	require.NotContains(t, inWords(&Result{}, found), canary)
	require.Equal(t, 2, found[0].Snippet.Line)
}

// Load ends, without a panic, on any text in both syntaxes, and every finding has a rule and a sound snippet.
func FuzzLoad(f *testing.F) {
	for _, v := range vectors(f) {
		if strings.HasSuffix(v.path, "work.txtar") { // it takes as long as an expression may
			continue
		}
		for _, file := range v.archive.Files {
			f.Add(file.Data, strings.HasSuffix(file.Name, ".json"))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, isJSON bool) {
		name := "a.hcl"
		if isJSON {
			name += ".json"
		}
		write(t, map[string]string{name: string(text)})
		for _, unknowns := range []bool{false, true} {
			result, found := Load([]string{name}, Options{Env: environment(nil), Unknowns: unknowns})
			for _, d := range found {
				if s := d.Snippet; s != nil && (s.Start < 0 || s.End < s.Start || s.End > len(s.Code)) {
					t.Fatalf("highlight %d-%d of %q", s.Start, s.End, s.Code)
				}
			}
			_ = inWords(result, found)
		}
	})
}
