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

var mailBeforeKey = []byte("mailbefore")

// MailBefore is what is known of the place where mail was delivered before host2.
type MailBefore struct {
	// TTL is the longest that was told of it. Whole: an answer was seen to be renewed, so
	// that it is not only what was left of a TTL in a resolver.
	TTL   time.Duration
	Whole bool
}

// Join is what is known from both.
func (b MailBefore) Join(o MailBefore) MailBefore {
	return MailBefore{max(b.TTL, o.TTL), b.Whole || o.Whole}
}

// NoteMailBefore adds to what is noted of the place before.
func (j *Journal) NoteMailBefore(b MailBefore) error {
	if ok, err := j.writable(); !ok {
		return err
	}
	known, err := j.MailBefore()
	if err != nil || known.Join(b) == known {
		return err
	}
	b = known.Join(b)
	v := binary.AppendVarint(nil, int64(b.TTL))
	if b.Whole {
		v = append(v, 1)
	}
	return j.update(func(tx *bbolt.Tx) (func(), error) {
		return nil, tx.Bucket(metaBucket).Put(mailBeforeKey, seal(mailBeforeKey, v))
	})
}

// MailBefore is what NoteMailBefore noted.
func (j *Journal) MailBefore() (b MailBefore, err error) {
	err = j.view(func(tx *bbolt.Tx) error {
		sealed := tx.Bucket(metaBucket).Get(mailBeforeKey)
		if sealed == nil {
			return nil
		}
		v, err := unseal(mailBeforeKey, sealed)
		if err != nil {
			return fmt.Errorf("%w: where mail was delivered: %w", ErrDamaged, err)
		}
		r := reader{b: v}
		ttl := r.varint()
		if r.err != nil {
			return fmt.Errorf("%w: where mail was delivered: %w", ErrDamaged, r.err)
		}
		b = MailBefore{time.Duration(ttl), len(r.b) > 0}
		return nil
	})
	return b, err
}
