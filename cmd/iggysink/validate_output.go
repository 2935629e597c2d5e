package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iggysink/hclconfig/language"
	"iggysink/internal/findings"
)

// findingsOutput is one --format.
type findingsOutput struct {
	format string
	file   string // empty: stdout
}

// findingsOutputs reads the values of --format.
func findingsOutputs(formats []string) ([]findingsOutput, error) {
	var outputs []findingsOutput
	for _, value := range formats {
		format, file, toFile := strings.Cut(value, "=")
		if known := findings.Formats(); !slices.Contains(known, format) {
			return nil, notOneOf("--format", format, known)
		}
		if toFile && file == "" {
			return nil, fmt.Errorf("--format %s= names no file", format)
		}
		if file == "-" {
			file = ""
		}
		same := func(o findingsOutput) bool {
			return o.file == file || file != "" && filepath.Clean(o.file) == filepath.Clean(file)
		}
		if taken := slices.ContainsFunc(outputs, same); taken && file == "" {
			return nil, errors.New("only one --format can go to stdout; write the others to files, as in --format json=FILE")
		} else if taken {
			return nil, fmt.Errorf("two of --format go to %s", file)
		}
		outputs = append(outputs, findingsOutput{format, file})
	}
	return outputs, nil
}

// notOneOf is the error about a flag that takes a few values.
func notOneOf(flag, value string, known []string) error {
	message := fmt.Sprintf("%s %q is not one of %s", flag, value, strings.Join(known, ", "))
	if near := language.Closest(value, known); near != "" {
		return fmt.Errorf("%s; did you mean %q?", message, near)
	}
	return errors.New(message)
}

func (o findingsOutput) write(stdout io.Writer, all findings.Findings, color string) error {
	var text strings.Builder
	to := io.Writer(&text)
	if o.file == "" {
		to = stdout
	}
	opts := findingsOptions(to)
	if color != "auto" {
		opts.Color = color == "always"
	}
	if err := findings.Write(to, o.format, all, opts); err != nil || o.file == "" {
		return err
	}
	for name := range all.Files {
		if sameFile(name, o.file) {
			return fmt.Errorf("--format %s=%s would overwrite the configuration", o.format, o.file)
		}
	}
	err := writeReport(o.file, []byte(text.String()))
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err // its path is that of the file beside
	}
	if err != nil {
		return fmt.Errorf("writing findings to %s: %w", o.file, err)
	}
	return nil
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// writeReport writes beside path and renames, so that whoever reads path finds a whole report: this one, or that of the
// last run where this one cannot be written. What is no regular file, such as a pipe, is written to as it is.
func writeReport(path string, text []byte) error {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		target = path
	} else if err != nil {
		return err
	}
	mode := os.FileMode(0o644) // less what the umask takes, unlike that of a file for temporary use
	if info, err := os.Stat(target); err == nil {
		if !info.Mode().IsRegular() {
			return os.WriteFile(target, text, mode)
		}
		mode = info.Mode().Perm()
	}
	beside := filepath.Join(filepath.Dir(target), ".iggysink-"+rand.Text())
	file, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	return takePlace(file, target, text, func() error { return nil })
}
