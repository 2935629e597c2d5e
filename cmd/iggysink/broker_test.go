package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"iggysink/internal/iggyserver"
)

func TestABrokerBeyondLoopbackNeedsAPassword(t *testing.T) {
	for address, open := range map[string]bool{
		"127.0.0.1:0": false, "[::1]:0": false, "localhost:0": false, "": false,
		":8090": true, "0.0.0.0:8090": true, "[::]:0": true, "192.0.2.1:8090": true, "broker.test:8090": true,
	} {
		for _, password := range []string{"", "iggy"} {
			for _, opts := range []iggyserver.Options{
				{Address: address, Password: password}, {HTTPAddress: address, Password: password},
			} {
				err := refuseOpenBroker(opts)
				assert.Equal(t, open, err != nil, "%+v: %v", opts, err)
			}
		}
		assert.NoError(t, refuseOpenBroker(iggyserver.Options{Address: address, Password: "another"}))
	}
}
