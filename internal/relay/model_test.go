package relay

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"iggysink/schema"
)

// model is a scene under random events, with what must hold whatever happens: an offset is stored only when every
// message up to it arrived, was dead-lettered, or was rejected where the configuration says drop; and no message of a
// partition (of a key, with ordering key) arrives for the first time after one that is behind it.
type model struct {
	*scene
	t       *rapid.T
	running *running
	lost    map[uint32]bool // partitions that nobody owns
	sent    map[uint32]int  // messages published

	mu    sync.Mutex
	wrong []string
	plan  map[string][]int // what the endpoint answers to a message, one after the other; then 200
	down  bool
}

const modelPartitions = 2

func (m *model) reply(message string, attempt int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return http.StatusUnauthorized
	}
	if plan := m.plan[message]; len(plan) > 0 {
		if plan[0] != http.StatusBadRequest || attempt > 3 { // a rejection lasts a while
			m.plan[message] = plan[1:]
		}
		return plan[0]
	}
	return http.StatusOK
}

// stored checks what a commit claims.
func (m *model) stored(id uint32, offset uint64) {
	arrived, buried := m.endpoint.got(), m.dead.payloads()
	for _, msg := range m.topic.below(id, offset+1) {
		dropped := m.cfg.OnRejected == schema.OnRejectedDrop && m.endpoint.attemptsOf(msg) > 0
		if !slices.Contains(arrived, msg) && !slices.Contains(buried, msg) && !dropped {
			m.mu.Lock()
			m.wrong = append(m.wrong, fmt.Sprintf("offset %d is stored, but %s is not settled", offset, msg))
			m.mu.Unlock()
		}
	}
}

// below returns the payloads of a partition below offset.
func (f *fakeTopic) below(id uint32, offset uint64) (payloads []string) {
	for _, m := range f.logs[id] {
		if m.Offset < offset {
			payloads = append(payloads, string(m.Payload))
		}
	}
	return payloads
}

func (m *model) publish(t *rapid.T) {
	id := rapid.Uint32Range(0, modelPartitions-1).Draw(t, "partition")
	n := rapid.IntRange(1, 20).Draw(t, "n")
	codes := rapid.SampledFrom([]int{http.StatusBadRequest, http.StatusServiceUnavailable, http.StatusUnauthorized})
	var payloads []string
	for range n {
		i := m.sent[id]
		m.sent[id]++
		payload := fmt.Sprintf(`["%d/%d",%d]`, id, i%3, i)
		if rapid.IntRange(0, 9).Draw(t, "trouble") == 0 {
			m.mu.Lock()
			m.plan[payload] = rapid.SliceOfN(codes, 1, 2).Draw(t, "plan")
			m.mu.Unlock()
		}
		payloads = append(payloads, payload)
	}
	m.topic.publish(id, rapid.Uint64Range(0, 1).Draw(t, "gap"), payloads...)
}

func (m *model) start() {
	var owned []uint32
	for id := range uint32(modelPartitions) {
		if !m.lost[id] {
			owned = append(owned, id)
		}
	}
	m.running = m.scene.start(owned...)
}

// crash ends the process without a drain: nothing that is not stored yet gets stored.
func (m *model) crash(t *rapid.T) {
	m.running.source.setLate(true)
	m.running.stop()
	m.start()
}

func (m *model) restart(t *rapid.T) {
	m.running.stop()
	m.start()
}

func (m *model) reconnect(t *rapid.T) {
	id := rapid.Uint32Range(0, modelPartitions-1).Draw(t, "partition")
	if !m.lost[id] {
		m.running.source.reconnect(m.scene.t, id)
	}
}

func (m *model) lose(t *rapid.T) {
	id := rapid.Uint32Range(0, modelPartitions-1).Draw(t, "partition")
	s := m.running.source
	s.do(m.scene.t, func(h Handler) error {
		if m.lost[id] {
			s.assign(h, id)
		} else {
			s.revoke(h, id)
		}
		return nil
	})
	m.lost[id] = !m.lost[id]
}

func (m *model) outage(t *rapid.T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = !m.down
}

func (m *model) breakLetters(t *rapid.T) { m.dead.fail(rapid.Bool().Draw(t, "failing")) }

