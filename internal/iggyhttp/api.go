package iggyhttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// place is a topic as its path names it, and the consumer that stores offsets.
type place struct {
	path     string // /streams/{s}/topics/{t}
	consumer string
}

// topicState is what is in a topic.
type topicState struct {
	ID         uint32           `json:"id"`
	CreatedAt  uint64           `json:"created_at"` // microseconds
	Messages   uint64           `json:"messages_count"`
	Partitions []partitionState `json:"partitions"`
}

// partitionState is what is in a partition.
type partitionState struct {
	ID       uint32 `json:"id"`
	Current  uint64 `json:"current_offset"` // last offset; 0 also where nothing was ever in it
	Messages uint64 `json:"messages_count"`
}

// partition finds one by its number.
func (t *topicState) partition(id uint32) (partitionState, bool) {
	for _, p := range t.Partitions {
		if p.ID == id {
			return p, true
		}
	}
	return partitionState{}, false
}

// end returns one more than the last offset, 0 for a partition that never had a message. One that retention emptied keeps
// its end.
func (p partitionState) end() uint64 {
	if p.Messages == 0 && p.Current == 0 {
		return 0
	}
	return p.Current + 1
}

// isDigits reports whether Iggy takes a name for a number.
func isDigits(name string) bool {
	for i := range len(name) {
		if name[i] < '0' || name[i] > '9' {
			return false
		}
	}
	return name != ""
}

// resolve finds out how the path names a topic: by its name, or by the number that a listing gives where Iggy would take
// the name itself for a number.
func (l *link) resolve(ctx context.Context, stream, topic string) (path string, err error) {
	if stream, err = l.number(ctx, "/streams", stream); err != nil {
		return "", err
	}
	path = route("streams", stream)
	if topic, err = l.number(ctx, path+"/topics", topic); err != nil {
		return "", err
	}
	return path + route("topics", topic), nil
}

// number returns name, or the number that the listing at path has for it if it is one of digits only.
func (l *link) number(ctx context.Context, path, name string) (string, error) {
	if !isDigits(name) {
		return name, nil
	}
	var all []struct {
		ID   uint32 `json:"id"`
		Name string `json:"name"`
	}
	r := request{op: "list the names that are digits only", method: http.MethodGet, path: path}
	if err := l.ask(ctx, &r, &all); err != nil {
		return "", err
	}
	for _, one := range all {
		if one.Name == name {
			return strconv.FormatUint(uint64(one.ID), 10), nil
		}
	}
	return "", fmt.Errorf("%q: %w", name, ErrNotFound)
}

// topicState reads what is in a topic. ErrNotFound is in the chain of its error if the stream or topic is missing.
func (l *link) topicState(ctx context.Context, t place) (*topicState, error) {
	state := new(topicState)
	r := request{op: "get topic", method: http.MethodGet, path: t.path}
	if err := l.ask(ctx, &r, state); err != nil {
		return nil, err
	}
	if state.Partitions == nil {
		return nil, fmt.Errorf("get topic: %w", errForeign)
	}
	return state, nil
}

// stored reads the consumer's offset of a partition; false if there is none. A topic that is missing may look the same.
func (l *link) stored(ctx context.Context, t place, partition uint32) (uint64, bool, error) {
	var answer struct {
		Stored *uint64 `json:"stored_offset"`
	}
	query := url.Values{"consumer_id": {t.consumer}, "partition_id": {strconv.FormatUint(uint64(partition), 10)}}
	r := request{op: "get consumer offset", method: http.MethodGet, path: t.path + "/consumer-offsets?" + query.Encode()}
	err := l.ask(ctx, &r, &answer)
	switch {
	case hasID(err, idNotFound, idNoOffset):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case answer.Stored == nil:
		return 0, false, fmt.Errorf("get consumer offset: %w", errForeign)
	}
	return *answer.Stored, true, nil
}

// store stores the consumer's offset of a partition. Without a partition an offset goes to 0, or nowhere: it is always
// named. fixed makes it one request, with the token that is there: see storing.
func (l *link) store(ctx context.Context, t place, partition uint32, offset uint64, fixed bool) error {
	body, err := json.Marshal(struct {
		Consumer  string `json:"consumer_id"`
		Partition uint32 `json:"partition_id"`
		Offset    uint64 `json:"offset"`
	}{t.consumer, partition, offset})
	if err != nil {
		return err
	}
	r := request{
		op: "store consumer offset", method: http.MethodPut, path: t.path + "/consumer-offsets", body: body, fixed: fixed,
	}
	return l.ask(ctx, &r, nil)
}

