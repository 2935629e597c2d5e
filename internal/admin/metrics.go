package admin

import (
	"log"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"iggysink/internal/relay"
)

// routes serves the paths of the package doc and nothing else. The registry is its own: a package that registers with
// the default one cannot change what is shown here.
func routes(sinks []Sink, errorLog *log.Logger) http.Handler {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(
		newCollector(sinks),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", livez)
	mux.HandleFunc("GET /readyz", readyz(sinks))
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:            errorLog,
		MaxRequestsInFlight: maxScrapes,
		Timeout:             requestTimeout,
	}))
	return mux
}

// collector turns snapshots into metrics at each scrape. Nothing is counted twice or kept: a partition that is not owned
// any more has no series.
type collector struct {
	sinks   []Sink
	metrics []metric
}

// metric is one family: its description, and how its series are read from a snapshot.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(s *relay.Status, emit emitFunc)
}

// emitFunc adds one series; labels come after the sink's name.
type emitFunc func(value float64, labels ...string)

func newCollector(sinks []Sink) *collector {
	return &collector{sinks: sinks, metrics: append(append(sinkMetrics(), sourceMetrics()...), partitionMetrics()...)}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, m := range c.metrics {
		out <- m.desc
	}
}

// Collect implements prometheus.Collector. One snapshot serves all families of a sink, so that they agree.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	for _, sink := range c.sinks {
		s := sink()
		for _, m := range c.metrics {
			m.read(&s, func(value float64, labels ...string) {
				out <- prometheus.MustNewConstMetric(m.desc, m.kind, value, append([]string{s.Sink}, labels...)...)
			})
		}
	}
}

func counter(name, help string, labels []string, read func(*relay.Status, emitFunc)) metric {
	return metric{describe(name, help, labels), prometheus.CounterValue, read}
}

func gauge(name, help string, labels []string, read func(*relay.Status, emitFunc)) metric {
	return metric{describe(name, help, labels), prometheus.GaugeValue, read}
}

func describe(name, help string, labels []string) *prometheus.Desc {
	return prometheus.NewDesc("iggysink_"+name, help, append([]string{"sink"}, labels...), nil)
}

// total makes a counter of one number a sink.
func total(name, help string, number func(*relay.Status) uint64) metric {
	return counter(name, help, nil, func(s *relay.Status, emit emitFunc) { emit(float64(number(s))) })
}

func sinkMetrics() []metric {
	return []metric{
		total("messages_delivered_total", "Messages that the endpoint accepted.",
			func(s *relay.Status) uint64 { return s.Delivered }),
		total("messages_rejected_total", "Messages that the endpoint, or a check before it, refused; a blocked one counts once.",
			func(s *relay.Status) uint64 { return s.Rejected }),
		total("messages_dead_lettered_total", "Messages written to the dead letters.",
			func(s *relay.Status) uint64 { return s.DeadLettered }),
		total("messages_dropped_total", "Messages lost because the configuration says drop.",
			func(s *relay.Status) uint64 { return s.Dropped }),
		total("messages_filtered_total", "Messages that the sink's filter took out: they are settled and were not sent.",
			func(s *relay.Status) uint64 { return s.Filtered }),
		counter("requests_total", "Attempts to send a request, by verdict: accepted, retry, split, reject, pause or cancelled.",
			[]string{"verdict"}, func(s *relay.Status, emit emitFunc) {
				// All of them are there from the start: an alert on a rate needs the zero before the first count.
				for verdict, n := range s.Stats.Verdicts {
					emit(float64(n), verdict)
				}
			}),
		total("request_retries_total", "Attempts after the first one of a request.",
			func(s *relay.Status) uint64 { return s.Stats.Retries }),
		total("request_body_bytes_total", "Bytes of request bodies that were sent.",
			func(s *relay.Status) uint64 { return s.Stats.Bytes }),
		total("sink_pauses_total", "Times that the sink was paused.",
			func(s *relay.Status) uint64 { return s.Pauses }),
		gauge("sink_paused", "1 while the sink is paused, otherwise 0.", nil,
			func(s *relay.Status, emit emitFunc) { emit(truth(s.Gate.Paused)) }),
		gauge("sink_ready", "1 while the sink can deliver, as /readyz has it, otherwise 0.", nil,
			func(s *relay.Status, emit emitFunc) { emit(truth(len(unready(*s)) == 0)) }),
	}
}

func sourceMetrics() []metric {
	labels := []string{"stream", "topic"}
	each := func(number func(*relay.SourceStatus) float64) func(*relay.Status, emitFunc) {
		return func(s *relay.Status, emit emitFunc) {
			for i := range s.Sources {
				source := &s.Sources[i]
				emit(number(source), source.Stream, source.Topic)
			}
		}
	}
	return []metric{
		gauge("source_joined", "1 while the source is in its consumer group, otherwise 0.", labels,
			each(func(s *relay.SourceStatus) float64 { return truth(s.Joined) })),
		counter("source_reconnects_total", "Connections to Iggy that were rebuilt.", labels,
			each(func(s *relay.SourceStatus) float64 { return float64(s.Reconnects) })),
		counter("source_polls_total", "Polls of the topic.", labels,
			each(func(s *relay.SourceStatus) float64 { return float64(s.Polls) })),
		counter("source_commits_total", "Offsets stored in Iggy.", labels,
			each(func(s *relay.SourceStatus) float64 { return float64(s.Commits) })),
		counter("source_skipped_messages_total", "Offsets that retention deleted before they were read.", labels,
			each(func(s *relay.SourceStatus) float64 { return float64(s.Skipped) })),
		gauge("source_released_partitions", "Partitions left to another process that stores their offsets.", labels,
			each(func(s *relay.SourceStatus) float64 { return float64(len(s.Released)) })),
	}
}

func partitionMetrics() []metric {
	labels := []string{"stream", "topic", "partition"}
	each := func(number func(*relay.PartitionStatus) float64) func(*relay.Status, emitFunc) {
		return func(s *relay.Status, emit emitFunc) {
			for i := range s.Partitions {
				p := &s.Partitions[i]
				id := strconv.FormatUint(uint64(p.Partition.ID), 10)
				emit(number(p), p.Partition.Stream, p.Partition.Topic, id)
			}
		}
	}
	return []metric{
		gauge("partition_lag_messages", "Messages of an owned partition that are not settled.", labels,
			each(func(p *relay.PartitionStatus) float64 { return float64(p.Lag) })),
		gauge("partition_oldest_message_age_seconds",
			"Time since the oldest undelivered message that is known was appended; 0 without one.", labels,
			each(func(p *relay.PartitionStatus) float64 { return p.OldestAge.Seconds() })),
		gauge("partition_in_hand_bytes", "Bytes of messages that were read and are not settled.", labels,
			each(func(p *relay.PartitionStatus) float64 { return float64(p.InHand) })),
		gauge("partition_blocked", "1 while the partition is blocked by a message that the endpoint refuses, otherwise 0.",
			labels, each(func(p *relay.PartitionStatus) float64 { return truth(p.Blocked) })),
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
