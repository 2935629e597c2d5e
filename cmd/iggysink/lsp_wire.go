package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxLSPMessage bounds a message: a file of the largest size, every byte of it escaped.
const maxLSPMessage = 6*maxSource + 1<<16

// lspMessage is a request, a notification or a response of JSON-RPC 2.0, as the Language Server Protocol has them.
type lspMessage struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"` // none in a notification
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  any             `json:"result,omitempty"`
	Error   *lspError       `json:"error,omitempty"`
}

type lspError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// The error codes of JSON-RPC and the protocol that are used.
const (
	lspInvalidParams  = -32602
	lspMethodNotFound = -32601
	lspNotInitialized = -32002
)

// readLSP reads one message: header lines, an empty line, and as many bytes of JSON as Content-Length says. It fails with
// io.EOF where there is no further one.
func readLSP(r *bufio.Reader) (lspMessage, error) {
	var m lspMessage
	length, err := readLSPHeader(r)
	if err != nil {
		return m, err
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return m, fmt.Errorf("reading a message: %w", err)
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("a message is no JSON-RPC: %w", err)
	}
	return m, nil
}

// maxLSPHeaders bounds the header lines of a message, each of which fits the reader's buffer: two are defined.
const maxLSPHeaders = 16

// readLSPHeader returns the Content-Length.
func readLSPHeader(r *bufio.Reader) (length int, err error) {
	length = -1
	for range maxLSPHeaders {
		line, err := r.ReadSlice('\n')
		if err != nil {
			if errors.Is(err, io.EOF) && len(line) == 0 && length < 0 {
				return 0, io.EOF
			}
			return 0, fmt.Errorf("reading the header of a message: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			if length < 0 {
				return 0, errors.New("a message has no Content-Length: this is not the Language Server Protocol")
			}
			return length, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if !bytes.EqualFold(name, []byte("Content-Length")) {
			continue
		}
		length, err = strconv.Atoi(string(bytes.TrimSpace(value)))
		if err != nil || length < 0 || length > maxLSPMessage {
			return 0, fmt.Errorf("a message has the Content-Length %q", bytes.TrimSpace(value))
		}
	}
	return 0, errors.New("the header of a message does not end")
}

func writeLSP(w io.Writer, m lspMessage) error {
	m.Version = "2.0"
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return err
}

// What of the protocol's types is used. Lines and characters count from 0, characters in UTF-16 code units.
type (
	lspPosition struct {
		Line      int `json:"line"`
		Character int `json:"character"`
	}
	lspRange struct {
		Start lspPosition `json:"start"`
		End   lspPosition `json:"end"`
	}
	lspDiagnostic struct {
		Range    lspRange `json:"range"`
		Severity int      `json:"severity"` // 1 error, 2 warning
		Code     string   `json:"code"`
		Source   string   `json:"source"`
		Message  string   `json:"message"`
	}
	lspEdit struct {
		Range   lspRange `json:"range"`
		NewText string   `json:"newText"`
	}
	lspItem struct {
		Label         string `json:"label"`
		Kind          int    `json:"kind"`
		Detail        string `json:"detail,omitempty"`
		Documentation string `json:"documentation,omitempty"`
		InsertText    string `json:"insertText,omitempty"`
	}
	lspHover struct {
		Contents lspMarkup `json:"contents"`
	}
	lspMarkup struct {
		Kind  string `json:"kind"`
		Value string `json:"value"`
	}
	lspDocument struct {
		URI  string `json:"uri"`
		Text string `json:"text"`
	}
	// lspParams are the parameters of every method that is understood.
	lspParams struct {
		TextDocument   lspDocument `json:"textDocument"`
		Position       lspPosition `json:"position"`
		ContentChanges []struct {
			Text string `json:"text"`
		} `json:"contentChanges"`
	}
)
