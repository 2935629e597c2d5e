package hclconfig

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// environment makes Options.Env of pairs.
func environment(pairs map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, set := pairs[name]
		return value, set
	}
}

// write puts files into a new folder, which becomes the working directory.
func write(t testing.TB, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	t.Chdir(dir)
}

// loadOne loads one file of that text, which must have no errors.
func loadOne(t testing.TB, name, text string) *schema.Config {
	t.Helper()
	write(t, map[string]string{name: text})
	result, found := Load([]string{name}, Options{Env: environment(map[string]string{"T": "secret"}), LeaveFiles: true})
	require.False(t, found.HasErrors(), inWords(result, found))
	return result.Config
}

const login = "iggy {\n  token = env(\"T\")\n}\n"

func sinkOf(url, more string) string {
	return login + fmt.Sprintf(`sink "orders" {
  url = %s
  stream "shop" {
    topics         = ["created"]
    consumer_group = "g"
  }
%s
}
`, url, more)
}

func TestTheExampleOfTheLanguage(t *testing.T) {
	for _, v := range vectors(t) {
		if filepath.Base(v.path) != "example.txtar" {
			continue
		}
		result, found := v.load(t)
		require.False(t, found.HasErrors())
		c := result.Config
		require.Len(t, c.Sinks, 2)
		orders, alerts := &c.Sinks[0], &c.Sinks[1]
		require.Equal(t, "p", c.Iggy.Password.Reveal())
		require.Equal(t, "ca.pem", c.Iggy.TLS.CAFile)
		require.Equal(t, "http://127.0.0.1:9090/ingest/a%2Fb", orders.URL.Fill(schema.Partition{Topic: "a/b"}))
		require.Equal(t, "Bearer t", orders.Headers["Authorization"].Source())
		require.Equal(t, "acme", orders.Headers["X-Tenant"].Source())
		require.Equal(t, []string{"created", "updated"}, orders.Streams[0].Topics)
		require.Equal(t, 500, orders.Streams[0].BatchLength)
		require.Equal(t, schema.OnRejectedDeadLetter, orders.RejectedPolicy())
		require.False(t, alerts.IncludeMetadata)
		require.True(t, alerts.Enabled, "an absent attribute has its default")
		require.Equal(t, []int{200, 201, 202, 204}, alerts.SuccessStatusCodes)
		require.Equal(t, "iggysink-alerts", alerts.Group(&alerts.Streams[0]))
		return
	}
	t.Fatal("the example is gone")
}

func TestNullIsAbsentAndZeroStays(t *testing.T) {
	c := loadOne(t, "a.hcl", sinkOf(`"http://127.0.0.1/"`, "timeout = null\nmax_retries = 0\nretry_backoff_multiplier = \"2.5\"\nmax_payload_size_bytes = 9223372036854775807"))
	require.Equal(t, 30*time.Second, c.Sinks[0].Timeout.Std())
	require.Equal(t, 0, c.Sinks[0].MaxRetries)
	require.Equal(t, 2.5, c.Sinks[0].RetryBackoffMultiplier)
	require.Equal(t, 9223372036854775807, c.Sinks[0].MaxPayloadSizeBytes)
}

func TestURLTemplates(t *testing.T) {
	p := schema.Partition{Stream: "s", Topic: "t", ID: 7}
	for _, tt := range []struct{ url, want string }{
		{`"http://127.0.0.1/${stream}/${topic}/${partition}"`, "http://127.0.0.1/s/t/7"},
		{`"http://127.0.0.1/${(topic)}"`, "http://127.0.0.1/t"},
		{`"http://127.0.0.1/$${topic}"`, "http://127.0.0.1/${topic}"},
		{`"http://127.0.0.1/$$${topic}"`, "http://127.0.0.1/$${topic}"},
		{`"http://127.0.0.1/${"$"}${topic}"`, "http://127.0.0.1/%24t"},
		{`"http://127.0.0.1/${upper("x")}/${topic}$"`, "http://127.0.0.1/X/t$"},
		{`env("T") == "x" ? "http://a.example/" : "http://127.0.0.1/"`, "http://127.0.0.1/"},
	} {
		t.Run(tt.url, func(t *testing.T) {
			c := loadOne(t, "a.hcl", sinkOf(tt.url, ""))
			require.Equal(t, tt.want, c.Sinks[0].URL.Fill(p))
		})
	}
}

