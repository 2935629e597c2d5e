package langserver

import (
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

// newGrammar adds to the blocks of the JSON Schema, which gen has written, those that only the language has.
func newGrammar() grammar {
	body := configBody()
	sink := body.Blocks["sink"].Body
	sink.Extensions = &schema.BodyExtensions{ForEach: true, DynamicBlocks: true}
	body.Blocks["defaults"] = defaultsBlock()
	body.Blocks["variable"] = variableBlock()
	body.Blocks["locals"] = localsBlock()
	return grammar{body: body, functions: functionSignatures()}
}

// labelKey names the body of a block by its label: a block that has kinds has one.
func labelKey(word string) schema.SchemaKey {
	return schema.NewSchemaKey(schema.DependencyKeys{Labels: []schema.LabelDependent{{Index: 0, Value: word}}})
}

// defaultsBlock has what a sink has, but what cannot be common to sinks.
func defaultsBlock() *schema.BlockSchema {
	body := configBody().Blocks["sink"].Body
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
	text := schema.LiteralType{Type: cty.String}
	return &schema.BlockSchema{
		Description: wordDoc("variable"),
		Type:        schema.BlockTypeMap,
		Labels:      []*schema.LabelSchema{{Name: "name", Description: lang.Markdown("The name that it has behind `var.`")}},
		Address: &schema.BlockAddrSchema{
			Steps:        schema.Address{schema.StaticStep{Name: "var"}, schema.LabelStep{Index: 0}},
			FriendlyName: "variable", ScopeId: "variable", AsReference: true,
			AsTypeOf: &schema.BlockAsTypeOf{AttributeExpr: "type"},
		},
		Body: &schema.BodySchema{
			Attributes: map[string]*schema.AttributeSchema{
				"type": {IsOptional: true, Constraint: schema.TypeDeclaration{},
					Description: lang.Markdown("What values it may have. Anything, without this.")},
				"description": {IsOptional: true, Constraint: text, Description: lang.Markdown("What it is for.")},
				"default": {IsOptional: true, Constraint: schema.AnyExpression{OfType: cty.DynamicPseudoType},
					Description: lang.Markdown("Its value where none is given. Without a default one must be given.")},
				"sensitive": {IsOptional: true, Constraint: schema.LiteralType{Type: cty.Bool},
					Description: lang.Markdown("Whether its value appears in no output.")},
			},
			Blocks: map[string]*schema.BlockSchema{"validation": {
				Description: lang.Markdown("A rule that its value keeps."),
				Type:        schema.BlockTypeList,
				Body: &schema.BodySchema{Attributes: map[string]*schema.AttributeSchema{
					"condition": {IsRequired: true, Constraint: schema.AnyExpression{OfType: cty.Bool},
						Description: lang.Markdown("What is true of a value that is right.")},
					"error_message": {IsRequired: true, Constraint: schema.AnyExpression{OfType: cty.String},
						Description: lang.Markdown("What to say of one that is not.")},
				}},
			}},
		},
	}
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
