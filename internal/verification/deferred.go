package verification

import "fmt"

// maxDeferred bounds the rows that wait until all folders are known; more are told at
// once, without saying where else the message is.
const maxDeferred = 100_000

// deferred are rows of messages that are missing in one folder or extra in one: the
// same content may be both.
type deferred struct {
	rows    []Row
	wholes  [][32]byte
	counted int64
}

// keep takes a row, false when there are too many.
func (q *deferred) keep(r Row, whole [32]byte) bool {
	if len(q.rows) >= maxDeferred {
		return false
	}
	q.rows = append(q.rows, r)
	q.wholes = append(q.wholes, whole)
	if r.Counts {
		q.counted++
	}
	return true
}

// settle tells all rows, those that belong together with each other's place.
func (q *deferred) settle(v *verifier) {
	extra := make(map[[32]byte]int)
	for i := range q.rows {
		if q.rows[i].Mark == Extra {
			extra[q.wholes[i]] = i
		}
	}
	for i := range q.rows {
		r := &q.rows[i]
		at, ok := extra[q.wholes[i]]
		if r.Mark != Missing || !ok {
			continue
		}
		delete(extra, q.wholes[i])
		e := &q.rows[at]
		r.Reason = fmt.Sprintf("it is in another folder of host2: %s, UID %d", e.Folder2, e.UID2)
		r.Remedy = "move it back, or leave it if its owner moved it"
		e.Reason = fmt.Sprintf("it belongs into %s: there it is missing (UID %d on host1)", r.Folder2, r.UID1)
		e.Remedy, e.Counts = r.Remedy, true
	}
	for _, r := range q.rows {
		v.row(r)
	}
	*q = deferred{}
}
