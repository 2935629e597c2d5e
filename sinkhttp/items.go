package sinkhttp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"iggysink/internal/jsonscan"
	"iggysink/schema"
)

// maxItemsAnswer bounds the answer of a bulk API. A longer one tells nothing that could be trusted.
const maxItemsAnswer = 16 << 20

// items reads the answers of a bulk API.
type items struct {
	array, status, reason jsonscan.Pointer
	hasReason             bool
}

// itemResult is what an API says of one item.
type itemResult struct {
	status int
	reason string // as the endpoint wrote it, secrets masked: for a dead letter, not for a log
}

func newItems(b *schema.ResponseItems) *items {
	return &items{
		array: jsonscan.ParsePointer(b.Items), status: jsonscan.ParsePointer(b.Status), reason: jsonscan.ParsePointer(b.Error),
		hasReason: b.Error != "",
	}
}

// read returns what an answer says of each of n messages. An error means that it says nothing: the request counts as
// failed, never as accepted.
func (it *items) read(answer []byte, n int) ([]itemResult, error) {
	if len(answer) > maxItemsAnswer {
		return nil, fmt.Errorf("the answer has more than %d bytes", maxItemsAnswer)
	}
	if schema.CheckJSON(answer) != nil {
		return nil, errors.New("the answer is not JSON, or not all of it came")
	}
	array, ok := it.array.Find(answer)
	if !ok || array[0] != '[' {
		return nil, errors.New("the answer has no array of items where response_items says")
	}
	results := make([]itemResult, 0, n)
	for item := range jsonscan.Elements(array) {
		if len(results) == n {
			return nil, fmt.Errorf("the answer has more items than the %d that were sent", n)
		}
		r, err := it.item(item)
		if err != nil {
			return nil, fmt.Errorf("item %d of the answer %w", len(results), err)
		}
		results = append(results, r)
	}
	if len(results) != n {
		return nil, fmt.Errorf("the answer has %d items for the %d that were sent", len(results), n)
	}
	return results, nil
}

func (it *items) item(item []byte) (r itemResult, err error) {
	status, ok := it.status.Find(item)
	if !ok {
		return r, errors.New("has no status where response_items says")
	}
	text := string(status)
	if status[0] == '"' {
		text = string(jsonscan.AppendText(nil, status))
	}
	if r.status, err = strconv.Atoi(text); err != nil || r.status < 100 || r.status > 599 {
		return r, errors.New("has a status that is not an HTTP status")
	}
	if reason, found := it.reason.Find(item); it.hasReason && found && string(reason) != "null" {
		if r.reason = string(reason); reason[0] == '"' {
			r.reason = string(jsonscan.AppendText(nil, reason))
		}
	}
	return r, nil
}

// judgeItems makes of an accepted answer what it says of each message. One that cannot be read says that the request is to
// be made again: nothing that it carried counts as accepted.
func (s *Sink) judgeItems(j *judgement, a *answer, n int, sent http.Header) {
	results, err := []itemResult(nil), errors.New("the answer ended too early, or is too large")
	if !a.cut {
		results, err = s.items.read(a.body, n)
	}
	if err != nil {
		j.verdict, j.reason = retry, err.Error()
		return
	}
	for i := range results {
		if r := &results[i]; r.reason != "" {
			r.reason = withoutSignature(s.bodies.text(r.reason), sent)
		}
		if status := results[i].status; status == 429 || status == 503 { // an item has no header: that of the answer is its own
			j.retryAfter = s.classifier.after(a.header, time.Now())
		}
	}
	j.items = results
}

// actItems follows the verdicts on the items of a request that was accepted as a whole. What is to be tried again is one
// request, with none of the others in it. False if Send has to end.
func (w *sending) actItems(r run, j *judgement) bool {
	again := r
	again.picks, again.part = make([]int, 0, r.length()), true
	var worst judgement
	n, blocked := 0, false
	for i := range r.all {
		result := j.items[n]
		n++
		one := r
		one.picks = []int{i}
		one.status = result.status
		item := w.sink.classifier.response(result.status, nil, 1, time.Time{})
		item.reason = fmt.Sprintf("the item was answered %s", statusText(result.status))
		item.body = result.reason
		switch item.verdict {
		case accept:
			w.settle(one, Accepted, item)
		case reject:
			w.settle(one, Rejected, item)
			blocked = blocked || w.sink.rejectBlocks
		default:
			again.picks = append(again.picks, i)
			if worst.verdict != pause {
				worst = item
			}
		}
	}
	if len(again.picks) == 0 {
		return !blocked
	}
	again.status = worst.status
	worst.retryAfter = j.retryAfter
	if worst.retryAfter > 0 {
		worst.scope = ScopeEndpoint
	}
	if worst.retryAfter > 0 && worst.outage && !w.probe { // costs no retry, and the gate holds it back
		w.todo = append(w.todo, again)
		return !blocked
	}
	if blocked || worst.verdict == retry && !w.probe && again.retries < w.sink.cfg.MaxRetries {
		again.retries++
		w.todo = append(w.todo, again)
		return !blocked && w.sleep(w.sink.backoff.wait(again.retries-1, rand.Float64))
	}
	return w.fail(again, &worst)
}

// gather is the body of the messages that are left of a request.
func (s *Sink) gather(p *Prepared, r run) []byte {
	array := s.cfg.BatchMode == schema.BatchModeJSONArray
	var body []byte
	for i := range r.all {
		if array {
			body = append(body, arraySeparator(len(body) > 0))
		}
		body = append(body, p.body[p.spans[i].start:p.spans[i].end]...)
	}
	if array {
		body = append(body, ']')
	}
	return body
}

// picked returns the spans of r.
func (s *Sink) picked(p *Prepared, r *run) []span {
	if r.picks == nil {
		return p.spans[r.from:r.to]
	}
	spans := make([]span, 0, len(r.picks))
	for _, i := range r.picks {
		spans = append(spans, p.spans[i])
	}
	return spans
}
