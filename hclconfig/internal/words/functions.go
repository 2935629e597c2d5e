package words

import "slices"

// Functions returns the functions of the language, sorted by name.
func Functions() []Word { return slices.Concat(functionsToF(), functionsToS(), functionsToZ()) }

func functionsToF() []Word {
	return []Word{
		{"abs", "abs(NUMBER)", "The number without its sign."},
		{"base64decode", "base64decode(TEXT)", "The text that TEXT encodes in base64. It must be UTF-8."},
		{"base64encode", "base64encode(TEXT)", "TEXT as base64."},
		{"can", "can(EXPRESSION)", "Whether the expression can be evaluated: can(regex(...)) tests whether a pattern matches."},
		{"ceil", "ceil(NUMBER)", "The number, rounded up to a whole number."},
		{"chomp", "chomp(TEXT)", "TEXT without the line breaks at its end."},
		{"coalesce", "coalesce(VALUE...)", "The first of the values that is neither null nor an empty text."},
		{"compact", "compact(LIST)", "The texts of the list that are neither empty nor null."},
		{"concat", "concat(LIST...)", "The elements of all lists, one list after the other."},
		{"contains", "contains(LIST, VALUE)", "Whether the list or set contains the value."},
		{"csvdecode", "csvdecode(TEXT)", "A list with a map for each line of CSV; the first line names the columns."},
		{"distinct", "distinct(LIST)", "The list without repeated elements."},
		{"element", "element(LIST, INDEX)", "The element at the index. After the last element the index starts again at 0."},
		{"endswith", "endswith(TEXT, END)", "Whether TEXT ends with END."},
		{"env", `env("NAME"), env("NAME", OTHERWISE)`,
			"The value of the environment variable NAME, or OTHERWISE if it is not set. A variable that is set but empty counts as " +
				"set. The value is sensitive: it appears in no output. validate does not need it, and lists its name."},
		{"file", `file("PATH")`,
			"The text of a file, at most 1 MiB of UTF-8, including a line break at its end: trimspace(file(...)) removes it. A " +
				"relative path starts at the folder of the configuration file. The file must be in that folder, or in one that " +
				"--allow-files names. The value is sensitive: it appears in no output."},
		{"fileexists", `fileexists("PATH")`, "Whether the file exists, in a folder where file() may read."},
		{"flatten", "flatten(LIST)", "The elements of lists in lists as one list."},
		{"floor", "floor(NUMBER)", "The number, rounded down to a whole number."},
		{"format", `format("TEMPLATE", VALUE...)`, "Text with verbs such as %s, %d and %q replaced by the values in turn."},
		{"formatdate", `formatdate("FORMAT", TIME)`, "A time such as 2026-01-02T23:12:01Z in another form, as in DD MMM YYYY hh:mm ZZZ."},
		{"formatlist", `formatlist("TEMPLATE", LIST...)`, "A list of the results of format() for each element."},
		{"indent", "indent(NUMBER, TEXT)", "TEXT with NUMBER spaces before each line except the first."},
		{"join", `join("SEPARATOR", LIST)`, "The elements of a list as one text, with the separator between them."},
	}
}

