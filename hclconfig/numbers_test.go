package hclconfig

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// textual is where a text stays text: whatever it looks like, it may be a password, or the name of a tenant.
const textual = login + `
variable "big" {
  type = string
}
variable "mixed" {
  type = object({ text = string, number = number })
}
variable "many" {
  type = map(object({ text = optional(string), number = optional(number, 1) }))
}
variable "plain" {
  default = %[1]q
}
variable "strings" {
  type    = map(string)
  default = {}
}
locals {
  big    = %[1]q
  lookup = { (var.big) = "found" }
}
sink "tenant" {
  for_each = { (var.big) = %[1]q }
  url      = "http://127.0.0.1/?q=%[1]s"
  headers = {
    A0 = %[1]q
    A1 = env("BIG")
    A2 = "${local.big}"
    A3 = var.mixed.text
    A4 = var.many.a.text
    A5 = var.plain
    A6 = each.value
    A7 = each.key
    A8 = true ? var.big : 1
    A9 = trimspace(file("big.txt"))
    AA = format("%%s", var.big)
    AB = jsondecode(jsonencode(var.big))
    AC = coalesce(var.big, 1)
    AD = join("", split("", var.big))
    AE = lookup(var.strings, "x", var.big)
    AF = try([5, var.big][1], "")
    B0 = local.lookup[var.big]
    B1 = lookup(local.lookup, local.big, "lost")
    B2 = local.lookup[%[1]q]
    B3 = var.big == 5 || local.lookup[each.key] != "found" ? "no" : "found"
  }
  stream "s" {
    topics         = [%[1]q]
    consumer_group = %[1]q
  }
}
`

func TestTextMayLookLikeANumber(t *testing.T) {
	for _, big := range []string{"1e9999999", "1e99999", "12e4567", "-1E-9999999", strings.Repeat("9", 100)} {
		native := fmt.Sprintf(textual, big)
		for name, text := range map[string]string{"a.hcl": native, "a.hcl.json": string(twin(t, "a.hcl", []byte(native)))} {
			write(t, map[string]string{name: text, "big.txt": big + "\n",
				"v.vars.hcl": fmt.Sprintf("mixed = { text = %q, number = 7 }\nmany = { a = { text = %[1]q }, b = { number = 2 } }\n", big)})
			result, found := Load([]string{name}, Options{VarFiles: []string{"v.vars.hcl"}, Vars: map[string]string{"big": big},
				Env: environment(map[string]string{"T": big, "BIG": big})})
			require.False(t, found.HasErrors(), "%s: %s", name, inWords(result, found))
			require.Equal(t, big, result.Config.Iggy.Token.Reveal())
			for header, value := range result.Config.Sinks[0].Headers {
				want := big
				if header[0] == 'B' {
					want = "found"
				}
				require.Equal(t, want, value.Source(), header)
			}
		}
	}
}

// What becomes a number is bounded, wherever it comes from. Between 300 digits and 600 it depends on what makes it.
func TestTextThatBecomesAHugeNumber(t *testing.T) {
	for _, tt := range []struct{ name, value string }{
		{"a sum", `env("BIG") + 1`},
		{"a product", `local.big * 0`},
		{"an operator on the left", `0 * local.big`},
		{"a modulo", `var.big %% 7`},
		{"a negation", `-file("big.txt")`},
		{"a comparison", `var.big > 5 ? 1 : 1`},
		{"written", `"${%[1]q + 1}"`},
		{"put together", `"1e${var.exponent}" + 1`},
		{"an argument", `min(env("BIG"), 1)`},
		{"a verb", `format("%%d", var.big)`},
		{"a verb behind a text", `format("%%s%%.0f", "", var.big)`},
		{"instead of an element", `lookup(var.numbers, "x", var.big)`},
		{"an element", `toset([var.big + 0, 1]) == null ? 1 : 2`},
		{"a loop", `[for x in [var.big] : x + 1][0]`},
		{"a default", `var.number`},
		{"a default of an attribute", `length([for x in var.many : x.number])`},
		{"an attribute", `env("BIG")`},
	} {
		for _, in := range []string{"max_retries = %s", "success_status_codes = [200, %s]", "headers = { A = \"${%s}\" }"} {
			if tt.name == "an attribute" && strings.HasPrefix(in, "headers") {
				continue // it stays text
			}
			for exponent, want := range map[int]bool{maxExponent - 1: false, maxExponent + 400: true, 9999999: true} {
				big := "1e" + strconv.Itoa(exponent)
				value := tt.value
				if strings.Contains(value, "%") {
					value, _, _ = strings.Cut(fmt.Sprintf(value, big), "%!(EXTRA")
				}
				text := sinkOf(`"http://127.0.0.1/"`, fmt.Sprintf(in, value)) + `
variable "big" {}
variable "exponent" {}
variable "numbers" {
  type    = map(number)
  default = { a = 1 }
}
locals {
  big = env("BIG")
}
`
				switch tt.name {
				case "a default":
					text += fmt.Sprintf("variable \"number\" {\n  type    = number\n  default = %q\n}\n", big)
				case "a default of an attribute":
					text += fmt.Sprintf("variable \"many\" {\n  type    = list(object({ number = optional(number, %q) }))\n"+
						"  default = [{ number = 1 }, {}]\n}\n", big)
				}
				write(t, map[string]string{"a.hcl": text, "big.txt": big})
				opts := Options{Vars: map[string]string{"big": big, "exponent": strconv.Itoa(exponent)},
					Env: environment(map[string]string{"T": "x", "BIG": big})}
				result, found := Load([]string{"a.hcl"}, opts)
				require.Equal(t, want, strings.Contains(inWords(result, found), "[number-out-of-range]"),
					"%s: %s = %s\n%s", tt.name, big, fmt.Sprintf(in, value), inWords(result, found))
			}
		}
	}
}

// A key is text in a map, and a number in a list, where its digits must be read.
func TestKeysThatAreHugeNumbers(t *testing.T) {
	for key, want := range map[string]string{
		strings.Repeat("9", maxDigits):   "[invalid-expression]",
		strings.Repeat("9", maxDigits+1): "[number-out-of-range]",
		"1e9999999":                      "[invalid-expression]",
	} {
		write(t, map[string]string{"a.hcl": sinkOf(`"http://127.0.0.1/"`, `max_retries = [1][env("KEY")]`)})
		result, found := Load([]string{"a.hcl"}, Options{Env: environment(map[string]string{"T": "x", "KEY": key})})
		require.Contains(t, inWords(result, found), want)
	}
}
