package rustsink_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"pgregory.net/rapid"

	"iggysink/hclconfig"
	"iggysink/internal/rustsink"
	"iggysink/schema"
)

// Text arrives as it was, whatever of HCL is in it.
func TestTextIsCarriedOverWordForWord(t *testing.T) {
	dir := t.TempDir()
	text := rapid.StringOfN(rapid.SampledFrom([]rune(`ab${}%"\'#/ *~<=é漢`)), 1, 12, 60)
	rapid.Check(t, func(t *rapid.T) {
		stream, topic, group := text.Draw(t, "stream"), text.Draw(t, "topic"), text.Draw(t, "group")
		header := strings.Map(func(r rune) rune {
			if r > '~' {
				return 'x'
			}
			return r
		}, text.Draw(t, "header"))
		path := strings.Map(func(r rune) rune {
			if strings.ContainsRune(`%#"\ `, r) { // they stand for themselves in no url
				return 'x'
			}
			return r
		}, text.Draw(t, "path"))
		config := imported(t, dir, map[string]any{
			"type": "sink", "key": "k", "enabled": true, "path": "http_sink", "version": 0, "name": text.Draw(t, "name"),
			"streams": []any{map[string]any{"stream": stream, "topics": []any{topic}, "schema": "text", "consumer_group": group}},
			"plugin_config": map[string]any{
				"url":     "http://127.0.0.1:1/" + path,
				"headers": map[string]any{"X-Tenant": header},
			},
		})
		sink := config.Sinks[0]
		for _, pair := range [][2]string{
			{sink.Streams[0].Name, stream}, {sink.Streams[0].Topics[0], topic}, {sink.Streams[0].ConsumerGroup, group},
			{sink.Headers["X-Tenant"].Fill(schema.Partition{}), header},
			{sink.URL.Fill(schema.Partition{Stream: "s", Topic: "t"}), "http://127.0.0.1:1/" + path},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%q became %q", pair[1], pair[0])
			}
		}
	})
}

// Secrets arrive once their variables are set as the import says.
func TestSecretsComeFromTheirVariables(t *testing.T) {
	env := map[string]string{
		"IGGY_PASSWORD": "open sesame", "K_AUTHORIZATION": "t0ken", "K_URL_QUERY": "api_key=1", "J_BASIC_AUTH": "ada:love$${lace}",
	}
	config := importedWith(t, t.TempDir(), env, map[string]any{
		"type": "sink", "key": "k", "enabled": true, "path": "http_sink",
		"streams":       []any{map[string]any{"stream": "s", "topics": []any{"t"}, "schema": "json"}},
		"plugin_config": map[string]any{"url": "http://127.0.0.1/x?api_key=0", "headers": map[string]any{"Authorization": "Bearer x"}},
	}, map[string]any{
		"type": "sink", "key": "j", "enabled": true, "path": "http_sink",
		"streams":       []any{map[string]any{"stream": "s", "topics": []any{"t"}, "schema": "json"}},
		"plugin_config": map[string]any{"url": "http://ada:x@127.0.0.1/"},
	})
	for _, pair := range [][2]string{
		{config.Iggy.Password.Reveal(), "open sesame"},
		{config.Sinks[0].Headers["Authorization"].Fill(schema.Partition{}), "Bearer t0ken"},
		{config.Sinks[0].URL.Source(), "http://127.0.0.1/x?api_key=1"},
		{config.Sinks[1].URL.Source(), "http://127.0.0.1/"},
		{config.Sinks[1].Headers["Authorization"].Fill(schema.Partition{}), "Basic YWRhOmxvdmUkJHtsYWNlfQ=="},
	} {
		if pair[0] != pair[1] {
			t.Errorf("got %q, want %q", pair[0], pair[1])
		}
	}
}

// fataler is what testing and rapid have in common.
type fataler interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func imported(t fataler, dir string, connectors ...map[string]any) *schema.Config {
	return importedWith(t, dir, map[string]string{"IGGY_PASSWORD": "x"}, connectors...)
}

