package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// What a CI system would be handed, as far as it is run here.
type (
	hook struct {
		ID            string   `yaml:"id"`
		Entry         string   `yaml:"entry"`
		Args          []string `yaml:"args"`
		Files         string   `yaml:"files"`
		PassFilenames *bool    `yaml:"pass_filenames"`
	}
	action struct {
		Inputs map[string]struct {
			Description string `yaml:"description"`
			Default     string `yaml:"default"`
		} `yaml:"inputs"`
		Runs struct {
			Using string `yaml:"using"`
			Steps []struct {
				Run   string            `yaml:"run"`
				Shell string            `yaml:"shell"`
				Env   map[string]string `yaml:"env"`
			} `yaml:"steps"`
		} `yaml:"runs"`
	}
	gitlab struct {
		Job struct {
			Variables map[string]string `yaml:"variables"`
			Script    []string          `yaml:"script"`
			Artifacts struct {
				Reports struct {
					JUnit string `yaml:"junit"`
				} `yaml:"reports"`
			} `yaml:"artifacts"`
		} `yaml:"iggysink"`
	}
)

func readYAML[T any](t *testing.T, path string) (v T) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(readFile(t, path)), &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// configurations are what a CI system may find; the names are what its part is to say of them.
var configurations = map[string]string{
	"good":    "iggy {\n  username = \"iggy\"\n  password = env(\"NOT_SET\")\n}\n\n" + goodSink,
	"untidy":  "iggy {\n    username = \"iggy\"\n  password = env(\"NOT_SET\")\n}\n\n" + goodSink,
	"invalid": "iggy {\n  username = \"iggy\"\n}\n\n" + goodSink,
	// It asks whether a secret of the job begins with an s.
	"asking": "iggy {\n  token = can(regex(\"^s\", env(\"CI_SECRET\"))) ? \"\" : \"x\"\n}\n\n" + goodSink,
}

const goodSink = `sink "orders" {
  url = "http://127.0.0.1:1/orders"
  stream "shop" {
    topics         = ["created"]
    consumer_group = "orders"
  }
}
`

// inFolder runs a command line of a CI system in a folder with one of the configurations, and returns what it prints and
// its exit code.
func inFolder(t *testing.T, configuration string, env map[string]string, shell ...string) (output string, code int) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "iggysink.hcl"), []byte(configurations[configuration]), 0o600); err != nil {
		t.Fatal(err)
	}
	return inDirectory(t, dir, env, shell...)
}

// inDirectory runs a command line of a CI system.
func inDirectory(t *testing.T, dir string, env map[string]string, shell ...string) (output string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), eventTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell[0], shell[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "GITHUB_WORKSPACE=", "CI_PROJECT_DIR=")
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// A hook that is given the changed files alone would miss what they break elsewhere.
func TestPreCommitHooksCheckWholeConfigurations(t *testing.T) {
	hooks := readYAML[[]hook](t, ".pre-commit-hooks.yaml")
	codes := map[string]map[string]int{
		"iggysink-validate": {"good": exitOK, "untidy": exitOK, "invalid": exitFailed},
		"iggysink-fmt":      {"good": exitOK, "untidy": exitOK, "invalid": exitOK}, // it rewrites, and pre-commit sees that
	}
	if len(hooks) != len(codes) {
		t.Errorf("%d hooks", len(hooks))
	}
	for _, h := range hooks {
		if h.PassFilenames == nil || *h.PassFilenames {
			t.Errorf("%s is given the names of changed files", h.ID)
		}
		for configuration, want := range codes[h.ID] {
			output, code := inFolder(t, configuration, nil, append(strings.Fields(h.Entry), h.Args...)...)
			if code != want {
				t.Errorf("%s of a configuration that is %s: exit %d\n%s", h.ID, configuration, code, output)
			}
		}
	}
}

