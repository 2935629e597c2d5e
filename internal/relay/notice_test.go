package relay

import (
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"iggysink/schema"
)

// An operator sees which messages are given up and why; when there are many, how many.
func TestMessagesThatAreGivenUpAreToldAndThenCounted(t *testing.T) {
	for policy, said := range map[string][2]string{
		"drop":        {"a message was dropped, as the configuration says: it is lost", "more messages were dropped"},
		"dead_letter": {"a message went to the dead letters", "more messages went to the dead letters"},
	} {
		s := newScene(t, 1)
		log := &syncBuffer{}
		s.opts.Logger = slog.New(slog.NewTextHandler(log, nil))
		s.cfg.OnRejected = schema.OnRejected(policy)
		s.cfg.MaxConsecutiveRejects = 0
		s.endpoint.answers(func(string, int) int { return http.StatusBadRequest })
		s.topic.publish(0, 0, numbered(0, 0, 20)...)
		r := s.start(0)
		s.untilStored(0, 19)
		r.stop()
		text := log.String()
		assert.Equal(t, noticeMost, strings.Count(text, said[0]), text)
		assert.Contains(t, text, `partition=0 offset=4 status=400 reason="answered 400 Bad Request"`)
		assert.Contains(t, text, said[1])
		assert.Contains(t, text, "messages=15")
	}
}

func TestTheNextSpanIsToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines, counted := 0, uint64(0)
		n := notice{line: func(*partition, uint64, int, string) { lines++ }, rest: func(c uint64) { counted += c }}
		for range noticeMost + 3 {
			n.tell(nil, 0, 0, "")
		}
		assert.Equal(t, noticeMost, lines)
		assert.Zero(t, counted)
		time.Sleep(noticeSpan)
		n.tell(nil, 0, 0, "")
		assert.Equal(t, noticeMost+1, lines)
		assert.EqualValues(t, 3, counted)
	})
}

// The texts of a pause say why, that nothing is lost, and when it is tried again; then, that it goes on.
func TestAPauseSaysWhatAndWhyAndUntilWhen(t *testing.T) {
	for status, texts := range map[int][]string{
		http.StatusForbidden: {
			`level=WARN msg="the sink is paused: nothing is lost, and it resumes by itself where it left off" sink=test endpoint=http://`,
			`reason="answered 403 Forbidden`, " tried_again=2",
			`level=WARN msg="the sink stays paused: nothing is lost" sink=test endpoint=http://`, "failed_probes=1",
			`level=INFO msg="the sink goes on" sink=test`, `because="a probe was accepted" paused_for=`,
		},
		http.StatusGone: {
			`level=ERROR msg="the sink is paused until it is resumed by hand or restarted: nothing is lost" sink=test`,
			`reason="answered 410 Gone`, `because="it was resumed by hand"`,
		},
	} {
		s := newScene(t, 1)
		log := &syncBuffer{}
		s.opts.Logger = slog.New(slog.NewTextHandler(log, nil))
		var well atomic.Bool
		s.endpoint.answers(func(string, int) int {
			if well.Load() {
				return http.StatusOK
			}
			return status
		})
		s.topic.publish(0, 0, numbered(0, 0, 2)...)
		r := s.start(0)
		if status == http.StatusGone {
			s.until("the pause", func() bool { return r.Status().Gate.Manual })
			well.Store(true)
			r.Resume()
		} else {
			s.until("a failed probe", func() bool { return strings.Contains(log.String(), "stays paused") })
			well.Store(true)
		}
		s.untilStored(0, 1)
		r.stop()
		rest := log.String()
		for _, text := range texts {
			_, after, found := strings.Cut(rest, text)
			if !assert.True(t, found, "%q comes in this order in\n%s", text, log.String()) {
				break
			}
			rest = after
		}
	}
}

// The text of a block says which message, why, that the others go on and nothing is lost, what can be done, and when it is
// tried again. It is said once, however often that message is refused.
func TestABlockSaysWhichMessageAndWhatCanBeDone(t *testing.T) {
	s := newScene(t, 2)
	log := &syncBuffer{}
	s.opts.Logger = slog.New(slog.NewTextHandler(log, nil))
	s.cfg.OnRejected = schema.OnRejectedBlock
	var refused atomic.Int32
	s.endpoint.answers(func(message string, _ int) int {
		if message == `"0/2"` && refused.Add(1) <= 4 {
			return http.StatusUnprocessableEntity
		}
		return http.StatusOK
	})
	s.topic.publish(0, 0, numbered(0, 0, 4)...)
	s.topic.publish(1, 0, numbered(1, 0, 2)...)
	r := s.start(0, 1)
	s.untilStored(1, 1)
	s.untilStored(0, 3)
	r.stop()
	text := log.String()
	assert.Equal(t, 1, strings.Count(text, "partition is blocked"), text)
	assert.Contains(t, text, `level=WARN msg="partition is blocked at a message: nothing is lost, the others go on, and it is tried again; `+
		`fix what refuses it, or give such messages up with on_rejected or on_exhausted" sink=test`)
	assert.Contains(t, text, `partition=0 offset=2 status=422 reason="answered 422 Unprocessable Entity" tried_again=2`)
	assert.Contains(t, text, `level=INFO msg="partition goes on"`)
}

// An outage of a night is a handful of lines, then one that counts in growing spans.
func TestFailedProbesAreToldAndThenCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c tally
		var told []int
		for begun := time.Now(); time.Since(begun) < 10*time.Hour; time.Sleep(15 * time.Second) {
			if c.tell() {
				told = append(told, c.failed)
			}
		}
		assert.Equal(t, []int{1, 2, 3, 4, 5, 9, 17, 33, 65, 129, 257, 497}, told[:12])
		assert.Len(t, told, 19, "an hour between two of them at most")
	})
}
