package payload

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The guide tells the budget that a check has.
func TestTheGuideTellsTheBudget(t *testing.T) {
	guide, err := os.ReadFile("../../docs/guide/configuration.md")
	require.NoError(t, err)
	assert.Contains(t, strings.Join(strings.Fields(string(guide)), " "),
		fmt.Sprintf("a budget of %d,%03d steps and %d for each byte of the payload", baseSteps/1000, baseSteps%1000, stepsAByte))
}
