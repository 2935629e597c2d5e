package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"iggysink/schema"
)

// The login of the in-process server.
const (
	devUser     = "iggy"
	devPassword = "iggy"
)

// surroundings are what a configuration finds under `iggysink dev`.
type surroundings struct {
	broker     string // address of the in-process server
	brokerHTTP string // address of its HTTP listener
	receiver   string // scheme and host of the local endpoint
	deadFolder string // where dead letters go
}

// login is the connection to the in-process server over TCP.
func (s surroundings) login() *schema.Iggy {
	server := schema.DefaultIggy()
	server.Address = s.broker
	server.Username = devUser
	server.Password = schema.NewSecret(devPassword)
	return &server
}

// rewrite changes cfg so that it reaches nothing but s: after it, no address of the user's is left. What a sink sends
// stays as configured.
func rewrite(cfg *schema.Config, s surroundings) error {
	server := s.login()
	if cfg.Iggy != nil && cfg.Iggy.Transport == schema.IggyTransportHTTP {
		server.Transport, server.Address = cfg.Iggy.Transport, s.brokerHTTP // and no share: this is the only process
	}
	cfg.Iggy = server
	cfg.Admin = nil // its address may be one that other machines can reach
	for i := range cfg.Sinks {
		sink := &cfg.Sinks[i]
		url, err := schema.ParseTemplate(rehost(sink.URL.Source(), s.receiver))
		if err != nil {
			return fmt.Errorf("sink %q: url: %w", sink.Name, err)
		}
		sink.URL = url
		if !sink.HealthCheckURL.IsZero() {
			sink.HealthCheckURL = schema.NewSecret(rehost(sink.HealthCheckURL.Reveal(), s.receiver))
		}
		sink.Streams = slices.Clone(sink.Streams)
		for j := range sink.Streams {
			// The sample messages are there before the group is: "latest" would pass over them.
			sink.Streams[j].StartFrom = schema.StartFromEarliest
		}
		sink.TLS = nil     // the receiver speaks plain HTTP, and the files may not be there
		sink.Network = nil // it is on this machine, and no proxy may get what is sent to it
		// Where a credential comes from elsewhere, another one stands in for it: no token endpoint is asked, and no file read.
		if a := sink.Auth; a != nil && (a.Oauth2 != nil || a.AwsSigv4 != nil || a.Bearer != nil && a.Bearer.TokenFile != "") {
			sink.Auth = &schema.Auth{Bearer: &schema.AuthBearer{Type: "bearer", Token: schema.NewSecret("token-of-dev")}}
		}
		sink.Signature = withUsableKeys(sink.Signature)
		sink.ResponseItems = nil // the receiver judges no items
		// The receiver answers 200 to everybody. A sink that takes only 201 for success would pause at it.
		if !slices.Contains(sink.SuccessStatusCodes, http.StatusOK) {
			sink.SuccessStatusCodes = append(slices.Clone(sink.SuccessStatusCodes), http.StatusOK)
		}
		if sink.DeadLetter != nil {
			dead := *sink.DeadLetter
			// By number: a sink's name may hold what a file's name may not.
			dead.Path = filepath.Join(s.deadFolder, "sink"+strconv.Itoa(i+1)+".ndjson")
			sink.DeadLetter = &dead
		}
	}
	return nil
}

// devKey is a key of 32 bytes, in base64.
const devKey = "aWdneXNpbmsgZGV2OiB0aGlzIGlzIG5vIHNlY3JldCE="

// devPrivateKey is an ed25519 key in PEM, the same each time.
func devPrivateKey() string {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, devKey)
	encoded, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(seed))
	if err != nil { // of no ed25519 key
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
}

// withUsableKeys returns signatures with a key in place of each placeholder: an environment variable that is not set has a
// value by then, but none of the form that a signature needs. The receiver checks no signature.
func withUsableKeys(signatures []schema.Signature) []schema.Signature {
	signatures = slices.Clone(signatures)
	for i := range signatures {
		switch s := &signatures[i]; {
		case s.StandardWebhooks != nil:
			block := *s.StandardWebhooks
			block.Secrets = slices.Clone(block.Secrets)
			for j := range block.Secrets {
				if isPlaceholder(block.Secrets[j]) {
					block.Secrets[j] = schema.NewSecret("whsec_" + devKey)
				}
			}
			s.StandardWebhooks = &block
		case s.HTTPMessage != nil && isPlaceholder(s.HTTPMessage.Key):
			block := *s.HTTPMessage
			block.Algorithm, block.Key = schema.SignatureAlgorithmHmacSha256, schema.NewSecret(devKey)
			s.HTTPMessage = &block
		}
	}
	return signatures
}

func isPlaceholder(s schema.Secret) bool { return slices.Contains(placeholderValues(), s.Reveal()) }

// rehost replaces scheme, userinfo and host of an absolute URL, which may be a template, by those of base.
func rehost(url, base string) string {
	_, rest, found := strings.Cut(url, "://")
	if !found {
		return base
	}
	i := strings.IndexAny(rest, "/?#")
	if i < 0 {
		return base
	}
	return base + rest[i:]
}
