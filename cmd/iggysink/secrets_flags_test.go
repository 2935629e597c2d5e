package main

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// Flags and files of commands without a configuration.
func TestNoFlagTellsASecret(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "runtime.toml", "[iggy]\naddress = \"127.0.0.1:8090\"\nusername = \"iggy\"\npassword = \""+canary+"\"\n")
	writeFile(t, "http.toml", "type = \"sink\"\nkey = \"orders\"\nenabled = true\nversion = 0\nname = \"o\"\npath = \"libiggy_connector_http_sink\"\n"+
		"[[streams]]\nstream = \"shop\"\ntopics = [\"created\"]\nschema = \"json\"\n"+
		"[plugin_config]\nurl = \"http://127.0.0.1:1/\"\n[plugin_config.headers]\nAuthorization = \"Bearer "+canary+"\"\n")
	writeFile(t, "broken.toml", "[plugin_config.headers]\nAuthorization = \"Bearer "+canary+"\nx = \n")
	writeFile(t, "broken.hcl", "iggy {\n  password = \""+canary+"\n}\n")
	writeFile(t, "untidy.hcl", "iggy {\npassword=\""+canary+"\" # "+canary+"\n}\n")
	writeFile(t, "untidy.vars.hcl", "secret=\""+canary+"\"\n")
	writeFile(t, "away.hcl", "iggy {\n  address = \"127.0.0.1:1\"\n  transport = \"http\"\n  username = \"u\"\n  password = \""+canary+"\"\n}\n"+
		"sink \"a\" {\n  url = \"http://127.0.0.1:1/\"\n  stream \"s\" {\n    topics = [\"t\"]\n  }\n}\n")
	writeFile(t, "typed.hcl", "variable \"secret\" {\n  type      = number\n  sensitive = true\n}\n")
	writeFile(t, "cut.vars.hcl", "secret = \""+canary+"\n")
	writeFile(t, "bare.vars.hcl", "secret = "+canary+"\n")
	writeFile(t, "block.vars.hcl", "secret {\n  a = \""+canary+"\"\n}\n")
	writeFile(t, "cut.vars.hcl.json", "{\"secret\": \""+canary+"\n")
	t.Setenv("IGGYSINK_VAR_secret", canary)
	for _, args := range [][]string{
		{"send", "shop", "created", "--server", "127.0.0.1:1", "--username", "u", "--password", canary},
		{"send", "shop", "created", "--server", "127.0.0.1:1", "--token", canary},
		{"send", "shop", "created", "--password", canary, "--token", canary},
		{"send", "shop", "created", "--server", "127.0.0.1:1", "--token", canary, "--transport", "http"},
		{"offset", "show", "away.hcl"}, {"offset", "show", "away.hcl", "--format", "json"},
		{"offset", "copy", "away.hcl", "--sink", "a", "--from-transport", "tcp", "--other-address", "127.0.0.1:1"},
		{"offset", "set", "away.hcl", "--sink", "a", "--to", "earliest"},
		{"offset", "copy", "away.hcl", "--sink", "a", "--from-transport", "http", "--other-address", "127.0.0.1:1"},
		{"import", "runtime.toml", "http.toml"}, {"import", "runtime.toml", "http.toml", "--out", "imported.hcl"},
		{"import", "broken.toml"}, {"import", "broken.hcl"},
		{"fmt", "broken.hcl"},
		{"fmt", "--diff", "broken.hcl"}, {"fmt", "--diff", "untidy.hcl"}, {"fmt", "--diff", "untidy.vars.hcl"},
		{"validate", "typed.hcl"}, {"validate", "typed.hcl", "--var", "secret=" + canary},
		{"validate", "typed.hcl", "--var-file", "untidy.vars.hcl"}, {"validate", "typed.hcl", "--var-file", "cut.vars.hcl"},
		{"validate", "typed.hcl", "--var-file", "bare.vars.hcl"}, {"validate", "typed.hcl", "--var-file", "block.vars.hcl"},
		{"validate", "typed.hcl", "--var-file", "cut.vars.hcl.json"}, {"explain", "--config", "typed.hcl"},
		{"validate", "broken.hcl", "--var", canary},
		{"validate", "broken.hcl", "--var", "=" + canary},
		{"run", "broken.hcl", "--var", "nosuch=" + canary},
	} {
		code, output := captured(t, args...)
		if tells(output) {
			t.Errorf("iggysink %v, exit %d:\n%s", args, code, output)
		}
		if strings.Contains(args[1], "runtime") && (code != exitOK || output == "") {
			t.Errorf("iggysink %v, exit %d, has nothing to tell:\n%s", args, code, output)
		}
	}
	if text, err := os.ReadFile("imported.hcl"); err != nil || tells(string(text)) {
		t.Errorf("%v, the import wrote\n%s", err, text)
	}
}

// A command that is new tells here how it is swept, or why it need not be.
func TestEveryCommandIsSwept(t *testing.T) {
	elsewhere := map[string]string{
		"init":     "has no input",
		"schema":   "has no input but schemas",
		"generate": "has no input but schemas",
		"version":  "has no input",
		"broker":   "its login is that of every in-process server",
		"receiver": "prints what it is sent, which is its job",
		"send":     "TestNoFlagTellsASecret",
		"offset":   "TestNoFlagTellsASecret",
		"import":   "TestNoFlagTellsASecret",
		"help":     "has no input",
		"payload":  "has no input but schemas and payloads, of which it shows places and keywords",
		"lsp":      "TestLSPTellsNoSecret",
	}
	for _, command := range brokenCommands() {
		elsewhere[command[0]] = "TestNoCommandTellsASecret"
	}
	for _, command := range newRoot().Commands() {
		delete(elsewhere, "")
		if elsewhere[command.Name()] == "" && command.IsAvailableCommand() {
			t.Errorf("iggysink %s is not swept for secrets; these are: %v", command.Name(), slices.Sorted(maps.Keys(elsewhere)))
		}
	}
}
