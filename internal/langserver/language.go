package langserver

import (
	"regexp"
	"strings"

	"github.com/hashicorp/hcl-lang/lang"
	"github.com/hashicorp/hcl-lang/schema"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/language"
)

// grammar is what hcl-lang has to know. It is never changed once it is made.
type grammar struct {
	body      *schema.BodySchema
	functions map[string]schema.FunctionSignature
}

// newGrammar adds to the blocks of the JSON Schema those that only the language has.
func newGrammar() grammar {
	body := bodyOf(language.ConfigBlock())
	sink := body.Blocks["sink"].Body
	sink.Extensions = &schema.BodyExtensions{ForEach: true, DynamicBlocks: true}
	body.Blocks["defaults"] = defaultsBlock()
	body.Blocks["variable"] = variableBlock()
	body.Blocks["locals"] = localsBlock()
	return grammar{body: body, functions: functionSignatures()}
}

// bodyOf returns the body of a block as hcl-lang knows it: what completion offers and what hovering shows.
func bodyOf(table *language.Block) *schema.BodySchema {
	body := &schema.BodySchema{
		Attributes: make(map[string]*schema.AttributeSchema, len(table.Attributes)),
		Blocks:     make(map[string]*schema.BlockSchema, len(table.Blocks)),
	}
	for i := range table.Attributes {
		body.Attributes[table.Attributes[i].Name] = attributeOf(&table.Attributes[i])
	}
	for _, b := range table.Blocks {
		body.Blocks[b.Name] = blockOf(b)
	}
	return body
}

func blockOf(b *language.Block) *schema.BlockSchema {
	block := &schema.BlockSchema{Description: lang.Markdown(prose(b.Doc)), Type: schema.BlockTypeObject, MaxItems: 1, Body: bodyOf(b)}
	if b.Repeated {
		block.Type, block.MaxItems = schema.BlockTypeList, 0
	}
	if b.Required {
		block.MinItems = 1
	}
	for _, label := range b.LabelRows {
		hasWords := len(label.Enum) > 0
		block.Labels = append(block.Labels, &schema.LabelSchema{
			Name: label.Name, Description: lang.Markdown(prose(label.Doc)), IsDepKey: hasWords, Completable: hasWords,
		})
		for _, word := range label.Enum { // hcl-lang takes them from bodies that depend on a label
			if block.DependentBody == nil {
				block.DependentBody = make(map[schema.SchemaKey]*schema.BodySchema)
			}
			block.DependentBody[labelKey(word)] = &schema.BodySchema{}
		}
	}
	return block
}

func attributeOf(a *language.Attribute) *schema.AttributeSchema {
	typed := schema.AnyExpression{OfType: a.Type}
	out := &schema.AttributeSchema{
		Description: lang.Markdown(attributeProse(a)), IsRequired: a.Required, IsOptional: !a.Required,
		IsSensitive: a.Sensitive, Constraint: typed,
	}
	if len(a.Enum) > 0 {
		choices := make(schema.OneOf, 0, len(a.Enum)+1)
		for _, word := range a.Enum {
			choices = append(choices, schema.LiteralValue{Value: cty.StringVal(word)})
		}
		choices = append(choices, typed)
		out.Constraint = choices
	}
	return out
}

// attributeProse is the documentation of an attribute with its type, its default and its examples.
func attributeProse(a *language.Attribute) string {
	written := func(value any) string {
		text := language.Literal(value)
		if a.Template {
			text = strings.ReplaceAll(text, "$${", "${")
		}
		return text
	}
	lines := []string{prose(a.Doc), "Type: " + a.Kind}
	if a.Default != nil {
		lines = append(lines, "Default: "+code(written(a.Default)))
	}
	for _, example := range a.Examples {
		lines = append(lines, "Example: "+code(a.Name+" = "+written(example)))
	}
	return strings.Join(lines, "\n\n")
}

// code is text as Markdown shows code.
func code(text string) string { return "`" + strings.ReplaceAll(text, "`", "'") + "`" }

