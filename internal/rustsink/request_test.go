package rustsink

import "testing"

func TestTokensAreToldFromWords(t *testing.T) {
	for _, token := range []string{
		"XXXXXXXXXXXX0123456789ab", "0123456789abcdef0123456789abcdef", "bot123456:ABC-DEF1234ghIkl",
		"123e4567-e89b-12d3-a456-426614174000", "eyJhbGciOiJIUzI1NiJ9.e30.abc-DEF_0",
	} {
		if !isTokenLike(token) {
			t.Errorf("%s is taken for words", token)
		}
	}
	for _, words := range []string{"", "ingest", "2015-03-31", "my-function-name-prod-2-europe-west-1", "orders_v2_warehouse_load", "12345678901234567890"} {
		if isTokenLike(words) {
			t.Errorf("%s is taken for a secret", words)
		}
	}
}

// Whether a header can be shown is decided by its name. In doubt it cannot.
func TestHeadersAreSecretInDoubt(t *testing.T) {
	for name, want := range map[string]bool{
		"Accept": true, "user-agent": true, "X-Tenant-ID": true, "X-Region": true, "X-Api-Version": true, "Cache-Control": true,
		"Authorization": false, "Proxy-Authorization": false, "Cookie": false, "X-Api-Key": false, "X-Tenant-Token": false,
		"X-Region-Secret": false, "X-Custom-Header": false, "X-Hub-Signature": false, "X-Session-Version": false, "": false,
	} {
		if isHarmless(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
