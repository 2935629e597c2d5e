package admin

import (
	"fmt"

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
