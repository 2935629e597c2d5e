package hclconfig

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

const shownText = `# password = "canaryOfSecrets7", or canaryOfSecrets7 alone
variable "s" {
  type=string
  sensitive = true
  default="canaryOfSecrets7"
}
variable "o" {
  type = object({ key = optional(string, "canaryOfSecrets7") })
}
locals {
  text = <<-EOT
    canaryOfSecrets7
      and canaryOfSecrets7 ${var.s}
  EOT
  all = [for k, v in var.o : "${k}canaryOfSecrets7"]
}
defaults {
  timeout = "5s"
}
iggy {
  username = "ada"
  password="canaryOfSecrets7" # canaryOfSecrets7
}
sink "a" {
  for_each = { acme = "canaryOfSecrets7" }
  url = "http://127.0.0.1:1/canaryOfSecrets7/${topic}"
  timeout = env("TIMEOUT", "canaryOfSecrets7")
  headers = { "X-Key" = "Bearer ${env("KEY", "canaryOfSecrets7")}" }
  dynamic "stream" {
    for_each = ["canaryOfSecrets7"]
    labels = [stream.value]
    content {
      topics = ["created"]
    }
  }
}
unknown = "canaryOfSecrets7"
`

const shownWant = `# password = (sensitive)
variable "s" {
  type      = string
  sensitive = true
  default   = "(sensitive)"
}
variable "o" {
  type = object({ key = optional(string, "(sensitive)") })
}
locals {
  text = <<-EOT
    (sensitive)
      (sensitive) ${var.s}
  EOT
  all  = [for k, v in var.o : "${k}(sensitive)"]
}
defaults {
  timeout = "5s"
}
iggy {
  username = "ada"
  password = "(sensitive)" # (sensitive)
}
sink "a" {
  for_each = { acme = "(sensitive)" }
  url      = "(sensitive)${topic}"
  timeout  = env("TIMEOUT", "(sensitive)")
  headers  = { "X-Key" = "(sensitive) ${env("KEY", "(sensitive)")}" }
  dynamic "stream" {
    for_each = ["(sensitive)"]
    labels   = [stream.value]
    content {
      topics = ["created"]
    }
  }
}
unknown = "(sensitive)"
`

// What a log shows of a file: names, and what fills an attribute that is known not to be sensitive.
func TestFormatShown(t *testing.T) {
	before, after := FormatShown([]byte(shownText))
	if diff := cmp.Diff(shownWant, string(after)); diff != "" {
		t.Error(diff)
	}
	if bytes.Contains(before, []byte(canary)) || bytes.Count(before, []byte("\n")) != strings.Count(shownText, "\n") {
		t.Errorf("%s", before)
	}
}

// FuzzFormat: only spaces change, formatting again changes nothing, and what a log shows has the same lines.
func FuzzFormat(f *testing.F) {
	for _, v := range vectors(f) {
		for _, file := range v.archive.Files {
			f.Add(file.Data)
		}
	}
	for _, text := range []string{"a=1\r\nbb   = 2\r\n", "a = - 1\nb = a . 0\n", "a=<<X\n y\nX\n", "#x", "a = \"${ b }\"", "\n\n\n"} {
		f.Add([]byte(text))
	}
	solid := func(text []byte) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return r
		}, string(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		formatted, found := Format("a.hcl", text)
		if found.HasErrors() {
			return
		}
		if solid(formatted) != solid(text) {
			t.Fatalf("more than spaces changed: %q is now %q", text, formatted)
		}
		again, found := Format("a.hcl", formatted)
		if found.HasErrors() || !bytes.Equal(again, formatted) {
			t.Fatalf("%q is %q, and then %q, %v", text, formatted, again, found)
		}
		before, after := FormatShown(text)
		if lines := bytes.Count(text, []byte("\n")); bytes.Count(before, []byte("\n")) != lines || bytes.Count(after, []byte("\n")) != lines {
			t.Fatalf("%q has other lines than %q", before, text)
		}
		if !bytes.Equal(text, formatted) && bytes.Equal(before, after) {
			t.Fatalf("the change from %q to %q does not show in %q", text, formatted, before)
		}
	})
}

// A byte order mark is refused, and hides nothing of its line.
func TestFormatRefusesAByteOrderMark(t *testing.T) {
	got, found := Format("a.hcl", []byte("\ufeffiggy {\n}\n"))
	if got != nil || len(found) != 1 || found[0].Rule != "invalid-encoding" || !strings.HasSuffix(found[0].Snippet.Code, "iggy {") {
		t.Errorf("%q, %+v", got, found)
	}
}
