package hclconfig

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
)

// valuesText sets attributes from everywhere a value can come from.
const valuesText = `
variable "plain" {
  default = "7s"
}
variable "given" {
  type = string
}
variable "secret" {
  type      = string
  sensitive = true
}
iggy {
  username = "iggy"
  password = env("PASSWORD")
}
sink "orders" {
  url                  = "http://127.0.0.1:1/orders"
  timeout              = var.plain
  retry_delay          = var.given
  content_type         = "text/${var.secret}"
  max_retry_delay      = env("UNSET")
  success_status_codes = [200, env("CODE")]
  max_retries          = 0
  stream "shop" {
    topics         = ["created", "$${x}"]
    consumer_group = "orders"
  }
  stream "stock" {
    topics         = ["moved"]
    consumer_group = "orders"
  }
}
sink "alerts" {
  url = "http://127.0.0.1:1/alerts"
  stream "shop" {
    topics         = ["alerts"]
    consumer_group = "alerts"
  }
}
sink "tenant" {
  for_each = toset(["acme"])
  url      = "http://127.0.0.1:1/${each.key}"
  stream "shop" {
    topics         = [each.key]
    consumer_group = "tenants"
  }
}
`

func TestValues(t *testing.T) {
	write(t, map[string]string{"a.hcl": valuesText})
	result, found := Load([]string{"a.hcl"}, Options{
		Unknowns: true,
		Vars:     map[string]string{"given": "3s", "secret": "plain"},
		Env:      environment(map[string]string{"PASSWORD": "p", "CODE": "201"}),
	})
	if found.HasErrors() {
		t.Fatal(found)
	}
	const orders, alerts, acme = `sink "orders"`, `sink "alerts"`, `sink tenant["acme"]`
	for _, tt := range []struct {
		name string
		want []Value // without their ranges, which are compared by what they cover
		set  []string
	}{
		{"iggy.address", []Value{{Block: "iggy", Text: `"127.0.0.1:8090"`}}, []string{""}},
		{"iggy.password", []Value{{Block: "iggy", Text: mask.Hidden}}, []string{`env("PASSWORD")`}},
		{"iggy.token", []Value{{Block: "iggy"}}, []string{""}},
		{"iggy.tls.ca_file", nil, nil},
		{"sink.max_retries", []Value{{Block: orders, Text: "0"}, {Block: alerts, Text: "3"}, {Block: acme, Text: "3"}}, []string{"0", "", ""}},
		{"sink.timeout", []Value{{Block: orders, Text: `"7s"`}, {Block: alerts, Text: `"30s"`}, {Block: acme, Text: `"30s"`}},
			[]string{"var.plain", "", ""}},
		{"sink.retry_delay", []Value{{Block: orders, Text: `"3s"`}, {Block: alerts, Text: `"1s"`}, {Block: acme, Text: `"1s"`}},
			[]string{"var.given", "", ""}},
		{"sink.content_type", []Value{{Block: orders, Text: mask.Hidden}, {Block: alerts}, {Block: acme}},
			[]string{`"text/${var.secret}"`, "", ""}},
		{"sink.max_retry_delay", []Value{{Block: orders, Unknown: true}, {Block: alerts, Text: `"30s"`}, {Block: acme, Text: `"30s"`}},
			[]string{`env("UNSET")`, "", ""}},
		{"sink.success_status_codes", []Value{{Block: orders, Text: mask.Hidden}, {Block: alerts, Text: "[200, 201, 202, 204]"},
			{Block: acme, Text: "[200, 201, 202, 204]"}},
			[]string{`[200, env("CODE")]`, "", ""}},
		{"sink.stream.topics", []Value{
			{Block: orders + ` > stream "shop"`, Text: `["created", "$${x}"]`},
			{Block: orders + ` > stream "stock"`, Text: `["moved"]`},
			{Block: alerts + ` > stream "shop"`, Text: `["alerts"]`},
			{Block: acme + ` > stream "shop"`, Text: `["acme"]`},
		}, []string{`["created", "$${x}"]`, `["moved"]`, `["alerts"]`, `[each.key]`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kind := strings.Split(tt.name, ".")
			name := kind[len(kind)-1]
			kind = kind[:len(kind)-1]
			got := result.Values(kind, attributeOf(t, kind, name))
			var set []string
			for i := range got {
				set = append(set, string(got[i].Range.SliceBytes([]byte(valuesText))))
				got[i].Range = hcl.Range{}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.set, set); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func attributeOf(t *testing.T, kind []string, name string) words.Attribute {
	t.Helper()
	table := words.ConfigBlock()
	for _, block := range kind {
		table = table.Child(block)
	}
	for _, a := range table.Attributes {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("there is no %s in %v", name, kind)
	return words.Attribute{}
}
