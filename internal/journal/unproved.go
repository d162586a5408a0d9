package journal

import "encoding/binary"

// unprovedBucket holds, by folder pair, how many messages counted as present though nothing
// proved it when the pair's state was stored.
var unprovedBucket = []byte("unproved")

// PutUnproved stores a number of messages that goes with the state that SetState stored
// last. With the next state it is void.
func (f *Folder) PutUnproved(messages uint32) error {
	return f.putWithState(unprovedBucket, binary.LittleEndian.AppendUint32(nil, messages))
}

// Unproved returns what PutUnproved stored with the present states, by pair.
func (j *Journal) Unproved() (map[*Folder]uint32, error) {
	out := make(map[*Folder]uint32)
	err := j.withStates(unprovedBucket, 4, func(f *Folder, value []byte) { out[f] = binary.LittleEndian.Uint32(value) })
	return out, err
}