// A function or a condition would see a stand-in, and not the topic.
func TestFieldsInExpressionsAreRefused(t *testing.T) {
	for _, url := range []string{
		`upper("http://127.0.0.1/${topic}")`, `"http://127.0.0.1/${upper(topic)}"`, `"http://127.0.0.1/${length(topic)}"`,
		`topic == "x" ? "http://127.0.0.1/a" : "http://127.0.0.1/b"`, `"http://127.0.0.1/${[topic][0]}"`,
		`"http://127.0.0.1/%{ if topic == "x" }a%{ endif }"`, `"http://127.0.0.1/${topic.name}"`,
	} {
		text := sinkOf(url, "")
		quoted, err := json.Marshal("${" + url + "}")
		require.NoError(t, err)
		for name, text := range map[string]string{"a.hcl": text,
			"a.hcl.json": `{"sink": {"a": {"url": ` + string(quoted) + `, "stream": {"s": {"topics": ["t"]}}}}}`} {
			write(t, map[string]string{name: text})
			result, found := Load([]string{name}, Options{Env: environment(map[string]string{"T": "x"})})
			require.Contains(t, inWords(result, found), "[template-field]", "%s: %s", name, url)
		}
	}
}

func TestNativeAndJSONGiveTheSame(t *testing.T) {
	native := loadOne(t, "a.hcl", login+`
variable "host" {
  default = "127.0.0.1"
}
locals {
  names = ["x", "y"]
}
admin {
  address = "${var.host}:0"
}
sink "a" {
  url     = "http://${var.host}/${topic}?q=$${x}"
  headers = { A = "b", C = env("T") }
  stream "s" {
    topics         = [for n in local.names : upper(n)]
    consumer_group = "g"
  }
  stream "t" {
    topics         = local.names
    consumer_group = "g"
    batch_length   = 5
  }
  tls {
    ca_file = "x/ca.pem"
  }
}`)
	twin := loadOne(t, "a.hcl.json", `{
  "iggy": {"token": "${env(\"T\")}"},
  "variable": {"host": {"default": "127.0.0.1"}},
  "locals": {"names": ["x", "y"]},
  "admin": {"address": "${var.host}:0"},
  "sink": {"a": {
    "url": "http://${var.host}/${topic}?q=$${x}",
    "headers": {"A": "b", "C": "${env(\"T\")}"},
    "stream": [
      {"s": {"topics": "${[for n in local.names : upper(n)]}", "consumer_group": "g"}},
      {"t": {"topics": "${local.names}", "consumer_group": "g", "batch_length": 5}}
    ],
    "tls": {"ca_file": "x/ca.pem"}
  }}
}`)
	compareSecrets := cmp.Comparer(func(a, b schema.Secret) bool { return a.Reveal() == b.Reveal() })
	require.Empty(t, cmp.Diff(native, twin, compareSecrets))
	require.Equal(t, "secret", twin.Sinks[0].Headers["C"].Source())
}

func TestPathsStartAtTheFolderOfTheirFile(t *testing.T) {
	write(t, map[string]string{
		"conf/a.hcl": strings.Replace(sinkOf(`"http://127.0.0.1/"`, `dead_letter "file" {
    path = "dead/x.ndjson"
  }
  headers = { X = trimspace(file("secret.txt")) }
  tls {
    ca_file = "/etc/ca.pem"
  }`), "iggy {", "iggy {\n  tls {\n    ca_file = \"ca.pem\"\n  }", 1),
		"conf/secret.txt": "value\n",
	})
	result, found := Load([]string{"conf", "conf/a.hcl"}, Options{Env: environment(map[string]string{"T": "x"}), LeaveFiles: true})
	require.False(t, found.HasErrors(), inWords(result, found))
	sink := result.Config.Sinks[0]
	require.Equal(t, filepath.Join("conf", "dead", "x.ndjson"), sink.DeadLetter.Path)
	require.Equal(t, filepath.Join("conf", "ca.pem"), result.Config.Iggy.TLS.CAFile)
	require.Equal(t, "/etc/ca.pem", sink.TLS.CAFile)
	require.Equal(t, "value", sink.Headers["X"].Source())
}

