package iggyserver

import (
	"io"
	"net/http"
	"strings"
)

// failure is an answer with the body that Iggy's errors have.
func failure(status int, id uint32, code string) answer {
	return said(status, map[string]any{"id": id, "code": code, "reason": strings.ReplaceAll(code, "_", " "), "field": nil})
}

// missing is what a GET of something answers that is not there.
func missing() answer { return failure(http.StatusNotFound, http.StatusNotFound, "not_found") }

// httpErrors are the status and the name of the errors that this face answers.
func httpError(s status) (int, string) {
	switch s {
	case resourceNotFound:
		return http.StatusNotFound, "resource_not_found"
	case unauthenticated:
		return http.StatusUnauthorized, "unauthenticated"
	case 41:
		return http.StatusForbidden, "unauthorized"
	case invalidCredentials:
		return http.StatusBadRequest, "invalid_credentials"
	case notPrimary:
		return http.StatusServiceUnavailable, "not_primary"
	case streamNotFound:
		return http.StatusNotFound, "stream_id_not_found"
	case streamNameExists:
		return http.StatusBadRequest, "stream_name_already_exists"
	case topicNotFound:
		return http.StatusNotFound, "topic_id_not_found"
	case topicNameExists:
		return http.StatusBadRequest, "topic_name_already_exists"
	case partitionNotFound:
		return http.StatusNotFound, "partition_not_found"
	case offsetNotFound:
		return http.StatusNotFound, "consumer_offset_not_found"
	case invalidMessagesCount:
		return http.StatusBadRequest, "invalid_messages_count"
	case invalidOffset:
		return http.StatusBadRequest, "invalid_offset"
	case groupNotFound:
		return http.StatusNotFound, "consumer_group_id_not_found"
	case groupNameExists:
		return http.StatusBadRequest, "consumer_group_name_already_exists"
	case tooManyPartitions:
		return http.StatusBadRequest, "too_many_partitions"
	case topicFull:
		return http.StatusBadRequest, "topic_full"
	}
	return http.StatusBadRequest, "error"
}

// notPrimary is what a server answers to a store that another one takes.
const notPrimary status = 58

// failed is the answer for a status of the TCP protocol.
func failed(s status) answer {
	code, name := httpError(s)
	return failure(code, uint32(s), name)
}

// failedWrite is what a store or a send into something that is not there answers: 0.9 has one error for all.
func (f *face) failedWrite(s status) answer {
	if f.newer() && (s == streamNotFound || s == topicNotFound || s == partitionNotFound) {
		s = resourceNotFound
	}
	return failed(s)
}

// failedRead is what a poll of something answers that is not there: 0.9 tells of a missing partition only.
func (f *face) failedRead(s status) answer {
	if f.newer() && (s == streamNotFound || s == topicNotFound) {
		return missing()
	}
	return failed(s)
}

// refuseAs is the answer of a Refuse fault: Fault.HTTP with its own names, or what Fault.Status is over HTTP.
func (f *face) refuseAs(fault *Fault) answer {
	a := failed(status(fault.Status))
	switch fault.HTTP {
	case 0:
		return a
	case http.StatusTooManyRequests:
		a = failure(fault.HTTP, http.StatusTooManyRequests, "too_many_in_flight_writes")
	case http.StatusServiceUnavailable:
		a = failure(fault.HTTP, fault.Status, "server_busy")
	case http.StatusGatewayTimeout:
		return failure(fault.HTTP, http.StatusGatewayTimeout, "partition_read_timeout")
	default:
		return empty(fault.HTTP)
	}
	a.header = http.Header{"Retry-After": {"1"}}
	return a
}

// spoil sends what a fault leaves of an answer.
func (f *face) spoil(w http.ResponseWriter, a answer, fault *Fault, stop chan struct{}) {
	hijacker, can := w.(http.Hijacker)
	if !can {
		return
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	recorded := &recordedAnswer{header: http.Header{}}
	a.write(recorded, f.newer())
	whole := recorded.bytes()
	switch fault.Kind {
	case Half, Cut:
		_, _ = conn.Write(whole[:len(whole)/2])
	case Drip:
		drip(conn, whole, fault.Pause, stop)
		return
	}
	if fault.Kind == Cut || fault.Kind == Hangup {
		return
	}
	gone := make(chan struct{})
	go func() { // the close below ends it
		defer close(gone)
		_, _ = io.Copy(io.Discard, conn)
	}()
	select {
	case <-gone:
	case <-stop:
	}
	_ = conn.Close()
	<-gone
}
