package main

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iggysink/schema"
)

func TestRehost(t *testing.T) {
	for _, tt := range []struct{ url, want string }{
		{"https://api.example.com", "http://local"},
		{"https://api.example.com/", "http://local/"},
		{"https://api.example.com:8443/a/b?c=d#e", "http://local/a/b?c=d#e"},
		{"https://user:password@api.example.com/a", "http://local/a"},
		{"https://api.example.com?a=b", "http://local?a=b"},
		{"https://${topic}.example.com/${partition}", "http://local/${partition}"},
		{"http://[::1]:80/a", "http://local/a"},
		{"nonsense", "http://local"},
	} {
		if got := rehost(tt.url, "http://local"); got != tt.want {
			t.Errorf("rehost(%q) = %q, want %q", tt.url, got, tt.want)
		}
	}
}

// After rewrite no address and no file of the user's is reached.
func TestRewriteLeavesNoAddressOfTheUser(t *testing.T) {
	sink := schema.DefaultSink()
	var err error
	if sink.URL, err = schema.ParseTemplate("https://api.example.com/${topic}"); err != nil {
		t.Fatal(err)
	}
	sink.HealthCheckURL = schema.NewSecret("https://api.example.com/healthz")
	sink.DeadLetter = &schema.DeadLetter{Path: "/var/lib/dead.ndjson"}
	sink.TLS = &schema.TLS{CAFile: "/etc/ca.pem"}
	sink.SuccessStatusCodes = []int{201}
	sink.Streams = []schema.Stream{{Name: "shop", StartFrom: schema.StartFromLatest}}
	sink.Signature = []schema.Signature{
		{StandardWebhooks: &schema.SignatureStandardWebhooks{Secrets: []schema.Secret{schema.NewSecret("placeholder"), schema.NewSecret("mine")}}},
		{HTTPMessage: &schema.SignatureHTTPMessage{Algorithm: schema.SignatureAlgorithmEd25519, Key: schema.NewSecret("placeholder")}},
	}
	token := schema.Iggy{Address: "iggy.internal:8090", Token: schema.NewSecret("t"), TLS: &schema.IggyTLS{}}
	cfg := &schema.Config{Iggy: &token, Admin: &schema.Admin{Address: "0.0.0.0:80"}, Sinks: []schema.Sink{sink}}

	around := surroundings{broker: "127.0.0.1:1", receiver: "http://127.0.0.1:2", deadFolder: "/tmp/dead"}
	if err := rewrite(cfg, around); err != nil {
		t.Fatal(err)
	}

	if cfg.Iggy.Address != "127.0.0.1:1" || !cfg.Iggy.Token.IsZero() || cfg.Iggy.TLS != nil || cfg.Admin != nil {
		t.Errorf("iggy %+v, admin %+v", cfg.Iggy, cfg.Admin)
	}
	got := cfg.Sinks[0]
	if url := got.URL.Source(); url != "http://127.0.0.1:2/${topic}" {
		t.Errorf("url %s", url)
	}
	if url := got.HealthCheckURL.Reveal(); url != "http://127.0.0.1:2/healthz" {
		t.Errorf("health_check_url %s", url)
	}
	if filepath.Dir(got.DeadLetter.Path) != "/tmp/dead" || got.TLS != nil {
		t.Errorf("dead letters %s, tls %v", got.DeadLetter.Path, got.TLS)
	}
	if got.Streams[0].StartFrom != schema.StartFromEarliest {
		t.Errorf("start_from %s would pass over the samples", got.Streams[0].StartFrom)
	}
	secrets := got.Signature[0].StandardWebhooks.Secrets
	if secrets[0].Reveal() != "whsec_"+devKey || secrets[1].Reveal() != "mine" || got.Signature[1].HTTPMessage.Key.Reveal() != devKey {
		t.Error("a placeholder is no key, and a key of the user's stays")
	}
	if !slices.Contains(got.SuccessStatusCodes, http.StatusOK) || !slices.Contains(got.SuccessStatusCodes, 201) {
		t.Errorf("success codes %v", got.SuccessStatusCodes)
	}
}

func TestSamplesSuitEverySinkOfATopic(t *testing.T) {
	stream := func(kind schema.PayloadFormat, topics ...string) schema.Stream {
		return schema.Stream{Name: "shop", Topics: topics, Schema: kind}
	}
	samples := samplesFor([]*schema.Sink{
		{Streams: []schema.Stream{stream(schema.PayloadFormatRaw, "both", "bytes")}},
		{Streams: []schema.Stream{stream(schema.PayloadFormatJSON, "both"), stream(schema.PayloadFormatText, "text", "both")}},
	})
	var topics []string
	for _, s := range samples {
		topics = append(topics, s.topic)
		if len(s.payloads) != samplesPerTopic {
			t.Errorf("%s: %d messages", s.topic, len(s.payloads))
		}
	}
	if got := strings.Join(topics, " "); got != "both bytes text" {
		t.Fatalf("topics %s", got)
	}
	if first := string(samples[0].payloads[0]); !strings.HasPrefix(first, `{"id":1,"event":"both"`) {
		t.Errorf("a topic that one sink reads as json got %s", first)
	}
}
