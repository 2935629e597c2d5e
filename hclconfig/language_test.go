package hclconfig

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// loadFiles loads a folder of files, which must have no errors.
func loadFiles(t testing.TB, files map[string]string, opts Options) *schema.Config {
	t.Helper()
	write(t, files)
	if opts.Env == nil {
		opts.Env = environment(map[string]string{"T": "secret"})
	}
	result, found := Load([]string{"."}, opts)
	require.False(t, found.HasErrors(), inWords(result, found))
	return result.Config
}

func TestForEachMakesSinks(t *testing.T) {
	c := loadFiles(t, map[string]string{"a.hcl": login + `
variable "tenants" {
  type = map(object({
    host    = string
    timeout = optional(string)
    topics  = optional(list(string), ["events"])
  }))
}
sink "tenant" {
  for_each = var.tenants
  url      = "https://${each.value.host}/${topic}"
  timeout  = each.value.timeout
  headers  = { X-Tenant = upper(each.key) }
  dynamic "stream" {
    for_each = each.value.topics
    labels   = ["s${stream.key}"]
    content {
      topics = [stream.value]
    }
  }
}
sink "set" {
  for_each = toset(["b", "a", "b"])
  url      = "http://127.0.0.1/${each.value}"
  stream "s" {
    topics         = ["t"]
    consumer_group = each.key
  }
}`, "t.auto.vars.hcl": `tenants = { "two 2" = { host = "b", topics = ["p", "q"] }, one = { host = "a", timeout = "7s" } }`}, Options{})
	require.Len(t, c.Sinks, 4)
	one, two := &c.Sinks[0], &c.Sinks[1]
	require.Equal(t, `tenant["one"]`, one.Name, "in the order of the keys")
	require.Equal(t, `tenant["two 2"]`, two.Name)
	require.Equal(t, "https://a/t", one.URL.Fill(schema.Partition{Topic: "t"}))
	require.Equal(t, 7*time.Second, one.Timeout.Std())
	require.Equal(t, 30*time.Second, two.Timeout.Std(), "null is absent")
	require.Equal(t, "ONE", one.Headers["X-Tenant"].Source())
	require.Equal(t, []string{"events"}, one.Streams[0].Topics, "the default of an optional attribute")
	require.Equal(t, `iggysink-tenant["one"]`, one.Group(&one.Streams[0]))
	require.Equal(t, []string{"s0", "s1"}, []string{two.Streams[0].Name, two.Streams[1].Name})
	require.Equal(t, []string{"q"}, two.Streams[1].Topics)
	require.Equal(t, []string{`set["a"]`, `set["b"]`}, []string{c.Sinks[2].Name, c.Sinks[3].Name})
	require.Empty(t, schema.ValidateConfig(map[string]any{"sink": []any{map[string]any{"name": one.Name, "url": "http://h/",
		"stream": []any{map[string]any{"name": "s", "topics": []any{"t"}}}}}}), "the name is one that the schema knows")
}

func TestDefaultsAreInherited(t *testing.T) {
	write(t, map[string]string{"base/defaults.hcl": `
defaults {
  timeout     = "10s"
  max_retries = 7
  headers     = { X-From = file("from.txt") }
  url         = "https://example.com/${topic}"
  tls {
    ca_file = "ca.pem"
  }
  circuit_breaker {
    cooldown = "9s"
  }
}`, "base/from.txt": "defaults", "a.hcl": login + `
sink "plain" {
  stream "s" {
    topics         = ["a"]
    consumer_group = "plain"
  }
}
sink "own" {
  for_each    = { x = 1 }
  timeout     = "3s"
  max_retries = null
  headers     = {}
  url         = "https://own.example.com/"
  tls {
    server_name = "own"
  }
  stream "s" {
    topics         = ["a"]
    consumer_group = "own"
  }
}`})
	result, found := Load([]string{"a.hcl", "base"}, Options{Env: environment(map[string]string{"T": "x"}), LeaveFiles: true})
	require.Empty(t, found, inWords(result, found))
	require.Len(t, result.Config.Sinks, 2)
	plain, own := &result.Config.Sinks[0], &result.Config.Sinks[1]
	require.Equal(t, 10*time.Second, plain.Timeout.Std())
	require.Equal(t, 7, plain.MaxRetries)
	require.Equal(t, "defaults", plain.Headers["X-From"].Source(), "a path starts at the folder of the defaults")
	require.Equal(t, filepath.Join("base", "ca.pem"), plain.TLS.CAFile)
	require.Equal(t, "https://example.com/t", plain.URL.Fill(schema.Partition{Topic: "t"}))
	require.Equal(t, 3*time.Second, own.Timeout.Std())
	require.Equal(t, 7, own.MaxRetries, "null is absent")
	require.Empty(t, own.Headers, "a map replaces the map")
	require.Equal(t, "", own.TLS.CAFile, "a block replaces the block")
	require.Equal(t, 9*time.Second, own.CircuitBreaker.Cooldown.Std())
}

