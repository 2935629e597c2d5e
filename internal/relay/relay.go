package relay

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

// Options are what a Relay needs beside its configuration.
type Options struct {
	Logger       *slog.Logger  // nil: discards
	DrainTimeout time.Duration // how long a stop waits for the requests in flight; 0: 25s
	Once         bool          // end when everything that was there at the start is settled
	OnceTimeout  time.Duration // Once ends after so long without progress; 0: 1m

	// Bounds on what is polled and not settled, in bytes; 0: 4 MiB a partition, 16 MiB a sink.
	PartitionBytes, SinkBytes int
}

// Feed is one topic that feeds the relay.
type Feed struct {
	Stream *schema.Stream
	Topic  string
	Source Source
}

// Result says how a Run ended.
type Result struct {
	// Settled is whether all in hand was settled, and its offsets are stored: exit code 0. With Once, whether all that
	// was there at the start was.
	Settled bool
	// Unsettled counts messages that a request carried, or that block their partition, and that are not settled, or
	// that are settled behind one which is not. The next start delivers them again.
	Unsettled int
	// Abandoned is whether a goroutine may still be at work, after a panic or because it was stuck at the end. It may use
	// what the relay was given, so that nothing of it may be closed.
	Abandoned bool
}

// Relay carries the messages of one sink's feeds to its endpoint. It runs once.
type Relay struct {
	cfg        *schema.Sink
	engine     *sinkhttp.Sink
	dead       DeadLetters
	opts       Options
	log        *slog.Logger
	key        orderingKey
	onRejected schema.OnRejected
	breaker    schema.CircuitBreaker
	budget     budget

	work     context.Context // what requests live in; ends when the drain has taken too long
	cut      context.CancelFunc
	closing  latch       // polling has stopped, and gaps before what is settled are filled
	draining latch       // no new request may start
	ready    atomic.Bool // the health check has passed
	judge    *judge
	buried   notice // of dead letters
	dropped  notice // of dropped messages
	crash    crash
	began    time.Time    // of Run
	progress atomic.Int64 // when something was last settled, as elapsed has it
	changed  chan struct{}
	counters counters

	mu      sync.Mutex
	feeds   []*feed
	owned   map[schema.Partition]*partition
	former  map[schema.Partition]*partition // the last worker of each partition, running or not
	stopped bool                            // no worker may start any more
}

type counters struct{ rejected, deadLettered, dropped, filtered atomic.Uint64 }

// latch is a signal that is given once.
type latch struct {
	done chan struct{}
	set  atomic.Bool
}

func newLatch() latch { return latch{done: make(chan struct{})} }

func (l *latch) on() bool { return l.set.Load() }

func (l *latch) close() {
	if !l.set.Swap(true) {
		close(l.done)
	}
}

