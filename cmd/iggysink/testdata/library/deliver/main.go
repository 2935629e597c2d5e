// Deliver is a program with its own consumer: it sends each line of stdin as a message to the url that is its argument.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

func main() {
	cfg := schema.DefaultSink()
	cfg.OnRejected = schema.OnRejectedDrop // continue after a rejected message
	var err error
	if cfg.URL, err = schema.ParseTemplate(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	sink, err := sinkhttp.New(&cfg, sinkhttp.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer sink.Close()

	batch := sinkhttp.Batch{Partition: schema.Partition{Stream: "shop", Topic: "created"}, Schema: schema.PayloadFormatJSON}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		batch.Messages = append(batch.Messages, schema.Message{Offset: uint64(len(batch.Messages)), Payload: []byte(lines.Text())})
	}
	for _, outcome := range sink.Deliver(context.Background(), batch) {
		fmt.Println(batch.Messages[outcome.Index].Offset, outcome)
	}
}
