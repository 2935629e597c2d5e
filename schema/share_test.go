package schema

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whether processes count from 0 or from 1, n of them own every partition once.
func TestSharesCoverEveryPartitionOnce(t *testing.T) {
	for _, shares := range [][]string{{""}, {"1/1"}, {"0/1"}, {"1/3", "2/3", "3/3"}, {"0/3", "1/3", "2/3"}} {
		for partition := range uint32(10) {
			owners := 0
			for _, text := range shares {
				share, err := ParseShare(text)
				require.NoError(t, err)
				assert.Equal(t, text, share.String())
				if share.Owns(partition) {
					owners++
				}
			}
			assert.Equal(t, 1, owners, "partition %d of %v", partition, shares)
		}
	}
}

func TestWhatIsNoShareIsRefused(t *testing.T) {
	for _, text := range []string{"1", "/", "1/", "/3", "1/0", "4/3", "-1/3", "+1/3", "1/+3", "1/10000", "a/3", "1/3/3", " 1/3", "99999/3"} {
		_, err := ParseShare(text)
		assert.Error(t, err, "%q", text)
	}
}
