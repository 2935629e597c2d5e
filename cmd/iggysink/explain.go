package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"iggysink/hclconfig"
	"iggysink/hclconfig/language"
)

// explainFlags are the flags of explain.
type explainFlags struct {
	load   loadFlags
	config []string
}

func newExplainCommand() *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain [BLOCK|ATTRIBUTE|VALUE|FUNCTION|RULE]",
		Short: "Document a block, an attribute, one of its values, a function or a rule of validate",
		Long: `explain prints the documentation of a block or an attribute of the configuration, a value that an attribute accepts, a word
or function of the language, or a rule of validate. Give a full name, such as sink.stream.topics, or its end, such as
topics. Without a name explain lists all of them.

With --config it prints the value of an attribute in each block of a configuration, and where it is set. It masks secrets
and everything that comes from env(), from file() or from a sensitive variable; of a url it shows scheme and host, as logs
do. It starts nothing, and accepts an env() that is not set.

Exit codes: 0 explained; 1 the configuration is invalid; 2 the name is unknown.`,
		Example: `  iggysink explain sink.retry_delay
  iggysink explain nd_json
  iggysink explain retry-delay-order
  iggysink explain sink --config conf.d`,
		Args: cobra.MaximumNArgs(1),
		RunE: f.run,
	}
	cmd.Flags().StringArrayVar(&f.config, "config", nil, "file or folder of a `configuration` to print the values of; repeatable")
	f.load.register(cmd)
	return cmd
}

func (f *explainFlags) run(cmd *cobra.Command, args []string) error {
	all := newTopics()
	chosen := all.roots()
	var out bytes.Buffer
	switch {
	case len(args) == 1:
		var err error
		if chosen, err = all.explain(&out, args[0]); err != nil {
			return err
		}
		chosen = slices.DeleteFunc(chosen, func(t topic) bool { return t.about != "" }) // labels are in the headers of blocks
		if len(chosen) == 0 && len(f.config) > 0 {
			return fmt.Errorf("%q has no value: --config goes with a block or an attribute", args[0])
		}
	case len(f.config) == 0:
		all.overview(&out)
	}
	var failed error
	if len(f.config) > 0 {
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		failed = f.values(cmd, &out, chosen)
	}
	if _, err := cmd.OutOrStdout().Write(out.Bytes()); err != nil {
		return err
	}
	return failed
}

// explain prints all that a name means. It returns the blocks and attributes of that name, or that take it as a value;
// none if it is something else.
func (all topics) explain(out *bytes.Buffer, name string) ([]topic, error) {
	name = strings.Trim(name, `"`)
	next := func() *bytes.Buffer { // an empty line between two meanings
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		return out
	}
	for _, r := range language.Rules() {
		if r.ID == name {
			explainRule(next(), r)
		}
	}
	for _, w := range words() {
		if isWord(w, name) {
			explainWord(next(), w)
		}
	}
	found := all.find(name)
	for _, t := range found {
		t.explain(next())
	}
	taking := all.taking(name)
	value := language.Literal(all.valueIn(name))
	if len(found) > 0 && len(taking) > 0 {
		var names []string
		for _, t := range taking {
			names = append(names, t.name())
		}
		wrap(next(), "", fmt.Sprintf("%s is also a value of %s.", value, strings.Join(names, " and ")))
		return found, nil
	}
	for _, t := range taking {
		fmt.Fprintf(next(), "%s is a value of %s.\n\n", value, t.name())
		t.explain(out)
		found = append(found, t)
	}
	if out.Len() == 0 {
		return nil, all.unknown(name)
	}
	return found, nil
}

// values prints what the attributes of topics are in the configuration.
func (f *explainFlags) values(cmd *cobra.Command, out *bytes.Buffer, topics []topic) error {
	opts, err := f.load.options()
	if err != nil {
		return err
	}
	opts.Unknowns = true
	result, found := hclconfig.Load(f.config, opts)
	if found.HasErrors() {
		return errors.Join(writeFindings(cmd.ErrOrStderr(), found), &exitError{code: findingsCode(found)})
	}
	var rows []valueRow
	for _, t := range topics {
		rows = append(rows, t.values(result)...)
	}
	if len(rows) == 0 {
		out.WriteString("The configuration has no such block.\n")
	}
	printValues(out, rows)
	return nil
}

func explainRule(out *bytes.Buffer, r language.Rule) {
	fmt.Fprintf(out, "%s (%s)\n\n  %s.\n\n", r.ID, r.Severity, r.Summary)
	wrap(out, "  ", r.Doc)
	if r.Severity != hclconfig.Error {
		out.WriteByte('\n')
		wrap(out, "  ", "Where it is meant to be so, a comment on the line above silences it: # iggysink:ignore "+r.ID+" REASON")
	}
}

// topic is a block or an attribute that can be explained.
type topic struct {
	path      []string        // names of the blocks from the top, and of the attribute
	block     *language.Block // the block itself, or that of the attribute
	attribute *language.Attribute
	about     string // doc of a label; the others have theirs in the tables
}

func (t topic) name() string { return strings.Join(t.path, ".") }

