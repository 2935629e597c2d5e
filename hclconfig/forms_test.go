package hclconfig

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"iggysink/schema"
)

// A correction keeps the host and the port that were written.
func TestWhatIsWrongWithAnAddress(t *testing.T) {
	got := make(map[string]string)
	want := map[string]string{
		"iggy":          `The port is missing. Try "iggy:8090".`,
		"::1":           `The port is missing, and an IPv6 address needs brackets. Try "[::1]:8090".`,
		"[::1]":         `The port is missing. Try "[::1]:8090".`,
		"iggy:":         `The port after : is missing. Try "iggy:8090".`,
		"iggy:99999":    `The port 99999 is not a number from 1 to 65535.`,
		"iggy:http":     `The port http is not a number from 1 to 65535.`,
		":8090":         `The host is missing. Try "127.0.0.1:8090".`,
		"http://iggy":   `An address has no scheme: remove "http://". Try "iggy:8090".`,
		"tcp://h:9/x":   `An address has no scheme: remove "tcp://". Try "h:9".`,
		"iggy:8090/":    `An address has no path. Try "iggy:8090".`,
		"\tiggy:8090":   `There is a space around it. Try "iggy:8090".`,
		"":              `It is empty. address is no address.`,
		"a:b:c:d":       `address is no address.`,
		"iggy+tcp://h:": `An address has no scheme: remove "iggy+tcp://". Try "h:".`,
	}
	for address := range want {
		got[address] = addressDetail(address, "address is no address.")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What a correction offers is right.
func TestCorrectionsOfDurationsAreDurations(t *testing.T) {
	for _, word := range []string{"ns", "us", "ms", "s", "m", "h", "d", "min", "Minutes", "sec", "seconds", "msec", "hours", "hr", "days"} {
		unit := unitOf(word)
		if _, err := schema.ParseDuration("1.5" + unit); err != nil || unit == "" {
			t.Errorf("%s is %q: %v", word, unit, err)
		}
	}
}
