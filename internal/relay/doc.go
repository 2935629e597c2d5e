// Package relay decides when to poll, send, settle and store: what is polled when, what goes out in which order, when a
// message is settled, and when its offset is stored.
//
// One message travels in a straight line. Its source polls it where Demand says and hands it over with Polled
// (partition.take). It waits in a queue of its partition until a lane is free; the worker cuts a batch, prepares it
// (worker.cut) and hands it to the lane, which sends it (lane.fly). The outcomes come back to the worker, which
// settles them (partition.finish): accepted ones at once, dead letters once they are durable. The ledger moves its
// mark over the settled prefix, and the worker asks the source to store it (worker.commit). That is the only place
// where an offset is stored.
//
// Goroutines, each with the one that waits for it: a source, the judge's watcher and the health check (Run); a worker
// for each partition (its next worker, and drain); its lanes (the worker).
//
// # Whose fault
//
// A failure names its own cause only sometimes; what becomes of the other partitions shows the rest. One place decides it,
// the judge (judge.go), which alone sees all of them. The engine returns outcomes and never waits for an endpoint.
//
//   - A failed message blocks its partition (block.go) and no other. It is tried again, alone, at a growing cool-down.
//   - The sink pauses at once where no connection could be made or the endpoint asked for quiet, unless it has accepted
//     something since the first attempt: then it is not down for all.
//   - Otherwise it pauses when nothing was accepted since the first of such failures, and either every partition that has
//     something to send is blocked or several (3) in a row have come to the same end.
//   - A message that failed, stood while others were accepted, and failed again is convicted: it says nothing about the
//     endpoint any more.
//   - A paused sink, its cool-down over, polls one message of each partition and sends some of them as probes (probe.go):
//     one attempt each, four in a cool-down of partitions that are not blocked, one after the other, and one of those that
//     are. The first that is accepted opens.
//   - A partition whose probe failed is blocked. So what is not blocked has not failed in this pause, and only the
//     cool-down of the blocked ones grows: however many topics and messages are ill, and for however long, what is well
//     waits for the first cool-down and no longer.
//   - What was under way as the sink paused and is accepted opens, too, unless the failures were the endpoint's by themselves.
//   - Rejects are counted where they are settled. The one that reaches max_consecutive_rejects pauses the sink instead.
//
// # Non-obvious: nothing is lost
//
//   - A dead letter is durable before its message is settled; the other order loses it in a crash.
//   - The mark never passes ledger.next. Messages that are given up (a pause, a block) are removed from the ledger,
//     and without that rule those settled behind them would carry the mark over them.
//   - There is one way to give messages up, rewind: next goes back to the first of them and the source polls again.
//     Nothing is put back into a queue, so a queue is always in offset order. Only the worker rewinds, because only
//     it knows what is in flight; others ask it to (drop).
//   - A poll that was under way while next went back is thrown away: Poll says where it was asked for (Asked). Taken in
//     it would let the mark pass over what was given up.
//   - A flight leaves its lane before what it could not settle is given up: rewind keeps what is in flight.
//   - The next worker begins at the former one's mark (carry.go), but reads the last settled message again to compare
//     its checksum: a server that crashed loses the end of its log, and by offsets alone the messages that took their
//     places would be passed over.
//
// # Non-obvious: storing offsets
//
//   - Only the worker commits. The source's goroutine can move the mark as well, and two of them would race to ask
//     for the older offset last.
//   - Commit is called without mu: a source may hold a lock of its own while it calls Demand, which takes mu. Wake
//     is called with it, so Wake takes no lock that is held during a call of Handler.
//   - A latch is on before its channel is closed: a worker that sees the end of its partition must not find the
//     partition still its own, and store.
//
// # Non-obvious: order
//
//   - A revocation cancels no request. Most come from a dropped connection, and the partition is back in a moment:
//     cancelled requests would all be sent twice. The partition's next worker begins when the former has ended, so
//     that two requests of it cannot overtake each other. Nobody but that worker waits for it.
//   - With on_rejected = "block" a batch ends before a message that Prepare rejects: those behind it wait.
//
// # Non-obvious: batches and memory
//
//   - Only a full batch is cut while the lane is busy. A small one would freeze at the size it had then, and a slow
//     endpoint would get many small requests where it could have few large ones.
//   - A blocked partition keeps no message. Its head is polled again when the cool-down is over: blocked partitions
//     could otherwise hold all of the sink's memory. The poll's other messages are ignored, so nothing overtakes the
//     head.
//   - Memory is counted by poll and released with a poll's last message, since its messages share one buffer. A poll
//     is at most a quarter of a partition's share, so that the next one comes before the last is done.
//   - A partition's share is its part of the sink's bound, not a place in a common pool: one that hangs cannot
//     starve the others.
//
// # Non-obvious: stopping
//
//   - With several lanes a stop first delivers what lies before messages that are settled (fill): the mark cannot pass a
//     gap, so they would all be delivered twice. The engine is drained only then, as it refuses every further attempt.
//   - Drain ends the workers first and the sources' contexts last: a source stores what it was asked to as it ends.
//   - A panic in one goroutine ends the sink without a drain: locks may be held for ever and state half changed, so nothing
//     more is stored, and Status reads only counters. What is stuck at the end of a drain is left behind.
//   - Unsettled counts what a request carried, and what is settled behind a gap: it is delivered again. What was only
//     polled is nobody's loss: nothing was said about it.
//
// # Non-obvious: pausing
//
//   - A pause ends the retries of what is in flight (halt), not its attempts: 64 partitions that retry are 64 requests for
//     an endpoint that is down. What comes back unsent is given up and polled again.
//   - A probe that is not answered keeps the others waiting for a moment only (maxPatience): an endpoint that does not answer
//     one message would otherwise cost them its timeout.
//   - Probes of other topics come first where those of one were tried: with the topic in the url one path may be wrong. For the
//     same reason a 410 ends the probes of those alone that have got it (judge.gone).
//   - How many probes went out is counted across pauses: one that begins anew has no new ones.
//   - The end of a pause shortens the cool-down of what is blocked: it grew while the endpoint was down, and a partition
//     would stand for a minute behind a message that is fine (reopen).
//   - A batch that failed is marked (Suspect) once something else was accepted: the engine then halves it at its first
//     failure. Otherwise each cool-down would deliver one message of it, the probe.
//   - The judge calls nothing of a partition but poke while it holds its lock, because partitions call it with theirs held.
package relay
