package schemagen

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// langserverFolder is where the language server is.
const langserverFolder = "internal/langserver"

// langserver adds the configuration as the language server knows it, where there is one.
func langserver(dir string, config *Model, out map[string][]byte) error {
	switch _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(langserverFolder))); {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	if err := generatedFiles(dir, langserverFolder, header, out); err != nil {
		return err
	}
	source, err := config.Langserver()
	if err != nil {
		return err
	}
	out[langserverFolder+"/schema_gen.go"] = source
	return nil
}

// Langserver returns the Go file of package langserver that has the blocks and attributes of the configuration, as the
// schema of hashicorp/hcl-lang: what completion offers and what hovering shows.
func (d *Model) Langserver() ([]byte, error) {
	p := &printer{}
	p.use("github.com/hashicorp/hcl-lang/schema")
	p.use("github.com/hashicorp/hcl-lang/lang")
	p.use("github.com/zclconf/go-cty/cty")
	p.comment("configBody returns the schema of the configuration. Each call builds a new one.")
	printLangBody(p, "configBody", d.root)
	return p.source("langserver", d.file)
}

// printLangBody prints the function of a block's body, and those of the blocks in it.
func printLangBody(p *printer, function string, s *schema) {
	p.line("func %s() *schema.BodySchema {\nreturn &schema.BodySchema{", function)
	nested := make(map[string]block)
	var order []string
	p.line("Attributes: map[string]*schema.AttributeSchema{")
	for _, f := range s.properties {
		if inner, isBlock := asBlock(s, f); isBlock {
			name := strings.TrimSuffix(function, "Body") + goName(f.key) + "Body"
			nested[name], order = inner, append(order, name)
		} else if !isLabel(s, f) {
			printLangAttribute(p, s, f)
		}
	}
	p.line("},\nBlocks: map[string]*schema.BlockSchema{")
	for _, name := range order {
		printLangBlock(p, name, nested[name])
	}
	p.line("},\n}\n}\n")
	for _, name := range order {
		p.comment(name + " is the body of " + nested[name].name + ".")
		printLangBody(p, name, nested[name].schema)
	}
}

func printLangBlock(p *printer, body string, b block) {
	p.line("%s: {", quote(b.name))
	p.line("Description: lang.Markdown(%s),", quote(prose(b.doc)))
	kind := "schema.BlockTypeObject"
	if b.repeated {
		kind = "schema.BlockTypeList"
	} else {
		p.line("MaxItems: 1,")
	}
	p.line("Type: %s,", kind)
	if b.required {
		p.line("MinItems: 1,")
	}
	if len(b.schema.labels) > 0 {
		p.line("Labels: []*schema.LabelSchema{")
		for _, label := range b.schema.labels {
			f := b.schema.property(label.text)
			choice := truth(len(labelWords(f)) > 0)
			p.line("{Name: %s, Description: lang.Markdown(%s), IsDepKey: %s, Completable: %s},",
				quote(label.text), quote(prose(f.doc)), choice, choice)
		}
		p.line("},")
	}
	p.line("Body: %s(),", body)
	printLabelWords(p, b.schema)
	p.line("},")
}

// printLabelWords prints the words that labels may be: hcl-lang takes them from bodies that depend on a label.
func printLabelWords(p *printer, s *schema) {
	var keys []string
	for _, label := range s.labels {
		for _, word := range labelWords(s.property(label.text)) {
			keys = append(keys, fmt.Sprintf("labelKey(%s): {},", quote(word)))
		}
	}
	if len(keys) > 0 {
		p.line("DependentBody: map[schema.SchemaKey]*schema.BodySchema{\n%s\n},", strings.Join(keys, "\n"))
	}
}

// labelWords returns the words that a label may be; none if it may be any name.
func labelWords(f *property) (words []string) {
	t := f.resolved()
	if word, only := t.only(); only {
		return []string{word}
	}
	for _, v := range t.enum {
		words = append(words, v.text)
	}
	return words
}

func printLangAttribute(p *printer, s *schema, f *property) {
	t := f.resolved()
	p.line("%s: {", quote(f.key))
	p.line("Description: lang.Markdown(%s),", quote(attributeProse(f)))
	if s.requires(f.key) {
		p.line("IsRequired: true,")
	} else {
		p.line("IsOptional: true,")
	}
	printTrue(p, "IsSensitive", f.sensitive || t.sensitive)
	typed := "schema.AnyExpression{OfType: " + ctyType(t) + "}"
	if len(t.enum) == 0 {
		p.line("Constraint: %s,\n},", typed)
		return
	}
	p.line("Constraint: schema.OneOf{")
	for _, v := range t.enum {
		p.line("schema.LiteralValue{Value: cty.StringVal(%s)},", quote(v.text))
	}
	p.line("%s,\n},\n},", typed)
}

// attributeProse returns the documentation of an attribute with its type, its default and its examples.
func attributeProse(f *property) string {
	lines := []string{prose(f.doc), "Type: " + typeName(f.schema)}
	if f.defaults != nil {
		lines = append(lines, "Default: "+code(valueText(f.defaults)))
	}
	for _, example := range f.examples {
		lines = append(lines, "Example: "+code(f.key+" = "+valueText(example)))
	}
	return strings.Join(lines, "\n\n")
}
