package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iggysink/schema"
)

func TestMaskedPath(t *testing.T) {
	for _, tt := range []struct {
		name, env, path, want string
	}{
		{"nothing secret", "", "/orders/created", "/orders/created"},
		{"the values of a query", "", "/in?token=abc&to=x", "/in?token=(sensitive)&to=(sensitive)"},
		{"a parameter without a name", "", "/in?abcdef&x=", "/in?abcdef=(sensitive)&x=(sensitive)"},
		{"a text with a line break", "s3cr3t-key\n", "/in/s3cr3t-key", "/in/(sensitive)"},
		{"words and short numbers", "", "/api/v2/orderEvents/order-events_1.json/12", "/api/v2/orderEvents/order-events_1.json/12"},
		{"a token that is written out", "", "/services/T0BD3/x9K2/hunter2Secret", "/services/(sensitive)/(sensitive)/(sensitive)"},
		{"a UUID", "", "/in/0b1e5c3a-9f3c-4d8e-8a44-6f3d2c1b0a99", "/in/(sensitive)"},
		{"a secret that was encoded", "two words!", "/in/two%20words%21", "/in/(sensitive)"},
		{"a secret with text around it", "s3cr3t-key", "/bots3cr3t-key/send", "/bot(sensitive)/send"},
		{"the name of a topic", "", "/Shop%20No1/CREATED-2026", "/Shop%20No1/CREATED-2026"},
		{"a text of the environment", "s3cr3t-key", "/in/s3cr3t-key/x", "/in/(sensitive)/x"},
		{"a URL of the environment", "https://hooks.example.com/services/T0/B0", "/services/T0/B0", "/(sensitive)"},
		{"a URL of the environment with a query", "https://h.example/a/b/c/d?k=v", "/a/b/c/d?k=v", "/(sensitive)?k=(sensitive)"},
		{"a URL without a path", "https://hooks.example.com", "/orders", "/orders"},
		{"a text too short to be a secret", "v1", "/v1/orders", "/v1/orders"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &masker{}
			m.addConfig(&schema.Config{Sinks: []schema.Sink{{Streams: []schema.Stream{{Name: "Shop No1", Topics: []string{"CREATED-2026"}}}}}})
			m.addValue(tt.env)
			if got := m.path(tt.path); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestPrintRequest(t *testing.T) {
	m := &masker{}
	m.addConfig(&schema.Config{Sinks: []schema.Sink{{
		Headers: map[string]schema.Template{"x-api-key": schema.Literal("canary"), "X-Tenant": schema.Literal("canary")},
	}}})
	header := http.Header{
		"Content-Type": {"application/json"}, "X-Api-Key": {"canary"}, "X-Tenant": {"canary"}, "Authorization": {"Basic canary"},
	}
	for _, tt := range []struct {
		name, body, want string
	}{
		{"text", `{"a":1}`, "{\"a\":1}\n\n"},
		{"lines", "1\n2\n", "1\n2\n\n"},
		{"an empty body", "", "\n"},
		{"bytes", "\xff\x00", "2 bytes: \"\\xff\\x00\"\n\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			if err := printRequest(&out, arrival{Method: "POST", Path: "/x", Header: header, Body: []byte(tt.body)}, m); err != nil {
				t.Fatal(err)
			}
			want := `POST /x
Authorization: (sensitive)
Content-Type: application/json
X-Api-Key: (sensitive)
X-Tenant: (sensitive)

` + tt.want
			if diff := cmp.Diff(want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