func TestKeysMayBeExpressions(t *testing.T) {
	c := loadOne(t, "a.hcl", sinkOf(`"http://127.0.0.1/"`, `headers = { (var.name) = "a", (upper("b")) = "b", (env("T")) = "c", "${var.name}2" = "d", for = "e" }
}
variable "name" {
  default = "X-Name"`))
	require.Len(t, c.Sinks[0].Headers, 5)
	require.Equal(t, "a", c.Sinks[0].Headers["X-Name"].Source())
	require.Equal(t, "d", c.Sinks[0].Headers["X-Name2"].Source())
}

// The environment, then the files, then --var: the last one wins.
func TestWhereAVariableGetsItsValue(t *testing.T) {
	write(t, map[string]string{
		"a.hcl":  sinkOf(`"http://127.0.0.1/${var.v}"`, "") + "variable \"v\" {\n  type = string\n  default = \"default\"\n}\n",
		"v.hclv": `v = "file"`,
	})
	env := map[string]string{"T": "x"}
	opts := Options{Env: environment(env)}
	check := func(want string) {
		t.Helper()
		result, found := Load([]string{"a.hcl"}, opts)
		require.False(t, found.HasErrors(), inWords(result, found))
		require.Equal(t, "http://127.0.0.1/"+want, result.Config.Sinks[0].URL.Fill(schema.Partition{}))
	}
	check("default")
	env["IGGYSINK_VAR_v"] = "env"
	check("env")
	opts.VarFiles = []string{"v.hclv"}
	check("file")
	opts.Vars = map[string]string{"v": "flag"}
	check("flag")
}

func TestUnsetEnvironmentOnRunAndStrict(t *testing.T) {
	write(t, map[string]string{"a.hcl": sinkOf(`env("URL")`, "headers = { X = file(\"none\") }\nmethod = env(\"M\", \"PUT\")")})
	env := environment(map[string]string{"T": "x"})
	result, found := Load([]string{"a.hcl"}, Options{Env: env})
	require.Contains(t, inWords(result, found), `the environment variable "URL" is not set [env-unset]`)
	require.Contains(t, inWords(result, found), "[invalid-file]")
	result, found = Load([]string{"a.hcl"}, Options{Env: env, Unknowns: true, StrictEnv: true})
	require.Contains(t, inWords(result, found), "[env-unset]")
	require.Contains(t, inWords(result, found), "[invalid-file]")
	require.Empty(t, result.Needs)
	result, found = Load([]string{"a.hcl"}, Options{Env: env, Unknowns: true})
	require.Empty(t, found)
	require.Equal(t, []Need{{Kind: "env", Name: "URL"}, {Kind: "file", Name: "none"}}, result.Needs)
	require.Nil(t, result.Config, "what is not known cannot be run")
}

func BenchmarkLoadThousandSinks(b *testing.B) {
	var text strings.Builder
	text.WriteString(login)
	for i := range 1000 {
		fmt.Fprintf(&text, `
sink "sink%d" {
  url     = "https://example.com/%d/${topic}"
  headers = { Authorization = "Bearer ${env("T")}", X-Tenant = "acme" }
  timeout = "10s"
  stream "shop" {
    topics         = ["created", "updated"]
    consumer_group = "g%d"
  }
}
`, i, i, i)
	}
	write(b, map[string]string{"a.hcl": text.String()})
	for b.Loop() {
		result, found := Load([]string{"a.hcl"}, Options{Env: environment(map[string]string{"T": "x"})})
		if len(found) > 0 || len(result.Config.Sinks) != 1000 {
			b.Fatal(inWords(result, found))
		}
	}
}
