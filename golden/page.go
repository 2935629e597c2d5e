package golden

import (
	"errors"
	"fmt"
	"os"

	"github.com/google/go-cmp/cmp"
)

// Page compares a generated page of the documentation with want, what the code says now, and returns the difference as
// an error. With update it writes the page instead.
func Page(path, want string, update bool) error {
	if update {
		return os.WriteFile(path, []byte(want), 0o644)
	}
	have, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if diff := cmp.Diff(want, string(have)); diff != "" {
		return fmt.Errorf("%s is stale: go generate ./... renews it\n%s", path, diff)
	}
	return nil
}
