package iggy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// The rhythm of a source.
const (
	firstBackoff  = 100 * time.Millisecond // before the second attempt to connect; doubles
	longestRetry  = 5 * time.Second        // longest wait between two attempts
	onceConnect   = 10 * time.Second       // how long Once tries to reach the server
	pingInterval  = 3 * time.Second        // between two pings
	lookInterval  = time.Second            // between two looks at the group and the topic
	storeInterval = 50 * time.Millisecond  // between two stores of one partition
	stopGrace     = 3 * time.Second        // for the last stores, the leave and a call under way, once ctx has ended
)

// SourceOptions is what a Source needs. All fields but Logger must be set.
type SourceOptions struct {
	Server *schema.Iggy
	Stream *schema.Stream
	Topic  string       // one of Stream.Topics
	Group  string       // consumer group; created if it is missing
	Once   bool         // a missing stream or topic, or a server out of reach, ends Run instead of being waited for
	Logger *slog.Logger // nil: none
}

// Source reads one topic as one member of a consumer group. It implements relay.Source.
type Source struct {
	options SourceOptions
	log     *slog.Logger
	place   place
	wake    chan struct{} // holds one token: Wake was called, or a commit waits

	// The topic as it was when this process created the group, until start_from = "latest" is stored. entered is set by
	// the first join: start_from is decided once. Run's goroutine owns both.
	latest  *topicState
	entered bool

	mu      sync.Mutex
	status  relay.SourceStatus
	commits map[uint32]uint64 // asked for and not stored yet
	past    map[uint32]past   // by partition
	lost    []uint32          // partitions that had an offset to store when the connection ended
	woken   bool              // Wake was called since the last wait
}

var _ relay.Source = (*Source)(nil)

// NewSource returns a source that Run starts. Its error says which name is not one.
func NewSource(options SourceOptions) (*Source, error) {
	t, err := newPlace(options.Stream.Name, options.Topic, options.Group)
	if err != nil {
		return nil, err
	}
	if options.Group == "" {
		return nil, errors.New("a consumer group needs a name")
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Source{
		options: options,
		log:     options.Logger.With("stream", options.Stream.Name, "topic", options.Topic, "group", options.Group),
		place:   t,
		wake:    make(chan struct{}, 1),
		status: relay.SourceStatus{
			Stream: options.Stream.Name, Topic: options.Topic, Group: options.Group,
			Err: "not connected yet", Since: time.Now(),
		},
		commits: map[uint32]uint64{},
		past:    map[uint32]past{},
	}, nil
}

// Run implements relay.Source. Before the first join it gives up on what waiting cannot mend: refused credentials, a
// certificate that cannot be verified, a CA file that is not there, a right that is missing. After it even those are
// waited for, because a server that comes back may need a moment to know its users.
func (s *Source) Run(ctx context.Context, h relay.Handler) error {
	// Calls outlive ctx for a moment, so that the last offsets are stored.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		grace := time.AfterFunc(stopGrace, cancel)
		context.AfterFunc(work, func() { grace.Stop() })
	})
	defer stop()
	defer s.left()
	started, joined, wait := time.Now(), false, firstBackoff
	for ctx.Err() == nil {
		began := time.Now()
		m := &member{source: s, handler: h, work: work}
		err := m.run(ctx)
		if ctx.Err() != nil {
			return s.unstored(err)
		}
		joined = joined || m.joined
		news := s.fail(err)
		var other *WireError
		if s.options.Once && errors.As(err, &other) {
			return err
		}
		if !joined && (isHopeless(err) || s.options.Once && (isNotFound(err) || time.Since(started) > onceConnect)) {
			return err
		}
		if news {
			s.log.Warn("not connected to iggy, trying again", "error", err)
		}
		if time.Since(began) > longestRetry {
			wait = firstBackoff // it was fine for a while
		}
		sleep(ctx, wait/2+rand.N(wait/2+1))
		wait = min(2*wait, longestRetry)
	}
	return s.unstored(errors.New("the connection was lost"))
}

// unstored is Run's result after a stop: whether an offset that Commit asked for is not stored, because of cause.
func (s *Source) unstored(cause error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lost) == 0 {
		return nil
	}
	return fmt.Errorf("%w of partitions %v: %w", relay.ErrNotStored, s.lost, cause)
}

