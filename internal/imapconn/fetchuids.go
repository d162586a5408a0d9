package imapconn

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// answered enters the tagged reply of a.
func (f *Fetch) answered(a *ask, r *Response) {
	f.asks = slices.DeleteFunc(f.asks, func(b *ask) bool { return a == b })
	if a.cmd.part != nil && f.resume(a) {
		return
	}
	if !a.open {
		if miss := a.got.missing(a.set); len(miss) > 0 {
			if n := len(f.missing); n == 0 || f.missing[n-1].Stop < miss[0].Start {
				f.missing = append(f.missing, miss...)
			} else {
				f.missing = join(f.missing, miss)
			}
		}
	}
	if !r.OK() {
		e := *r
		f.errs = append(f.errs, FetchError{Set: a.set, About: a.about, Err: &e})
	}
}

// resume sees to it that what the server left undone of a is asked for again, or
// is not forgotten where that can not be. It reports whether nothing remains to be
// said of a.
func (f *Fetch) resume(a *ask) bool {
	rest, less := a.rest()
	if len(rest) == 0 {
		return false
	}
	if !less || f.closed || a.selects != f.c.selects {
		f.errs = append(f.errs, FetchError{Set: rest, About: a.about, Err: &PartlyError{Reply: a.cmd.part.reply, Rest: rest}})
		return false
	}
	f.again = append(f.again, &ask{set: rest, open: a.open, width: setSize(rest), selects: a.selects, why: a.cmd.part.reply, about: a.about})
	return true
}

// rest is what is left to do of a range below the last message dealt with, and of
// known UIDs all that did not come; less is false when that is as much as before.
func (a *ask) rest() (rest imap.UIDSet, less bool) {
	if !a.open {
		return a.got.missing(a.set), a.low > 0
	}
	lowest := a.cmd.part.lowest
	if lowest == 0 {
		lowest = a.low
	}
	if lowest == 0 {
		return a.set, false
	}
	set := slices.Clone(a.set)
	if last := &set[len(set)-1]; last.Stop == 0 { // "*"
		last.Stop = 1<<32 - 1
	}
	rest = below(set, lowest)
	return rest, setSize(rest) < setSize(set)
}

// askAgain sends what resume put aside, as long as the mailbox is the same.
func (f *Fetch) askAgain(ctx context.Context) error {
	for len(f.again) > 0 {
		a := f.again[0]
		f.again = f.again[1:]
		if a.selects != f.c.selects {
			f.errs = append(f.errs, FetchError{Set: a.set, About: a.about, Err: &PartlyError{Reply: a.why, Rest: a.set}})
			continue
		}
		if err := f.send(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// owner finds the command that asked for u.
func (f *Fetch) owner(u imap.UID) *ask {
	for _, a := range f.asks {
		if a.set.Contains(u) {
			return a
		}
	}
	return nil
}

// wanted says whether a reply for u is to be delivered: it was asked for, and
// its wanted item did not come before.
func (f *Fetch) wanted(u imap.UID) bool {
	a := f.owner(u)
	return a != nil && (a.open || !a.got.has(u))
}

// arrived marks the wanted item of u.
func (f *Fetch) arrived(u imap.UID) error {
	a := f.owner(u)
	if a == nil {
		return nil
	}
	if a.low == 0 || u < a.low {
		a.low = u
	}
	if a.open {
		return f.bound(a)
	}
	a.got.set(u)
	return nil
}

// spoiled takes the mark back: what came cannot be used.
func (f *Fetch) spoiled(u imap.UID) {
	if a := f.owner(u); a != nil && !a.open {
		a.got.clear(u)
	}
}

// only returns the one UID that can still come, if there is but one.
func (f *Fetch) only() imap.UID {
	var one *ask
	var left uint64
	for _, a := range f.asks {
		if a.open {
			return 0
		}
		if n := a.width - a.got.count; n > 0 {
			left += n
			one = a
		}
	}
	if left != 1 {
		return 0
	}
	return one.got.missing(one.set)[0].Start
}

// learn remembers which UID a sequence number has.
func (f *Fetch) learn(seq uint32, u imap.UID) {
	e := &f.seqs[seq%uint32(len(f.seqs))]
	e.seq, e.uid = seq, u
}

// known returns what learn was told of seq, or 0.
func (f *Fetch) known(seq uint32) imap.UID {
	if e := f.seqs[seq%uint32(len(f.seqs))]; seq != 0 && e.seq == seq {
		return e.uid
	}
	return 0
}

// forgetSeqs is called when sequence numbers move.
func (f *Fetch) forgetSeqs() { clear(f.seqs[:]) }
