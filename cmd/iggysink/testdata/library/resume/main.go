// Resume delivers the lines of stdin as Deliver does, and loses none: what fails now it delivers again after a pause.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

func main() {
	cfg := schema.DefaultSink()
	cfg.OnRejected = schema.OnRejectedDrop
	cfg.URL = schema.Literal(os.Args[1])
	sink, err := sinkhttp.New(&cfg, sinkhttp.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer sink.Close()
	batch := sinkhttp.Batch{Partition: schema.Partition{Stream: "shop", Topic: "created"}, Schema: schema.PayloadFormatJSON}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		batch.Messages = append(batch.Messages, schema.Message{Offset: uint64(len(batch.Messages)), Payload: []byte(lines.Text())})
	}
	for pause := 50 * time.Millisecond; len(batch.Messages) > 0; pause = min(2*pause, time.Minute) {
		for _, outcome := range sink.Deliver(context.Background(), batch) {
			offset := batch.Messages[0].Offset
			fmt.Println(offset, outcome) // a real consumer writes a rejected message to its dead letters here
			if outcome.Kind == sinkhttp.Failed || outcome.Kind == sinkhttp.Unsent {
				time.Sleep(max(pause, outcome.RetryAfter))
				break // this message and those behind it are not settled
			}
			batch.Messages = batch.Messages[1:] // a real consumer stores the offset here
		}
	}
}
