package lang

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/internal/boundedfile"
	"iggysink/schema"
)

// maxValueSize is how many bytes file() reads, and how much text a local or a variable may hold.
const maxValueSize = 1 << 20

// fileFunction is file(path), relative to dir. It reads in dir, and in the folders of Options.AllowFiles: who writes a
// configuration is not always who runs it, and must not get at every file of the machine.
func (s *Scope) fileFunction(dir string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String, AllowMarked: true}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name, shown := nameIn(args[0])
			path := RelativeTo(dir, name)
			if shown == name {
				shown = path
			}
			if s.Settings.Hermetic && name != "" && s.isAllowed(path, dir) {
				s.Needs[Need{"file", shown}] = true
				return mask.Outside(cty.UnknownVal(cty.String).RefineNotNull()), nil
			}
			text, err := s.readAllowed(path, dir)
			if !s.Budget.Spend(lookCost + len(text)) {
				return cty.UnknownVal(cty.String), nil // which is told
			}
			switch {
			case name == "":
				return cty.NilVal, finding.Refuse("invalid-file", "", "Its path is empty.")
			case errors.Is(err, errOutside):
				return cty.NilVal, finding.Refuse("file-outside", "",
					fmt.Sprintf("%q is not in the folder of the configuration. --allow-files allows another folder.", mask.Printable(shown)))
			case errors.Is(err, fs.ErrNotExist) && s.Settings.Unknowns:
				s.Needs[Need{"file", shown}] = true
				return mask.Outside(cty.UnknownVal(cty.String).RefineNotNull()), nil
			case errors.Is(err, boundedfile.ErrTooLarge):
				return cty.NilVal, finding.Refuse("invalid-file", "", "The file has more than 1 MiB.")
			case err != nil:
				return cty.NilVal, finding.Refuse("invalid-file", "", bound.Because(err))
			case bound.BadText(text) >= 0:
				return cty.NilVal, finding.Refuse("invalid-file", "", "The file is not plain UTF-8 text.")
			}
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // of an editor: it means nothing, and is no part of a secret
			return s.secret(cty.StringVal(string(text))).Mark(mask.External), nil
		},
	})
}

// lookCost is what it costs to look at a file, besides its text.
const lookCost = 64

// ErrHermetic says that a file is not read, whether it is there or not.
var ErrHermetic = errors.New("a hermetic load reads no files")

// ReadAllowed reads a file that an attribute names, as file() does. Its error says why not, without the path.
func (s *Scope) ReadAllowed(path, dir string) ([]byte, error) {
	if s.Settings.Hermetic && s.isAllowed(path, dir) {
		return nil, ErrHermetic
	}
	text, err := s.readAllowed(path, dir)
	var pathError *fs.PathError
	switch {
	case errors.Is(err, errOutside):
		return nil, errors.New("it is not in the folder of the configuration; --allow-files allows another folder")
	case errors.As(err, &pathError):
		return nil, pathError.Err
	}
	return text, err
}

var errOutside = errors.New("outside of the configuration's folder")

// LookAt looks whether the file that an attribute names could be read, and tells what file() would tell. Nothing of it is
// read: what is in it is checked by who uses it. The name of a secret path is not shown.
func (s *Scope) LookAt(path, attribute string, at *finding.Origin) {
	dir, shown := filepath.Dir(at.Value.Filename), path
	if at.Secret {
		shown = schema.SecretMask
	}
	if s.Settings.Hermetic && s.isAllowed(path, dir) {
		s.Needs[Need{"file", shown}] = true
		return
	}
	err := errTooMuch
	if s.Budget.Spend(lookCost) {
		err = s.look(path, dir)
	}
	switch summary := attribute + " names a file that cannot be read"; {
	case err == nil:
	case errors.Is(err, errTooMuch):
		s.At(at.Value, "too-much-work", "", "The configuration names too many files.")
	case errors.Is(err, errOutside):
		s.At(at.Value, "file-outside", attribute+" must not name a file there",
			fmt.Sprintf("%q is not in the folder of the configuration. --allow-files allows another folder.", mask.Printable(shown)))
	case errors.Is(err, fs.ErrNotExist) && s.Settings.Unknowns:
		s.Needs[Need{"file", shown}] = true
	case errors.Is(err, boundedfile.ErrTooLarge):
		s.At(at.Value, "invalid-file", summary, "The file has more than 1 MiB.")
	default:
		s.At(at.Value, "invalid-file", summary, bound.Because(err))
	}
}

var errTooMuch = errors.New("nothing is left to pay with")

// look looks at a file that is in one of the allowed folders.
func (s *Scope) look(path, dir string) error {
	target, err := s.allowed(path, dir)
	if err != nil {
		return err
	}
	return boundedfile.Check(target, maxValueSize)
}

// readAllowed reads a file that is in one of the allowed folders.
func (s *Scope) readAllowed(path, dir string) ([]byte, error) {
	target, err := s.allowed(path, dir)
	if err != nil {
		return nil, err
	}
	return boundedfile.Read(target, maxValueSize)
}

// allowed returns what a path leads to, if that is in one of the allowed folders. Links count as what they lead to: a link
// out of the folder would be a way around the bound.
func (s *Scope) allowed(path, dir string) (target string, err error) {
	if !s.isAllowed(path, dir) {
		return "", errOutside
	}
	if _, err := os.Stat(path); err != nil { // which says more than the next one does
		return "", err
	}
	if target, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	if !s.isInside(target, dir, bound.Canonical) {
		return "", errOutside
	}
	return target, nil
}

// isAllowed reports whether a path is in one of the allowed folders, as far as its name tells.
func (s *Scope) isAllowed(path, dir string) bool {
	return s.isInside(path, dir, absolute) || s.isInside(path, dir, bound.Canonical)
}

func (s *Scope) isInside(path, dir string, of func(string) string) bool {
	return slices.ContainsFunc(append([]string{dir}, s.Settings.AllowFiles...), func(folder string) bool {
		return isBelow(of(folder), of(path))
	})
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return filepath.Clean(path)
}

// isBelow reports whether an absolute path is in a folder.
func isBelow(folder, path string) bool {
	rest, err := filepath.Rel(folder, path)
	return err == nil && rest != ".." && !strings.HasPrefix(rest, ".."+string(filepath.Separator))
}

// nameIn returns a name that a function was given, and what may be shown of it: it may itself come from outside. The
// results of these functions are sensitive, whatever their arguments are.
func nameIn(v cty.Value) (name, shown string) {
	v, marks := v.Unmark()
	name = v.AsString()
	if _, secret := marks[mask.Sensitive]; secret {
		return name, schema.SecretMask
	}
	return name, name
}
