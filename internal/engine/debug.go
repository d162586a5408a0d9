package engine

import (
	"runtime"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/uidset"
	"github.com/imaphaul/imaphaul/internal/units"
)

func (r *run) debugf(on bool, topic, format string, args ...any) {
	r.control.Debugf(on, topic, format, args...)
}

func (r *run) debugging(on bool) bool { return r.control.Debugging(on) }

// debugNews shows why the folder is not passed over (--debugcache).
func (fs *folderSync) debugNews() {
	if r := fs.run; r.debugging(r.p.Debug.Cache) {
		r.debugf(true, "cache", "folder [%s] is looked at: %s", fs.from.Raw, fs.news())
	}
}

// debugLists shows the UIDs that take part (--debuglist).
func (fs *folderSync) debugLists() {
	r := fs.run
	if !r.debugging(r.p.Debug.List) {
		return
	}
	for i, l := range []*listing.Listing{fs.src, fs.dst} {
		name := fs.from
		if i == 1 {
			name = fs.to
		}
		var chosen, others []imap.UID
		for j := range l.Recs {
			if l.Recs[j].Is(listing.Outside) {
				others = append(others, l.Recs[j].UID)
				continue
			}
			chosen = append(chosen, l.Recs[j].UID)
		}
		r.debugf(true, "list", "Host%d: folder [%s] UIDs that take part: %s; that do not: %s", i+1, name.Raw, uidset.Of(chosen), uidset.Of(others))
	}
}

// debugMemory shows the memory in use (--debugmemory).
func (fs *folderSync) debugMemory() {
	r := fs.run
	if !r.debugging(r.p.Debug.Memory) {
		return
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.debugf(true, "memory", "after folder [%s]: %s in use, %s taken from the system", fs.from.Raw, units.Bytes(int64(m.HeapInuse)), units.Bytes(int64(m.Sys)))
}
