package journal

import (
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

var mailTo2Key = []byte("mailto2")

// longestMX bounds the name of an MX that is kept, in bytes (RFC 1035 section 2.3.4).
const longestMX = 255

// NoteMailTo2 notes when mail was first seen to be delivered to host2, and the MX that said
// so. What was noted before stays.
func (j *Journal) NoteMailTo2(seen time.Time, mx string) error {
	if ok, err := j.writable(); !ok {
		return err
	}
	if at, _, err := j.MailTo2(); err != nil || !at.IsZero() {
		return err
	}
	v := append(binary.AppendVarint(nil, seen.UnixNano()), mx[:min(len(mx), longestMX)]...)
	return j.update(func(tx *bbolt.Tx) (func(), error) {
		return nil, tx.Bucket(metaBucket).Put(mailTo2Key, seal(mailTo2Key, v))
	})
}

// MailTo2 is what NoteMailTo2 noted, the zero time for nothing.
func (j *Journal) MailTo2() (seen time.Time, mx string, err error) {
	err = j.view(func(tx *bbolt.Tx) error {
		sealed := tx.Bucket(metaBucket).Get(mailTo2Key)
		if sealed == nil {
			return nil
		}
		v, err := unseal(mailTo2Key, sealed)
		if err != nil {
			return fmt.Errorf("%w: where mail is delivered: %w", ErrDamaged, err)
		}
		r := reader{b: v}
		at := r.varint()
		if r.err != nil {
			return fmt.Errorf("%w: where mail is delivered: %w", ErrDamaged, r.err)
		}
		seen, mx = time.Unix(0, at), string(r.b)
		return nil
	})
	return seen, mx, err
}
