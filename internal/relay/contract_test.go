package relay_test

import (
	"testing"

	"iggysink/internal/relay"
	"iggysink/internal/relay/sourcetest"
)

// The fake that the tests of this package run with keeps the contract that the real sources keep.
func TestTheFakeSourceKeepsTheContract(t *testing.T) {
	sourcetest.Contract(t, func(t *testing.T, partitions int) sourcetest.Broker {
		return relay.NewFakeBroker(t, partitions)
	})
}
