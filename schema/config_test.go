package schema

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ExampleConfig_Validate() {
	c := Config{Sinks: []Sink{DefaultSink()}}
	c.Sinks[0].Name, c.Sinks[0].MaxConnections = "orders", 0
	for _, v := range c.Validate() {
		fmt.Printf("%s: %s\n", v.Pointer, v.Message())
	}
	// Output:
	// /sink/0: "stream" is required
	// /sink/0/max_connections: must be at least 1
	// /sink/0/url: must be an absolute http or https URL, with ${stream}, ${topic} and ${partition} in its path or query only
	// /sink/0/url: must have at least 1 character
}

func TestSinkDefaultsAreThoseOfTheReference(t *testing.T) {
	s := DefaultSink()
	assert.True(t, s.Enabled)
	assert.Equal(t, MethodPost, s.Method)
	assert.Equal(t, 30*time.Second, s.Timeout.Std())
	assert.Equal(t, 10485760, s.MaxPayloadSizeBytes)
	assert.NotNil(t, s.Headers)
	assert.Equal(t, BatchModeIndividual, s.BatchMode)
	assert.True(t, s.IncludeMetadata)
	assert.False(t, s.IncludeChecksum || s.IncludeOriginTimestamp || s.HealthCheckEnabled || s.VerboseLogging)
	assert.False(t, s.TLSDangerAcceptInvalidCerts)
	assert.Equal(t, HealthCheckMethodHead, s.HealthCheckMethod)
	assert.Equal(t, 3, s.MaxRetries)
	assert.Equal(t, time.Second, s.RetryDelay.Std())
	assert.Equal(t, 30*time.Second, s.MaxRetryDelay.Std())
	assert.Equal(t, 2.0, s.RetryBackoffMultiplier)
	assert.Equal(t, []int{200, 201, 202, 204}, s.SuccessStatusCodes)
	assert.Equal(t, "json 1000 5ms earliest", fmt.Sprint(DefaultStream().Schema, " ", DefaultStream().BatchLength, " ",
		DefaultStream().PollInterval, " ", DefaultStream().StartFrom))
}

func TestDefaultsOfTwoSinksShareNothing(t *testing.T) {
	a, b := DefaultSink(), DefaultSink()
	a.SuccessStatusCodes[0], a.Headers["x"] = 999, Literal("y")
	assert.Equal(t, 200, b.SuccessStatusCodes[0])
	assert.Empty(t, b.Headers)
}

func TestDecodingTakesDefaultsForWhatIsAbsentAndKeepsExplicitZeros(t *testing.T) {
	var c Config
	require.NoError(t, json.Unmarshal([]byte(with(`"max_retries":0,"include_metadata":false,"timeout":"1d","batch_mode":"ndjson",
"retry_status_codes":[418],"headers":{"A":"canary"},"circuit_breaker":{}`)), &c))
	s := c.Sinks[0]
	assert.Zero(t, s.MaxRetries)
	assert.False(t, s.IncludeMetadata)
	assert.Equal(t, 24*time.Hour, s.Timeout.Std())
	assert.Equal(t, BatchModeNDJSON, s.BatchMode)
	assert.Equal(t, []int{418}, s.RetryStatusCodes)
	assert.Equal(t, 64, s.MaxConnections)
	assert.Equal(t, 5*time.Second, s.CircuitBreaker.Cooldown.Std())
	assert.Equal(t, 1000, s.Streams[0].BatchLength)
	assert.Empty(t, c.Validate())

	shown, err := json.Marshal(c)
	require.NoError(t, err)
	assert.NotContains(t, string(shown)+fmt.Sprintf("%+v %#v", c, s), "canary")
}

func TestEnumsReadTheirValuesAndNothingElse(t *testing.T) {
	for _, v := range BatchModeValues() {
		parsed, err := ParseBatchMode(v.String())
		require.NoError(t, err)
		assert.Equal(t, v, parsed)
	}
	assert.Equal(t, []BatchMode{"individual", "nd_json", "json_array", "raw"}, BatchModeValues())
	alias, err := ParseBatchMode("ndjson")
	require.NoError(t, err)
	assert.Equal(t, BatchModeNDJSON, alias)
	for _, s := range []string{"", "post", "DELEET", "xml", "canary"} {
		_, err := ParseMethod(s)
		require.ErrorIs(t, err, ErrUnknownValue)
		assert.NotContains(t, err.Error(), "canary")
	}
	m := MethodPut
	require.Error(t, m.UnmarshalText([]byte("x")))
	assert.Equal(t, MethodPut, m, "an error leaves the value as it was")
}

func TestSinkResolvesGroupAndRejectedPolicy(t *testing.T) {
	s := Sink{Name: "orders"}
	assert.Equal(t, "iggysink-orders", s.Group(&Stream{}))
	assert.Equal(t, "mine", s.Group(&Stream{ConsumerGroup: "mine"}))
	assert.Equal(t, OnRejectedBlock, s.RejectedPolicy())
	s.DeadLetter = &DeadLetter{}
	assert.Equal(t, OnRejectedDeadLetter, s.RejectedPolicy())
	s.OnRejected = OnRejectedDrop
	assert.Equal(t, OnRejectedDrop, s.RejectedPolicy())
}

func TestSecretShowsItsMask(t *testing.T) {
	assertPrints(t, SecretMask, NewSecret("canary"))
	assertPrints(t, "", Secret{})
	assert.Equal(t, "canary", NewSecret("canary").Reveal())
	assert.Equal(t, NewSecret("a"), NewSecret("a"))
	assert.NotEqual(t, NewSecret("a"), NewSecret("b"))
	assert.Equal(t, Secret{}, NewSecret(""))
}

func TestMessageSizeCountsWhatItHolds(t *testing.T) {
	empty, full := Message{}, message("12345")
	full.Headers = everyKind()[:1]
	assert.Equal(t, empty.Size()+5+len("kind-1")+1+56, full.Size())
}
