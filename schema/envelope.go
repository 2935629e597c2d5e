package schema

// EnvelopeOptions selects the optional parts of an envelope and says what the payloads are.
type EnvelopeOptions struct {
	IncludeMetadata        bool          // false: the payload value alone
	IncludeChecksum        bool          // adds iggy_checksum
	IncludeOriginTimestamp bool          // adds iggy_origin_timestamp
	Payload                PayloadFormat // how a payload becomes a JSON value; there is no default
	OneLine                bool          // a line break between the tokens of a json payload becomes a space
}

// Append appends the envelope of m to dst without allocating, where dst has room. If the payload cannot be encoded it
// returns dst as it was and a *PayloadError, which wraps ErrPayload.
func (e *EnvelopeEncoder) Append(dst []byte, m *Message) ([]byte, error) {
	var out []byte
	var err error
	if e.options.IncludeMetadata {
		out, err = e.appendEnvelope(dst, m)
	} else {
		out, err = appendPayload(dst, m.Payload, &e.options)
	}
	if err != nil {
		return dst, err
	}
	return out, nil
}
