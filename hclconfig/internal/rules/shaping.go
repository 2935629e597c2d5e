package rules

import (
	"strconv"
	"strings"

	"iggysink/hclconfig/internal/words"
	"iggysink/internal/credential"
	"iggysink/schema"
)

// shaping asks that what makes a request of a message fits together.
func (r sinkRules) shaping() {
	s := r.sink
	if s.Cloudevents != nil && !s.Body.IsZero() {
		r.tell("body", "shape-conflict", "body and cloudevents are both set", "Both define what is sent. Remove one of them.")
	}
	for _, name := range []string{"body", "cloudevents"} {
		switch {
		case name == "body" && s.Body.IsZero(), name == "cloudevents" && s.Cloudevents == nil:
		case r.set("include_metadata") && s.IncludeMetadata:
			r.tell("include_metadata", "shape-conflict", name+" replaces the envelope, and with it the metadata", "Remove include_metadata.")
		case s.BatchMode == schema.BatchModeRaw && r.known("batch_mode"):
			r.tell("batch_mode", "shape-conflict", "raw sends the payload, and "+name+" something else",
				"Use individual, which also sends one message per request.")
		}
	}
	if events := s.Cloudevents; events != nil && r.known("batch_mode", "cloudevents/mode") {
		want := schema.BatchModeIndividual
		if events.Mode == schema.CloudeventsModeBatched {
			want = schema.BatchModeJSONArray
		}
		if s.BatchMode != want {
			r.tell("cloudevents/mode", "shape-conflict", "mode "+string(events.Mode)+" needs batch_mode "+string(want),
				"Set batch_mode = \""+string(want)+"\".")
		}
	}
}

// credentials asks for one credential, as a whole, that does not stand in the configuration.
func (r sinkRules) credentials() {
	r.literalKeys()
	s := r.sink
	if s.Auth == nil {
		return
	}
	for _, name := range r.headerNames() {
		if strings.EqualFold(name, "authorization") {
			r.At(r.headerAt(name).Name, "second-authorization", "", "Remove it, or remove the auth block.")
		}
	}
	if b := s.Auth.Bearer; b != nil && r.known("auth/token", "auth/token_file") {
		switch hasToken, hasFile := r.set("auth/token"), r.set("auth/token_file"); {
		case hasToken && hasFile:
			r.tell("auth/token_file", "bearer-token", "token and token_file are both set", "Remove one of them.")
		case !hasToken && !hasFile:
			r.tell("auth", "bearer-token", "there is no token", "Set token or token_file.")
		}
	}
}

// literalKeys warns of passwords, tokens and keys of auth and signature that can be read in the configuration: of what the
// schema says is sensitive there. A url alone lets nobody in, and of further parameters their names tell what they are.
func (r sinkRules) literalKeys() {
	table := words.ConfigBlock().Child("sink")
	if r.sink.Auth != nil {
		r.literalsIn(r.pointer+"/auth", table.Child("auth"))
		if o := r.sink.Auth.Oauth2; o != nil {
			for name := range o.Parameters {
				if credential.Named(name) {
					r.literalSecret(r.pointer + "/auth/parameters/" + schema.EscapePointer(name))
				}
			}
		}
	}
	for i := range r.sink.Signature {
		r.literalsIn(r.pointer+"/signature/"+strconv.Itoa(i), table.Child("signature"))
	}
}

func (r sinkRules) literalsIn(pointer string, table *words.Block) {
	for i := range table.Attributes {
		a := &table.Attributes[i]
		if !a.Sensitive || a.Type.IsMapType() || strings.HasPrefix(a.Format, "http-url") {
			continue
		}
		at := pointer + "/" + a.Name
		if r.Places[at+"/0"] == nil {
			r.literalSecret(at)
			continue
		}
		for i := 0; r.Places[at+"/"+strconv.Itoa(i)] != nil; i++ {
			r.literalSecret(at + "/" + strconv.Itoa(i))
		}
	}
}

// bounds asks for limits that limit something, and warns of what a bulk answer does to the order.
func (r sinkRules) bounds() {
	s := r.sink
	if l := s.RateLimit; l != nil && r.known("rate_limit/requests", "rate_limit/messages") && l.Requests == nil && l.Messages == nil {
		r.tell("rate_limit", "empty-rate-limit", "", "Set requests, messages or both.")
	}
	if s.ResponseItems == nil || !r.known("ordering", "batch_mode") {
		return
	}
	if s.BatchMode != schema.BatchModeNDJSON && s.BatchMode != schema.BatchModeJSONArray {
		r.tell("response_items", "shape-conflict", "response_items needs requests of several messages", "Use batch_mode nd_json or json_array.")
	} else if s.Ordering == schema.OrderingPartition {
		r.tell("response_items", "items-order", "", "Set ordering = \"none\" if order does not matter.")
	}
}