// New returns a Relay of cfg that sends through engine. dead may be nil where nothing goes to the dead letters. The
// caller closes both, after Run.
func New(cfg *schema.Sink, engine *sinkhttp.Sink, dead DeadLetters, opts Options) *Relay {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	setDefault(&opts.DrainTimeout, 25*time.Second)
	setDefault(&opts.OnceTimeout, time.Minute)
	setDefault(&opts.PartitionBytes, defaultPartitionBytes)
	setDefault(&opts.SinkBytes, defaultSinkBytes)
	r := &Relay{
		cfg: cfg, engine: engine, dead: dead, opts: opts, log: opts.Logger,
		onRejected: cfg.RejectedPolicy(), breaker: schema.DefaultCircuitBreaker(),
		budget:  budget{partition: opts.PartitionBytes, sink: opts.SinkBytes},
		closing: newLatch(), draining: newLatch(), changed: make(chan struct{}, 1), crash: crash{latch: newLatch()},
		owned: make(map[schema.Partition]*partition), former: make(map[schema.Partition]*partition),
	}
	if cfg.Ordering == schema.OrderingKey {
		r.key = parseOrderingKey(cfg.OrderingKey)
	}
	if cfg.CircuitBreaker != nil {
		r.breaker = *cfg.CircuitBreaker
	}
	r.newNotices()
	r.judge = newJudge(cfg, r.breaker, opts.Logger)
	r.budget.divide(1)
	return r
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// Run delivers until ctx ends, or until Once is done, and drains then: polling stops, requests in flight finish, at
// DrainTimeout they are cancelled, what is settled is stored. It returns when every source has left its group. The
// error is that of a source which waiting cannot mend; it ends the others. A panic in any goroutine of the relay is such
// an error too; then nothing more is stored, and Run does not wait for what does not end by itself.
func (r *Relay) Run(ctx context.Context, feeds []Feed) (Result, error) {
	base := context.WithoutCancel(ctx)
	r.work, r.cut = context.WithCancel(base)
	defer r.cut()
	aux, cancelAux := context.WithCancel(base)
	sources, cancelSources := context.WithCancel(base)
	defer cancelSources()
	r.began = time.Now()
	r.adopt(feeds)

	failed := make(chan error, len(feeds))
	var helpers, polling sync.WaitGroup
	helpers.Go(func() {
		defer r.catch("health check")
		r.open(aux)
	})
	helpers.Go(func() {
		defer r.catch("watch over pauses")
		r.watch(aux)
	})
	for _, f := range r.feeds {
		polling.Go(func() {
			defer r.catch("source")
			if err := f.run(sources); err != nil {
				failed <- err
			}
		})
	}

	complete, err := r.wait(ctx, failed)
	defer r.tellRest()
	var res Result
	var stored bool
	if !r.crash.on() {
		res, stored = r.drain()
	}
	if r.crash.on() {
		return r.abandon(func() { cancelAux(); cancelSources() }, &helpers, &polling)
	}
	complete = complete && stored
	cancelAux()
	helpers.Wait()
	// Only now: a source stores what it was asked to when its context ends, and the workers have just asked.
	cancelSources()
	polling.Wait()
	close(failed)
	for late := range failed {
		if errors.Is(late, ErrNotStored) {
			complete = false // no failure of the sink: the next start delivers again what is not stored
			r.log.Warn("the offsets of settled messages could not be stored", "sink", r.cfg.Name, "error", late)
			continue
		}
		err = errors.Join(err, late)
	}
	res.Settled = complete && err == nil && res.Unsettled == 0
	return res, err
}

// adopt makes the feeds known to Status.
func (r *Relay) adopt(feeds []Feed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.judge.probes.several = len(feeds) > 1
	for _, f := range feeds {
		r.feeds = append(r.feeds, &feed{
			relay: r, stream: f.Stream, topic: f.Topic, source: f.Source,
			length: max(r.engine.RequestLength(f.Stream.BatchLength), 1),
		})
	}
}

// open waits for the health check; nothing is polled before.
func (r *Relay) open(ctx context.Context) {
	for {
		err := r.engine.CheckHealth(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			break
		}
		timer := time.NewTimer(time.Until(r.judge.unhealthy(err.Error())))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	r.judge.healthy() // before anything is delivered: what pauses the sink from then on is no health check's to end
	r.ready.Store(true)
	r.wakeAll()
}

// watch follows the judge. A paused sink is not polled, and what is not in flight is given up. Once the cool-down is over
// one message of each partition is polled to probe with.
func (r *Relay) watch(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var seen uint64
	var wasPaused bool
	var due time.Time
	for {
		state, pauses, changed := r.judge.now()
		if !due.IsZero() && !time.Now().Before(due) { // also where a change came at the same time
			r.judge.wake()
			r.wakeAll()
		}
		switch {
		case state.Paused && pauses != seen:
			r.each((*partition).drop)
		case !state.Paused && wasPaused:
			r.each(func(p *partition) { p.reopen(r.cooldown(0)) })
			r.wakeAll()
		}
		seen, wasPaused = pauses, state.Paused
		timer.Stop()
		if due = r.judge.due(); !due.IsZero() {
			timer.Reset(time.Until(due))
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-timer.C:
		}
	}
}

// each calls f for every partition that is owned.
func (r *Relay) each(f func(*partition)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.owned {
		f(p)
	}
}

// alone reports whether no partition is left that has something to send and is not blocked.
func (r *Relay) alone() bool {
	alone := true
	r.each(func(p *partition) { alone = alone && !p.pending() })
	return alone
}

// Pause stops the delivery until Resume. reason is for a person.
func (r *Relay) Pause(reason string) { r.judge.stop(reason) }

// Resume ends a pause, one that only a person ends too. A Retry-After still holds.
func (r *Relay) Resume() { r.judge.resume() }

// delivering reports whether messages may be polled.
func (r *Relay) delivering() bool { return r.ready.Load() && !r.judge.paused.Load() && !r.closing.on() }

// probing reports whether a paused sink may poll one message of a partition to probe with.
func (r *Relay) probing() bool { return r.ready.Load() && !r.closing.on() && r.judge.probing() }

// wakeAll makes the sources ask again.
func (r *Relay) wakeAll() {
	for _, f := range r.feeds {
		f.source.Wake()
	}
}

// cooldown is how long a blocked partition or a failing dead letter waits after so many tries.
func (r *Relay) cooldown(tries int) time.Duration {
	wait, longest := r.breaker.Cooldown.Std(), r.breaker.MaxCooldown.Std()
	for ; tries > 0 && wait < longest; tries-- {
		wait *= 2
	}
	return max(min(wait, longest), time.Millisecond)
}

// wait returns when Run has to end: true if it may end so.
func (r *Relay) wait(ctx context.Context, failed <-chan error) (complete bool, err error) {
	var tick <-chan time.Time
	if r.opts.Once {
		t := time.NewTicker(250 * time.Millisecond)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-ctx.Done():
			return !r.opts.Once, nil
		case err := <-failed:
			return false, err
		case <-r.crash.done:
			return false, nil
		case <-r.changed:
		case <-tick:
		}
		if r.opts.Once && r.exhausted() {
			return true, nil
		}
		if idle := r.elapsed() - time.Duration(r.progress.Load()); r.opts.Once && idle >= r.opts.OnceTimeout {
			r.log.Warn("nothing was settled for a while; ending", "sink", r.cfg.Name, "timeout", r.opts.OnceTimeout)
			return false, nil
		}
	}
}

// exhausted reports whether everything that was there at the start is settled, in the partitions that are owned.
func (r *Relay) exhausted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.feeds {
		if !f.settledIn() {
			return false
		}
	}
	for _, p := range r.owned {
		if !p.fulfilled() {
			return false
		}
	}
	return true
}