// noteUnstored remembers what a connection left unstored, until the next join: then the partitions are assigned again,
// or another member's.
func (s *Source) noteUnstored(ids []uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = append(s.lost, ids...)
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Commit implements relay.Source. What is asked for is stored within about storeInterval, or at the end of Run.
func (s *Source) Commit(p schema.Partition, offset uint64) {
	if p.Stream != s.options.Stream.Name || p.Topic != s.options.Topic {
		return
	}
	s.mu.Lock()
	s.commits[p.ID] = offset
	before := s.past[p.ID]
	before.settled.raise(offset)
	s.past[p.ID] = before
	s.mu.Unlock()
	s.signal()
}

// past is what this process knows of a partition from before: it finds a server that lost the end of its log.
type past struct {
	settled offset // largest that Commit ever got
	stored  offset // largest that the server ever took from here
	doubted bool   // the log was found to be another one than what was read of it
}

// offset is an offset that may be missing.
type offset struct {
	value uint64
	there bool
}

// raise makes o at least value.
func (o *offset) raise(value uint64) {
	if !o.there || value > o.value {
		*o = offset{value, true}
	}
}

// Wake implements relay.Source.
func (s *Source) Wake() {
	s.mu.Lock()
	s.woken = true
	s.mu.Unlock()
	s.signal()
}

func (s *Source) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// takeWoken reports whether Wake was called since the last time.
func (s *Source) takeWoken() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	woken := s.woken
	s.woken = false
	return woken
}

// Status implements relay.Source.
func (s *Source) Status() relay.SourceStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// count changes the counters of the status.
func (s *Source) count(change func(*relay.SourceStatus)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.status)
}

// isIn says in the status that the member is in the group.
func (s *Source) isIn() {
	s.count(func(st *relay.SourceStatus) {
		st.Joined, st.Err, st.Since = true, "", time.Now()
		s.lost = nil
	})
}

// fail says in the status why the member is not in the group. Commits that are not stored are dropped: another member
// may have gone on from the stored offset by the time this one is back. It reports whether this is news.
func (s *Source) fail(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status.Joined {
		s.status.Reconnects++
	}
	news := s.status.Joined || s.status.Err != err.Error()
	if news {
		s.status.Since = time.Now()
	}
	s.status.Joined, s.status.Err = false, err.Error()
	clear(s.commits)
	return news
}

// left says in the status that the source has ended, and keeps the error it ended with.
func (s *Source) left() {
	s.count(func(st *relay.SourceStatus) {
		if st.Joined || st.Err == "" {
			st.Joined, st.Err, st.Since = false, "stopped", time.Now()
		}
	})
}

// missing says which topic is not there.
func (s *Source) missing(err error) error {
	return fmt.Errorf("topic %q of stream %q: %w", s.options.Topic, s.options.Stream.Name, err)
}

// partition returns the full name of a partition.
func (s *Source) partition(id uint32) schema.Partition {
	return schema.Partition{Stream: s.options.Stream.Name, Topic: s.options.Topic, ID: id}
}

// takeCommit returns and forgets the offset to store for a partition.
func (s *Source) takeCommit(id uint32) (uint64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	offset, found := s.commits[id]
	delete(s.commits, id)
	return offset, found
}

// keepCommit lets an offset wait that could not be stored, unless a newer one does.
func (s *Source) keepCommit(id uint32, offset uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, newer := s.commits[id]; !newer {
		s.commits[id] = offset
	}
}

// waitingCommit reports whether an offset waits to be stored for a partition.
func (s *Source) waitingCommit(id uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, found := s.commits[id]
	return found
}

// tookStore counts a store that the server took.
func (s *Source) tookStore(id uint32, value uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Commits++
	before := s.past[id]
	before.stored.raise(value)
	s.past[id] = before
}

// forget drops what was settled in a partition whose log has lost its end.
func (s *Source) forget(id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.past, id)
	delete(s.commits, id)
}

// doubt notes that a partition's log is another one, or may be.
func (s *Source) doubt(id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.past[id]
	before.doubted = true
	s.past[id] = before
}

// before returns what this process knows of a partition.
func (s *Source) before(id uint32) past {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.past[id]
}
