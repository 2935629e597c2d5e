package hclconfig

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// allocated returns how many bytes a load allocates in all, which is what it works: nothing is hidden in it, as it is in time.
func allocated(load func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	load()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A load has one budget: many files cost no more than one may. Without it ten files of 1.1 MB took 43 s and 3.6 GB.
func TestALoadHasOneBudget(t *testing.T) {
	lines := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for _, tt := range []struct {
		name, want, suffix string
		files              int
		text               func(file int) string
	}{
		{"ten of 1.1 MB", "the files are too large", ".hcl", 10, func(f int) string {
			return fmt.Sprintf("locals {\n  l%d = [%s1]\n}\n", f, strings.Repeat("1,", 550_000))
		}},
		{"words", "more than 800,000 words", ".hcl", 7, func(f int) string {
			return fmt.Sprintf("locals {\n  l%d = [%s1]\n}\n", f, strings.Repeat("1,", 390_000))
		}},
		{"lines", "at most 100000 lines", ".hcl", 7, func(f int) string {
			return fmt.Sprintf("locals {\n%s}\n", lines(fmt.Sprintf("  a%d_%%d = 1\n", f), 60_000))
		}},
		{"blocks", "at most 20000.", ".hcl", 7, func(f int) string { return lines(fmt.Sprintf("sink \"a%d_%%d\" {\n}\n", f), 9_000) }},
		{"JSON", "400000 properties and elements", ".hcl.json", 7, func(f int) string {
			return fmt.Sprintf(`{"locals": {"a%d": [%s1]}}`, f, strings.Repeat("1,", 390_000))
		}},
		{"objects in JSON", "100000 objects", ".hcl.json", 7, func(f int) string {
			return fmt.Sprintf(`{"locals": {"a%d": [%s{}]}}`, f, strings.Repeat("{},", 60_000))
		}},
		{"files", "there are too many files", ".hcl", 10_100, func(int) string { return "# x\n" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var names []string
			texts := make(map[string][]byte)
			for f := range tt.files {
				name := fmt.Sprintf("f%d%s", f, tt.suffix)
				names, texts[name] = append(names, name), []byte(tt.text(f))
			}
			var said string
			spent := allocated(func() {
				result, found := Load(names, Options{Env: environment(nil), Unknowns: true, Texts: texts})
				said = inWords(result, found)
			})
			assert.Contains(t, said, tt.want)
			assert.Less(t, spent>>20, uint64(1500), "MiB")
			assert.Less(t, strings.Count(said, "Error: "), 10, "one finding is enough")
		})
	}
}

// A thousand small files are a configuration like any other.
func TestAThousandSmallFiles(t *testing.T) {
	texts, names := map[string][]byte{"login.hcl": []byte(login)}, []string{"login.hcl"}
	for i := range 1000 {
		name := fmt.Sprintf("f%d.hcl", i)
		names, texts[name] = append(names, name), fmt.Appendf(nil, "sink \"s%d\" {\n  url = \"http://127.0.0.1/\"\n  stream \"s\" {\n"+
			"    topics = [\"t%d\"]\n    consumer_group = \"g\"\n  }\n}\n", i, i)
	}
	var said string
	spent := allocated(func() {
		result, found := Load(names, Options{Env: environment(map[string]string{"T": "t"}), Texts: texts})
		said = inWords(result, found)
	})
	assert.Equal(t, "nothing to say\n", said)
	assert.Less(t, spent>>20, uint64(250), "MiB")
}

// What for_each and dynamic make of little is bounded as a whole, and not by the number of blocks alone.
func TestWhatForEachMakesIsBounded(t *testing.T) {
	for name, more := range map[string]string{
		"values": "  for_each = { for i in range(200) : \"k${i}\" => i }\n  headers = {\n" + times("    A%d = \"b\"\n")(5000) + "  }\n",
		"values of a local": "  for_each = { for i in range(200) : \"k${i}\" => i }\n" +
			"  headers = local.headers\n",
		"text": "  for_each = { for i in range(1000) : \"k${i}\" => i }\n  headers = { A = local.long }\n",
		"a list of a dynamic block": "  dynamic \"stream\" {\n    for_each = range(300)\n    labels = [\"s${stream.value}\"]\n    content {\n" +
			"      topics = local.topics\n    }\n  }\n",
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(sinkOf(`"http://127.0.0.1/"`, ""), "sink \"orders\" {\n", "sink \"orders\" {\n"+more, 1) +
				"locals {\n  topics = " + `[for i in range(1000) : "t${i}"]` + "\n  long = format(\"%9999s%9999s%9999s%9999s%9999s\", \"\", \"\", \"\", \"\", \"\")\n  headers = {\n" +
				times("    A%d = \"b\"\n")(2000) + "  }\n}\n"
			var said string
			spent := allocated(func() { said = loadText("a.hcl", text) })
			assert.Contains(t, said, "there are too many values [too-many-blocks]")
			assert.Less(t, spent>>20, uint64(1500), "MiB")
		})
	}
}
