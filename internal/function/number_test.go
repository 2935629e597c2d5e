package function

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIsBounded(t *testing.T) {
	digits := strings.Repeat("9", maxDigits)
	for _, text := range []string{"", "x", "1e5", "1e300", "-1.5E-300", "1p300", "12-34-5678", "1e5-3", "e", "1e", "deadbeef",
		"2026-11-24", digits, "NaN"} {
		require.True(t, IsBounded(text), text)
	}
	for _, text := range []string{"1e301", "-1E-301", "1p301", "1e99999999999999999999", digits + "9", " 1e301 ", "1e+00301"} {
		require.False(t, IsBounded(text), text)
	}
	require.True(t, HasFewDigits("1e9999999"))
	require.True(t, HasFewDigits(digits+"x"))
	require.False(t, HasFewDigits(digits+"9"))
}
