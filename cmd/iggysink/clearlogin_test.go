package main

import (
	"context"
	"strings"
	"testing"
)

// A command that takes an address warns before it connects; the context has ended, so that none of them does.
func TestALoginInClearTextIsAWarning(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "near.hcl", "iggy {\n  username = \"u\"\n  password = env(\"IGGY_PASSWORD\")\n}\nsink \"a\" {\n"+
		"  url = \"http://127.0.0.1:1/\"\n  stream \"s\" {\n    topics = [\"t\"]\n    consumer_group = \"g\"\n  }\n}\n")
	writeFile(t, "far.hcl", "iggy {\n  address = \"iggy.internal:8090\"\n  username = \"u\"\n  password = env(\"IGGY_PASSWORD\")\n}\nsink \"a\" {\n"+
		"  url = \"http://127.0.0.1:1/\"\n  stream \"s\" {\n    topics = [\"t\"]\n    consumer_group = \"g\"\n  }\n}\n")
	t.Setenv("IGGY_PASSWORD", canary)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		args string
		want int // warnings
	}{
		{"send s t --server iggy.internal:8090", 1},
		{"send s t --server 10.0.0.1:3000 --transport http", 1},
		{"send s t --server iggy.internal:8090 --tls", 0},
		{"send s t --server iggy.internal:8090 --server-name iggy", 0},
		{"send s t", 0},
		{"send s t --server [::1]:8090", 0},
		{"offset copy near.hcl --sink a --from-transport tcp --other-address iggy.internal:3000", 1},
		{"offset copy near.hcl --sink a --from-transport tcp", 0},
		{"offset copy far.hcl --sink a --from-transport tcp", 1}, // a finding, and not once more for the other port
		{"offset show far.hcl", 1},
		{"run far.hcl --once", 1},
	} {
		var out syncBuffer
		run(ctx, strings.Fields(tt.args), strings.NewReader(""), &out, &out)
		if got := strings.Count(out.String(), "in clear text"); got != tt.want {
			t.Errorf("iggysink %s warns %d times:\n%s", tt.args, got, out.String())
		}
		if tells(out.String()) {
			t.Errorf("iggysink %s tells the password", tt.args)
		}
	}
}

func TestBrokerRefusesToBeOpen(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // a broker that listens ends at once
	for _, tt := range []struct {
		args, password string
		code           int
	}{
		{"broker --address 0.0.0.0:0", "", exitUsage}, {"broker --address :0", "iggy", exitUsage}, {"broker --address 0.0.0.0:0", "another", exitOK},
		{"broker --address 0.0.0.0:0 --insecure", "", exitOK}, {"broker --address 127.0.0.1:0", "", exitOK},
		{"broker --address 127.0.0.1:0 --http-address 0.0.0.0:0", "", exitUsage},
	} {
		t.Setenv("IGGY_PASSWORD", tt.password)
		var out syncBuffer
		code := run(ctx, strings.Fields(tt.args), strings.NewReader(""), &out, &out)
		if refused := strings.Contains(out.String(), "default password"); code != tt.code || refused != (code == exitUsage) {
			t.Errorf("iggysink %s with %q: %d\n%s", tt.args, tt.password, code, out.String())
		}
	}
}
