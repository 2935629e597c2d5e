package iggyserver

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A stranger may not make the server keep what it sends: before a login a request is short, whatever its command.
func TestBeforeALoginARequestIsShort(t *testing.T) {
	s := startAt(t, newClock())
	for _, code := range []uint32{CodeLoginUser, CodeSendMessages, CodeGetTopic, 9999} {
		w := dial(t, s)
		_, err := w.conn.Write(put32(put32(nil, maxOpenFrame+5), code))
		require.NoError(t, err)
		status, _ := w.receive()
		assert.EqualValues(t, invalidCommand, status)
		_, err = w.conn.Read(make([]byte, 1))
		require.Error(t, err, "the connection has ended, and nothing was read of the request")
	}
}
