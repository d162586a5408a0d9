package verification

import (
	"context"
	"maps"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/mailread"
	"github.com/imaphaul/imaphaul/internal/planned"
)

// deepen reads the whole of those pairs that are in the sample, and of those whose
// sizes do not agree, so that only the contents can tell, and judges them by it.
func (v *verifier) deepen(ctx context.Context, g *group, src, dst *listed, p *pairing) error {
	var pairs []int
	for i, pr := range p.pairs {
		if v.sampled(&src.recs[pr.s], &dst.recs[pr.d], pr.grade) {
			pairs = append(pairs, i)
		}
	}
	if !v.partly {
		v.sum.Compared += int64(len(p.pairs))
	}
	if len(pairs) == 0 {
		return nil
	}
	contents1 := make([]map[imap.UID]content, len(g.from))
	var contents2 map[imap.UID]content
	both, gctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		for n := range g.from {
			var at []int32
			for _, i := range pairs {
				if s := p.pairs[i].s; int(src.recs[s].from) == n {
					at = append(at, s)
				}
			}
			var err error
			if contents1[n], err = v.wholes(gctx, 1, g.from[n], uidsOf(src.recs, at)); err != nil {
				return err
			}
		}
		return nil
	})
	both.Go(func() (err error) {
		var at []int32
		for _, i := range pairs {
			at = append(at, p.pairs[i].d)
		}
		contents2, err = v.wholes(gctx, 2, g.at, uidsOf(dst.recs, at))
		return err
	})
	if err := both.Wait(); err != nil {
		return err
	}
	for _, i := range pairs {
		pr := &p.pairs[i]
		s, d := &src.recs[pr.s], &dst.recs[pr.d]
		a, ok1 := contents1[s.from][s.uid]
		b, ok2 := contents2[d.uid]
		if !ok1 || !ok2 {
			continue // gone meanwhile, or unreadable: what is known decides
		}
		v.sum.Compared++
		a.key, a.keyed, b.key, b.keyed = s.key, s.keyed, d.key, d.keyed
		s.content, d.content = a, b
		switch {
		case a.whole == b.whole:
			pr.grade = byBytes
		case a.body == b.body && a.form == b.form:
			pr.grade = byForm
			s.deep = true
		default:
			pr.grade = byKey
		}
	}
	return nil
}

// wholes reads some messages of a folder whole.
func (v *verifier) wholes(ctx context.Context, side int, folder string, uids []imap.UID) (map[imap.UID]content, error) {
	out := make(map[imap.UID]content, len(uids))
	if err := v.readWholes(ctx, side, folder, uids, out); err != nil {
		return nil, err
	}
	return out, v.readAgain(ctx, side, folder, shortOf(maps.All(out)), func(uid imap.UID, c content) {
		if c.size > out[uid].size {
			out[uid] = c
		}
	})
}

// readWholes is wholes without a second reading.
func (v *verifier) readWholes(ctx context.Context, side int, folder string, uids []imap.UID, out map[imap.UID]content) error {
	if len(uids) == 0 {
		return nil
	}
	d := newDigester(planned.Identity(v.p), v.ignored, false)
	_, err := v.readers[side-1].Read(ctx, folder, uids, mailread.Want{Body: true}, d, func(m *mailread.Message) error {
		c, err := d.sum(m.Size)
		out[m.UID] = c
		return err
	})
	if err != nil {
		return &SideError{side, err}
	}
	return nil
}
