package transfer

import "github.com/emersion/go-imap/v2"

// PairRuns are pairs of UIDs, host1's and host2's, as runs in which both count up by
// one: most of a folder is one run. They are kept of every folder until the end of
// the run, so they are small.
type PairRuns struct {
	runs []pairRun
	// lowest and highest are the range of host2's UIDs, n is how many there are.
	N               int
	Lowest, Highest imap.UID
}

type pairRun struct {
	uid1, uid2 imap.UID
	n          uint32
}

// Add notes a pair.
func (p *PairRuns) Add(uid1, uid2 imap.UID) {
	if p.N++; p.N == 1 || uid2 < p.Lowest {
		p.Lowest = uid2
	}
	p.Highest = max(p.Highest, uid2)
	if n := len(p.runs); n > 0 {
		if last := &p.runs[n-1]; last.uid1+imap.UID(last.n) == uid1 && last.uid2+imap.UID(last.n) == uid2 {
			last.n++
			return
		}
	}
	p.runs = append(p.runs, pairRun{uid1, uid2, 1})
}

// Each tells all pairs.
func (p *PairRuns) Each(tell func(uid1, uid2 imap.UID)) {
	for _, r := range p.runs {
		for i := range imap.UID(r.n) {
			tell(r.uid1+i, r.uid2+i)
		}
	}
}
