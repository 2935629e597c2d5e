package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What cannot be read or parsed keeps no other file from being formatted.
func TestFmtGoesOnBehindAnError(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"first.hcl", "last.hcl"} {
		writeFile(t, name, "iggy{\n}\n")
	}
	writeFile(t, "broken.hcl", "iggy {\n")
	code, output := captured(t, "fmt", "first.hcl", "nosuch.hcl", "broken.hcl", "x.hcl.json", "last.hcl")
	if code != exitUsage {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{"first.hcl\n", "last.hcl\n", "broken.hcl:1:6", "nosuch.hcl: no such file", "x.hcl.json"} {
		if !strings.Contains(output, want) {
			t.Errorf("no word of %s:\n%s", want, output)
		}
	}
}

// A diff applies, and makes of the file what fmt makes of it, whatever its lines end with.
func TestFmtDiffIsAPatch(t *testing.T) {
	program, err := exec.LookPath("patch")
	if err != nil {
		t.Skip("no patch program")
	}
	for name, text := range map[string]string{
		"lines": "iggy{\n  username=\"ada\"\n}\n\n\n\nadmin {\n      address=\"127.0.0.1:1\"\n}\n",
		"CRLF":  "iggy{\r\n  username=\"ada\"\r\n}\r\n",
		"end":   "iggy{\n  username=\"ada\"\n}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			writeFile(t, "a.hcl", text)
			code, patch := captured(t, "fmt", "--diff", "a.hcl")
			if code != exitOK || patch == "" {
				t.Fatalf("exit %d: %s", code, patch)
			}
			cmd := exec.CommandContext(t.Context(), program, "--binary", "-p0")
			cmd.Stdin = strings.NewReader(patch)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			patched, err := os.ReadFile("a.hcl")
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, "a.hcl", text)
			if code, output := captured(t, "fmt", "a.hcl"); code != exitOK {
				t.Fatal(output)
			}
			if want, err := os.ReadFile("a.hcl"); err != nil || !bytes.Equal(patched, want) {
				t.Errorf("the patch makes %q, and fmt %q", patched, want)
			}
		})
	}
}

// A runner reads commands from what a job prints. No line of a file, and no name of one, is any.
func TestFmtPrintsNoCommands(t *testing.T) {
	t.Chdir(t.TempDir())
	hostile := "# x\n::stop-commands::t\n  ::error::x\n\t::warning::x\n# ##[error]x\r::debug::x\n# \u202e\n"
	text := "/*\n" + hostile + "*/\nlocals {\n  a = <<EOT\n" + hostile + "EOT\n}\niggy{\n}\n" + "/*\n" + hostile + "*/\n"
	for _, name := range []string{"a.hcl", "::error::x.hcl", "b\n::error::x.hcl"} {
		for _, args := range [][]string{{"fmt", "--diff"}, {"fmt", "--check"}, {"fmt", "--check", "--diff"}, {"fmt"}} {
			writeFile(t, name, text)
			_, output := captured(t, append(args, name)...)
			if output == "" {
				t.Fatalf("%q prints nothing of %q", args, name)
			}
			for line := range strings.FieldsFuncSeq(output, func(r rune) bool { return r == '\n' || r == '\r' }) {
				if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") || strings.Contains(line, "\u202e") {
					t.Errorf("%q prints %q", args, line)
				}
			}
		}
	}
}
