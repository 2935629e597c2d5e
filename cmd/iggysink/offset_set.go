package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// offsetSetFlags are those of offset set.
type offsetSetFlags struct {
	offsetFlags

	topic     string
	partition uint32
	to        string
	by        int64
}

func newOffsetSetCommand() *cobra.Command {
	var f offsetSetFlags
	cmd := &cobra.Command{
		Use:   "set PATH... --sink NAME (--to N|earliest|latest|TIME | --by N)",
		Short: "Move the offset at which a sink resumes, while nothing runs",
		Long: `set moves the place where the partitions of a sink resume:

  --to N         at the message with offset N; needs --partition
  --to earliest  at the first message in the topic: iggysink delivers all of them again
  --to latest    after the last message in the topic: iggysink delivers none of them
  --to TIME      at the first message that the server received at that time or later, such as 2026-03-01T12:00:00Z
  --by N         skips N messages; -N delivers the last N again

First stop every process that runs with this configuration. Over TCP set refuses to move while the group has a member; over
HTTP it cannot detect one. iggysink does not deliver what you skip, and delivers what you repeat twice: --dry-run shows both.`,
		Example: `  iggysink offset set iggysink.hcl --sink orders --to 2026-03-01T12:00:00Z --dry-run
  iggysink offset set iggysink.hcl --sink orders --topic created --partition 3 --by 1`,
		Args: cobra.MinimumNArgs(1),
		RunE: f.set,
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.sinks, "sink", nil, "the sink of this `name`")
	flags.StringVar(&f.topic, "topic", "", "only the topic of this `name` (default: all topics of the sink)")
	flags.Uint32Var(&f.partition, "partition", 0, "only this partition (default: all)")
	flags.StringVar(&f.to, "to", "", "`place` to resume at: an offset, earliest, latest or a time")
	flags.Int64Var(&f.by, "by", 0, "number of `messages` to skip; negative: to deliver again")
	flags.BoolVar(&f.dry, "dry-run", false, "print what would move, and move nothing")
	cmd.MarkFlagsOneRequired("to", "by")
	cmd.MarkFlagsMutuallyExclusive("to", "by")
	if err := cmd.MarkFlagRequired("sink"); err != nil {
		panic(err) // a flag that was not made above
	}
	f.load.register(cmd)
	return cmd
}

// aim is where partitions are to go on: relative to where they are, or at one of the others.
type aim struct {
	by     int64
	offset *uint64
	latest bool
	time   time.Time // zero: none of all this means the first message there is
}

// parseAim reads --to.
func parseAim(text string) (a aim, err error) {
	switch text {
	case "earliest":
		return a, nil
	case "latest":
		return aim{latest: true}, nil
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return aim{offset: &n}, nil
	}
	if a.time, err = time.Parse(time.RFC3339, text); err != nil || a.time.Unix() <= 0 {
		return a, fmt.Errorf("--to %q is not an offset, earliest, latest or a time such as 2026-03-01T12:00:00Z", text)
	}
	return a, nil
}

// move is where a partition goes on, before and after.
type move struct {
	row  offsetRow
	from uint64 // next offset; 0 where nothing is stored
	to   uint64
}

func (f *offsetSetFlags) set(cmd *cobra.Command, paths []string) (err error) {
	a := aim{by: f.by}
	if cmd.Flags().Changed("to") {
		if a, err = parseAim(f.to); err != nil {
			return err
		}
	} else if f.by == 0 {
		return errors.New("--by 0 moves nothing")
	}
	if a.offset != nil && !cmd.Flags().Changed("partition") {
		return errors.New("an offset is of one partition: add --partition")
	}
	if len(f.sinks) != 1 {
		return errors.New("--sink takes one sink at a time")
	}
	server, sinks, err := f.configuration(cmd.ErrOrStderr(), paths)
	if err != nil {
		return err
	}
	client, err := connectClient(cmd.Context(), server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.close()) }()
	rows, err := offsetRows(cmd.Context(), client, sinks)
	if err != nil {
		return err
	}
	if rows, err = f.pick(rows, cmd.Flags().Changed("partition"), a); err != nil {
		return err
	}
	moves, err := aimAt(cmd.Context(), client, rows, a)
	if err != nil {
		return err
	}
	return f.moveAll(cmd.Context(), cmd.OutOrStdout(), client, moves)
}

// pick leaves the rows that the flags name.
func (f *offsetSetFlags) pick(rows []offsetRow, onePartition bool, a aim) ([]offsetRow, error) {
	rows = slices.DeleteFunc(rows, func(r offsetRow) bool {
		return f.topic != "" && r.Topic != f.topic || onePartition && r.Partition != f.partition
	})
	switch {
	case len(rows) == 0:
		return nil, fmt.Errorf("the sink reads no such topic or partition; `iggysink offset show` lists them")
	case a.offset != nil && len(rows) > 1:
		return nil, errors.New("an offset is of one partition: the sink reads several topics, add --topic")
	}
	return rows, nil
}

