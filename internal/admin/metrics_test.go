package admin

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"iggysink/internal/relay"
)

// The series of one snapshot, as Prometheus reads them. Dashboards and alerts hang on these names.
const wantMetrics = `
iggysink_messages_dead_lettered_total{sink="orders"} 2
iggysink_messages_delivered_total{sink="orders"} 10
iggysink_messages_dropped_total{sink="orders"} 1
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
	_, body := get(t, start(t, func() relay.Status { return relay.Status{Sink: "orders"} })+"/metrics")
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

// The README's table is what people build dashboards from: it lists every metric, and none that is gone.
func TestTheReadmeListsEveryMetric(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `(iggysink_[a-z_]+)`").FindAllStringSubmatch(string(readme), -1) {
		listed[match[1]] = true
	}
	served := map[string]bool{}
	for line := range strings.Lines(wantMetrics) {
		if name, _, isSeries := strings.Cut(line, "{"); isSeries {
			served[name] = true
		}
	}
	if diff := cmp.Diff(served, listed); diff != "" {
		t.Errorf("served (-) and in the README (+):\n%s", diff)
	}
}
