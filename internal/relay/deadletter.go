package relay

import (
	"context"
	"time"

	"iggysink/schema"
)

// DeadLetters keeps messages that cannot be delivered.
type DeadLetters interface {
	// Write returns nil once every letter is durable. After an error any of them may be there; they are written again.
	Write(ctx context.Context, letters []DeadLetter) error
	// Close releases the store.
	Close() error
}

// DeadLetter is one undeliverable message with its reason.
type DeadLetter struct {
	Sink      string
	Time      time.Time
	Partition schema.Partition
	Schema    schema.PayloadFormat
	Message   schema.Message
	Kind      string // rejected or exhausted
	Reason    string
	Status    int // last HTTP status; 0 if none
	Attempts  int
	// ResponseBody is how the body of that answer begins: text without secrets, at most 1 KiB; empty if there was none.
	ResponseBody string
}
