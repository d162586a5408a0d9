package batch

import (
	"crypto/sha256"
	"encoding/binary"
)

// Shard is one of Count parts of a list, by Index from 0. The zero value is all of it.
type Shard struct{ Index, Count int }

// Whole reports whether it is all of the list.
func (s Shard) Whole() bool { return s.Count <= 1 }

// Of says for each row whether it is in the shard. Every row is in exactly one, by a
// hash of its pair of accounts, so that its place in the list and the machine do not
// matter. Rows that may not run at the same time are in one shard, since only one
// process can keep them apart: that of the pair that comes first by name.
func (s Shard) Of(a []Accounts) []bool {
	in := make([]bool, len(a))
	if s.Whole() {
		for i := range in {
			in[i] = true
		}
		return in
	}
	for i, first := range firsts(a) {
		in[i] = hashOf(first)%uint64(s.Count) == uint64(s.Index) //nolint:gosec // both are positive
	}
	return in
}

// Linked are, for each row, the pair that comes first by name among the rows with which it
// may not run at the same time; its own for a row that is free.
func Linked(a []Accounts) []string { return firsts(a) }

// hashOf is the same on every machine and in every version.
func hashOf(pair string) uint64 {
	h := sha256.Sum256([]byte(pair))
	return binary.BigEndian.Uint64(h[:8])
}

func (a Accounts) pair() string { return a.From + "\x00" + a.To }

// firsts are, for each row, the first pair by name among those that are linked to it by
// accounts that one of two rows changes and the other uses.
func firsts(a []Accounts) []string {
	parent := make([]int, len(a))
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	// changed is a row that changes an account; users are those that only read it.
	changed := make(map[string]int)
	mark := func(name string, i int) {
		if name == "" {
			return
		}
		if j, ok := changed[name]; ok {
			parent[root(i)] = root(j)
		} else {
			changed[name] = i
		}
	}
	for i, x := range a {
		mark(x.To, i)
		if x.Deletes1 {
			mark(x.From, i)
		}
	}
	for i, x := range a {
		if j, ok := changed[x.From]; ok && x.From != "" {
			parent[root(i)] = root(j)
		}
	}
	best := make(map[int]string)
	for i, x := range a {
		r := root(i)
		if p, ok := best[r]; !ok || x.pair() < p {
			best[r] = x.pair()
		}
	}
	out := make([]string, len(a))
	for i := range a {
		out[i] = best[root(i)]
	}
	return out
}
