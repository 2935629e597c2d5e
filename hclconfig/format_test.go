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
  url      = "http://127.0.0.1:1/(sensitive)${topic}"
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

// FuzzFormat: only white space changes, formatting again changes nothing, and what a log shows has the same lines.
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
		if solid(formatted) != solid(bytes.TrimPrefix(text, []byte("\ufeff"))) {
			t.Fatalf("more than spaces changed: %q is now %q", text, formatted)
		}
		again, found := Format("a.hcl", formatted)
		if found.HasErrors() || !bytes.Equal(again, formatted) {
			t.Fatalf("%q is %q, and then %q, %v", text, formatted, again, found)
		}
		before, after := FormatShown(text)
		if lines := bytes.Count(text, []byte("\n")); bytes.Count(before, []byte("\n")) != lines ||
			bytes.Count(after, []byte("\n")) != bytes.Count(formatted, []byte("\n")) {
			t.Fatalf("%q has other lines than %q", before, text)
		}
		if !bytes.Equal(text, formatted) && bytes.Equal(before, after) {
			t.Fatalf("the change from %q to %q does not show in %q", text, formatted, before)
		}
	})
}

// A byte order mark means nothing, and is taken away; a file ends with a line break.
func TestFormatTakesAByteOrderMarkAndEndsTheLastLine(t *testing.T) {
	for text, want := range map[string]string{
		"\xef\xbb\xbfiggy {\n}\n": "iggy {\n}\n", "a = 1": "a = 1\n", "a = 1\n": "a = 1\n", "": "", "# end": "# end\n",
	} {
		formatted, found := Format("a.hcl", []byte(text))
		if found.HasErrors() || string(formatted) != want {
			t.Errorf("%q becomes %q: %v", text, formatted, found)
		}
		again, _ := Format("a.hcl", formatted)
		if string(again) != want {
			t.Errorf("%q becomes %q", formatted, again)
		}
	}
}
