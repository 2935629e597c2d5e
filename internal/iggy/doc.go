// Package iggy reads Apache Iggy 0.8: Source is one member of a consumer group, Client the small client that sends.
// It is the only importer of the Iggy SDK outside of tests, so that another protocol version can replace it.
//
// # The seam
//
// link and membership, with the types of seam.go, are all that the rest of the package knows of the SDK and of the wire of
// 0.8; a test holds the list. See docs/design/moving-to-a-newer-sdk.md.
//
// # One connection
//
// The SDK (v0.8.0) has no context, no deadline and no reconnect; a silent server would block it for ever. So link dials
// by itself, with TLS by itself, puts its own net.Conn (wire) into the SDK's client and logs in by itself. wire gives
// every call a deadline and the end of its context, shows the real status code of a reply, bounds its size, and keeps the
// raw reply of a poll. Four faults of the SDK stay outside because of it: a constructor that dials for ever, a leader
// redirect that does too, a login that prints to the standard logger, and a decoder that drops an empty payload at the
// end of a batch.
//
// # One member
//
// A group member is a connection. Source owns one, from one goroutine: it discovers which partitions it owns, polls each
// of them by offset, because polls that store nothing do not move "next", and stores settled offsets over the same
// connection, because the server takes them from the owner only. After any error of the connection it starts again:
// everything revoked, a new connection, a new join, offsets read again.
//
// # Non-obvious: who owns a partition
//
//   - A partition can vanish at any moment. The server says so silently: a poll answers partition 0, offset 0, nothing.
//     Such a reply makes the member look at the group at once. A store says it loudly (status 3022).
//   - The group's description names members by an id that the server tells nobody. The member learns its own by probing:
//     a poll of no messages on an explicit partition answers with that partition only to its owner. For partition 0 at
//     offset 0 that answer looks the same for everybody; there a store beyond any end decides, which stores nothing and
//     is refused with 4100 for the owner and 3022 for others.
//   - A join hands a partition over only once everything polled of it is stored, otherwise after 30 s. A member that
//     always polls ahead never reaches that point. So while a member without partitions waits, the partitions that the
//     server will take from this member are polled no further than they already were.
//   - Iggy 0.8.0 gives a joining member one partition at most. A leave deals all partitions anew. So when the shares
//     stay uneven, the member with the smallest share lets a second connection join and leave. The price is a few
//     duplicates: what the others had in flight of the partitions that move. It happens once per imbalance.
//
// # Non-obvious: the server
//
//   - The server writes its log behind but offsets at once, so a crash can leave an offset that points beyond the log.
//     See startOf for the rule that turns this into duplicates and never into a loss.
//   - Only a ping counts as a heartbeat at a server that checks them, so pings go out under full traffic as well.
package iggy
