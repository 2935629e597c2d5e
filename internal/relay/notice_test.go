package relay

import (
	"log/slog"
	"net/http"
	"strings"
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
