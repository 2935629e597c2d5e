package main

import (
	"fmt"
	"testing"

	"iggysink/hclconfig"
	"iggysink/hclconfig/language"
	"iggysink/schema"
	"iggysink/sinkhttp"
)

// What validate lets through starts, and what does not start it tells: a mistake in headers is not left to a deployment.
func TestHeadersThatValidateLetsThroughStart(t *testing.T) {
	invalid := 0
	for name, value := range map[string]string{
		"Accept": "x", "Host": "example.com", "User-Agent": "x", "Idempotency-Key": "x", "X-Ünicode": "x", "with space": "x",
		"": "x", "a:b": "x", "!#$%&'*+-.^_`|~": "x", "Content-Length": "5", "TRANSFER-ENCODING": "chunked", "connection": "close",
		"Keep-Alive": "x", "Te": "trailers", "Trailer": "x", "Upgrade": "x", "X-Break": "a\nb", "X-Return": "a\rb", "X-Tab": "a\tb",
		"X-Delete": "a\x7fb", "X-Letters": "äöü", "X-Empty": "", "Proxy-Authorization": "x", "Expect": "100-continue",
	} {
		text := fmt.Sprintf(`
iggy {
  username = "iggy"
  password = env("HOME")
}
sink "orders" {
  url     = "https://127.0.0.1/"
  headers = { %s = %s }
  stream "shop" {
    topics         = ["created"]
    consumer_group = "orders"
  }
}
`, language.Literal(name), language.Literal(value))
		_, found := hclconfig.Load([]string{"a.hcl"}, hclconfig.Options{
			Texts: map[string][]byte{"a.hcl": []byte(text)},
			Env:   func(string) (string, bool) { return "x", true },
		})
		sink := schema.DefaultSink()
		template, err := schema.ParseTemplate("https://127.0.0.1/")
		if err != nil {
			t.Fatal(err)
		}
		sink.Name, sink.URL, sink.Headers = "orders", template, map[string]schema.Template{name: schema.Literal(value)}
		_, err = sinkhttp.New(&sink, sinkhttp.Options{})
		if found.HasErrors() != (err != nil) {
			t.Errorf("header %q: validate finds %v, the sink says: %v", name, found, err)
		}
		if err != nil {
			invalid++
		}
	}
	if invalid < 10 {
		t.Errorf("only %d of the headers are invalid", invalid)
	}
}
