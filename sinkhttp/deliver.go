package sinkhttp

import (
	"context"
	"errors"
	"slices"
	"strings"

	"iggysink/schema"
)

// Deliver is [Sink.Prepare] and [Sink.Send] in one: it returns one outcome for each message of b, in order. It is for
// callers that do nothing between the two. What is [Failed] or [Unsent] has to be delivered again before the offset moves
// over it.
func (s *Sink) Deliver(ctx context.Context, b Batch) []Outcome {
	p, outcomes := s.Prepare(b)
	outcomes = append(outcomes, s.Send(ctx, nil, p)...)
	slices.SortFunc(outcomes, func(a, b Outcome) int { return a.Index - b.Index })
	return outcomes
}

// Ignored returns the properties of [schema.Sink] that have no effect here, sorted. They say which messages a sink reads,
// which batches are sent at the same time, and what becomes of a message once its outcome is there: that is the business of
// whoever calls Prepare and Send. New takes any value of them. Of the stream blocks only payload_schema has an effect.
func Ignored() []string {
	return []string{
		"circuit_breaker", "dead_letter", "enabled", "max_consecutive_rejects", "max_in_flight", "ordering", "ordering_key", "stream",
	}
}

// validate returns the first violation of the schema in what has an effect here. The name counts only in logs, and any is
// good for that; check reads the url as it is filled in, so that a host of each topic is possible for a caller.
func validate(cfg *schema.Sink) error {
	for _, v := range cfg.Validate() {
		segments := strings.Split(strings.TrimPrefix(v.Pointer, "/"), "/")
		missing := v.Keyword == "required" && slices.Contains(Ignored(), v.Property)
		if missing || segments[0] == "name" || segments[0] == "url" || slices.Contains(Ignored(), segments[0]) {
			continue
		}
		return errors.New(strings.TrimPrefix(strings.Join(segments, ": ")+": "+v.Message(), ": "))
	}
	return nil
}
