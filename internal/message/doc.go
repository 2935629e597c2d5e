// Package message evaluates expressions over one message: in a URL, a header, a body, a filter.
//
// hclconfig turns what a user wrote into the text form of a [schema.Template] with [Source]: everything that does not
// depend on the message is evaluated then and stands in the text as a literal. sinkhttp compiles the text form with
// [Compile], once, and evaluates the [Program] for each message:
//
//	message.id  message.offset  message.timestamp  message.stream  message.topic  message.partition
//	message.headers["name"]     message.payload    message.raw
//
// A reference such as message.headers["tenant"] or message.payload.customer.id is read straight from the message
// (reference.go): the payload is scanned and not decoded. So is text, and so are objects, lists and jsonencode(), that are made
// of references and constants (direct.go): what stands there of the payload is as it was sent. Any other expression, or part of
// one, is evaluated by HCL (machine.go), and sees of the payload what it names.
//
// # Non-obvious
//
//   - A missing value, null, or an expression that fails is an [Error], never empty text: an endpoint must not get a URL or
//     a body with a hole in it. try() and coalesce() are how a configuration says what to take instead.
//   - A number of the payload keeps its text, also through HCL, whose numbers have none: each number carries the text that
//     it was read from as a mark, and is written so as long as it still has that value.
//   - A machine belongs to one evaluation at a time, because what it may cost is counted in it. Programs keep machines for
//     the next evaluation; they may be used from several goroutines.
//   - An error names the reference at fault where that is plain names, and no value ever. What a configuration holds as a
//     secret is printed by Source in parentheses, which makes it no plain name.
package message
