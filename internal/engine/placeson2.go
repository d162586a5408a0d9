package engine

import (
	"cmp"
	"slices"

	"github.com/imaphaul/imaphaul/internal/history"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// placesOn2 is where host2 has the messages of a folder. Of those that were copied just now
// the copying tells it, so that a first run keeps no list of its own.
type placesOn2 struct {
	fs     *folderSync
	copied []transfer.Message // ascending by record
	others []history.Place    // by record, nil while there are none
}

func (p *placesOn2) set(rec int32, place history.Place) {
	if p.others == nil && place.There {
		p.others = make([]history.Place, len(p.fs.src.Recs))
	}
	if p.others != nil {
		p.others[rec] = place
	}
}

// of is the place of a record of host1.
func (p *placesOn2) of(rec int32) history.Place {
	if p.others != nil && p.others[rec].There {
		return p.others[rec]
	}
	i, found := slices.BinarySearchFunc(p.copied, rec, func(t transfer.Message, rec int32) int { return cmp.Compare(t.Src, rec) })
	if !found {
		return history.Place{}
	}
	t := &p.copied[i]
	uid := t.InVain()
	switch {
	case t.Outcome == transfer.Copied:
		uid = t.NewUID
	case uid == 0:
		return history.Place{}
	}
	return history.Place{There: true, UID: uid, Flags: p.fs.run.flags[1].Intern(t.Flags())}
}
