package langserver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"go.lsp.dev/jsonrpc2"

	"iggysink/hclconfig"
)

const (
	// maxMessage bounds a message: a file of the largest size with every byte escaped, and what stands around it.
	maxMessage = 6*hclconfig.MaxFileSize + 1<<20
	// maxHeaders bounds the header lines of a message, each of which fits the reader's buffer: two are defined.
	maxHeaders = 16
)

// readMessage reads one message: header lines, an empty line, and as many bytes of JSON as Content-Length says. It fails
// with io.EOF where there is no further one. The reader of jsonrpc2 would allocate whatever a header asks for.
func readMessage(r *bufio.Reader) (jsonrpc2.Message, error) {
	length, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, fmt.Errorf("reading a message: %w", cutOff(err))
	}
	m, err := jsonrpc2.DecodeMessage(body)
	if err != nil {
		return nil, newMalformed(body)
	}
	return m, nil
}

// malformedError is a message that came as a whole and is none of JSON-RPC 2.0: it is answered, and the next one is read.
type malformedError struct {
	id   json.RawMessage // of the message, null where it has none
	code jsonrpc2.Code
	text string
}

func (e *malformedError) Error() string { return e.text }

func newMalformed(body []byte) *malformedError {
	e := &malformedError{id: json.RawMessage("null"), code: jsonrpc2.InvalidRequest, text: "the message is not JSON-RPC 2.0"}
	var message struct {
		ID json.RawMessage `json:"id"`
	}
	switch body = bytes.TrimSpace(body); {
	case !json.Valid(body):
		e.code, e.text = jsonrpc2.ParseError, "the message is not JSON"
	case body[0] == '[':
		e.text = "the Language Server Protocol has no batches: send each message by itself"
	case json.Unmarshal(body, &message) == nil && isID(message.ID):
		e.id = message.ID
	}
	return e
}

// isID reports whether a value may be the id of a request: a number or a string.
func isID(value json.RawMessage) bool {
	return len(value) > 0 && (value[0] == '"' || value[0] == '-' || value[0] >= '0' && value[0] <= '9')
}

// response is the answer. jsonrpc2 has none without an id.
func (e *malformedError) response() any {
	return struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   any             `json:"error"`
	}{"2.0", e.id, struct {
		Code    jsonrpc2.Code `json:"code"`
		Message string        `json:"message"`
	}{e.code, e.text}}
}

// readHeader returns the Content-Length.
func readHeader(r *bufio.Reader) (length int, err error) {
	length = -1
	for range maxHeaders {
		line, err := r.ReadSlice('\n')
		if err != nil {
			if errors.Is(err, io.EOF) && len(line) == 0 && length < 0 {
				return 0, io.EOF
			}
			return 0, fmt.Errorf("reading the header of a message: %w", cutOff(err))
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			if length < 0 {
				return 0, errors.New("a message has no Content-Length: this is not the Language Server Protocol")
			}
			return length, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if !bytes.EqualFold(name, []byte(jsonrpc2.HdrContentLength)) {
			continue
		}
		length, err = strconv.Atoi(string(bytes.TrimSpace(value)))
		if err != nil || length < 0 || length > maxMessage {
			return 0, fmt.Errorf("a message has the Content-Length %q", bytes.TrimSpace(value))
		}
	}
	return 0, errors.New("the header of a message does not end")
}

// cutOff is an end where none may be: only one between two messages is an editor that has left.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func writeMessage(w io.Writer, m any) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("writing a message: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s: %d\r\n\r\n%s", jsonrpc2.HdrContentLength, len(body), body)
	return err
}
