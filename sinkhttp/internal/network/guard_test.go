package network

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
	"pgregory.net/rapid"

	"iggysink/schema"
)

func guardOf(t testing.TB, deny, allow []string) *guard {
	t.Helper()
	g, err := newGuard(&schema.Network{Deny: deny, Allow: allow})
	require.NoError(t, err)
	return g
}

func TestAddressesByGroup(t *testing.T) {
	for group, addresses := range map[string]string{
		"metadata": "169.254.169.254 fd00:ec2::254 169.254.170.2 168.63.129.16 100.100.100.200 fd20:ce::254 ::ffff:169.254.169.254 " +
			"::169.254.169.254 64:ff9b::a9fe:a9fe 64:ff9b:1:a9fe:a9:fe00:: 64:ff9b:1::a9fe:a9fe 2002:a9fe:a9fe::1 " +
			"2001:0:a9fe:a9fe::1 2001:0:0:0:0:0:5601:5601 fe80::5efe:a9fe:a9fe 2001:db8::200:5efe:a9fe:a9fe fd00:ec2::254%eth0",
		"link_local": "169.254.0.1 169.254.169.254 fe80::1 fe80::1%eth0 febf::1 ff02::1 224.0.0.1 2002:a9fe:1::",
		"private":    "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 fc00::1 fdff::1 ::ffff:10.1.2.3 64:ff9b::10.0.0.1 2002:c0a8:101::1",
		"loopback":   "127.0.0.1 127.255.0.1 ::1 :: 0.0.0.0 ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::",
	} {
		g := guardOf(t, []string{group}, nil)
		for text := range strings.FieldsSeq(addresses) {
			var refused *RefusedError
			require.ErrorAs(t, g.address(netip.MustParseAddr(text)), &refused, "%s is in %s", text, group)
			assert.Equal(t, group, refused.Range)
		}
		for _, text := range []string{"93.184.216.34", "2606:2800:220:1::1", "172.32.0.1", "169.253.255.255", "64:ff9b::5db8:d822", "2002:5db8:d822::1", "11.0.0.1"} {
			assert.NoError(t, g.address(netip.MustParseAddr(text)), "%s is not in %s", text, group)
		}
	}
}

func TestAllowIsAnExceptionForEachAddressByItself(t *testing.T) {
	g := guardOf(t, []string{"private", "metadata", "203.0.113.0/24", "2001:db8::1"}, []string{"10.20.0.0/16", "203.0.113.7", "64:ff9b::/96"})
	for text, ok := range map[string]bool{
		"10.20.1.1": true, "10.21.1.1": false, "::ffff:10.20.1.1": true, "64:ff9b::10.20.1.1": true, "64:ff9b::10.21.1.1": false,
		"64:ff9b::169.254.169.254": false, "203.0.113.7": true, "203.0.113.8": false, "2001:db8::1": false, "2001:db8::2": true,
	} {
		assert.Equal(t, ok, g.address(netip.MustParseAddr(text)) == nil, text)
	}
}

// Whatever IPv6 address carries a denied IPv4 one is denied.
func TestEmbeddedAddressesAreDenied(t *testing.T) {
	g := guardOf(t, []string{"private"}, nil)
	rapid.Check(t, func(t *rapid.T) {
		v4 := [4]byte{10, rapid.Byte().Draw(t, "b"), rapid.Byte().Draw(t, "c"), rapid.Byte().Draw(t, "d")}
		var b [16]byte
		switch rapid.IntRange(0, 4).Draw(t, "form") {
		case 0:
			b[10], b[11] = 0xff, 0xff
			copy(b[12:], v4[:])
		case 1:
			copy(b[:], []byte{0, 0x64, 0xff, 0x9b})
			copy(b[12:], v4[:])
		case 2:
			b[0], b[1] = 0x20, 0x02
			copy(b[2:], v4[:])
			copy(b[6:], rapid.SliceOfN(rapid.Byte(), 10, 10).Draw(t, "rest"))
		case 3:
			b[0], b[1] = 0x20, 0x01
			copy(b[4:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "server and port"))
			for i := range v4 {
				b[12+i] = ^v4[i]
			}
		case 4:
			copy(b[:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "prefix"))
			b[10], b[11] = 0x5e, 0xfe
			copy(b[12:], v4[:])
		}
		assert.Error(t, g.address(netip.AddrFrom16(b)), "%v", netip.AddrFrom16(b))
	})
}

// Names go to a proxy as they are: an address is known in every notation that a resolver there may take.
func TestNamesThatAProxyWouldResolve(t *testing.T) {
	g := guardOf(t, []string{"metadata", "loopback"}, nil)
	for _, host := range []string{
		"169.254.169.254", "169.254.169.254.", "2852039166", "0xa9fea9fe", "0xA9FEA9FE", "025177524776", "169.16689662", "169.254.43518", "0xa9.0xfe.0xa9.0xfe",
		"0251.0376.0251.0376", "::ffff:a9fe:a9fe", "[fd00:ec2::254]", "metadata.google.internal", "METADATA.google.internal.", "localhost", "a.localhost", "127.1", "0",
		"１６９.254.169.254", "169。254。169。254", "⑯⑨.254.169.254", "metadata．google。internal", "ｍetadata", "metadata.google.internal..", "⓪",
	} {
		assert.Error(t, g.name(host), host)
	}
	for _, host := range []string{"example.com", "1.2.3.4", "1.2.3.4.5", "0x", "08", "256.1.1.1", "a9fea9fe", "", "1_0.1", "0b1.1", "4294967296"} {
		assert.NoError(t, g.name(host), host)
	}
}

