package schema

import "testing"

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.8.8.8": true, "::1": true, "[::1]": true, "::ffff:127.0.0.1": true, "localhost": true, "LocalHost.": true,
		"a.localhost": true, "": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "localhost.example.com": false,
		"127.0.0.1.example.com": false, "notlocalhost": false, "0177.0.0.1": false, "2130706433": false,
	} {
		if IsLoopback(host) != want {
			t.Errorf("%q: %t", host, !want)
		}
	}
}

func TestLoginInClear(t *testing.T) {
	for _, tt := range []struct {
		iggy Iggy
		want bool
	}{
		{Iggy{Address: "127.0.0.1:8090"}, false}, {Iggy{Address: "[::1]:8090"}, false}, {Iggy{Address: "localhost:8090"}, false},
		{Iggy{Address: "iggy.internal:8090"}, true}, {Iggy{Address: "10.0.0.1:3000", Transport: IggyTransportHTTP}, true},
		{Iggy{Address: "iggy.internal:8090", TLS: &IggyTLS{}}, false}, {Iggy{Address: "no port"}, false},
	} {
		if tt.iggy.LoginInClear() != tt.want {
			t.Errorf("%s: %t", tt.iggy.Address, !tt.want)
		}
	}
}
