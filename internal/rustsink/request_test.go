package rustsink

import "testing"

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
