package sinkhttp

import (
	"fmt"

	"iggysink/internal/payload"
	"iggysink/schema"
)

// loadContracts compiles the payload_schema of every stream block, each file once.
func loadContracts(streams []schema.Stream) (map[string]*payload.Schema, error) {
	contracts := make(map[string]*payload.Schema)
	for i := range streams {
		path := streams[i].PayloadSchema
		if path == "" || contracts[path] != nil {
			continue
		}
		if streams[i].Schema != schema.PayloadFormatJSON {
			return nil, fmt.Errorf("stream %q: payload_schema: only payloads with schema = \"json\" can be checked", streams[i].Name)
		}
		contract, err := payload.Load(path)
		if err != nil {
			return nil, fmt.Errorf("stream %q: payload_schema: cannot use %s: %w", streams[i].Name, path, err)
		}
		contracts[path] = contract
	}
	return contracts, nil
}

// violation says where a payload violates its contract; "" if it does not, or if there is none. What is no JSON is not
// a violation of the contract, and says so.
func violation(contract *payload.Schema, text []byte) string {
	if contract == nil {
		return ""
	}
	if err := schema.CheckJSON(text); err != nil {
		return err.Error()
	}
	fault, ok := contract.Check(text)
	if ok {
		return ""
	}
	return "the payload violates its schema " + fault.String()
}