// forget deletes the consumer's offset of a partition; there need be none.
func (l *link) forget(ctx context.Context, t place, partition uint32) error {
	r := request{
		op: "delete consumer offset", method: http.MethodDelete,
		path: t.path + route("consumer-offsets", t.consumer) + "?partition_id=" + strconv.FormatUint(uint64(partition), 10),
	}
	err := l.ask(ctx, &r, nil)
	if hasID(err, idNotFound, idNoOffset) {
		return nil
	}
	return err
}

// poll reads up to count messages from offset on, into the memory of buffer, which it returns. An answer of more than
// limit bytes is errTooLarge. Nothing is stored: auto_commit stores before the answer is sent, which loses what a crash
// leaves undelivered.
func (l *link) poll(ctx context.Context, t place, q query, buffer []byte) (polled, []byte, error) {
	path := make([]byte, 0, len(t.path)+128)
	path = append(append(path, t.path...), "/messages?kind=offset&auto_commit=false&consumer_id="...)
	path = append(path, url.QueryEscape(t.consumer)...)
	path = strconv.AppendUint(append(path, "&partition_id="...), uint64(q.partition), 10)
	path = strconv.AppendUint(append(path, "&value="...), q.offset, 10)
	path = strconv.AppendUint(append(path, "&count="...), uint64(q.count), 10)
	r := request{op: "poll messages", method: http.MethodGet, path: string(path), limit: q.limit, into: buffer}
	body, err := l.do(ctx, &r)
	if err != nil {
		return polled{}, buffer, err
	}
	answer, err := decodePolled(body, q.count)
	if err != nil {
		err = fmt.Errorf("poll messages: %w", err)
	}
	return answer, body, err
}

// query is where and how much to read.
type query struct {
	partition uint32
	offset    uint64
	count     int
	limit     int // bytes of the answer
}

// hasGroup reports whether there is a consumer group of the consumer's name.
func (l *link) hasGroup(ctx context.Context, t place) (bool, error) {
	r := request{op: "get consumer group", method: http.MethodGet, path: t.path + route("consumer-groups", t.consumer)}
	err := l.ask(ctx, &r, nil)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// createGroup creates a consumer group of the consumer's name and reports whether it was this call that did.
func (l *link) createGroup(ctx context.Context, t place) (bool, error) {
	body, err := json.Marshal(map[string]string{"name": t.consumer})
	if err != nil {
		return false, err
	}
	r := request{op: "create consumer group", method: http.MethodPost, path: t.path + "/consumer-groups", body: body}
	err = l.ask(ctx, &r, nil)
	if hasID(err, idGroupExists) {
		return false, nil
	}
	return err == nil, err
}

// leader returns the address of the cluster's leader where that is another server than this one; otherwise nothing. Stores
// are taken by the leader only, and the others lag behind. A server that cannot say is taken as it is.
func (l *link) leader(ctx context.Context, address string) string {
	var cluster struct {
		Nodes []struct {
			IP        string `json:"ip"`
			Endpoints struct {
				HTTP uint16 `json:"http"`
			} `json:"endpoints"`
			Role   string `json:"role"`
			Status string `json:"status"`
		} `json:"nodes"`
	}
	r := request{op: "get cluster metadata", method: http.MethodGet, path: "/cluster/metadata"}
	if err := l.ask(ctx, &r, &cluster); err != nil || len(cluster.Nodes) < 2 {
		return ""
	}
	for _, node := range cluster.Nodes {
		if node.Role != "leader" || node.Status != "healthy" || node.Endpoints.HTTP == 0 {
			continue
		}
		if leader := net.JoinHostPort(node.IP, strconv.Itoa(int(node.Endpoints.HTTP))); leader != address {
			return leader
		}
	}
	return ""
}

// connect returns a link to the server of the account, logged in: to the leader of a cluster. Every step is bounded in time.
func connect(ctx context.Context, account *Account) (*link, error) {
	l, err := logInAt(ctx, account, account.cfg.Address)
	if err != nil {
		return nil, err
	}
	leader := l.leader(ctx, account.cfg.Address)
	if leader == "" {
		return l, nil
	}
	l.close()
	if l, err = logInAt(ctx, account, leader); err != nil {
		return nil, fmt.Errorf("%s is not the leader of its cluster: %w", account.cfg.Address, err)
	}
	return l, nil
}

func logInAt(ctx context.Context, account *Account, address string) (*link, error) {
	l, err := newLink(account, address)
	if err != nil {
		return nil, err
	}
	if _, err := l.tokens.use(ctx, l); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}
