package examples_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"iggysink/golden"
)

var update = flag.Bool("update", false, "write what happens into the transcripts; then read the diff")

// scripted returns answers that stand in a transcript in place of the service's own.
func scripted(recipe string) map[int]answer {
	switch recipe {
	case "discord":
		return map[int]answer{1: {429, map[string]string{"Content-Type": "application/json", "Retry-After": "2"},
			`{"message": "You are being rate limited.", "retry_after": 1.5, "global": false}`}}
	case "splunk-hec":
		return map[int]answer{0: {503, map[string]string{"Content-Type": "application/json"}, `{"text":"Server is busy","code":9}`}}
	case "loki":
		return map[int]answer{1: {429, map[string]string{"Content-Type": "text/plain; charset=utf-8"}, "ingestion rate limit exceeded for user shop"}}
	case "standard-webhooks":
		return map[int]answer{0: {500, map[string]string{"Content-Type": "text/plain"}, "not now"}}
	}
	return nil
}

// serviceOf returns the service that a recipe is for.
func serviceOf(t *testing.T, recipe string) service {
	t.Helper()
	switch recipe {
	case "aws-lambda":
		withAWS(t, awsKey, awsSecret)
		return lambda
	case "datadog-logs":
		return datadog
	case "discord":
		return discord()
	case "elasticsearch":
		b := elasticsearch()
		b.queue = 3
		return b.judge
	case "github-hmac":
		return github(githubEnvironment["HOOK_SECRET"])
	case "knative":
		return knative
	case "loki":
		return loki
	case "oauth2-api":
		return newOAuth2(1).judge
	case "opensearch":
		b := opensearch()
		b.queue = 3
		b.ids["created-0-10"] = true // from an attempt before a crash
		return b.judge
	case "slack":
		return slack()
	case "splunk-hec":
		return splunk
	case "standard-webhooks":
		return (&webhooks{secret: webhookSecret, seen: make(map[string]int)}).judge
	}
	t.Fatalf("%s has no service", recipe)
	return nil
}

// What goes to each service, byte for byte, what it answers, and what becomes of the messages. Each recipe has a transcript.
func TestTranscripts(t *testing.T) {
	recipes, err := golden.Recipes()
	require.NoError(t, err)
	files, err := filepath.Glob("recipes/*.hcl")
	require.NoError(t, err)
	for i := range files {
		files[i] = strings.TrimSuffix(filepath.Base(files[i]), ".hcl")
	}
	var names []string
	for _, r := range recipes {
		names = append(names, r.Name)
		t.Run(r.Name, func(t *testing.T) {
			inScene(t, r.Name, r.Environment, serviceOf(t, r.Name), scripted(r.Name), func(s *scene) {
				var outcomes []string
				for _, o := range s.deliver(r.Messages) {
					outcomes = append(outcomes, said(o))
				}
				transcript := r.Transcript(s.exchanges, outcomes)
				if *update {
					file := filepath.Join("..", "golden", golden.RecipeDir, r.Name+".txtar")
					require.NoError(t, os.WriteFile(file, []byte(transcript), 0o600))
					return
				}
				if diff := cmp.Diff(r.Text(), transcript); diff != "" {
					t.Errorf("-transcript +what happened:\n%s", diff)
				}
			})
		})
	}
	if slices.Sort(files); !slices.Equal(names, files) {
		t.Errorf("recipes %v, transcripts %v", files, names)
	}
}

// Each recipe has a page, which shows its configuration and requests as they are.
func TestPagesShowWhatIsSent(t *testing.T) {
	recipes, err := golden.Recipes()
	require.NoError(t, err)
	for _, r := range recipes {
		text, err := os.ReadFile(filepath.Join("..", "docs", "guide", "recipes", r.Name+".md"))
		require.NoError(t, err)
		page := string(text)
		require.Contains(t, page, "<!-- file:examples/recipes/"+r.Name+".hcl -->")
		sent := regexp.MustCompile(`(?m)^(text|line)( |$)`).ReplaceAllString(r.Text(), "")
		shown := regexp.MustCompile("(?s)```http\n(.*?)```").FindAllStringSubmatch(page, -1)
		require.NotEmpty(t, shown, r.Name)
		for _, request := range shown {
			require.Contains(t, sent, "\n"+request[1]+"-- answer ", r.Name)
		}
	}
}
