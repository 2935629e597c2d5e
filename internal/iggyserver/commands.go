package iggyserver

import (
	"net"
	"slices"
	"time"
)

// reply is what a command answers: a status, and for success head followed by parts. parts are slices of stored
// messages and go to the socket as they are.
type reply struct {
	status status
	head   []byte
	parts  [][]byte
}

func refuse(s status) reply        { return reply{status: s} }
func accept(head []byte) reply     { return reply{head: head} }
func (r reply) payloadLength() int { return len(r.head) + partsLength(r.parts) }

func partsLength(parts [][]byte) (n int) {
	for _, part := range parts {
		n += len(part)
	}
	return n
}

type handler func(s *Server, c *session, r *reader) reply

// handlerOf is the table of commands. A code that is not in it answers 3, as with the real server.
func handlerOf(code uint32) handler {
	switch code {
	case CodePing:
		return func(*Server, *session, *reader) reply { return reply{} }
	case CodeLoginUser:
		return (*Server).login
	case CodeLoginWithToken:
		return (*Server).loginWithToken
	case CodeLogoutUser:
		return (*Server).logout
	case CodeGetClusterMetadata:
		return (*Server).clusterMetadata
	case CodeGetMe, CodeGetClient:
		return (*Server).getClient
	case CodeGetClients:
		return (*Server).getClients
	case CodePollMessages:
		return (*Server).poll
	case CodeSendMessages:
		return (*Server).send
	case CodeGetOffset:
		return (*Server).getOffset
	case CodeStoreOffset:
		return (*Server).storeOffset
	case CodeDeleteOffset:
		return (*Server).deleteOffset
	}
	return metadataHandlerOf(code)
}

// open commands are answered before a login.
func open(code uint32) bool {
	return code == CodePing || code == CodeLoginUser || code == CodeLoginWithToken
}

// run answers one request. The lock is held for the whole of it: a command sees and makes one consistent change.
func (s *Server) run(c *session, code uint32, payload []byte) reply {
	h := handlerOf(code)
	if h == nil {
		return refuse(invalidCommand)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.loggedIn && !open(code) {
		return refuse(unauthenticated)
	}
	return h(s, c, &reader{rest: payload})
}

func (s *Server) login(c *session, r *reader) reply {
	name := r.name()
	password := r.text(int(r.u8()))
	_ = r.text(int(r.u32())) // the client's version
	_ = r.text(int(r.u32())) // its context
	switch {
	case r.err != ok:
		return refuse(r.err)
	case name != s.opts.Username || password != s.opts.Password:
		return refuse(invalidCredentials)
	}
	c.enter()
	return accept(put32(nil, 0))
}

// enter ends what holds before a login. Server's lock keeps it from a stop, which sets a deadline of its own.
func (c *session) enter() {
	c.loggedIn = true
	select {
	case <-c.stop:
	default:
		_ = c.conn.SetDeadline(time.Time{})
	}
}

func (s *Server) loginWithToken(c *session, r *reader) reply {
	token := r.name()
	switch {
	case r.err != ok:
		return refuse(r.err)
	case s.opts.Token == "" || token != s.opts.Token:
		return refuse(resourceNotFound)
	}
	c.enter()
	return accept(put32(nil, 0))
}

func (s *Server) logout(c *session, _ *reader) reply {
	c.loggedIn = false
	s.state.disconnect(c.id)
	return reply{}
}

// clusterMetadata describes a cluster of one. The address is the one that this client reached, so that the SDK, which
// follows a leader elsewhere, stays here.
func (s *Server) clusterMetadata(c *session, _ *reader) reply {
	host, port := "127.0.0.1", 0
	if a, isTCP := c.conn.LocalAddr().(*net.TCPAddr); isTCP {
		host, port = a.IP.String(), a.Port
	}
	b := put32(putText(nil, "single-node"), 1)
	b = putText(putText(b, "iggy-node"), host)
	for _, p := range []uint16{uint16(port), 8080, 3000, 8092} { // tcp, then the defaults of quic, http and websocket
		b = append(b, byte(p), byte(p>>8))
	}
	return accept(append(b, 0, 0)) // leader, healthy
}

func (s *Server) getClient(c *session, r *reader) reply {
	id := c.id
	if c.code == CodeGetClient {
		if id = r.u32(); r.err != ok {
			return refuse(r.err)
		}
		if id == 0 {
			return refuse(invalidClientID)
		}
	}
	other := s.sessions[id]
	if other == nil {
		return reply{}
	}
	groups := s.groupsOf(id)
	b := putClient(nil, other, len(groups)/3)
	for _, v := range groups {
		b = put32(b, v)
	}
	return accept(b)
}

func (s *Server) getClients(*session, *reader) reply {
	ids := make([]uint32, 0, len(s.sessions))
	for id := range s.sessions {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var b []byte
	for _, id := range ids {
		b = putClient(b, s.sessions[id], len(s.groupsOf(id))/3)
	}
	return accept(b)
}

func putClient(b []byte, c *session, groups int) []byte {
	user := uint32(0)
	if !c.loggedIn {
		user = ^uint32(0)
	}
	b = append(put32(put32(b, c.id), user), 1) // over TCP
	return put32(putText(b, c.conn.RemoteAddr().String()), uint32(groups))
}

// groupsOf lists stream, topic and group of every membership of a connection, flat.
func (s *Server) groupsOf(client uint32) (ids []uint32) {
	for streamID, str := range s.state.streams.all() {
		for topicID, t := range str.topics.all() {
			for groupID, g := range t.groups.all() {
				if g.member(client) != nil {
					ids = append(ids, uint32(streamID), uint32(topicID), uint32(groupID))
				}
			}
		}
	}
	return ids
}
