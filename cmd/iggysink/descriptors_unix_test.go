//go:build unix

package main

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
	"iggysink/schema"
)

// Clients that hold connections to the admin listener open leave a process of 128 descriptors those that it delivers
// with.
func TestIdleAdminClientsDoNotStopDelivery(t *testing.T) {
	t.Parallel()
	s := newScene(t, iggytest.Address(t), iggytest.Unique(t, "idle"), 4, "orders")
	e := newIngest(t, nil)
	p := s.spawnable("run", s.config("sink", "admin {\n  address = \"127.0.0.1:0\"\n}\n"+
		fmt.Sprintf(plainSink, "orders", e.url(), "")))
	p.cmd.Args = append([]string{"sh", "-c", `ulimit -n 128; exec "$0" "$@"`}, p.cmd.Args...)
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	p.cmd.Path = shell
	p.logTo(filepath.Join(s.dir, "stderr"))
	address := p.said(`health and metrics.*address=(\S+)`)[1]
	for range 200 {
		client, err := net.Dial("tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = client.Close() })
	}
	s.publishEach("orders", 4, 100)
	require.Zero(t, requireEach(t, taken(e.awaitTaken(400)), "orders", 4, 100))
	ready, _ := p.ready()
	require.True(t, ready)
	require.Equal(t, exitOK, p.stop())
}

func TestALowLimitOnDescriptorsIsAWarning(t *testing.T) {
	t.Parallel()
	s := newScene(t, iggytest.Address(t), iggytest.Unique(t, "limit"), 1, "orders")
	e := newIngest(t, nil)
	for limit, warned := range map[int]bool{64: true, 1024: false} {
		p := s.spawnable("run", "--once", s.config("sink", fmt.Sprintf(plainSink, "orders", e.url(), "")))
		shell, err := exec.LookPath("sh")
		require.NoError(t, err)
		p.cmd.Args = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, limit)}, p.cmd.Args...)
		p.cmd.Path = shell
		p.logTo(filepath.Join(s.dir, fmt.Sprint("stderr", limit)))
		require.Equal(t, exitOK, p.wait())
		if warned {
			p.said("limit on open files.*limit=64 needed=94")
		} else {
			require.NotContains(t, p.text(), "limit on open files")
		}
	}
	cfg := &schema.Config{Admin: &schema.Admin{}}
	sink := &schema.Sink{MaxConnections: 64, Streams: []schema.Stream{{Topics: []string{"a", "b"}}}}
	require.EqualValues(t, 24+17+3+64+6, neededDescriptors(cfg, []*schema.Sink{sink}))
}
