package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The program listens, says where, prints each new message once, and ends when it is told to.
func TestRunServesUntilItIsStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var stdout bytes.Buffer // read after the program has ended
	ready, stderr := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"--address", "127.0.0.1:0"}, &stdout, stderr) }()
	line := make([]byte, 100)
	n, err := ready.Read(line)
	require.NoError(t, err)
	match := regexp.MustCompile(`^ready (http://127\.0\.0\.1:\d+)\n$`).FindSubmatch(line[:n])
	require.NotNil(t, match, "%s", line[:n])
	for range 2 {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, string(match[1]), strings.NewReader(message(1, `{"n":1.50}`)))
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusOK, response.StatusCode)
	}
	stop()
	require.NoError(t, <-ended)
	assert.Equal(t, 1, strings.Count(stdout.String(), "\n"))
	assert.Contains(t, stdout.String(), `"iggy_offset":1,`)
	assert.Contains(t, stdout.String(), `"payload":{"n":1.50}`)
}

func TestRunSaysWhyItCannot(t *testing.T) {
	assert.ErrorContains(t, run(t.Context(), []string{"--address", "127.0.0.1:99999"}, io.Discard, io.Discard), "listening: ")
	assert.Error(t, run(t.Context(), []string{"--nosuch"}, io.Discard, io.Discard))
}
