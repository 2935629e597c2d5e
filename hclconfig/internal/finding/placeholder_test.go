package finding

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlaceholders(t *testing.T) {
	for text, want := range map[string][]Placeholder{
		"/{{topic}}/{{ .Partition_ID }}": {{"{{topic}}", "${topic}"}, {"{{ .Partition_ID }}", "${partition}"}},
		"/{topic}?s={Stream_name}":       {{"{topic}", "${topic}"}, {"{Stream_name}", "${stream}"}},
		"/$TOPIC/$(stream)/$TENANT":      {{"$TOPIC", "${topic}"}, {"$(stream)", "${stream}"}, {"$TENANT", `${env("TENANT")}`}},
		"/:topic/<stream>/%partition%":   {{":topic", "${topic}"}, {"<stream>", "${stream}"}, {"%partition%", "${partition}"}},
		"/{{message.id}}/#{topic}":       {{"{{message.id}}", "${message.id}"}, {"#{topic}", "${topic}"}},
		"/{topic}/{topic}":               {{"{topic}", "${topic}"}},
		"/${topic}":                      {{"${topic}", "${topic}"}},
		"/topic/{id}/$metadata/$filter":  nil,
		"/topics/:topics/{topics}/$Ab":   nil,
		"https://topic:80/stream":        nil,
	} {
		if diff := cmp.Diff(want, Placeholders(text)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}
