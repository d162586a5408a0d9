package transfer

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/emersion/go-imap/v2"
)

// That a message has the size that was sent, or is larger, and has its headers, says that it
// is whole only where host2's RFC822.SIZE is what it has, and where what it has more is what
// it adds to each. So of each number of bytes by which messages grow a few are read, until
// enough were seen: a server that rounds sizes up, or adds as much as it cuts, has all of them
// read.

const (
	// samplesEach is how many are read of each number of bytes, samplesAll after how many
	// whole ones anything between the least and the most that was seen is believed.
	samplesEach, samplesAll = 2, 20
	// sampleMost is up to which size messages are read that seem to be as they were sent.
	sampleMost = 256 << 10
)

// grownSizes is what was seen of it in a run. Safe for concurrent use.
type grownSizes struct {
	mu sync.Mutex
	// whole counts the messages that were whole, by the bytes that they have more; bad are
	// those numbers of which one was not. lies: a size was told that is more than there is.
	whole       map[int64]int
	bad         map[int64]bool
	all         int
	least, most int64
	lies        bool
}

// seen enters a message that was read.
func (g *grownSizes) seen(more, told, read int64, whole bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lies = g.lies || told > read
	if !whole {
		if g.bad == nil {
			g.bad = make(map[int64]bool)
		}
		g.bad[more] = true
		return
	}
	if g.whole == nil {
		g.whole = make(map[int64]int)
	}
	if g.all++; g.all == 1 {
		g.least, g.most = more, more
	}
	g.least, g.most = min(g.least, more), max(g.most, more)
	g.whole[more]++
}

// judge reports whether messages that have so many bytes more are believed to be whole, or
// have all to be read; neither: some have to be.
func (g *grownSizes) judge(more int64) (believed, none bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lies || g.bad[more] {
		return false, true
	}
	return g.whole[more] >= samplesEach || g.all >= samplesAll && len(g.bad) == 0 && g.least <= more && more <= g.most, false
}

// lie reports whether a size was told that is more than there is.
func (g *grownSizes) lie() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lies
}

// notBelieved are those of the messages that seem to be whole which have to be read: of by the
// number of bytes that host2 tells more of them than were sent, told by their UIDs. Those that
// are read here are compared.
func (c *Folder) notBelieved(ctx context.Context, of map[int64][]imap.UID, byUID map[imap.UID]*Message, told map[*Message]int64, bad func(*Message, string)) (left []imap.UID, err error) {
	h, g := c.run.Habits, &c.run.sizesOf2
	for _, uids := range of {
		slices.SortFunc(uids, func(a, b imap.UID) int {
			return cmp.Or(cmp.Compare(told[byUID[a]], told[byUID[b]]), cmp.Compare(a, b))
		})
	}
	for {
		var sample []imap.UID
		for _, more := range slices.Sorted(maps.Keys(of)) {
			uids := of[more]
			if len(uids) == 0 {
				delete(of, more)
				continue
			}
			size := byUID[uids[0]].sentSize()
			believed, none := g.judge(more)
			switch {
			case none:
				left = append(left, uids...)
				delete(of, more)
			case believed, more == 0 && size > sampleMost, !h.AltersBodies() && h.Known() && h.ExplainsSize(size, size+more):
				delete(of, more)
			case len(sample) < samplesAll:
				n := min(samplesEach, len(uids))
				sample, of[more] = append(sample, uids[:n]...), uids[n:]
			}
		}
		if len(sample) == 0 {
			return left, nil
		}
		slices.Sort(sample)
		wrong := make(map[*Message]bool)
		read := make(map[*Message]int64)
		err := c.compareContent(ctx, sample, byUID, func(t *Message, size int64) { read[t] = size }, func(t *Message, why string) {
			wrong[t] = true
			bad(t, why)
		})
		if err != nil {
			return nil, err
		}
		for _, uid := range sample {
			t := byUID[uid]
			if size, came := read[t]; came || wrong[t] {
				if !came {
					size = told[t]
				}
				g.seen(told[t]-t.sentSize(), told[t], size, !wrong[t])
			}
		}
	}
}
