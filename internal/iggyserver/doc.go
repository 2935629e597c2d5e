// Package iggyserver is an Iggy 0.8 server in this process. It speaks the TCP wire protocol to the Iggy SDKs of any
// language, keeps everything in memory, and behaves like the real server down to its replies: testdata holds exchanges
// recorded with a real 0.8.0 server, and a test finds the same status and the same bytes here.
//
// What it models:
//
//   - sessions: a login by password or token; everything but a ping and a login answers 40 before it
//   - streams, topics, partitions; sends that are balanced, to a partition, or by key (the same partition as there)
//   - polls by offset, timestamp, first, last and next; auto commit; polls of nothing (count 0)
//   - consumer groups: a member is a connection and leaves when it ends; round robin moved by polls only; a join that
//     waits until the old member has settled, 30 seconds at most; a leave that deals everything anew at once
//   - stored offsets: only over the owner's connection, never beyond the end
//   - the quirks of 0.8.0 that consumers must survive: a joiner gets one partition at most; right after a leave a joiner
//     gets a partition without any wait; a partition that is not owned is polled with success and nothing
//
// With Options.HTTPAddress the same state is there over HTTP as well: the routes that a consumer and a producer need, with the
// answers of 0.8 or, where they differ, of 0.9 (Options.NewerHTTP), held against exchanges recorded with both.
//
// What it does not: permissions, more than one user, expiry, deduplication, other transports, persistence.
//
// # Tests
//
// Faults (Inject), restarts (Restart), retention (DeleteHead) and the clock (Options.Now, Tick) are there for tests; a
// server without them is a plain broker. Package iggytest starts one for a test, or names a real one.
package iggyserver