func TestFileIsConfined(t *testing.T) {
	write(t, map[string]string{
		"conf/a.hcl": sinkOf(`"http://127.0.0.1/"`, `headers = { A = file(var.path) }`) +
			"variable \"path\" {\n  type = string\n}\n",
		"conf/in/s.txt": "in", "out/s.txt": "out", "conf2/s.txt": "out",
	})
	require.NoError(t, os.Symlink("../../out/s.txt", "conf/in/link"))
	require.NoError(t, os.Symlink("s.txt", "conf/in/inner"))
	require.NoError(t, os.Symlink("../out", "conf/folder"))
	here, err := os.Getwd()
	require.NoError(t, err)
	for _, tt := range []struct {
		path, allow, want string
	}{
		{"in/s.txt", "", "in"},
		{"in/inner", "", "in"},
		{"./in/../in/s.txt", "", "in"},
		{filepath.Join(here, "conf/in/s.txt"), "", "in"},
		{"../out/s.txt", "", "[file-outside]"},
		{"../conf2/s.txt", "", "[file-outside]"},
		{"../out/absent", "", "[file-outside]"},
		{"in/link", "", "[file-outside]"},
		{"folder/s.txt", "", "[file-outside]"},
		{"/etc/passwd", "", "[file-outside]"},
		{"in/absent", "", "[invalid-file]"},
		{"../out/s.txt", "out", "out"},
		{"in/link", "out", "out"},
		{"folder/s.txt", filepath.Join(here, "out"), "out"},
		{"../conf2/s.txt", "out", "[file-outside]"},
	} {
		t.Run(tt.path+" "+tt.allow, func(t *testing.T) {
			opts := Options{Env: environment(map[string]string{"T": "x"}), Vars: map[string]string{"path": tt.path}}
			if tt.allow != "" {
				opts.AllowFiles = []string{tt.allow}
			}
			result, found := Load([]string{"conf"}, opts)
			if result.Config == nil {
				require.Contains(t, inWords(result, found), tt.want)
				return
			}
			require.Equal(t, tt.want, result.Config.Sinks[0].Headers["A"].Source())
		})
	}
}

// Standard input and unsaved files take the place of files, and join those of their folder.
func TestTexts(t *testing.T) {
	write(t, map[string]string{"conf/a.hcl": "wrong", "conf/b.hcl": login})
	good := sinkOf(`"http://127.0.0.1/"`, "")
	opts := Options{Env: environment(map[string]string{"T": "x"}), Texts: map[string][]byte{
		"conf/a.hcl": []byte(good[len(login):]), "stdin.hcl": []byte(good), "conf/c.txt": []byte("no configuration"),
	}}
	for _, paths := range [][]string{{"conf"}, {"conf/a.hcl", "conf/b.hcl"}, {"stdin.hcl"}} {
		result, found := Load(paths, opts)
		require.Empty(t, found, inWords(result, found))
		require.Len(t, result.Config.Sinks, 1)
	}
	opts.Texts["conf/new.hcl"] = []byte("iggy {\n}\n")
	result, found := Load([]string{"conf"}, opts)
	require.Contains(t, inWords(result, found), "[duplicate-block]\n  conf/new.hcl:1:1")
	opts.Texts["stdin.hcl"] = make([]byte, MaxFileSize+1)
	result, found = Load([]string{"stdin.hcl"}, opts)
	require.Contains(t, inWords(result, found), "[file-too-large]")
}