func (t topic) isBlock() bool { return t.attribute == nil && t.about == "" }

func (t topic) doc() string {
	switch {
	case t.about != "":
		return t.about
	case t.attribute != nil:
		return t.attribute.Doc
	}
	return t.block.Doc
}

// topics are all of them, each block followed by what is in it.
type topics []topic

func newTopics() topics {
	var all topics
	var visit func(b *language.Block, path []string)
	visit = func(b *language.Block, path []string) {
		if len(path) > 0 {
			all = append(all, topic{path: path, block: b})
		}
		below := func(name string) []string { return append(slices.Clone(path), name) }
		for _, label := range b.Labels {
			all = append(all, topic{path: below(label), block: b, about: schemaAt(below(label)).Description})
		}
		for i := range b.Attributes {
			all = append(all, topic{path: below(b.Attributes[i].Name), block: b, attribute: &b.Attributes[i]})
		}
		for _, inner := range b.Blocks {
			visit(inner, below(inner.Name))
		}
	}
	visit(language.ConfigBlock(), nil)
	return all
}

// roots are the blocks at the top of a file.
func (all topics) roots() (found []topic) {
	for _, t := range all {
		if len(t.path) == 1 && t.isBlock() {
			found = append(found, t)
		}
	}
	return found
}

// find returns the topic of that name, or else all whose name ends so.
func (all topics) find(name string) (found []topic) {
	for _, t := range all {
		if t.name() == name {
			return []topic{t}
		}
		if strings.HasSuffix(t.name(), "."+name) {
			found = append(found, t)
		}
	}
	return found
}

// taking returns the attributes and labels that take a value, which may stand behind their name and a dot.
// valueIn returns the value at the end of a name, which may have a dot: 1.2.
func (all topics) valueIn(name string) string {
	for _, t := range all.taking(name) {
		for _, value := range schemaAt(t.path).Enum {
			if name == value || strings.HasSuffix(name, "."+value) {
				return value
			}
		}
	}
	return name[strings.LastIndexByte(name, '.')+1:]
}

func (all topics) taking(name string) (found []topic) {
	for _, t := range all {
		if t.isBlock() {
			continue
		}
		for _, value := range schemaAt(t.path).Enum {
			if whole := "." + t.name() + "." + value; strings.HasSuffix(whole, "."+name) {
				found = append(found, t)
			}
		}
	}
	return found
}

// unknown is the error about a name that nothing has.
func (all topics) unknown(name string) error {
	var known []string
	for _, t := range all {
		known = append(known, t.name(), t.path[len(t.path)-1])
		if !t.isBlock() {
			known = append(known, schemaAt(t.path).Enum...)
		}
	}
	for _, r := range language.Rules() {
		known = append(known, r.ID)
	}
	for _, w := range words() {
		known = append(known, w.Name)
	}
	message := fmt.Sprintf("there is no block, attribute, value, function or rule %q", name)
	if near := language.Closest(name, known); near != "" {
		return fmt.Errorf("%s; did you mean %q?", message, near)
	}
	return fmt.Errorf("%s\nRun 'iggysink explain' for a list of all", message)
}

// topicColumn is where the docs of an overview begin.
const topicColumn = 38

// overview lists all topics and rules, a line each.
func (all topics) overview(out *bytes.Buffer) {
	out.WriteString("Blocks and attributes:\n\n")
	for _, t := range all {
		indent := strings.Repeat("  ", len(t.path))
		name := t.path[len(t.path)-1]
		if t.isBlock() {
			name = header(t.block)
		}
		fmt.Fprintf(out, "%s%-*s %s\n", indent, topicColumn-len(indent), name, shortly(t.doc()))
	}
	out.WriteString("\nLanguage:\n\n")
	for _, w := range language.Words() {
		fmt.Fprintf(out, "  %-*s %s\n", topicColumn-2, w.Name, shortly(w.Doc))
	}
	out.WriteString("\nFunctions:\n\n")
	for _, f := range language.Functions() {
		fmt.Fprintf(out, "  %-*s %s\n", topicColumn-2, f.Form, shortly(f.Doc))
	}
	out.WriteString("\nRules of validate:\n\n")
	for _, r := range language.Rules() {
		fmt.Fprintf(out, "  %-24s %-8s %s\n", r.ID, r.Severity, r.Summary)
	}
}

// header is how a block begins.
func header(b *language.Block) string {
	text := b.Name
	for _, label := range b.Labels {
		text += " " + `"` + strings.ToUpper(label) + `"`
	}
	return text
}

// shortly is the first sentence of a doc, without what cannot stand in a column.
func shortly(doc string) string {
	first, _, _ := strings.Cut(doc, ". ")
	return strings.TrimSuffix(first, ".")
}

// wrap breaks text into lines of at most 100 characters.
func wrap(out *bytes.Buffer, indent, text string) {
	const widest = 100
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := indent
		for word := range strings.FieldsSeq(paragraph) {
			if line != indent && len(line)+1+len(word) > widest {
				out.WriteString(line + "\n")
				line = indent
			}
			if line != indent {
				line += " "
			}
			line += word
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}
