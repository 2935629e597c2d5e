package admin

import (
	"flag"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"iggysink/golden"
	"iggysink/internal/relay"
	"iggysink/schema"
	"iggysink/sinkhttp"
)

// The series of one snapshot, as Prometheus reads them. Dashboards and alerts hang on these names.
const wantMetrics = `
iggysink_messages_dead_lettered_total{sink="orders"} 2
iggysink_messages_delivered_total{sink="orders"} 10
iggysink_messages_dropped_total{sink="orders"} 1
iggysink_messages_filtered_total{sink="orders"} 0
iggysink_messages_rejected_total{sink="orders"} 3
iggysink_partition_blocked{partition="0",sink="orders",stream="shop",topic="created"} 0
iggysink_partition_blocked{partition="1",sink="orders",stream="shop",topic="created"} 1
iggysink_partition_in_hand_bytes{partition="0",sink="orders",stream="shop",topic="created"} 512
iggysink_partition_in_hand_bytes{partition="1",sink="orders",stream="shop",topic="created"} 0
iggysink_partition_lag_messages{partition="0",sink="orders",stream="shop",topic="created"} 8
iggysink_partition_lag_messages{partition="1",sink="orders",stream="shop",topic="created"} 0
iggysink_partition_oldest_message_age_seconds{partition="0",sink="orders",stream="shop",topic="created"} 1.5
iggysink_partition_oldest_message_age_seconds{partition="1",sink="orders",stream="shop",topic="created"} 0
iggysink_request_body_bytes_total{sink="orders"} 2048
iggysink_request_retries_total{sink="orders"} 4
iggysink_requests_total{sink="orders",verdict="accepted"} 9
iggysink_requests_total{sink="orders",verdict="cancelled"} 0
iggysink_requests_total{sink="orders",verdict="pause"} 0
iggysink_requests_total{sink="orders",verdict="reject"} 0
iggysink_requests_total{sink="orders",verdict="retry"} 4
iggysink_requests_total{sink="orders",verdict="split"} 0
iggysink_sink_paused{sink="orders"} 0
iggysink_sink_pauses_total{sink="orders"} 5
iggysink_sink_ready{sink="orders"} 1
iggysink_source_commits_total{sink="orders",stream="shop",topic="created"} 7
iggysink_source_joined{sink="orders",stream="shop",topic="created"} 1
iggysink_source_polls_total{sink="orders",stream="shop",topic="created"} 20
iggysink_source_reconnects_total{sink="orders",stream="shop",topic="created"} 1
iggysink_source_released_partitions{sink="orders",stream="shop",topic="created"} 2
iggysink_source_skipped_messages_total{sink="orders",stream="shop",topic="created"} 6
`

func TestMetricsOfASnapshot(t *testing.T) {
	_, body := get(t, start(t, healthy)+"/metrics")
	var series []string
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "iggysink_") {
			series = append(series, line)
		}
	}
	if diff := cmp.Diff(strings.TrimPrefix(wantMetrics, "\n"), strings.Join(series, "")); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(body, "\ngo_goroutines ") {
		t.Error("no metrics of the Go runtime")
	}
}

func TestEachSinkHasItsSeries(t *testing.T) {
	other := func() relay.Status { return changed(func(s *relay.Status) { s.Sink = "alerts"; s.Gate.Paused = true }) }
	_, body := get(t, start(t, healthy, other)+"/metrics")
	for _, want := range []string{
		`iggysink_sink_paused{sink="orders"} 0`,
		`iggysink_sink_paused{sink="alerts"} 1`,
		`iggysink_sink_ready{sink="alerts"} 0`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
}

// Before the first message there are series already: an alert on a missing series would fire at each start.
func TestAFreshSinkHasSeries(t *testing.T) {
	cfg := schema.DefaultSink()
	cfg.Name = "orders"
	cfg.Streams = []schema.Stream{schema.DefaultStream()}
	cfg.Streams[0].Name, cfg.Streams[0].Topics = "shop", []string{"created"}
	var err error
	if cfg.URL, err = schema.ParseTemplate("http://127.0.0.1:1/"); err != nil {
		t.Fatal(err)
	}
	engine, err := sinkhttp.New(&cfg, sinkhttp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	fresh := relay.Status{Sink: "orders", Stats: engine.Stats()}
	_, body := get(t, start(t, func() relay.Status { return fresh })+"/metrics")
	for _, want := range []string{
		`iggysink_messages_delivered_total{sink="orders"} 0`,
		`iggysink_requests_total{sink="orders",verdict="accepted"} 0`,
		`iggysink_requests_total{sink="orders",verdict="pause"} 0`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
}

func TestMetricNamesFollowTheConventions(t *testing.T) {
	_, body := get(t, start(t, healthy)+"/metrics")
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

var update = flag.Bool("update", false, "write docs/reference/metrics.md")

// The page is what people build dashboards from: it is made of what a scrape answers.
func TestReferencePage(t *testing.T) {
	_, body := get(t, start(t, healthy)+"/metrics")
	labels := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^(iggysink_\w+)\{(.*)\} `).FindAllStringSubmatch(body, -1) {
		names := regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(match[2], -1)
		var cells []string
		for _, name := range names {
			cells = append(cells, "`"+name[1]+"`")
		}
		labels[match[1]] = strings.Join(cells, ", ")
	}
	var b strings.Builder
	b.WriteString("<!-- Generated by `go generate` from internal/admin. Do not edit. -->\n\n# Metrics\n\n" +
		"With an [admin block](configuration.md#admin) iggysink serves these on `/metrics`, in the format of Prometheus, beside the " +
		"metrics of the\nGo runtime (`go_...`) and of the process (`process_...`). " +
		"[Operating](../guide/operating.md#metrics-and-alerts) gives normal values and\nalerts.\n\n" +
		"| metric | type | labels | meaning |\n|---|---|---|---|\n")
	rows := regexp.MustCompile(`# HELP (iggysink_\w+) (.*)\n# TYPE \w+ (\w+)`).FindAllStringSubmatch(body, -1)
	for _, row := range rows {
		if labels[row[1]] == "" {
			t.Errorf("%s has no series", row[1])
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", row[1], row[3], labels[row[1]], row[2])
	}
	if len(rows) != len(labels) {
		t.Errorf("%d families, and %d with series", len(rows), len(labels))
	}
	if err := golden.Page("../../docs/reference/metrics.md", b.String(), *update); err != nil {
		t.Error(err)
	}
}
