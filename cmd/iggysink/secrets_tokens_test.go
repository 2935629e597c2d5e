package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"iggysink/internal/relay"
)

// tokenSources are the credentials that no configuration holds: the program is given them while it runs, and each of them is
// the canary. block is what the sink has; it may name %s, a token endpoint that gives a new token each time.
func tokenSources() map[string]struct {
	block string
	env   map[string]string
} {
	type source = struct {
		block string
		env   map[string]string
	}
	return map[string]source{
		"oauth2": {block: `auth "oauth2" {` + "\n    token_url = \"%s/token\"\n    client_id = \"me\"\n    client_secret = \"anotherSecret\"\n  }"},
		"a file": {block: `auth "bearer" {` + "\n    token_file = \"secret.txt\"\n  }"},
		"aws session": {`auth "aws_sigv4" {` + "\n    region = \"eu-west-1\"\n    service = \"execute-api\"\n  }", map[string]string{
			"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": canary + "key", "AWS_SESSION_TOKEN": canary + "/session+token==",
			"AWS_PROFILE": "", "AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none", "AWS_EC2_METADATA_DISABLED": "true",
		}},
	}
}

// tokenConfig writes a configuration whose sink has a credential of one of the tokenSources, and nothing else that is secret,
// so that it is not masked for the sake of another one.
func tokenConfig(t *testing.T, block, endpoint string, health bool) {
	t.Helper()
	var given atomic.Int64
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token": "%s/%d+==", "token_type": "Bearer", "expires_in": 3600}`, canary,
			given.Add(1)) // who does not read it fails the test
	}))
	t.Cleanup(tokens.Close)
	writeFile(t, "secret.txt", canary+"\n")
	head, sink, _ := strings.Cut(fmt.Sprintf(unkindText, secretBroker(t), endpoint, health), "sink ")
	sink = strings.NewReplacer("${var.secret}", "word", "var.secret", `"word"`, `, Authorization = "Bearer ${var.secret}"`, "").Replace(sink)
	if strings.Contains(block, "%s") {
		block = fmt.Sprintf(block, tokens.URL)
	}
	writeFile(t, "valid.hcl", head+"sink "+strings.Replace(sink, "  circuit_breaker", "  "+block+"\n  circuit_breaker", 1))
}

// What TestNoDeliveryTellsASecret shows of the secrets of a configuration holds for a token that was fetched for it.
func TestNoDeliveryTellsAToken(t *testing.T) {
	for kind, s := range tokenSources() {
		for name, e := range unkindEndpoints() {
			t.Run(kind+", "+name, func(t *testing.T) {
				t.Chdir(t.TempDir())
				t.Setenv("IGGYSINK_VAR_secret", canary)
				for variable, value := range s.env {
					t.Setenv(variable, value)
				}
				var sent atomic.Bool
				endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if tells(fmt.Sprint(r.Header)) {
						sent.Store(true)
					}
					if e.handler != nil {
						e.handler(w, r)
					}
				}))
				defer endpoint.Close()
				if e.handler == nil {
					endpoint.Close()
				}
				tokenConfig(t, s.block, endpoint.URL, kind == "a file")
				everywhere(t, e.await)
				if e.handler != nil && !sent.Load() {
					t.Error("the endpoint was sent no token, and nothing was swept")
				}
			})
		}
	}
}

// everywhere runs valid.hcl until a page has what is awaited, and looks for the canary in all that the run shows and leaves.
func everywhere(t *testing.T, await string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var output syncBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"run", "valid.hcl", "--log-level", "debug"}, nil, &output, &output)
	}()
	admin := "http://" + output.await(t, `health and metrics"[ ,]"?address"?[:=]"?([0-9.:]+)`)
	pages := awaitEither(t, admin, await)
	stop()
	<-ended
	if tells(pages) {
		t.Errorf("a page tells the token:\n%s", around(pages))
	}
	if text := output.String(); tells(text) {
		t.Errorf("a log tells the token:\n%s", around(text))
	}
	noCanaryInFiles(t)
}

// tellingLetters is a dead-letter store with a mistake, whose panic tells all that it was given.
type tellingLetters struct{}

func (tellingLetters) Write(_ context.Context, letters []relay.DeadLetter) error {
	panic(fmt.Sprintf("%+v", letters))
}
func (tellingLetters) Close() error { return nil }

// A panic is logged with its value and its stack, where a token was sent and came back in the answer that is at hand.
func TestNoPanicTellsAToken(t *testing.T) {
	for kind, s := range tokenSources() {
		t.Run(kind, func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv("IGGYSINK_VAR_secret", canary)
			for variable, value := range s.env {
				t.Setenv(variable, value)
			}
			endpoint := httptest.NewServer(unkindEndpoints()["rejects"].handler)
			defer endpoint.Close()
			tokenConfig(t, s.block, endpoint.URL, false)
			var load loadFlags
			cfg, err := load.load(testLog{t}, []string{"valid.hcl"})
			require.NoError(t, err)
			sinks, err := selectSinks(cfg, nil)
			require.NoError(t, err)
			var log syncBuffer
			lf := logFlags{format: "text", level: "debug"}
			logger, err := lf.open(&log)
			require.NoError(t, err)
			d, err := newDelivery(cfg, sinks, deliveryOptions{logger: logger.Logger, drainTimeout: 5 * time.Second})
			require.NoError(t, err)
			d.runners[0].relay = relay.New(sinks[0], d.runners[0].engine, tellingLetters{}, relay.Options{Logger: logger.Logger})
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- d.run(ctx) }()
			log.await(t, "(the sink ended)")
			stop()
			require.Error(t, logger.fail(<-ended))
			require.Contains(t, log.String(), "tellingLetters", "the stack")
			require.Contains(t, log.String(), "sensitive", "what the endpoint said of the token")
			if tells(log.String()) || tells(d.runners[0].relay.Status().Crashed) {
				t.Errorf("a panic tells the token:\n%s", around(log.String()))
			}
		})
	}
}