// actionEnvironment checks the steps of the action and returns the script of the last one, with the environment that the
// inputs give it.
func actionEnvironment(t *testing.T) (script string, env map[string]string) {
	t.Helper()
	a := readYAML[action](t, "deploy/github-action/action.yml")
	if a.Runs.Using != "composite" {
		t.Errorf("it runs as %s", a.Runs.Using)
	}
	last := a.Runs.Steps[len(a.Runs.Steps)-1]
	folder, err := filepath.Abs(filepath.Join(root, "deploy/github-action"))
	if err != nil {
		t.Fatal(err)
	}
	env = map[string]string{"GITHUB_ACTION_PATH": folder}
	used := 0
	for name, value := range last.Env {
		input, isInput := strings.CutPrefix(strings.TrimSuffix(value, " }}"), "${{ inputs.")
		if _, known := a.Inputs[input]; !isInput || !known {
			t.Errorf("%s is %s, which is no input", name, value)
		}
		env[name] = a.Inputs[input].Default
		used++
	}
	if used != len(a.Inputs) {
		t.Errorf("%d of %d inputs are used", used, len(a.Inputs))
	}
	for _, step := range a.Runs.Steps {
		if strings.Contains(step.Run, "${{") {
			t.Errorf("an expression is written into a script, where it would be code: %s", step.Run)
		}
		if step.Run != "" && step.Shell == "" {
			t.Error("a step of a composite action says which shell it needs")
		}
	}
	return last.Run, env
}

func TestTheGitHubActionAnnotates(t *testing.T) {
	script, env := actionEnvironment(t)
	for _, tt := range []struct {
		configuration string
		set           map[string]string
		code          int
		want          []string
	}{
		{"good", nil, exitOK, nil},
		{"untidy", nil, exitFailed, []string{"::error file=iggysink.hcl,title=iggysink fmt::", "\n+  username = \"iggy\"\n"}},
		{"untidy", map[string]string{"IGGYSINK_FMT": "false"}, exitOK, nil},
		{"invalid", nil, exitFailed, []string{"::error file=iggysink.hcl,line=2,endLine=2,col=3,"}},
		{"good", map[string]string{"IGGYSINK_PATHS": "iggysink.hcl\r\n"}, exitOK, nil},
		{"invalid", map[string]string{"IGGYSINK_SARIF": "a b.sarif", "IGGYSINK_JUNIT": "j.xml"}, exitFailed, []string{"::error file="}},
		{"good", map[string]string{"IGGYSINK_ARGS": "--strict-env\n"}, exitFailed, []string{"title=env-unset::"}},
		{"good", map[string]string{"IGGYSINK_PATHS": "nosuch.hcl\niggysink.hcl\n"}, exitUsage, []string{"title=unreadable-file::"}},
		{"good", map[string]string{"IGGYSINK_ARGS": "--var\nunused=1\n"}, exitFailed, []string{"title=invalid-variable::"}},
		{"good", map[string]string{"IGGYSINK_ARGS": "--var-file prod.vars.hcl"}, exitUsage,
			[]string{"::error title=iggysink::args has one argument a line: write --var-file and its value on two lines, or with = between them"}},
		{"good", map[string]string{"IGGYSINK_PATHS": "--help"}, exitUsage, []string{"file=--help,title=unreadable-file"}},
	} {
		all := maps.Clone(env)
		maps.Copy(all, tt.set)
		output, code := inFolder(t, tt.configuration, all, "bash", "-c", script)
		if code != tt.code {
			t.Errorf("%s with %v: exit %d, not %d\n%s", tt.configuration, tt.set, code, tt.code, output)
		}
		for _, want := range tt.want {
			if !strings.Contains(output, want) {
				t.Errorf("%s with %v does not print %q:\n%s", tt.configuration, tt.set, want, output)
			}
		}
		if len(tt.want) == 0 && strings.Contains(output, "::error") {
			t.Errorf("%s with %v prints an error:\n%s", tt.configuration, tt.set, output)
		}
	}
}

// The outputs that the action states are those that its check writes.
func TestTheGitHubActionStatesItsOutputs(t *testing.T) {
	for configuration, want := range map[string]string{"good": "status=valid\n", "invalid": "status=invalid\n"} {
		file := filepath.Join(t.TempDir(), "output")
		env := map[string]string{"GITHUB_OUTPUT": file, "IGGYSINK_PATHS": ".", "IGGYSINK_ARGS": "", "IGGYSINK_WARNINGS_AS_ERRORS": "",
			"IGGYSINK_SARIF": "", "IGGYSINK_JUNIT": "", "IGGYSINK_FMT": ""}
		script, err := filepath.Abs(filepath.Join(root, "deploy/github-action/check.sh"))
		if err != nil {
			t.Fatal(err)
		}
		output, _ := inFolder(t, configuration, env, "bash", script)
		got, err := os.ReadFile(file)
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v\n%s", configuration, got, err, output)
		}
	}
	if text := readFile(t, "deploy/github-action/action.yml"); !strings.Contains(text, "steps.check.outputs.status") {
		t.Error("the action does not state its status")
	}
}

