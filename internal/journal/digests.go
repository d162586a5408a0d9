package journal

// digestsBucket holds, by folder pair, what the messages of both folders and their flags
// were like when the pair's state was stored, where a server does not tell that by MODSEQ.
var digestsBucket = []byte("digests")

// Digests are those of both sides, zero for one that is not known.
type Digests [2][16]byte

// OtherFlags stands for digests where the flags on host2 are not host1's, since options
// change them: the state tells what there is, and not that a run without these options has
// nothing to do.
var OtherFlags = Digests{{0: 0xff, 15: 0xff}, {0: 0xff, 15: 0xff}}

// PutDigests stores what goes with the state that SetState stored last. With the next state
// they are void.
func (f *Folder) PutDigests(d Digests) error {
	return f.putWithState(digestsBucket, append(d[0][:], d[1][:]...))
}

// Digests returns what PutDigests stored with the present states, by pair.
func (j *Journal) Digests() (map[*Folder]Digests, error) {
	out := make(map[*Folder]Digests)
	err := j.withStates(digestsBucket, len(Digests{}[0])+len(Digests{}[1]), func(f *Folder, value []byte) {
		var d Digests
		copy(d[1][:], value[copy(d[0][:], value):])
		out[f] = d
	})
	return out, err
}
