// Package iggyhttp reads Apache Iggy over its HTTP API, which takes the same requests on 0.8 and on the versions after it:
// Source reads its share of a topic, Client sends and looks at offsets.
//
// # One visit
//
// There is no membership and no connection that would be one. A Source makes visits: each finds the topic, reads what is
// stored, assigns the partitions of its share, and lasts until there is doubt whether the server is still the one that it
// was: a connection that the server ended, a token that it took no more, a topic of another age. Then everything is revoked
// and assigned anew, so that the rules about truncated logs apply as they do over TCP. One goroutine runs a visit and calls
// the handler; up to four polls, four stores and one look at the topic run beside it and come back to it as results.
//
// # Who reads what
//
// The share says it: partition modulo n. Nothing fences two processes with one share. They lose nothing, because each stores
// only what lies settled without a hole behind a stored offset; they deliver twice. So each store is preceded by a read: if
// another offset is there than this process stored last, somebody else stores, and the partition is left to that one. It is
// taken back when messages wait in it and nobody has stored for a while.
//
// # Non-obvious
//
//   - The offsets are those of a single consumer with the name of the consumer group. Those of the group itself are out of
//     reach over HTTP: moving between the transports takes `iggysink offset copy`.
//   - HTTP hides that a connection was lost: the request goes out again over a new one. drops counts what it hides, because
//     the server may have restarted and lost the end of its log in between.
//   - A store is one request with the token of the visit. Repeated after a login, it could reach a server that lost its end,
//     and pass over the messages that took their places.
//   - A token is never refreshed: on 0.8 that voids the former one, also for what is under way.
//   - Demand is not called for a partition while it is polled: the relay takes the answer as one to its last demand.
//   - An answer without messages says nothing: 0.8 then writes zeros, and 0.9 may have failed to read. What is there says GET
//     topic, for all partitions at once.
//   - Iggy takes names of digits only for numbers. Streams and topics with such names are found by listing; consumers must not
//     have them.
//   - Right after a topic was made 0.9 answers 504 to everything about its partitions. Such requests are repeated.
//   - The followers of a cluster lag behind and refuse stores, so the leader is asked: "no stored offset" from a follower
//     would be believed.
//   - start_from = "latest" is decided by whoever creates the consumer group of that name, which is otherwise of no use here:
//     creating it is the one thing over HTTP that has exactly one winner.
//   - The texts of Iggy's errors repeat tokens, so only their ids and names are shown.
package iggyhttp
