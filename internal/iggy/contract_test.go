package iggy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggy"
	"iggysink/internal/relay"
	"iggysink/internal/relay/sourcetest"
	"iggysink/schema"
)

// contractWorld is a world as the contract of a source sees it.
type contractWorld struct{ *world }

func (w contractWorld) Send(partition uint32, payloads ...string) { w.send(partition, payloads...) }

func (w contractWorld) Stored(partition uint32) int { return w.stored(partition) }

func (w contractWorld) Partition(id uint32) schema.Partition {
	return schema.Partition{Stream: w.stream.Name, Topic: topicName, ID: id}
}

func (w contractWorld) Source() relay.Source {
	source, err := iggy.NewSource(iggy.SourceOptions{Server: w.server, Stream: &w.stream, Topic: topicName, Group: groupName})
	require.NoError(w.t, err)
	return source
}

func TestContract(t *testing.T) {
	sourcetest.Contract(t, func(t *testing.T, partitions int) sourcetest.Broker {
		return contractWorld{testWorld(t, partitions)}
	})
}