// settle lets some of it happen before the next event.
func (m *model) settle(t *rapid.T) {
	want := len(m.endpoint.bodies()) + rapid.IntRange(0, 10).Draw(t, "requests")
	m.mu.Lock()
	stuck := m.down || m.dead.isFailing() || m.lost[0] || m.lost[1]
	m.mu.Unlock()
	m.until("some requests, or all is stored", func() bool {
		return stuck || len(m.endpoint.bodies()) >= want || m.allStored()
	})
}

func (m *model) allStored() bool {
	for id := range uint32(modelPartitions) {
		stored, any := m.topic.storedOffset(id)
		if log := m.topic.logs[id]; len(log) > 0 && (!any || stored != log[len(log)-1].Offset) {
			return false
		}
	}
	return true
}

func (m *memoryLetters) isFailing() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failing
}

// finish heals everything and waits until all is stored.
func (m *model) finish() {
	m.mu.Lock()
	m.down = false
	m.mu.Unlock()
	m.dead.fail(false)
	for id, lost := range m.lost {
		if lost {
			m.running.source.do(m.scene.t, func(h Handler) error {
				m.running.source.assign(h, id)
				return nil
			})
		}
	}
	m.until("all is stored", m.allStored)
	if res := m.running.stop(); !res.Settled {
		m.t.Fatalf("all is stored, but the result is %+v", res)
	}
}

// ordered checks the first arrivals of each partition, or of each key.
func (m *model) ordered() {
	last, seen := map[string]int{}, map[string]bool{}
	for _, msg := range m.endpoint.got() {
		var p, k, n int
		if _, err := fmt.Sscanf(msg, `["%d/%d",%d]`, &p, &k, &n); err != nil {
			m.t.Fatalf("%s: %v", msg, err)
		}
		key := strconv.Itoa(p)
		if m.cfg.Ordering == schema.OrderingKey {
			key += "/" + strconv.Itoa(k)
		}
		if seen[msg] {
			continue
		}
		seen[msg] = true
		if before, any := last[key]; any && n < before {
			m.t.Fatalf("%s arrived after %d of the same order: %v", msg, before, m.endpoint.got())
		}
		last[key] = n
	}
}

func TestNothingIsSettledThatWasNotDeliveredWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{
			scene: newScene(t, modelPartitions), t: rt, lost: map[uint32]bool{}, sent: map[uint32]int{},
			plan: map[string][]int{},
		}
		m.cfg.Ordering = rapid.SampledFrom([]schema.Ordering{
			schema.OrderingPartition, schema.OrderingKey, schema.OrderingNone,
		}).Draw(rt, "ordering")
		m.cfg.OrderingKey = "payload:/0"
		if m.cfg.Ordering != schema.OrderingPartition {
			m.cfg.MaxInFlight = 3
		}
		if n := rapid.SampledFrom([]int{1, 1, 4, 50}).Draw(rt, "batch"); n > 1 {
			m.batches(n)
		}
		m.cfg.OnRejected = rapid.SampledFrom([]schema.OnRejected{
			schema.OnRejectedBlock, schema.OnRejectedDeadLetter, schema.OnRejectedDrop,
		}).Draw(rt, "on_rejected")
		m.opts.PartitionBytes = rapid.SampledFrom([]int{500, 5000, 1 << 20}).Draw(rt, "bound")
		m.opts.DrainTimeout = rapid.SampledFrom([]time.Duration{time.Millisecond, time.Minute}).Draw(rt, "drain")
		m.endpoint.answers(m.reply)
		m.topic.onStore = m.stored
		m.start()
		rt.Repeat(map[string]func(*rapid.T){
			"publish": m.publish, "settle": m.settle, "crash": m.crash, "restart": m.restart,
			"reconnect": m.reconnect, "lose": m.lose, "outage": m.outage, "letters": m.breakLetters,
		})
		m.finish()
		m.endpoint.Close()
		for _, wrong := range m.wrong {
			rt.Error(wrong)
		}
		if m.cfg.Ordering != schema.OrderingNone && m.cfg.BatchMode == schema.BatchModeRaw {
			m.ordered()
		}
	})
}
