package words

import "slices"

// Functions returns the functions of the language, sorted by name.
func Functions() []Word { return slices.Concat(functionsToF(), functionsToS(), functionsToZ()) }

func functionsToF() []Word {
	return []Word{
		{"abs", "abs(NUMBER)", "The number without its sign."},
		{"base64decode", "base64decode(TEXT)", "The text that base64 stands for. It has to be UTF-8."},
		{"base64encode", "base64encode(TEXT)", "TEXT as base64."},
		{"can", "can(EXPRESSION)", "Whether the expression has a value: can(regex(...)) tells whether a pattern matches."},
		{"ceil", "ceil(NUMBER)", "The least whole number that is not below it."},
		{"chomp", "chomp(TEXT)", "TEXT without the line breaks at its end."},
		{"coalesce", "coalesce(VALUE...)", "The first of the values that is neither null nor an empty text."},
		{"compact", "compact(LIST)", "The texts of the list that are neither empty nor null."},
		{"concat", "concat(LIST...)", "The elements of all lists, one list after the other."},
		{"contains", "contains(LIST, VALUE)", "Whether the list or set has the value."},
		{"csvdecode", "csvdecode(TEXT)", "A list with a map for each line of CSV; the first line names the columns."},
		{"distinct", "distinct(LIST)", "The list without the elements that were there before."},
		{"element", "element(LIST, INDEX)", "The element at the index, which starts again at 0 behind the last."},
		{"endswith", "endswith(TEXT, END)", "Whether TEXT ends with END."},
		{"env", `env("NAME"), env("NAME", OTHERWISE)`,
			"The environment variable NAME; OTHERWISE where it is not set. One that is set and empty counts as set. The value is " +
				"sensitive: it appears in no output. validate does without it, and lists its name."},
		{"file", `file("PATH")`,
			"The text of a file, at most 1 MiB of UTF-8, with its line break at the end: trimspace(file(...)) takes that off. A " +
				"relative path starts at the folder of the configuration file, and the file is in there, or in a folder of " +
				"--allow-files. The value is sensitive: it appears in no output."},
		{"fileexists", `fileexists("PATH")`, "Whether there is such a file, where file() may read."},
		{"flatten", "flatten(LIST)", "The elements of lists in lists as one list."},
		{"floor", "floor(NUMBER)", "The greatest whole number that is not above it."},
		{"format", `format("TEMPLATE", VALUE...)`, "Text with verbs such as %s, %d and %q replaced by the values in turn."},
		{"formatdate", `formatdate("FORMAT", TIME)`, "A time such as 2026-01-02T23:12:01Z in another form, as in DD MMM YYYY hh:mm ZZZ."},
		{"formatlist", `formatlist("TEMPLATE", LIST...)`, "A list of what format() makes of each element."},
		{"indent", "indent(NUMBER, TEXT)", "TEXT with so many spaces before each line but the first."},
		{"join", `join("SEPARATOR", LIST)`, "The elements of a list as one text, the separator between them."},
	}
}

