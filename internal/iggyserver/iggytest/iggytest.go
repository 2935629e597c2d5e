// Package iggytest gives a test its Iggy server: the one in this process, or a real one.
package iggytest

import (
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"

	"iggysink/internal/iggyserver"
)

// Variable names the environment variable with host:port of a real Iggy 0.8 server, user iggy, password iggy.
const Variable = "IGGYSINK_TEST_SERVER"

// VariableHTTP names the environment variable with host:port of the HTTP listener of a real Iggy server, 0.8 or newer, user
// iggy, password iggy.
const VariableHTTP = "IGGYSINK_TEST_SERVER_HTTP"

// RealHTTP tells whether tests over HTTP talk to a real server.
func RealHTTP() bool { return os.Getenv(VariableHTTP) != "" }

// AddressHTTP is host:port of the HTTP listener that this test talks to: the real one of IGGYSINK_TEST_SERVER_HTTP, or that
// of a server of its own in this process that ends with the test.
func AddressHTTP(tb testing.TB) string {
	tb.Helper()
	if address := os.Getenv(VariableHTTP); address != "" {
		return address
	}
	return Faulty(tb).HTTPAddr()
}

// Real tells whether tests talk to a real server.
func Real() bool { return os.Getenv(Variable) != "" }

// Address is host:port of the server that this test talks to: the real one of IGGYSINK_TEST_SERVER, or one of its own in
// this process that ends with the test.
func Address(tb testing.TB) string {
	tb.Helper()
	if address := os.Getenv(Variable); address != "" {
		return address
	}
	return Faulty(tb).Addr()
}

// Faulty is a server in this process for a test that injects faults, whatever IGGYSINK_TEST_SERVER says. It ends with the
// test.
func Faulty(tb testing.TB) *iggyserver.Server {
	tb.Helper()
	return With(tb, iggyserver.Options{})
}

// With is a server in this process with options, listening for TCP and for HTTP. It ends with the test.
func With(tb testing.TB, options iggyserver.Options) *iggyserver.Server {
	tb.Helper()
	options.HTTPAddress = "127.0.0.1:0"
	server, err := iggyserver.Start(options)
	if err != nil {
		tb.Fatalf("starting the in-process server: %v", err)
	}
	tb.Cleanup(func() {
		if err := server.Close(); err != nil {
			tb.Errorf("closing the in-process server: %v", err)
		}
	})
	return server
}

// Unique makes a stream name that no other test uses, in this run or in an earlier one against the same real server.
func Unique(tb testing.TB, name string) string {
	tb.Helper()
	test := strings.NewReplacer("/", "-", " ", "-", "#", "-").Replace(tb.Name())
	if len(test) > 120 {
		test = test[:120]
	}
	return fmt.Sprintf("%s-%s-%s", name, test, rand.Text()[:12])
}
