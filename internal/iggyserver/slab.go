package iggyserver

import "iter"

// slab numbers its values the way the real server does: from 0, and the number that became free last is used first.
// Ids of streams, topics, groups and members are such numbers and visible to clients.
type slab[T any] struct {
	values []*T
	free   []int
}

func (s *slab[T]) insert(v *T) int {
	if n := len(s.free); n > 0 {
		id := s.free[n-1]
		s.free = s.free[:n-1]
		s.values[id] = v
		return id
	}
	s.values = append(s.values, v)
	return len(s.values) - 1
}

func (s *slab[T]) get(id uint32) *T {
	if uint64(id) >= uint64(len(s.values)) {
		return nil
	}
	return s.values[id]
}

func (s *slab[T]) remove(id int) {
	s.values[id] = nil
	s.free = append(s.free, id)
}

func (s *slab[T]) len() int { return len(s.values) - len(s.free) }

// all yields the values in the order of their numbers.
func (s *slab[T]) all() iter.Seq2[int, *T] {
	return func(yield func(int, *T) bool) {
		for id, v := range s.values {
			if v != nil && !yield(id, v) {
				return
			}
		}
	}
}
