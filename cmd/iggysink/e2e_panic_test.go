package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
	"iggysink/internal/relay"
)

// panickingLetters is a dead-letter store with a mistake.
type panickingLetters struct{}

func (panickingLetters) Write(context.Context, []relay.DeadLetter) error { panic("a mistake") }
func (panickingLetters) Close() error                                    { return nil }

// A panic in a goroutine of one sink ends that sink, with its stack in the log; the others deliver everything, and the
// exit code tells.
func TestAPanicEndsOneSinkOnly(t *testing.T) { over(t, testAPanicEndsOneSinkOnly) }

func testAPanicEndsOneSinkOnly(t *testing.T, in inlet) {
	t.Parallel()
	s := newSceneOver(t, in, iggytest.Unique(t, "panic"), 4, "orders")
	bad, good := newIngest(t, status(http.StatusBadRequest)), newIngest(t, nil)
	path := s.config("sinks", fmt.Sprintf(plainSink, "bad", bad.url(), `on_rejected = "drop"`)+
		fmt.Sprintf(plainSink, "good", good.url(), ""))
	var log syncBuffer
	var load loadFlags
	cfg, err := load.load(testLog{t}, []string{path})
	require.NoError(t, err)
	sinks, err := selectSinks(cfg, nil)
	require.NoError(t, err)
	lf := logFlags{format: "text", level: "info"}
	logger, err := lf.open(&log)
	require.NoError(t, err)
	d, err := newDelivery(cfg, sinks, deliveryOptions{logger: logger.Logger, drainTimeout: 5 * time.Second})
	require.NoError(t, err)
	broken := *sinks[0]
	broken.OnRejected = "dead_letter"
	d.runners[0].relay = relay.New(&broken, d.runners[0].engine, panickingLetters{}, relay.Options{Logger: logger.Logger})

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx) }()
	s.publishEach("orders", 4, 1)
	log.await(t, "(the sink ended)")
	s.publishEach("orders", 4, 99)
	require.Zero(t, requireEach(t, taken(good.awaitTaken(400)), "orders", 4, 100))
	stop()
	err = logger.fail(<-ended)
	require.Equal(t, exitUsage, report(testLog{t}, err))
	text := log.String()
	require.Contains(t, text, "internal error: this sink ends")
	require.Contains(t, text, "panickingLetters.Write", "the stack")
	require.Equal(t, 1, strings.Count(text, "the sink ended"))
	require.Contains(t, d.runners[0].relay.Status().Crashed, "a mistake")
}
