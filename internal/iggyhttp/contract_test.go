package iggyhttp_test

import (
	"testing"

	"iggysink/internal/relay/sourcetest"
)

func TestContract(t *testing.T) {
	sourcetest.Contract(t, func(t *testing.T, partitions int) sourcetest.Broker { return testWorld(t, partitions) })
}
