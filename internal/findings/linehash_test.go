package findings

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What GitHub's own code gives for these texts.
func TestLineHashesAreThoseOfGitHub(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                   {"c129715d7a2bc9a3:1"},
		" a\nb\n  \t\tc\n d":                 {"271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"},
		"alpha\nbeta\nalpha\n":               {"8d07ce75f7b3af45:1", "ca140c3f893ffa65:1", "26f09ff008857193:1", "c129715d7a2bc9a3:1"},
		" a l p h a \r\n\tbeta\r\nalpha\r\n": {"8d07ce75f7b3af45:1", "ca140c3f893ffa65:1", "26f09ff008857193:1", "c129715d7a2bc9a3:1"},
		" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End": {
			"8b7cf3e952e7aeb2:1", "b1ae1287ec4718d9:1", "bff680108adb0fcc:1", "c6805c5e1288b612:1", "b86d3392aea1be30:1", "e6ceba753e1a442:1"},
		" hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r": {
			"e9496ae3ebfced30:1", "fb7c023a8b9ccb3f:1", "ce8ba1a563dcdaca:1", "e20e36e16fcb0cc8:1", "b3edc88f2938467e:1", "c8e28b0b4002a3a0:1",
			"c129715d7a2bc9a3:1"},
	} {
		if diff := cmp.Diff(want, lineHashes([]byte(text))); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
}

// fmt changes blanks, and so no hash; a secret is in none.
func TestAHashOutlivesFmtAndHoldsNoSecret(t *testing.T) {
	before := []byte("sink \"a\" {\nurl=\"https://h/\"\nbatch_length   = 1\n}\n")
	after := []byte("sink \"a\" {\n  url          = \"https://h/\"\n  batch_length = 1\n}\n")
	if diff := cmp.Diff(shownHashes("a.hcl", before), shownHashes("a.hcl", after)); diff != "" {
		t.Error(diff)
	}
	secret := shownHashes("a.hcl", []byte("sink \"a\" {\n  headers = { Authorization = \"canary\" }\n}\n"))
	if len(secret) != 4 || secret[0] != "" || secret[1] != "" || secret[3] == "" {
		t.Errorf("%q", secret)
	}
}
