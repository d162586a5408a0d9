package engine

import (
	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// flagsLeft reports whether the options left flags on host2 that are not host1's
// (--noresyncflags, and --maxsize for what it leaves out): then not everything was carried
// over, and a run without these options has to look at the folder, whether or not anything
// happens to it until then.
func (fs *folderSync) flagsLeft() bool {
	if fs.run.p.Flags.Resync && fs.run.p.Selection.MaxSize == nil {
		return false
	}
	type pairOf struct{ src, dst listing.FlagID }
	equal := make(map[pairOf]bool)
	for _, m := range fs.pairing.Present {
		src, dst := &fs.src.Recs[m.Src], &fs.dst.Recs[m.Dst]
		if fs.run.p.Flags.Resync && !fs.tooBigForFlags(src) || m.Trust != compare.Certain ||
			src.Is(listing.FlagsUnknown) || dst.Is(listing.FlagsUnknown) || fs.keptAlready(src, dst) {
			continue
		}
		ids := pairOf{src.Flags, dst.Flags}
		same, known := equal[ids]
		if !known {
			want, ok, err := fs.mapper.ForStore(fs.run.flags[0].List(src.Flags))
			same = err != nil || !ok || transform.EqualFlags(want, fs.unmarked(want, fs.storable(dst.Flags)))
			equal[ids] = same
		}
		if !same {
			return true
		}
	}
	return false
}
