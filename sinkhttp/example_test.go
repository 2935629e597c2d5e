package sinkhttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

// Whoever has an own consumer gives its batches to Deliver and moves the offset over what is settled.
func ExampleSink_Deliver() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println("the endpoint reads", string(body))
		if string(body) == `{"order":2}` {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
	}))
	defer endpoint.Close()

	cfg := schema.DefaultSink()
	cfg.Name = "orders"
	cfg.BatchMode = schema.BatchModeRaw
	cfg.OnRejected = schema.OnRejectedDrop // go on behind a rejected message; block, the default, would stop at it
	var err error
	if cfg.URL, err = schema.ParseTemplate(endpoint.URL + "/${topic}"); err != nil {
		panic(err)
	}
	sink, err := sinkhttp.New(&cfg, sinkhttp.Options{})
	if err != nil {
		panic(err)
	}
	defer sink.Close()

	outcomes := sink.Deliver(context.Background(), sinkhttp.Batch{
		Partition: schema.Partition{Stream: "shop", Topic: "created", ID: 1},
		Schema:    schema.PayloadFormatJSON,
		Messages: []schema.Message{
			{Offset: 40, Payload: []byte(`{"order":1}`)},
			{Offset: 41, Payload: []byte(`{"order":2}`)},
			{Offset: 42, Payload: []byte(`{"order":3}`)},
		},
	})
	for _, o := range outcomes {
		fmt.Println(o)
	}
	// Output:
	// the endpoint reads {"order":1}
	// the endpoint reads {"order":2}
	// the endpoint reads {"order":3}
	// accepted after 1 attempt
	// rejected after 1 attempt: answered 422 Unprocessable Entity
	// accepted after 1 attempt
}
