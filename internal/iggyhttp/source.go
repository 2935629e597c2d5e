package iggyhttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// The rhythm of a source.
const (
	firstBackoff  = 100 * time.Millisecond // before the second attempt to reach the server; doubles
	longestRetry  = 5 * time.Second        // longest wait between two attempts
	onceConnect   = 10 * time.Second       // how long Once tries to reach the server
	lookInterval  = time.Second            // between two looks at the topic
	storeInterval = 100 * time.Millisecond // between two stores of one partition
	stopGrace     = 3 * time.Second        // for the last stores and what is under way, once ctx has ended
)

// SourceOptions is what a Source needs. All fields but Share, Once and Logger must be set.
type SourceOptions struct {
	Account *Account // of all sources of the process
	Stream  *schema.Stream
	Topic   string       // one of Stream.Topics
	Group   string       // the name of the consumer that stores offsets
	Share   schema.Share // the partitions that this process reads; zero: all
	Once    bool         // a missing stream or topic, or a server out of reach, ends Run instead of being waited for
	Logger  *slog.Logger // nil: none
}

// Source reads its share of one topic. It implements relay.Source.
type Source struct {
	options SourceOptions
	log     *slog.Logger
	wake    chan struct{} // holds one token: Wake was called, or a commit waits
	book    book
	leave   leave

	// Run's goroutine owns the following.
	created uint64      // when the topic was made, microseconds; 0: not seen yet
	decided bool        // start_from = "latest" is decided: by another process, or by this one
	latest  *topicState // the topic as it was when this process decided, until it is stored
}

var _ relay.Source = (*Source)(nil)

// NewSource returns a source that Run starts. Its error says which name is not one.
func NewSource(options SourceOptions) (*Source, error) {
	for _, name := range []struct{ what, value string }{
		{"stream name", options.Stream.Name}, {"topic name", options.Topic}, {"consumer group", options.Group},
	} {
		if n := len(name.value); n < 1 || n > 255 {
			return nil, fmt.Errorf("%s %q: it needs 1 to 255 bytes", name.what, name.value)
		}
	}
	if isDigits(options.Group) {
		return nil, fmt.Errorf("consumer group %q: over HTTP Iggy takes a name of digits only for a number; choose another name",
			options.Group)
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Source{
		options: options,
		log:     options.Logger.With("stream", options.Stream.Name, "topic", options.Topic, "group", options.Group),
		wake:    make(chan struct{}, 1),
		leave:   leave{releasedCheck, takeBack},
	}
	s.book.init(relay.SourceStatus{
		Stream: options.Stream.Name, Topic: options.Topic, Group: options.Group, Err: "not connected yet", Since: time.Now(),
	})
	return s, nil
}

// Run implements relay.Source. Before it first reads it gives up on what waiting cannot mend: refused credentials, a
// certificate that cannot be verified, a CA file that is not there, a right that is missing. After it even those are
// waited for, because a server that comes back may need a moment to know its users.
func (s *Source) Run(ctx context.Context, h relay.Handler) error {
	// Requests outlive ctx for a moment, so that the last offsets are stored.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		grace := time.AfterFunc(stopGrace, cancel)
		context.AfterFunc(work, func() { grace.Stop() })
	})
	defer stop()
	defer s.book.left()
	started, joined, wait := time.Now(), false, firstBackoff
	for ctx.Err() == nil {
		began := time.Now()
		v := newVisit(work, s, h)
		err := v.run(ctx)
		if ctx.Err() != nil {
			return s.unstored(err)
		}
		joined = joined || v.joined
		news := s.book.fail(err)
		if !joined && (isHopeless(err) || s.options.Once && (errors.Is(err, ErrNotFound) || time.Since(started) > onceConnect)) {
			return err
		}
		if news {
			s.log.Warn("not connected to iggy, trying again", "error", err)
		}
		if v.joined || time.Since(began) > longestRetry {
			wait = firstBackoff // it was fine for a while
		}
		sleep(ctx, wait/2+rand.N(wait/2+1))
		wait = min(2*wait, longestRetry)
	}
	return s.unstored(errors.New("the connection was lost"))
}

// unstored is Run's result after a stop: whether an offset that Commit asked for is not stored, because of cause.
func (s *Source) unstored(cause error) error {
	lost := s.book.lostStores()
	if len(lost) == 0 {
		return nil
	}
	return fmt.Errorf("%w of partitions %v: %w", relay.ErrNotStored, lost, cause)
}

// Commit implements relay.Source. What is asked for is stored within about storeInterval, or at the end of Run.
func (s *Source) Commit(p schema.Partition, offset uint64) {
	if p.Stream != s.options.Stream.Name || p.Topic != s.options.Topic {
		return
	}
	s.book.commit(p.ID, offset)
	s.signal()
}

// Wake implements relay.Source.
func (s *Source) Wake() {
	s.book.wake()
	s.signal()
}

func (s *Source) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Status implements relay.Source.
func (s *Source) Status() relay.SourceStatus { return s.book.snapshot() }

// missing says which topic is not there.
func (s *Source) missing() error {
	return fmt.Errorf("topic %q of stream %q: %w", s.options.Topic, s.options.Stream.Name, ErrNotFound)
}

// partition returns the full name of a partition.
func (s *Source) partition(id uint32) schema.Partition {
	return schema.Partition{Stream: s.options.Stream.Name, Topic: s.options.Topic, ID: id}
}
