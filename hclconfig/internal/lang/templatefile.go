package lang

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/internal/boundedfile"
	pure "iggysink/internal/function"
)

// fileexistsFunction is fileexists(path): whether file() would find a file. It looks where file() may read.
func (s *Scope) fileexistsFunction(dir string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path := RelativeTo(dir, args[0].AsString())
			if s.Settings.Hermetic && s.isAllowed(path, dir) {
				return mask.Outside(cty.UnknownVal(cty.Bool).RefineNotNull()), nil
			}
			if !s.Budget.Spend(lookCost) {
				return cty.UnknownVal(cty.Bool), nil // which is told
			}
			err := s.look(path, dir)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return cty.False, nil
			case errors.Is(err, errOutside):
				return cty.NilVal, finding.Refuse("file-outside", "",
					"The file is not in the folder of the configuration. --allow-files allows another folder.")
			case err != nil && !errors.Is(err, boundedfile.ErrTooLarge):
				return cty.NilVal, finding.Refuse("invalid-file", "", bound.Because(err))
			}
			return cty.True, nil
		},
	})
}

// templatefileFunction is templatefile(path, values): the text of a file with its ${NAME} filled in. The text is as
// sensitive as that of file().
func (s *Scope) templatefileFunction(dir string) function.Function {
	file := s.fileFunction(dir)
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "path", Type: cty.String, AllowMarked: true}, {Name: "values", Type: cty.DynamicPseudoType, AllowMarked: true},
		},
		Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := file.Call(args[:1])
			if err != nil {
				return cty.NilVal, err
			}
			plain, marks := text.Unmark()
			if !plain.IsKnown() {
				return text, nil
			}
			values, valueMarks := args[1].Unmark()
			if t := values.Type(); !t.IsObjectType() && !t.IsMapType() {
				return cty.NilVal, refuseTemplate("Its second argument is a map: { NAME = VALUE }.", hcl.Range{})
			}
			result, err := s.fill([]byte(plain.AsString()), values.AsValueMap(), dir)
			if err != nil {
				return cty.NilVal, err
			}
			result, own := result.Unmark()
			if result.Type() == cty.String && result.IsKnown() && !result.IsNull() {
				s.secret(result)
			}
			return result.WithMarks(marks, valueMarks, own), nil
		},
	})
}

// fill evaluates a template. What is wrong with it is told by its line: the text may hold a secret.
func (s *Scope) fill(text []byte, values map[string]cty.Value, dir string) (cty.Value, error) {
	if found := bound.GuardTemplate("", text, &s.Budget.Quota); len(found) > 0 {
		return cty.NilVal, refuseTemplate(found[0].Detail, found[0].Range)
	}
	expr, diags := hclsyntax.ParseTemplate(text, "", hcl.InitialPos)
	var own finding.Report
	if diags.HasErrors() {
		own.Syntax(diags[0])
		return cty.NilVal, refuseTemplate(finding.Join(sentence(capital(own.Found[0].Summary)), own.Found[0].Detail), own.Found[0].Range)
	}
	for _, t := range expr.Variables() {
		if _, known := values[t.RootName()]; !known {
			return cty.NilVal, refuseTemplate("The second argument has no value for a name in it.", t.SourceRange())
		}
	}
	pure.Charge(expr, s.Budget)
	calls := s.functions(dir)
	delete(calls, "templatefile") // a file that fills itself would never end
	value, diags := expr.Value(&hcl.EvalContext{Variables: values, Functions: calls})
	if diags.HasErrors() {
		own.Evaluation(diags[0])
		return cty.NilVal, refuseTemplate(finding.Join(sentence(capital(own.Found[0].Summary)), own.Found[0].Detail), own.Found[0].Range)
	}
	converted, err := bound.ConvertTo(value, cty.String)
	if err != nil {
		return cty.NilVal, refuseTemplate("The template is a single value that is not text.", hcl.Range{})
	}
	return converted, nil
}

func refuseTemplate(detail string, at hcl.Range) error {
	where := ""
	if at.Start.Line > 0 {
		where = fmt.Sprintf("Look at line %d of the file.", at.Start.Line)
	}
	return finding.Refuse("function-call", "templatefile() failed", finding.Join(detail, where))
}

// capital begins a sentence.
func capital(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return mask.Printable(s)
}
