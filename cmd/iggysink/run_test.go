package main

import (
	"strings"
	"testing"

	"iggysink/schema"
)

func TestSelectSinks(t *testing.T) {
	cfg := &schema.Config{Sinks: []schema.Sink{
		{Name: "orders", Enabled: true}, {Name: "alerts", Enabled: true}, {Name: "old", Enabled: false},
	}}
	for _, tt := range []struct {
		name  string
		names []string
		want  string // names, or a part of the error
	}{
		{"all that are enabled", nil, "orders alerts"},
		{"one", []string{"alerts"}, "alerts"},
		{"several, in the order of the configuration", []string{"alerts", "orders"}, "orders alerts"},
		{"one twice", []string{"alerts", "alerts"}, "alerts"},
		{"a slip", []string{"alert"}, `no sink "alert"; did you mean "alerts"?`},
		{"an unknown name", []string{"invoices"}, `no sink "invoices"; there are: orders, alerts, old`},
		{"an unknown name beside a known one", []string{"orders", "invoices"}, `no sink "invoices"`},
		{"a disabled one", []string{"old"}, `sink "old" is disabled`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sinks, err := selectSinks(cfg, tt.names)
			var got []string
			for _, sink := range sinks {
				got = append(got, sink.Name)
			}
			if err != nil {
				got = append(got, err.Error())
			}
			if text := strings.Join(got, " "); text != tt.want && (err == nil || !strings.Contains(text, tt.want)) {
				t.Errorf("got %s, want %s", text, tt.want)
			}
		})
	}
	if _, err := selectSinks(&schema.Config{Sinks: cfg.Sinks[2:]}, nil); err == nil {
		t.Error("nothing to run was no error")
	}
}

func TestCredentialsOfSend(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags sendFlags
		env   map[string]string
		want  string
	}{
		{"none", sendFlags{}, nil, "iggy:iggy"},
		{"flags", sendFlags{username: "u", password: "p"}, map[string]string{"IGGY_TOKEN": "t", "IGGY_PASSWORD": "x"}, "u:p"},
		{"the environment", sendFlags{}, map[string]string{"IGGY_USERNAME": "u", "IGGY_PASSWORD": "p"}, "u:p"},
		{"a user, its password from the environment", sendFlags{username: "u"}, map[string]string{"IGGY_PASSWORD": "p"}, "u:p"},
		{"a token", sendFlags{token: "t"}, map[string]string{"IGGY_USERNAME": "u"}, "token t"},
		{"a token of the environment", sendFlags{}, map[string]string{"IGGY_TOKEN": "t", "IGGY_USERNAME": "u"}, "token t"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.flags.server = "127.0.0.1:1"
			cfg := tt.flags.credentials(func(name string) string { return tt.env[name] })
			got := cfg.Username + ":" + cfg.Password.Reveal()
			if !cfg.Token.IsZero() {
				got = "token " + cfg.Token.Reveal()
			}
			if got != tt.want || cfg.Address != "127.0.0.1:1" {
				t.Errorf("got %s at %s, want %s", got, cfg.Address, tt.want)
			}
		})
	}
}

func TestParseHeaders(t *testing.T) {
	headers, err := parseHeaders([]string{"a=1", "query=x=y"})
	if err != nil || len(headers) != 2 || string(headers[1].Key) != "query" || string(headers[1].Value) != "x=y" {
		t.Errorf("got %v, %v", headers, err)
	}
	for _, pair := range []string{"a", "=1", "a="} {
		if _, err := parseHeaders([]string{pair}); err == nil {
			t.Errorf("%q was accepted", pair)
		}
	}
}