// touch makes wait look again.
func (r *Relay) touch() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// drain ends all workers: requests in flight may finish until DrainTimeout, then they are cancelled. stored is false if
// something was settled that no source can be asked to store: its connection is gone.
func (r *Relay) drain() (res Result, stored bool) {
	r.mu.Lock()
	r.stopped = true // first: no worker may start that nobody waits for
	workers := make([]*partition, 0, len(r.former))
	for _, p := range r.former {
		workers = append(workers, p)
	}
	r.mu.Unlock()
	timer := time.AfterFunc(r.opts.DrainTimeout, r.cut)
	defer timer.Stop()
	r.closing.close()
	r.closeGaps(workers)
	r.draining.close()
	r.engine.Drain()
	stored = true
	stuck := r.awaitWorkers(workers)
	if r.crash.on() {
		return res, false
	}
	for _, p := range workers {
		if stuck[p] {
			res.Abandoned = true
			res.Unsettled++ // at least what it is stuck with
			continue
		}
		own := r.isOwned(p)
		if own || !p.feed.source.Status().Joined { // otherwise it is another member's
			res.Unsettled += p.unsettled
			stored = stored && (own || p.mark() == p.committed)
		}
	}
	if !stored {
		r.log.Warn("the offsets of settled messages could not be stored: there is no connection", "sink", r.cfg.Name)
	}
	return res, stored
}

// closeGaps waits until the workers have delivered what lies before messages that are settled or in flight: with several
// lanes these would otherwise be delivered again by the next start. It takes at most half of DrainTimeout, and ends where
// the endpoint does not take requests.
func (r *Relay) closeGaps(workers []*partition) {
	limit := time.NewTimer(r.opts.DrainTimeout / 2)
	defer limit.Stop()
	for _, p := range workers {
		for open := !p.isWaiting(); open; {
			state, _, changed := r.judge.now()
			held, moved := r.engine.Held()
			if state.Paused || !held.IsZero() {
				return
			}
			select {
			case <-p.gapless.done:
				open = false
			case <-p.revocation.done:
				open = false
			case <-changed:
			case <-moved:
			case <-limit.C:
				return
			}
		}
	}
}

func (r *Relay) isOwned(p *partition) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.owned[p.id] == p
}
