package iggy_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No test leaves a goroutine behind: not the source, not the SDK.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