// What is found is said once, and names the sinks that it is about unless it is about all of them.
func TestFindingsNameInstances(t *testing.T) {
	var keys string
	for _, k := range []string{"a", "b", "c", "d"} {
		keys += k + ` = "` + k + `", `
	}
	write(t, map[string]string{"a.hcl": login + `
sink "s" {
  for_each   = { ` + keys + ` }
  url        = "http://127.0.0.1/"
  timeout    = "5"
  batch_mode = each.key == "c" ? "wrong" : "raw"
  method     = contains(["a", "b", "d"], each.key) ? "wrong" : "POST"
  stream "s" {
    topics         = ["t"]
    consumer_group = each.key
  }
}`})
	result, found := Load([]string{"a.hcl"}, Options{Env: environment(map[string]string{"T": "x"})})
	require.Len(t, found, 3, inWords(result, found))
	require.NotContains(t, found[0].Detail, "In s")
	require.Contains(t, found[1].Detail, `In s["c"].`)
	require.Contains(t, found[2].Detail, `In s["a"] and 2 more.`)
}

// Hundreds of sinks that look themselves up in a map of all are no hostile amount.
func TestHundredsOfTenants(t *testing.T) {
	c := loadFiles(t, map[string]string{"a.hcl": login + `
locals {
  tenants = { for i, x in split("", format("%300s", "")) : "t${i}" => { host = "t${i}.example.com", topics = ["events"] } }
  tokens  = { for name, t in local.tenants : name => "token of ${name}" }
}
sink "tenant" {
  for_each = local.tenants
  url      = "https://${each.value.host}/${length(local.tenants)}"
  headers = {
    A = lookup(local.tokens, each.key, "none")
    B = contains(keys(local.tokens), each.key) ? "yes" : "no"
    C = try(local.tokens[each.key], "none")
  }
  stream "s" {
    topics         = each.value.topics
    consumer_group = each.key
  }
}`}, Options{})
	require.Len(t, c.Sinks, 300)
	require.Equal(t, "token of t0", c.Sinks[0].Headers["A"].Source())
	require.Equal(t, "yes", c.Sinks[0].Headers["B"].Source())
}

// Whichever way a folder is named, its files of values count once, and none of them is configuration.
func TestFilesOfValues(t *testing.T) {
	const declared = "variable \"a\" {\n  type = number\n}\n"
	write(t, map[string]string{
		"conf/a.hcl":                  sinkOf(`"http://127.0.0.1/"`, "max_retries = var.a") + declared,
		"conf/dev.vars.hcl":           "a = 3\n",
		"conf/all.auto.vars.hcl.json": `{"a": 2}`,
		"prod.vars.hcl":               "a = 4\n",
		"prod.vars.hcl.json":          `{"a": 5}`,
	})
	opts := Options{Env: environment(map[string]string{"T": "x", "IGGYSINK_VAR_a": "1"})}
	for _, tt := range []struct {
		paths, files []string
		want         int
	}{
		{[]string{"conf/a.hcl"}, nil, 1},
		{[]string{"conf"}, nil, 3},
		{[]string{"conf", "./conf/", "conf/a.hcl"}, nil, 3},
		{[]string{"conf"}, []string{"prod.vars.hcl"}, 4},
		{[]string{"conf"}, []string{"prod.vars.hcl", "prod.vars.hcl.json"}, 5},
		{[]string{"conf"}, []string{"prod.vars.hcl.json", "conf/dev.vars.hcl"}, 3},
	} {
		opts.VarFiles = tt.files
		result, found := Load(tt.paths, opts)
		require.False(t, found.HasErrors(), inWords(result, found))
		require.Equal(t, tt.want, result.Config.Sinks[0].MaxRetries, "%s with %s", tt.paths, tt.files)
	}
	opts.VarFiles = nil
	for _, path := range []string{"prod.vars.hcl", "prod.vars.hcl.json"} {
		result, found := Load([]string{"conf", path}, opts)
		require.Contains(t, inWords(result, found), "a file of values is not a configuration [no-configuration]\n  "+path+":0:0")
	}
	// What an editor has not saved yet.
	opts.Texts = map[string][]byte{"conf/dev.vars.hcl": []byte("a = 7"), "conf/.new.vars.hcl": []byte("wrong = 1")}
	result, found := Load([]string{"conf"}, opts)
	require.False(t, found.HasErrors(), inWords(result, found))
	require.Equal(t, 7, result.Config.Sinks[0].MaxRetries)
	opts.Texts["conf/new.vars.hcl"] = []byte("a = 8")
	result, found = Load([]string{"conf"}, opts)
	require.Contains(t, inWords(result, found), "[duplicate-name]\n  conf/new.vars.hcl:1:1")
}
