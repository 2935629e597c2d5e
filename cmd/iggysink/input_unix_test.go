//go:build unix

package main

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"iggysink/schema"
)

// Every command that reads a file which its command line names refuses a pipe, which would be waited for, and a device and
// an empty-looking file without an end. A new command with a file is to be listed here.
func TestCommandsReadRegularFilesAlone(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := syscall.Mkfifo("pipe.hcl", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", "zero.hcl"); err != nil {
		t.Fatal(err)
	}
	writeFile(t, "large.hcl", "")
	if err := os.Truncate("large.hcl", 300<<20); err != nil {
		t.Fatal(err)
	}
	writeFile(t, "good.json", "{}")
	writeFile(t, "envelope.json", string(schema.EnvelopeSchema()))
	writeFile(t, "good.hcl", "")
	writeFile(t, "sink.hcl", "iggy {\n  address = \"127.0.0.1:1\"\n  username = \"u\"\n  password = \"p\"\n}\n"+
		"sink \"a\" {\n  url = \"http://127.0.0.1:1/\"\n  stream \"s\" {\n    topics = [\"t\"]\n  }\n}\n")
	for _, tt := range []struct {
		args   string // FILE is one of them
		stream bool   // may be of any size: it is read by the line
	}{
		{"validate FILE", false}, {"fmt FILE", false}, {"fmt --check FILE", false}, {"import FILE", false}, {"run FILE --once", false},
		{"dev FILE --once", false}, {"explain --config FILE", false}, {"validate good.hcl --var-file FILE", false},
		{"offset show FILE", false}, {"schema diff FILE good.json", false}, {"schema diff envelope.json FILE", false},
		{"generate --schema FILE --out x", false}, {"payload check FILE", false}, {"payload check good.json FILE", true},
		{"send s t FILE --server 127.0.0.1:1", true}, {"send s t --server 127.0.0.1:1 --ca-file FILE", false},
		{"render FILE --sink a", false}, {"render sink.hcl --sink a FILE", true},
		{"broker --address 127.0.0.1:0 --tls-cert FILE --tls-key FILE", false},
	} {
		for _, file := range []string{"pipe.hcl", "zero.hcl", "large.hcl"} {
			if tt.stream && file == "large.hcl" {
				continue
			}
			code, output := captured(t, strings.Fields(strings.ReplaceAll(tt.args, "FILE", file))...)
			if code == exitOK || len(output) > 2000 {
				t.Errorf("%s with %s: %d, %.2000s", tt.args, file, code, output)
			}
			if !strings.Contains(output, file) {
				t.Errorf("%s with %s does not name it: %s", tt.args, file, output)
			}
		}
	}
}