func functionsToS() []Word {
	return []Word{
		{"jsondecode", "jsondecode(TEXT)", "The value that JSON stands for."},
		{"jsonencode", "jsonencode(VALUE)", "The value as JSON."},
		{"keys", "keys(MAP)", "The keys of a map, sorted."},
		{"length", "length(VALUE)", "How many elements a list, set or map has, or how many characters a text."},
		{"lookup", "lookup(MAP, KEY), lookup(MAP, KEY, OTHERWISE)", "The value of the key; OTHERWISE where there is no such key."},
		{"lower", "lower(TEXT)", "TEXT in lower case."},
		{"max", "max(NUMBER...)", "The greatest of the numbers."},
		{"merge", "merge(MAP...)", "All keys of all maps. Of a key in several maps the last value counts."},
		{"min", "min(NUMBER...)", "The least of the numbers."},
		{"one", "one(LIST)", "The only element of a list, or null for an empty one."},
		{"parseint", "parseint(TEXT, BASE)", "The whole number that TEXT is in that base."},
		{"range", "range(LIMIT), range(START, LIMIT), range(START, LIMIT, STEP)", "A list of numbers from START, 0 by default, to before LIMIT."},
		{"regex", `regex("PATTERN", TEXT)`,
			"What the pattern (RE2) matches in the text: the match, or a list or a map of its groups. Where nothing matches it " +
				"fails; can() and try() go on from there."},
		{"regexall", `regexall("PATTERN", TEXT)`, "A list of all that the pattern (RE2) matches in the text."},
		{"replace", `replace(TEXT, "FROM", "TO")`, "TEXT with each FROM replaced by TO. A FROM between slashes is a pattern: \"/[0-9]+/\"."},
		{"reverse", "reverse(LIST)", "The list from its end to its start."},
		{"sensitive", "sensitive(VALUE)", "The value, which from there on appears in no output."},
		{"setintersection", "setintersection(SET...)", "The elements that are in all of the sets."},
		{"setproduct", "setproduct(SET...)", "Each way to take one element of each set, as a list of lists."},
		{"setsubtract", "setsubtract(SET, OTHER)", "The elements of SET that are not in OTHER."},
		{"setunion", "setunion(SET...)", "The elements that are in any of the sets."},
		{"sha256", "sha256(TEXT)", "The SHA-256 of TEXT in hexadecimal digits."},
		{"sha512", "sha512(TEXT)", "The SHA-512 of TEXT in hexadecimal digits."},
		{"slice", "slice(LIST, START, END)", "The elements from START to before END."},
	}
}

func functionsToZ() []Word {
	return []Word{
		{"sort", "sort(LIST)", "The texts of the list in the order of their characters."},
		{"split", `split("SEPARATOR", TEXT)`, "A list of the pieces between the separators."},
		{"startswith", "startswith(TEXT, START)", "Whether TEXT begins with START."},
		{"strcontains", "strcontains(TEXT, PART)", "Whether PART is in TEXT."},
		{"substr", "substr(TEXT, START, LENGTH)",
			"So many characters of TEXT from START, counted from 0, or from the end if negative. LENGTH -1 " +
				"takes all that follow."},
		{"sum", "sum(LIST)", "The sum of the numbers."},
		{"templatefile", `templatefile("PATH", MAP)`,
			"The text of a file with each ${NAME} in it filled in from the map, and %{if} and %{for} " +
				"followed. The file is found as with file(), and the value is sensitive as its text is."},
		{"timeadd", "timeadd(TIME, DURATION)", "A time such as 2026-01-02T23:12:01Z, later by a duration such as 1h30m."},
		{"title", "title(TEXT)", "TEXT with a capital at the start of each word."},
		{"tobool", "tobool(VALUE)", "The truth, true or false, also from text that says so."},
		{"tolist", "tolist(VALUE)", "The elements as a list."},
		{"tomap", "tomap(VALUE)", "The object as a map, whose values are of one type."},
		{"tonumber", "tonumber(VALUE)", "The number, also from text that is one."},
		{"toset", "toset(LIST)", "The list as a set, as the for_each of a sink takes it."},
		{"tostring", "tostring(VALUE)", "A text, number or truth as text."},
		{"trim", "trim(TEXT, CHARACTERS)", "TEXT without any of the characters at its start and end."},
		{"trimprefix", "trimprefix(TEXT, START)", "TEXT without START, if it begins with it."},
		{"trimspace", "trimspace(TEXT)", "TEXT without white space at its start and end."},
		{"trimsuffix", "trimsuffix(TEXT, END)", "TEXT without END, if it ends with it."},
		{"try", "try(EXPRESSION...)", "The value of the first expression that has one."},
		{"upper", "upper(TEXT)", "TEXT in upper case."},
		{"urlencode", "urlencode(TEXT)", "TEXT with what may not stand in a query percent-encoded, and spaces as +."},
		{"values", "values(MAP)", "The values of a map, in the order of its keys."},
		{"yamldecode", "yamldecode(TEXT)", "The value that YAML stands for. Aliases (*name) are refused."},
		{"zipmap", "zipmap(KEYS, VALUES)", "A map of a list of keys and a list of values."},
	}
}