// aimAt finds out where rows go on. It refuses what no partition has.
func aimAt(ctx context.Context, client topicClient, rows []offsetRow, a aim) ([]move, error) {
	moves := make([]move, 0, len(rows))
	for _, r := range rows {
		m := move{row: r}
		if r.Stored != nil {
			m.from = *r.Stored + 1
		}
		var err error
		if m.to, err = a.at(ctx, client, r, m.from); err != nil {
			return nil, fmt.Errorf("%s/%s/%d: %w", r.Stream, r.Topic, r.Partition, err)
		}
		moves = append(moves, m)
	}
	return moves, nil
}

// at is the next offset of one partition, whose next was from.
func (a aim) at(ctx context.Context, client topicClient, r offsetRow, from uint64) (uint64, error) {
	switch {
	case a.latest:
		return r.End, nil
	case a.offset != nil:
		if *a.offset > r.End {
			return 0, fmt.Errorf("offset %d is behind the end, which is %d", *a.offset, r.End)
		}
		return *a.offset, nil
	case a.by != 0:
		return a.stepped(ctx, client, r, from)
	case !a.time.IsZero():
		return firstSince(ctx, client, r, uint64(a.time.UnixMicro()))
	}
	return 0, nil
}

// stepped is from, or the first message there is if that comes later, and so many messages more. Backwards it ends at 0.
func (a aim) stepped(ctx context.Context, client topicClient, r offsetRow, from uint64) (uint64, error) {
	if a.by < 0 {
		return from - min(from, uint64(-a.by)), nil
	}
	first, found, err := client.messageFrom(ctx, topicName{r.Stream, r.Topic}, r.group, r.Partition, from)
	if err != nil {
		return 0, err
	}
	if found {
		from = max(from, first.Offset)
	}
	if left := r.End - min(r.End, from); uint64(a.by) > left {
		return 0, fmt.Errorf("there are not so many messages: from %d on there are %d", from, left)
	}
	return from + uint64(a.by), nil
}

// firstSince is the offset of the first message of a time, in microseconds, or later; the end if there is none. The server's
// times grow with the offsets, and its own polls by time are not exact on 0.8.
func firstSince(ctx context.Context, client topicClient, r offsetRow, since uint64) (uint64, error) {
	low, high := uint64(0), r.End // the offset is in [low, high]
	for low < high {
		middle := low + (high-low)/2
		m, found, err := client.messageFrom(ctx, topicName{r.Stream, r.Topic}, r.group, r.Partition, middle)
		switch {
		case err != nil:
			return 0, err
		case !found || m.Offset >= high:
			high = middle
		case m.Timestamp >= since:
			high = middle // of a gap, the first offset
		default:
			low = m.Offset + 1
		}
	}
	return low, nil
}

// moveAll stores moves, topic by topic, and says what became of each.
func (f *offsetSetFlags) moveAll(ctx context.Context, stdout io.Writer, client topicClient, moves []move) error {
	type place struct {
		topicName
		group string
	}
	next := map[place]map[uint32]uint64{}
	var order []place
	for _, m := range moves {
		at := place{topicName{m.row.Stream, m.row.Topic}, m.row.group}
		if next[at] == nil {
			next[at] = map[uint32]uint64{}
			order = append(order, at)
		}
		next[at][m.row.Partition] = m.to
	}
	for _, at := range order {
		if f.dry {
			break
		}
		if err := client.setNext(ctx, at.topicName, at.group, next[at]); err != nil {
			return fmt.Errorf("storing offsets of %s/%s: %w", at.stream, at.topic, err)
		}
	}
	for _, m := range moves {
		verb := "resumes at"
		if f.dry {
			verb = "would resume at"
		}
		_, err := fmt.Fprintf(stdout, "sink %s: %s/%s/%d: %s %d%s\n", titleOf(m.row.Sink), m.row.Stream, m.row.Topic, m.row.Partition,
			verb, m.to, m.effect())
		if err != nil {
			return err
		}
	}
	return nil
}

// effect says what a move does to messages.
func (m *move) effect() string {
	switch {
	case m.to > m.from:
		return fmt.Sprintf(", was %d: up to %s skipped", m.from, plural(int(m.to-m.from), "message"))
	case m.to < m.from:
		return fmt.Sprintf(", was %d: up to %s again", m.from, plural(int(m.from-m.to), "message"))
	}
	return ", as before"
}
