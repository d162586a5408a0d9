package engine

import (
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// crossed reports whether --skipcrossduplicates leaves the message out.
func (fs *folderSync) crossed(k identity.Key) bool {
	_, ok := fs.run.crossSeen[k]
	return ok
}

func (fs *folderSync) cross(k identity.Key) {
	if fs.run.crossSeen != nil {
		fs.run.crossSeen[k] = struct{}{}
	}
}

// crossAll notes all that the host2 folder holds.
func (fs *folderSync) crossAll() {
	for i := range fs.dst.Recs {
		if r := &fs.dst.Recs[i]; r.Is(listing.HasKey) {
			fs.cross(r.Key)
		}
	}
}