// The problem matcher reads each line of --format line.
func TestTheProblemMatcherReadsLines(t *testing.T) {
	var matcher struct {
		ProblemMatcher []struct {
			Pattern []struct {
				Regexp                                      string
				File, Line, Column, Severity, Code, Message int
			}
		}
	}
	if err := json.Unmarshal([]byte(readFile(t, "deploy/github-action/problem-matcher.json")), &matcher); err != nil {
		t.Fatal(err)
	}
	p := matcher.ProblemMatcher[0].Pattern[0]
	output, _ := inFolder(t, "invalid", nil, "iggysink", "validate", "--format", "line", ".")
	lines := strings.Split(strings.TrimSpace(output), "\n")
	for _, line := range lines {
		m := regexp.MustCompile(p.Regexp).FindStringSubmatch(line)
		if len(m) == 0 || m[p.File] != "iggysink.hcl" || m[p.Severity] != "error" && m[p.Severity] != "warning" || m[p.Message] == "" {
			t.Errorf("%q: %q", line, m)
		}
	}
	if !strings.HasPrefix(lines[0], "iggysink.hcl:2:3: error: [") {
		t.Error(lines[0])
	}
}

func TestTheGitLabJobReports(t *testing.T) {
	job := readYAML[gitlab](t, "deploy/gitlab-ci.yml").Job
	// The report is uploaded whatever the outcome: that it is the file that validate writes shows in the command.
	if want := "junit=" + job.Artifacts.Reports.JUnit; !strings.Contains(job.Script[0], want) {
		t.Errorf("%s does not write %s", job.Script[0], want)
	}
	variables := maps.Clone(job.Variables)
	variables["IGGYSINK_ARGS"] = "--strict-env --var=unused=1"
	if output, code := inFolder(t, "good", variables, "bash", "-ec", job.Script[0]); code != exitFailed || !strings.Contains(output, "[env-unset]") {
		t.Errorf("the arguments do not reach validate: exit %d\n%s", code, output)
	}
	if output, code := inFolder(t, "good", variables, "bash", "-ec", job.Script[1]); code != exitOK {
		t.Errorf("the arguments of validate break fmt: exit %d\n%s", code, output)
	}
	for configuration, want := range map[string]int{"good": exitOK, "untidy": exitFailed, "invalid": exitFailed} {
		output, code := inFolder(t, configuration, job.Variables, "bash", "-ec", strings.Join(job.Script, "\n"))
		if code != want {
			t.Errorf("%s: exit %d, not %d\n%s", configuration, code, want, output)
		}
	}
}

// Whoever opens a pull request may ask for a secret of the job, a bit with each finding. No part of a CI system answers.
func TestCIPartsDoNotAnswerAboutSecrets(t *testing.T) {
	a := readYAML[action](t, "deploy/github-action/action.yml")
	check := a.Runs.Steps[len(a.Runs.Steps)-1]
	folder, err := filepath.Abs(filepath.Join(root, "deploy/github-action"))
	if err != nil {
		t.Fatal(err)
	}
	job := readYAML[gitlab](t, "deploy/gitlab-ci.yml").Job
	hooks := readYAML[[]hook](t, ".pre-commit-hooks.yaml")
	ofAction := map[string]string{"GITHUB_ACTION_PATH": folder}
	for name, value := range check.Env {
		ofAction[name] = a.Inputs[strings.TrimSuffix(strings.TrimPrefix(value, "${{ inputs."), " }}")].Default
	}
	for name, part := range map[string]struct {
		env     map[string]string
		shell   []string
		answers int
	}{
		"validate by itself": {nil, []string{"iggysink", "validate", "."}, 2}, // otherwise nothing is asked
		"the action":         {ofAction, []string{"bash", "-c", check.Run}, 1},
		"the GitLab job":     {job.Variables, []string{"bash", "-ec", strings.Join(job.Script, "\n")}, 1},
		"the hook":           {nil, append(strings.Fields(hooks[0].Entry), hooks[0].Args...), 1},
	} {
		answers := make(map[string]bool)
		for _, secret := range []string{"s3cret", "other"} {
			env := map[string]string{"CI_SECRET": secret}
			maps.Copy(env, part.env)
			output, code := inFolder(t, "asking", env, part.shell...)
			answers[fmt.Sprint(code, strings.ReplaceAll(output, secret, ""))] = true
		}
		if len(answers) != part.answers {
			t.Errorf("%s answers: %v", name, answers)
		}
	}
}