func functionsToS() []Word {
	return []Word{
		{"jsondecode", "jsondecode(TEXT)", "The value that TEXT holds as JSON."},
		{"jsonencode", "jsonencode(VALUE)", "The value as JSON."},
		{"keys", "keys(MAP)", "The keys of a map, sorted."},
		{"length", "length(VALUE)", "The number of elements in a list, set or map, or of characters in a text."},
		{"lookup", "lookup(MAP, KEY), lookup(MAP, KEY, OTHERWISE)", "The value of the key, or OTHERWISE if the map does not contain it."},
		{"lower", "lower(TEXT)", "TEXT in lower case."},
		{"max", "max(NUMBER...)", "The greatest of the numbers."},
		{"merge", "merge(MAP...)", "All keys of all maps. If several maps contain a key, the last value counts."},
		{"min", "min(NUMBER...)", "The least of the numbers."},
		{"one", "one(LIST)", "The only element of a list, or null for an empty one."},
		{"parseint", "parseint(TEXT, BASE)", "The whole number that TEXT represents in that base."},
		{"range", "range(LIMIT), range(START, LIMIT), range(START, LIMIT, STEP)",
			"A list of numbers from START, by default 0, up to, but not including, LIMIT."},
		{"regex", `regex("PATTERN", TEXT)`,
			"What the pattern (RE2) matches in the text: the match, or a list or a map of its groups. It fails if nothing " +
				"matches; can() and try() handle that."},
		{"regexall", `regexall("PATTERN", TEXT)`, "A list of all that the pattern (RE2) matches in the text."},
		{"replace", `replace(TEXT, "FROM", "TO")`, "TEXT with each FROM replaced by TO. A FROM between slashes is a pattern: \"/[0-9]+/\"."},
		{"reverse", "reverse(LIST)", "The list in reverse order."},
		{"sensitive", "sensitive(VALUE)", "The value, marked as sensitive: it appears in no output."},
		{"setintersection", "setintersection(SET...)", "The elements that are in all of the sets."},
		{"setproduct", "setproduct(SET...)", "Every combination of one element from each set, as a list of lists."},
		{"setsubtract", "setsubtract(SET, OTHER)", "The elements of SET that are not in OTHER."},
		{"setunion", "setunion(SET...)", "The elements that are in any of the sets."},
		{"sha256", "sha256(TEXT)", "The SHA-256 of TEXT in hexadecimal digits."},
		{"sha512", "sha512(TEXT)", "The SHA-512 of TEXT in hexadecimal digits."},
		{"slice", "slice(LIST, START, END)", "The elements from START up to, but not including, END."},
	}
}

func functionsToZ() []Word {
	return []Word{
		{"sort", "sort(LIST)", "The texts of the list, sorted by their characters."},
		{"split", `split("SEPARATOR", TEXT)`, "A list of the pieces between the separators."},
		{"startswith", "startswith(TEXT, START)", "Whether TEXT begins with START."},
		{"strcontains", "strcontains(TEXT, PART)", "Whether PART is in TEXT."},
		{"substr", "substr(TEXT, START, LENGTH)",
			"LENGTH characters of TEXT from START, which counts from 0, or from the end if it is negative. LENGTH -1 " +
				"takes all that follow."},
		{"sum", "sum(LIST)", "The sum of the numbers."},
		{"templatefile", `templatefile("PATH", MAP)`,
			"The text of a file with each ${NAME} filled in from the map, and %{if} and %{for} evaluated. " +
				"The rules for the file are those of file(), and the value is sensitive like its text."},
		{"timeadd", "timeadd(TIME, DURATION)", "A time such as 2026-01-02T23:12:01Z plus a duration such as 1h30m."},
		{"title", "title(TEXT)", "TEXT with a capital at the start of each word."},
		{"tobool", "tobool(VALUE)", "VALUE as true or false, also from such a text."},
		{"tolist", "tolist(VALUE)", "The elements of VALUE as a list."},
		{"tomap", "tomap(VALUE)", "The object as a map whose values all have one type."},
		{"tonumber", "tonumber(VALUE)", "VALUE as a number, also from a text that holds one."},
		{"toset", "toset(LIST)", "The list as a set, which the for_each of a sink accepts."},
		{"tostring", "tostring(VALUE)", "A text, number, true or false as text."},
		{"trim", "trim(TEXT, CHARACTERS)", "TEXT without any of the characters at its start and end."},
		{"trimprefix", "trimprefix(TEXT, START)", "TEXT without START, if it begins with it."},
		{"trimspace", "trimspace(TEXT)", "TEXT without white space at its start and end."},
		{"trimsuffix", "trimsuffix(TEXT, END)", "TEXT without END, if it ends with it."},
		{"try", "try(EXPRESSION...)", "The value of the first expression that can be evaluated."},
		{"upper", "upper(TEXT)", "TEXT in upper case."},
		{"urlencode", "urlencode(TEXT)", "TEXT with characters that a query does not allow percent-encoded, and spaces as +."},
		{"values", "values(MAP)", "The values of a map, in the order of its keys."},
		{"yamldecode", "yamldecode(TEXT)", "The value that TEXT holds as YAML. Aliases (*name) are refused."},
		{"zipmap", "zipmap(KEYS, VALUES)", "A map made of a list of keys and a list of values."},
	}
}
