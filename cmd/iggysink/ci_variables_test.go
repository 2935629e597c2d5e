package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A configuration with a file of variables for each environment, in one folder or in folders of their own, passes in every
// part: validate takes the one that the arguments name, and fmt looks at all.
func TestCIPartsTakeFilesOfVariables(t *testing.T) {
	const configuration = "variable \"host\" {\n  type = string\n}\n\niggy {\n  username = \"iggy\"\n  password = env(\"NOT_SET\")\n}\n\n"
	layouts := map[string]struct{ paths, file, other string }{
		"beside":         {"conf.d", "conf.d/prod.vars.hcl", "conf.d/dev.vars.hcl"},
		"folders of own": {"conf.d\nvars/dev\nvars/prod", "vars/prod/x.vars.hcl", "vars/dev/x.vars.hcl"},
	}
	script, env := actionEnvironment(t)
	job := readYAML[gitlab](t, "deploy/gitlab-ci.yml").Job
	for name, layout := range layouts {
		dir := t.TempDir()
		for file, text := range map[string]string{
			"conf.d/a.hcl": configuration + strings.Replace(goodSink, "127.0.0.1:1", "${var.host}", 1),
			layout.file:    "host = \"prod.example\"\n", layout.other: "host = \"dev.example\"\n",
		} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, file), text)
		}
		all := maps.Clone(env)
		all["IGGYSINK_PATHS"], all["IGGYSINK_ARGS"], all["IGGYSINK_WARNINGS_AS_ERRORS"] = layout.paths, "--var-file\n"+layout.file, "true"
		if output, code := inDirectory(t, dir, all, "bash", "-c", script); code != exitOK {
			t.Errorf("the action, %s: exit %d\n%s", name, code, output)
		}
		variables := maps.Clone(job.Variables)
		variables["IGGYSINK_PATHS"] = strings.ReplaceAll(layout.paths, "\n", " ")
		variables["IGGYSINK_ARGS"] = "--warnings-as-errors --var-file=" + layout.file
		if output, code := inDirectory(t, dir, variables, "bash", "-ec", strings.Join(job.Script, "\n")); code != exitOK {
			t.Errorf("the GitLab job, %s: exit %d\n%s", name, code, output)
		}
	}
}

// Where warnings alone fail a job, its log says so.
func TestCIPartsSayThatWarningsFailed(t *testing.T) {
	const reason = "1 warning fails the run, since --warnings-as-errors is set"
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "a.hcl"), "iggy {\n  username = \"iggy\"\n  password = \"literal\"\n}\n\n"+goodSink)
	script, env := actionEnvironment(t)
	env["IGGYSINK_WARNINGS_AS_ERRORS"] = "true"
	if output, code := inDirectory(t, dir, env, "bash", "-c", script); code != exitFailed || !strings.Contains(output, "::error title=iggysink::"+reason) {
		t.Errorf("the action: exit %d\n%s", code, output)
	}
	job := readYAML[gitlab](t, "deploy/gitlab-ci.yml").Job
	variables := maps.Clone(job.Variables)
	variables["IGGYSINK_ARGS"] = "--warnings-as-errors"
	if output, code := inDirectory(t, dir, variables, "bash", "-ec", job.Script[0]); code != exitFailed || !strings.Contains(output, reason) {
		t.Errorf("the GitLab job: exit %d\n%s", code, output)
	}
}