// importedWith converts connectors and loads the result.
func importedWith(t fataler, dir string, env map[string]string, connectors ...map[string]any) *schema.Config {
	var files []rustsink.File
	for _, c := range connectors {
		text, err := toml.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, rustsink.File{Name: "http.toml", Text: text})
	}
	result, err := rustsink.Convert(files, rustsink.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, files[0].Text)
	}
	path := filepath.Join(dir, "imported.hcl")
	if err := os.WriteFile(path, result.HCL, 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, found := hclconfig.Load([]string{path}, hclconfig.Options{Env: func(name string) (string, bool) {
		value, set := env[name]
		return value, set
	}})
	if loaded.Config == nil {
		t.Fatalf("%+v\n%s", found, result.HCL)
	}
	return loaded.Config
}

// Any value at any key ends in a configuration that loads, or in an error.
func TestAnyValueAtAnyKey(t *testing.T) {
	values := rapid.SampledFrom([]any{
		"", "a", "5s", "5x", "0", "1M", "${x}", "%{x}", "\"", "\n", "\u0000", "u\u0308", "file:", "file:~/x", "http://h", "http://u@h/p?key=v#f",
		"https://h:99999/", "http://[::1]/%zz", "sink", "raw", "ndjson", "POST", "json", "h:1", "http_sink", "1", strings.Repeat("x", 300),
		int64(-1), int64(0), int64(1), int64(200), int64(1 << 40), 2.0, 2.5, 1e300, true, false, []any{}, []any{"a", "a"}, []any{int64(200)},
		[]any{int64(1), "a"}, map[string]any{}, map[string]any{"a": "b", "A": "c"}, map[string]any{"x y": "v"}, map[string]any{"a": 1},
	})
	some := func(t *rapid.T, base map[string]any, keys ...string) map[string]any {
		for _, key := range rapid.SliceOfN(rapid.SampledFrom(keys), 0, 1).Draw(t, "keys") {
			base[key] = values.Draw(t, key)
		}
		return base
	}
	loaded := 0
	rapid.Check(t, func(rt *rapid.T) {
		stream := some(rt, map[string]any{"stream": "s", "topics": []any{"t"}, "schema": "json"},
			"stream", "topics", "schema", "batch_length", "poll_interval", "consumer_group", "other")
		plugin := some(rt, map[string]any{"url": "http://h/"}, "url", "method", "timeout", "max_payload_size_bytes", "batch_mode",
			"include_metadata", "include_checksum", "include_origin_timestamp", "health_check_enabled", "health_check_method",
			"max_retries", "retry_delay", "max_retry_delay", "retry_backoff_multiplier", "success_status_codes",
			"tls_danger_accept_invalid_certs", "max_connections", "verbose_logging", "headers", "other")
		sink := some(rt, map[string]any{
			"type": "sink", "key": "k", "path": "http_sink", "streams": []any{stream}, "plugin_config": plugin,
		}, "type", "key", "path", "enabled", "version", "name", "verbose", "streams", "plugin_config", "transforms", "other")
		tls := some(rt, map[string]any{"enabled": true}, "enabled", "ca_file", "domain", "other")
		runtime := some(rt, map[string]any{
			"iggy": some(rt, map[string]any{"tls": tls}, "address", "username", "password", "token", "tls", "other"),
		}, "iggy", "http", "state", "connectors", "telemetry", "other")
		var files []rustsink.File
		for _, document := range []map[string]any{sink, runtime} {
			text, err := toml.Marshal(document)
			if err != nil {
				rt.Fatal(err)
			}
			files = append(files, rustsink.File{Name: "x.toml", Text: text})
		}
		if _, ok := converted(t, files, options)["want.hcl"]; ok {
			loaded++
		}
		if t.Failed() {
			rt.Fatalf("%s\n%s", files[0].Text, files[1].Text)
		}
	})
	if loaded == 0 {
		t.Error("nothing was converted")
	}
}
