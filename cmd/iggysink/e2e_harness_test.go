package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
	"iggysink/schema"
)

// eventTimeout only bounds a test that fails: one that passes goes on at the event.
const eventTimeout = time.Minute

// scene is what a user has: a server with a stream, and a folder for configuration and dead letters.
type scene struct {
	t       *testing.T
	dir     string
	address string
	stream  string
	client  topicClient
	inlet   inlet
	running *running // the last one that start began
}

// inlet is a way into a server.
type inlet struct {
	transport schema.IggyTransport
	address   string
}

// over runs a test over each transport: against the server that the environment names for it, or one of its own.
func over(t *testing.T, test func(*testing.T, inlet)) {
	t.Run("tcp", func(t *testing.T) { test(t, inlet{schema.IggyTransportTCP, iggytest.Address(t)}) })
	t.Run("http", func(t *testing.T) { test(t, inlet{schema.IggyTransportHTTP, iggytest.AddressHTTP(t)}) })
}

// newScene makes a stream of this name and its topics at a server, over TCP.
func newScene(t *testing.T, address, stream string, partitions int, topics ...string) *scene {
	t.Helper()
	return newSceneOver(t, inlet{schema.IggyTransportTCP, address}, stream, partitions, topics...)
}

// newSceneOver is newScene over any transport.
func newSceneOver(t *testing.T, in inlet, stream string, partitions int, topics ...string) *scene {
	t.Helper()
	s := &scene{t: t, dir: t.TempDir(), address: in.address, stream: stream, inlet: in}
	s.client = connectTo(t, in)
	for _, topic := range topics {
		require.NoError(t, s.client.ensure(t.Context(), topicName{stream, topic}, partitions))
	}
	return s
}

// connectTo logs in as the user that every server of the tests has.
func connectTo(t *testing.T, in inlet) topicClient {
	t.Helper()
	cfg := schema.DefaultIggy()
	cfg.Transport, cfg.Address, cfg.Username, cfg.Password = in.transport, in.address, "iggy", schema.NewSecret("iggy")
	client, err := connectClient(t.Context(), &cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.close()) })
	return client
}

// publish sends payloads to one partition.
func (s *scene) publish(topic string, partition uint32, payloads ...string) {
	s.t.Helper()
	messages := make([][]byte, len(payloads))
	for i, p := range payloads {
		messages[i] = []byte(p)
	}
	require.NoError(s.t, s.client.send(s.t.Context(), topicName{s.stream, topic}, partition, nil, messages))
}

// publishEach sends n numbered messages to each of so many partitions.
func (s *scene) publishEach(topic string, partitions, n int) {
	s.t.Helper()
	for p := range partitions {
		payloads := make([]string, n)
		for i := range payloads {
			payloads[i] = fmt.Sprintf(`{"p":%d,"n":%d}`, p, i)
		}
		s.publish(topic, uint32(p), payloads...)
	}
}

// config writes a configuration: the server of the scene and what body says, with STREAM for the stream's name.
func (s *scene) config(name, body string) string {
	s.t.Helper()
	head := fmt.Sprintf("iggy {\n  address = %q\n  transport = %q\n  username = \"iggy\"\n  password = \"iggy\"\n}\n", s.address, s.inlet.transport)
	path := filepath.Join(s.dir, name+".hcl")
	text := head + strings.ReplaceAll(body, "STREAM", strconv.Quote(s.stream))
	require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// running is a run inside this process, where the race detector sees it.
type running struct {
	cancel context.CancelFunc
	done   chan int
	once   sync.Once
	code   int
}

// start runs a configuration in this process until stop, or until the test ends.
func (s *scene) start(args ...string) *running {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	r := &running{cancel: cancel, done: make(chan int, 1)}
	go func() { r.done <- run(ctx, args, strings.NewReader(""), io.Discard, testLog{s.t}) }()
	s.t.Cleanup(func() { r.stop() })
	s.running = r
	return r
}

// stop does what SIGTERM does, and returns the exit code.
func (r *running) stop() int {
	r.once.Do(func() {
		r.cancel()
		r.code = <-r.done
	})
	return r.code
}

// testLog shows what a command says as part of the test's log.
type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Logf("%s", strings.TrimSuffix(string(b), "\n"))
	return len(b), nil
}

// e2eMain gives the tests a folder for the program that builtBinary builds, and removes it after them. It also sets what
// the race detector does in the processes that they start.
type e2eMain struct{ *testing.M }

// binaryFolder names the variable of the environment with that folder.
const binaryFolder = "IGGYSINK_E2E_FOLDER"

