package bound

import "fmt"

// What the files of one load may hold, all together: a folder of many costs no more than the largest file may.
const (
	MaxLoadSize = 8 << 20      // bytes of all files
	maxFiles    = 10_000       // files
	maxValues   = 200_000      // attributes and elements of the tree: for_each and dynamic make many of few
	maxTreeText = 16 << 20     // bytes of text in the tree
	maxBlocks   = 20_000       // blocks
	maxLines    = 100_000      // attributes and blocks; objects and lists, in JSON
	maxTexts    = 2 * maxLines // strings in JSON: a name and a value
	maxItems    = 400_000      // properties and elements in JSON
	maxWords    = 800_000      // and signs: HCL keeps a hundred bytes for each, twice
)

// Quota is how much of that the files of a load have so far. The zero value is none.
type Quota struct {
	Exceeded bool // nothing more of the load is looked at: one finding is enough

	files, bytes                                int
	blocks, lines, words, objects, texts, items int
	values, text                                int
}

// Admit counts a file of that size. It returns why there is no room for it, or nothing.
func (q *Quota) Admit(size int) (summary, detail string) {
	q.files, q.bytes = q.files+1, q.bytes+size
	switch {
	case q.files > maxFiles:
		q.Exceeded = true
		return "there are too many files", fmt.Sprintf("A configuration has at most %d.", maxFiles)
	case q.bytes > MaxLoadSize:
		q.Exceeded = true
		return "the files are too large", fmt.Sprintf("They have at most %d MiB, all together.", MaxLoadSize>>20)
	}
	return "", ""
}

// Value counts a value of the tree with so many bytes of text, and reports whether there is room for it.
func (q *Quota) Value(text int) bool {
	q.values, q.text = q.values+1, q.text+text
	return q.values <= maxValues && q.text <= maxTreeText
}

// ManyValues is the detail of the finding where Value finds no room.
const ManyValues = "A configuration has at most 200,000 values and 16 MiB of text, with those that for_each and dynamic make."