// identifier finds names in a description, which read better as code: max_retries, ${topic}.
var identifier = regexp.MustCompile(`\$\{[a-z]+\}|\b[A-Za-z0-9]+(_[A-Za-z0-9]+)+\b`)

// prose is a description as Markdown that shows it as it is.
func prose(text string) string {
	text = strings.NewReplacer("<", "&lt;", ">", "&gt;", "*", `\*`, "`", "'").Replace(text)
	return identifier.ReplaceAllString(text, "`$0`")
}

// labelKey names the body of a block by its label: a block that has kinds has one.
func labelKey(word string) schema.SchemaKey {
	return schema.NewSchemaKey(schema.DependencyKeys{Labels: []schema.LabelDependent{{Index: 0, Value: word}}})
}

// defaultsBlock has what a sink has, but what cannot be common to sinks.
func defaultsBlock() *schema.BlockSchema {
	body := bodyOf(language.ConfigBlock().Child("sink"))
	for _, a := range body.Attributes {
		a.IsRequired, a.IsOptional = false, true
	}
	for name, b := range body.Blocks {
		if len(b.Labels) > 0 {
			delete(body.Blocks, name)
		}
	}
	body.Extensions = &schema.BodyExtensions{DynamicBlocks: true}
	return &schema.BlockSchema{
		Description: wordDoc("defaults"),
		Type:        schema.BlockTypeObject, MaxItems: 1,
		Body: body,
	}
}

func variableBlock() *schema.BlockSchema {
	block := blockOf(language.VariableBlock())
	block.Type, block.Description = schema.BlockTypeMap, wordDoc("variable")
	block.Address = &schema.BlockAddrSchema{
		Steps:        schema.Address{schema.StaticStep{Name: "var"}, schema.LabelStep{Index: 0}},
		FriendlyName: "variable", ScopeId: "variable", AsReference: true,
		AsTypeOf: &schema.BlockAsTypeOf{AttributeExpr: "type"},
	}
	block.Body.Attributes["type"].Constraint = schema.TypeDeclaration{}
	for _, name := range []string{"description", "sensitive"} { // no expression may stand there
		a := block.Body.Attributes[name]
		if typed, isExpression := a.Constraint.(schema.AnyExpression); isExpression {
			a.Constraint = schema.LiteralType{Type: typed.OfType}
		}
	}
	return block
}

func localsBlock() *schema.BlockSchema {
	return &schema.BlockSchema{
		Description: wordDoc("locals"),
		Type:        schema.BlockTypeObject,
		Body: &schema.BodySchema{AnyAttribute: &schema.AttributeSchema{
			IsOptional: true, Constraint: schema.AnyExpression{OfType: cty.DynamicPseudoType},
			Address: &schema.AttributeAddrSchema{
				Steps:        schema.Address{schema.StaticStep{Name: "local"}, schema.AttrNameStep{}},
				FriendlyName: "local", ScopeId: "local", AsReference: true, AsExprType: true,
			},
		}},
	}
}

// wordDoc returns the documentation of a word of the language.
func wordDoc(name string) lang.MarkupContent {
	for _, w := range language.Words() {
		if w.Name == name {
			return lang.PlainText(w.Doc)
		}
	}
	return lang.MarkupContent{}
}

func functionSignatures() map[string]schema.FunctionSignature {
	all := make(map[string]schema.FunctionSignature)
	for _, f := range language.Functions() {
		types := make([]cty.Type, len(f.Spec.Params()))
		for i, p := range f.Spec.Params() {
			types[i] = p.Type
		}
		result, err := f.Spec.ReturnType(types)
		if err != nil { // it depends on the arguments
			result = cty.DynamicPseudoType
		}
		all[f.Name] = schema.FunctionSignature{Description: "`" + f.Form + "`\n\n" + f.Doc, ReturnType: result,
			Params: f.Spec.Params(), VarParam: f.Spec.VarParam()}
	}
	return all
}