// raceOptions let a race fail the process that has it: its report alone goes to a stderr that few tests look at. And they
// spare each of hundreds of processes the second for which the detector would sleep at their end.
const raceOptions = "halt_on_error=1 exitcode=66 atexit_sleep_ms=0"

func (m e2eMain) Run() int {
	dir, err := os.MkdirTemp("", "iggysink-e2e")
	if err == nil {
		err = errors.Join(os.Setenv(binaryFolder, dir), os.Setenv("GORACE", raceOptions))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	hearHangups()
	code := m.M.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// hearHangups undoes what nohup does, under which whole builds run: a program that is started with SIGHUP ignored leaves it so,
// in itself and in what it starts, and the tests of hangups would wait for ever. A signal that is caught is the default
// again in a process that is started.
func hearHangups() {
	if signal.Ignored(syscall.SIGHUP) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
}

// builtBinary builds the program once for all tests of this process, as a user gets it: without the race detector,
// whose memory and speed are not the program's.
var builtBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(os.Getenv(binaryFolder), "iggysink")
	out, err := exec.Command("go", "build", "-race=false", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// process is the real program in a process of its own.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr string // file; empty: something else
	ended  chan struct{}
}

// spawn starts the program. What is left of it at the end of the test is killed.
func (s *scene) spawn(args ...string) *process {
	s.t.Helper()
	log, err := os.CreateTemp(s.dir, "stderr")
	require.NoError(s.t, err)
	require.NoError(s.t, log.Close())
	p := s.spawnable(args...)
	p.logTo(log.Name())
	return p
}

// logTo starts the process with a file as stderr.
func (p *process) logTo(path string) {
	p.t.Helper()
	log, err := os.Create(path)
	require.NoError(p.t, err)
	p.cmd.Stderr, p.stderr = log, path
	p.launch()
	require.NoError(p.t, log.Close())
}

// text is what the process has said so far.
func (p *process) text() string {
	p.t.Helper()
	text, err := os.ReadFile(p.stderr)
	require.NoError(p.t, err)
	return string(text)
}

// spawnable is the program, not started yet.
func (s *scene) spawnable(args ...string) *process {
	s.t.Helper()
	binary, err := builtBinary()
	require.NoError(s.t, err)
	p := &process{t: s.t, cmd: exec.Command(binary, args...), ended: make(chan struct{})}
	p.cmd.Dir = s.dir
	return p
}

// launch starts the process.
func (p *process) launch() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // the exit code is in ProcessState
		close(p.ended)
	}()
	p.t.Cleanup(func() {
		p.kill()
		if p.t.Failed() && p.stderr != "" {
			text, _ := os.ReadFile(p.stderr)
			p.t.Logf("%v said:\n%s", p.cmd.Args[1:], ends(string(text), 40))
		}
	})
}

// ends leaves the first and the last n lines of text.
func ends(text string, n int) string {
	lines := strings.SplitAfter(text, "\n")
	if len(lines) > 2*n {
		lines = slices.Concat(lines[:n], []string{"...\n"}, lines[len(lines)-n:])
	}
	return strings.Join(lines, "")
}

// kill ends the process as a crash does, and waits for its end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.ended
}

// stop asks the process to end, and returns its exit code.
func (p *process) stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		require.NoError(p.t, err)
	}
	return p.wait()
}

// wait waits for the process to end by itself, and returns its exit code.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(eventTimeout):
		p.t.Fatalf("%v does not end", p.cmd.Args)
	}
	return p.cmd.ProcessState.ExitCode()
}

// said waits until the process has said something that matches, and returns the match with its groups.
func (p *process) said(pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	var match []string
	poll(p.t, "the process to say "+pattern, func() bool {
		match = re.FindStringSubmatch(p.text())
		return match != nil
	})
	return match
}

// ready asks the process's admin listener, which must be on port 0, whether it is ready.
func (p *process) ready() (bool, string) {
	p.t.Helper()
	address := p.said(`health and metrics.*address=(\S+)`)[1]
	response, err := http.Get("http://" + address + "/readyz")
	require.NoError(p.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return response.StatusCode == http.StatusOK, string(text)
}

// poll waits for a condition of another process that tells nobody when it changes.
func poll(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(eventTimeout); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("waited %v for %s", eventTimeout, what)
}

// awaitEvent waits for a channel to be closed.
func awaitEvent(t *testing.T, what string, event <-chan struct{}) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(eventTimeout):
		t.Fatalf("waited %v for %s", eventTimeout, what)
	}
}
