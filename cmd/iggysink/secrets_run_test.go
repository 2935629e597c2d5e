package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"iggysink/internal/iggyserver"
)

// An unkind endpoint sends back all that it is sent, in whatever place an answer has.
func unkindEndpoints() map[string]struct {
	handler http.HandlerFunc
	await   string // on /readyz, or else on /metrics
} {
	type endpoint = struct {
		handler http.HandlerFunc
		await   string
	}
	echo := func(w http.ResponseWriter, r *http.Request, status int) {
		for name, values := range r.Header {
			w.Header()["X-Echo-"+name] = values
		}
		w.Header().Set("Location", "http://"+r.Host+r.URL.String())
		w.Header().Set("Content-Type", canary)
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "%s %s %v", r.Method, r.URL, r.Header) // who does not read it is what is tested
	}
	raw := func(w http.ResponseWriter, text string) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, text) // as above
			err = conn.Close()
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	const paused = `(?s)^503 .*sink "orders": paused`
	return map[string]endpoint{
		"accepts": {func(w http.ResponseWriter, r *http.Request) { echo(w, r, http.StatusOK) },
			`(?m)^iggysink_messages_delivered_total\{sink="orders"\} 2$`},
		"refuses the login": {func(w http.ResponseWriter, r *http.Request) { echo(w, r, http.StatusUnauthorized) }, paused},
		"sends elsewhere":   {func(w http.ResponseWriter, r *http.Request) { echo(w, r, http.StatusTemporaryRedirect) }, paused},
		"is not there":      {nil, paused},
		"rejects": {func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead { // the health check
				echo(w, r, http.StatusOK)
			} else {
				echo(w, r, http.StatusUnprocessableEntity)
			}
		}, `(?m)^iggysink_messages_dead_lettered_total\{sink="orders"\} 2$`},
		"asks for quiet": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", canary)
			echo(w, r, http.StatusTooManyRequests)
		}, paused},
		"speaks no HTTP": {func(w http.ResponseWriter, _ *http.Request) { raw(w, canary+" "+canary+"\r\n\r\n") }, paused},
		"has a status that is none": {func(w http.ResponseWriter, _ *http.Request) {
			raw(w, "HTTP/1.1 "+canary+" "+canary+"\r\n\r\n")
		}, paused},
		"has a header that is none": {func(w http.ResponseWriter, _ *http.Request) {
			raw(w, "HTTP/1.1 200 OK\r\n"+canary+"\r\nContent-Length: "+canary+"\r\n\r\n")
		}, paused},
		"has a reason of its own": {func(w http.ResponseWriter, _ *http.Request) {
			raw(w, "HTTP/1.1 401 "+canary+"\r\nContent-Length: 0\r\n\r\n")
		}, paused},
		"hangs up": {func(w http.ResponseWriter, _ *http.Request) { raw(w, "") }, paused},
	}
}

// unkindText has the secret in everything that a run uses.
const unkindText = `
variable "secret" {
  sensitive = true
}
iggy {
  address  = %[1]q
  username = "iggy"
  password = var.secret
}
admin {
  address = "127.0.0.1:0"
}
sink "orders" {
  url                  = "%[2]s/a/${var.secret}/${topic}?key=${var.secret}"
  headers              = { X-Plain = var.secret, Authorization = "Bearer ${var.secret}" }
  health_check_enabled = %[3]t
  health_check_url     = "%[2]s/a/${var.secret}?key=${var.secret}"
  verbose_logging      = true
  max_retries          = 1
  retry_delay          = "1ms"
  circuit_breaker {
    cooldown     = "20ms"
    max_cooldown = "20ms"
  }
  dead_letter "file" {
    path = "dead.ndjson"
  }
  stream "shop" {
    topics         = ["created"]
    consumer_group = "orders"
  }
}
`

// secretBroker runs an in-process server whose password is the secret, with two messages to deliver.
func secretBroker(t *testing.T) (address string) {
	t.Helper()
	server, err := iggyserver.Start(iggyserver.Options{Username: "iggy", Password: canary})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	writeFile(t, "lines", "1\n2\n")
	code, output := captured(t, "send", "shop", "created", "lines", "--create", "--server", server.Addr(), "--password", canary)
	if code != exitOK {
		t.Fatal(output)
	}
	return server.Addr()
}