func FuzzLiteralAddress(f *testing.F) {
	for _, seed := range []string{"127.1", "0x7f.1", "::1", "[::1]", "1.2.3.4.5", "0377"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if a, ok := literalAddress(host); ok {
			again, ok := literalAddress(a.String())
			assert.True(t, ok)
			assert.Equal(t, a, again)
		}
	})
}

// nameServer answers each question for an A record with the next of the addresses; the last one stays.
func nameServer(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	c, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	var served sync.WaitGroup
	var asked atomic.Int32
	served.Go(func() {
		b := make([]byte, 4096)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Authoritative, m.Additionals = true, true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				i := min(int(asked.Add(1)), len(addresses)) - 1
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: netip.MustParseAddr(addresses[i]).As4()},
				}}
			}
			if reply, err := m.Pack(); err == nil {
				_, _ = c.WriteTo(reply, from)
			}
		}
	})
	t.Cleanup(func() {
		_ = c.Close()
		served.Wait()
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", c.LocalAddr().String())
	}}
}

// dialerOf is a Dialer of a network block.
func dialerOf(t *testing.T, block schema.Network) *Dialer {
	t.Helper()
	cfg := schema.DefaultSink()
	cfg.Network = &block
	d, err := New(&cfg, slog.New(slog.DiscardHandler), nil)
	require.NoError(t, err)
	return d
}

// accepting is a listener on the loopback that counts its connections and sends back what it gets.
func accepting(t *testing.T) (address string, count *atomic.Int32) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	count = new(atomic.Int32)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			all.Go(func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return l.Addr().String(), count
}

// The answer of the resolver that counts is the one that is dialled: a name that was harmless a moment ago is judged again.
func TestANameThatMovesToADeniedAddressIsRefused(t *testing.T) {
	address, count := accepting(t)
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	d := dialerOf(t, schema.Network{Deny: []string{"metadata"}})
	d.dial = d.dialer("", nameServer(t, "127.0.0.1", "169.254.169.254"))
	c, err := d.Plain(t.Context(), "tcp", net.JoinHostPort("endpoint.test.", port))
	require.NoError(t, err)
	require.NoError(t, c.Close())
	_, err = d.Plain(t.Context(), "tcp", net.JoinHostPort("endpoint.test.", port))
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "169.254.169.254:"+port, net.JoinHostPort(refused.Target, port))
	assert.Equal(t, int32(1), count.Load())
}

func TestADeniedAddressIsNotDialled(t *testing.T) {
	address, count := accepting(t)
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	d := dialerOf(t, schema.Network{Deny: []string{"loopback"}})
	for _, host := range []string{"127.0.0.1", "localhost", "::ffff:127.0.0.1", "0.0.0.0"} {
		for _, dial := range []DialFunc{d.Plain, d.Encrypted} {
			_, err := dial(t.Context(), "tcp", net.JoinHostPort(host, port))
			var refused *RefusedError
			require.ErrorAs(t, err, &refused, host)
		}
	}
	assert.Zero(t, count.Load(), "nothing was sent, not even a handshake of TCP")
}

func TestTheDefaultDeniesMetadataServicesOnly(t *testing.T) {
	d := dialerOf(t, schema.DefaultNetwork())
	assert.Error(t, d.guard.dialled("169.254.169.254:80"))
	assert.NoError(t, d.guard.dialled("127.0.0.1:80"))
	assert.NoError(t, d.guard.dialled("10.0.0.1:80"))
	cfg := schema.DefaultSink()
	without, err := New(&cfg, slog.New(slog.DiscardHandler), nil)
	require.NoError(t, err)
	assert.Error(t, without.guard.dialled("169.254.169.254:80"), "also without the block")
}

func TestAConnectionHasItsTime(t *testing.T) {
	d := dialerOf(t, schema.Network{ConnectTimeout: schema.Duration(time.Millisecond)})
	d.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	_, err := d.Encrypted(t.Context(), "tcp", "h:1")
	assert.ErrorIs(t, err, ErrConnectTimeout)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the caller's"))
	_, err = d.Plain(ctx, "tcp", "h:1")
	assert.NotErrorIs(t, err, ErrConnectTimeout)
}

func TestConnectionsEndAtTheirAgeOrUpToAFifthEarlier(t *testing.T) {
	d := dialerOf(t, schema.Network{MaxConnectionAge: schema.Duration(time.Hour)})
	seen := make(map[time.Duration]bool)
	for range 100 {
		now := time.Now()
		age := d.Expires().Sub(now)
		assert.LessOrEqual(t, age, time.Hour+time.Minute)
		assert.GreaterOrEqual(t, age, 48*time.Minute)
		seen[age.Round(time.Second)] = true
	}
	assert.Greater(t, len(seen), 50)
	assert.Zero(t, dialerOf(t, schema.Network{}).Expires())
}

func TestNewNamesTheAttributeAtFault(t *testing.T) {
	for want, block := range map[string]schema.Network{
		"network: deny: an element is neither metadata, link_local, private or loopback, nor a CIDR, nor an address":  {Deny: []string{"canary"}},
		"network: allow: an element is neither metadata, link_local, private or loopback, nor a CIDR, nor an address": {Allow: []string{"10.0.0.0/33"}},
		"network: proxy: is not an http, https or socks5 URL":                                                         {Proxy: schema.NewSecret("ftp://canary@h")},
		"network: proxy and unix_socket exclude each other":                                                           {Proxy: schema.NewSecret("http://h"), UnixSocket: "/s"},
	} {
		cfg := schema.DefaultSink()
		cfg.Network = &block
		_, err := New(&cfg, slog.New(slog.DiscardHandler), nil)
		assert.EqualError(t, err, want)
	}
}
