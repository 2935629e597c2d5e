package admin

import (
	"fmt"
	"time"

	"iggysink/internal/relay"
)

// unready tells why a sink cannot deliver; nothing if it can. A blocked partition is not among the reasons: the others
// go on, and a restart would not help it.
func unready(s relay.Status) (reasons []string) {
	say := func(format string, values ...any) {
		reasons = append(reasons, fmt.Sprintf("sink %q: ", s.Sink)+fmt.Sprintf(format, values...))
	}
	if s.Crashed != "" {
		say("ended, until a restart: %s", s.Crashed)
		return reasons
	}
	if s.Draining {
		say("stopping")
		return reasons
	}
	switch {
	case s.Gate.Paused && s.Gate.Manual:
		say("paused until a restart: %s", s.Gate.Reason)
	case s.Gate.Paused:
		say("paused: %s", s.Gate.Reason)
	case !s.Ready:
		say("the health check has not passed yet")
	}
	for _, source := range s.Sources {
		if !source.Joined {
			say("not in group %q of %s/%s: %s", source.Group, source.Stream, source.Topic, source.Err)
		}
	}
	return reasons
}

// blocked tells where a sink's partitions stand still.
func blocked(s relay.Status) (lines []string) {
	for i := range s.Partitions {
		p := &s.Partitions[i]
		if !p.Blocked {
			continue
		}
		if len(lines) == maxBlocked {
			return append(lines, fmt.Sprintf("sink %q: more partitions are blocked; the metrics have them all", s.Sink))
		}
		line := fmt.Sprintf("sink %q: partition %s/%s/%d is blocked at offset %d: %s", s.Sink, p.Partition.Stream,
			p.Partition.Topic, p.Partition.ID, p.BlockedOffset, p.Reason)
		if !p.Until.IsZero() {
			line += "; tried again at " + p.Until.UTC().Format(time.RFC3339)
		}
		lines = append(lines, line)
	}
	return lines
}