// Whatever an endpoint does: no log at any level, no page and no dead letter tells a secret.
func TestNoDeliveryTellsASecret(t *testing.T) {
	for name, e := range unkindEndpoints() {
		for _, format := range []string{"text", "json"} {
			t.Run(name+", "+format, func(t *testing.T) {
				t.Chdir(t.TempDir())
				t.Setenv("IGGYSINK_VAR_secret", canary)
				endpoint := httptest.NewServer(e.handler)
				defer endpoint.Close()
				if e.handler == nil {
					endpoint.Close()
				}
				writeFile(t, "valid.hcl", fmt.Sprintf(unkindText, secretBroker(t), endpoint.URL, format == "json"))
				ctx, stop := context.WithCancel(t.Context())
				var output syncBuffer
				ended := make(chan int, 1)
				go func() {
					ended <- run(ctx, []string{"run", "valid.hcl", "--log-level", "debug", "--log-format", format}, nil, &output, &output)
				}()
				admin := "http://" + output.await(t, `health and metrics"[ ,]"?address"?[:=]"?([0-9.:]+)`)
				pages := awaitEither(t, admin, e.await)
				stop()
				<-ended
				if tells(pages) {
					t.Errorf("a page tells the secret:\n%s", around(pages))
				}
				if text := output.String(); tells(text) {
					t.Errorf("a log tells the secret:\n%s", around(text))
				}
				noCanaryInFiles(t)
			})
		}
	}
}

// awaitEither asks for both pages until one of them matches, and returns them.
func awaitEither(t *testing.T, admin, pattern string) (pages string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for end := time.Now().Add(awaitTimeout); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		pages = ""
		matched := false
		for _, path := range []string{"/readyz", "/metrics"} {
			response, err := http.Get(admin + path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			if err := errors.Join(err, response.Body.Close()); err != nil {
				t.Fatal(err)
			}
			page := fmt.Sprintf("%d %s", response.StatusCode, body)
			matched = matched || re.MatchString(page)
			pages += page
		}
		if matched {
			return pages
		}
	}
	t.Fatalf("no match of %s after %v:\n%.300s", pattern, awaitTimeout, pages)
	return ""
}

// A login that the server refuses, and a server that is not there, are told without the password.
func TestNoFailedLoginTellsASecret(t *testing.T) {
	t.Chdir(t.TempDir())
	broker := startBroker(t, topicName{"shop", "created"})
	t.Setenv("IGGYSINK_VAR_secret", canary)
	for _, address := range []string{broker, "127.0.0.1:1"} {
		writeFile(t, "valid.hcl", fmt.Sprintf(unkindText, address, "http://127.0.0.1:1", false))
		for _, args := range [][]string{
			{"run", "valid.hcl", "--once", "--timeout", "100ms", "--log-level", "debug"},
			{"send", "shop", "created", "--server", address, "--password", canary},
		} {
			code, output := captured(t, args...)
			if code == exitOK || tells(output) {
				t.Errorf("iggysink %v, exit %d:\n%s", args, code, output)
			}
		}
	}
	noCanaryInFiles(t)
}

// dev shows where a request goes. What came from outside is hidden in it, even if it reads like any other word.
func TestDevHidesWhatCameFromOutside(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "secret.txt", "ofthefile\n")
	t.Setenv("THE_SECRET", "ofenv")
	t.Setenv("THE_OTHER", "oftheenvironment")
	writeFile(t, "valid.hcl", `
variable "secret" {
  sensitive = true
}
iggy {
  username = "iggy"
  password = env("THE_SECRET")
}
sink "orders" {
  url = "http://127.0.0.1:1/in/${trimspace(file("secret.txt"))}/${var.secret}/${env("THE_OTHER")}/${topic}"
  stream "shop" {
    topics         = ["created"]
    consumer_group = "orders"
  }
}
`)
	code, output := captured(t, "dev", "valid.hcl", "--once", "--var", "secret=oftheflag")
	if code != exitOK || !strings.Contains(output, "POST /in/(sensitive)/(sensitive)/(sensitive)/created\n") {
		t.Errorf("exit %d:\n%s", code, output)
	}
}
