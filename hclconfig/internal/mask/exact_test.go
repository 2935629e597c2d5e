package mask

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCharacter(t *testing.T) {
	for _, tt := range []struct {
		raw  string
		want rune
		size int
	}{
		{`ab`, 'a', 1}, {`é`, 'é', 2}, {`\n`, '\n', 2}, {`\"`, '"', 2}, {`\u00e9x`, 'é', 6}, {`\ud83d\ude00`, '😀', 12},
		{`\ud83d\u0041`, '\uFFFD', 6}, {`\ud83d`, '\uFFFD', 6}, {`\u0041\u0042`, 'A', 6}, {`\u00`, '\uFFFD', 4}, {`\`, '\\', 1},
		{"\xff", '\uFFFD', 1},
	} {
		got, size := character([]byte(tt.raw))
		require.Equal(t, fmt.Sprintf("%c %d", tt.want, tt.size), fmt.Sprintf("%c %d", got, size), tt.raw)
	}
}
