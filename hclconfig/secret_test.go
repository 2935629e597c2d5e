package hclconfig

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whoever prints what a configuration does is told of every text that is secret, wherever it came from, and of no other.
func TestOptionsSecret(t *testing.T) {
	write(t, map[string]string{"s.txt": "of-the-file", "v.vars.hcl": "of_file = \"of a file of variables\"\n", "a.hcl": `
variable "of_flag" { sensitive = true }
variable "of_file" { sensitive = true }
variable "of_environment" { sensitive = true }
variable "nested" {
  sensitive = true
  default   = { a = ["of a default", 1] }
}
variable "plain" { default = "of-no-secret" }
iggy {
  username = "ada"
  password = env("PASSWORD")
}
sink "a" {
  url = "http://127.0.0.1:1/${env("NOT_SET", "otherwise")}/${var.plain}/${file("s.txt")}"
  stream "s" {
    topics         = [var.of_flag, var.of_file, var.of_environment, var.nested.a[0]]
    consumer_group = "g"
  }
}
`})
	var got []string
	_, found := Load([]string{"a.hcl"}, Options{
		Env:      environment(map[string]string{"PASSWORD": "of env", "IGGYSINK_VAR_of_environment": "of the environment"}),
		Vars:     map[string]string{"of_flag": "of a flag"},
		VarFiles: []string{"v.vars.hcl"},
		Secret:   func(text string) { got = append(got, text) },
	})
	if found.HasErrors() {
		t.Fatal(found)
	}
	slices.Sort(got)
	want := []string{"of a default", "of a file of variables", "of a flag", "of env", "of the environment", "of-the-file"}
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Error(diff)
	}
}
