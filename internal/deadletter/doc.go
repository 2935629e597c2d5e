// Package deadletter is where messages go that were given up: stores that implement relay.DeadLetters.
//
// There is one kind so far, File: a line of JSON for each message (record.go), in a file that several processes may
// share.
//
// # Non-obvious
//
//   - A path is a person's word and can be wrong. A file is written to, and its torn tail cut off, only if it begins and
//     ends with records of ours (tail.go). Anything else is refused: cutting a log or a database behind its last line
//     break would destroy it. So is a file with nothing but an unfinished record, which a crash during the very first
//     one leaves: somebody has to look at it once.
//   - What the path names is looked at before it is opened, and again after: opening a pipe would wait for its reader,
//     and between the two looks somebody can put another file there.
//   - The lock is taken on the file itself where the system's locks are advisory, so that whoever rotates it can take part
//     with flock(1). Where a lock keeps others from reading (Windows) it is taken on a file beside it.
//   - A letter is written in pieces and never as a whole in memory: a rejected message can have 64 MiB, and its text six
//     times as much.
package deadletter
