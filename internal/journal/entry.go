package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// Key identifies the contents of a message. The zero key stands for none.
type Key [16]byte

// Entry is what is known of one message.
type Entry struct {
	// UID1 is its UID in the folder on host1; 0 in Folder.Extras.
	UID1 imap.UID
	// UID2 is its UID in the folder on host2; 0 when there is none, or none known.
	UID2 imap.UID
	Key  Key
	// Flags1 and Flags2 are the flags last seen on either side.
	Flags1, Flags2 FlagsID
	// Size is RFC822.SIZE as host1 told it (host2 in Folder.Extras), in bytes.
	Size int64
	// Date is INTERNALDATE in seconds since 1970 and Zone its zone in minutes east
	// of UTC; they count only if HasDate.
	Date    int64
	Zone    int16
	HasDate bool
	// Delivered: host2 held this message at some time, by our append or found
	// there. Delivered without UID2 means that it is no longer there, or that its
	// place has to be found again. In Folder.Extras: this message is claimed, it was
	// the counterpart of a host1 message that has left host1 since.
	Delivered bool
	// Marks is for the caller to define.
	Marks uint8
	// OurDeleted: the mark \Deleted that host1's message has was set by this
	// program, and is no wish of its owner. Put and Settle keep it, see MarkDeleted.
	// In Folder.Extras: the message had that mark when it left host1, so it was moved
	// to host2 (--delete1) and not deleted by its owner.
	OurDeleted bool
	// Cut: what host2 got is not all of the message's content. Put and Settle keep
	// it while the message keeps its place on host2.
	Cut bool
}

// Bits of an encoded entry's first byte.
const (
	bitDelivered = 1 << iota
	bitUID2
	bitFlags2 // differs from flags1
	bitDate
	bitZone // not UTC
	bitMarks
	bitOurDeleted // since schema 2
	bitCut        // since schema 2
)

// order tells which UID orders a table of entries.
type order uint8

const (
	byUID1 order = iota
	byUID2
)

// packer appends entries to a value. UIDs and dates are written as differences
// to the entry before, which makes most of them one to four bytes.
type packer struct {
	b          []byte
	uid1, uid2 imap.UID
	date       int64
}

func (p *packer) add(e *Entry) {
	head := byte(0)
	set := func(bit byte, on bool) {
		if on {
			head |= bit
		}
	}
	set(bitDelivered, e.Delivered)
	set(bitUID2, e.UID2 != 0)
	set(bitFlags2, e.Flags2 != e.Flags1)
	set(bitDate, e.HasDate)
	set(bitZone, e.HasDate && e.Zone != 0)
	set(bitMarks, e.Marks != 0)
	set(bitOurDeleted, e.OurDeleted)
	set(bitCut, e.Cut)
	p.b = append(p.b, head)
	p.b = binary.AppendVarint(p.b, int64(e.UID1)-int64(p.uid1))
	p.uid1 = e.UID1
	if e.UID2 != 0 {
		p.b = binary.AppendVarint(p.b, int64(e.UID2)-int64(p.uid2))
		p.uid2 = e.UID2
	}
	p.b = binary.AppendUvarint(p.b, uint64(e.Flags1))
	if e.Flags2 != e.Flags1 {
		p.b = binary.AppendUvarint(p.b, uint64(e.Flags2))
	}
	p.b = binary.AppendUvarint(p.b, uint64(e.Size))
	if e.HasDate {
		p.b = binary.AppendVarint(p.b, e.Date-p.date)
		p.date = e.Date
		if e.Zone != 0 {
			p.b = binary.AppendVarint(p.b, int64(e.Zone))
		}
	}
	if e.Marks != 0 {
		p.b = append(p.b, e.Marks)
	}
	p.b = append(p.b, e.Key[:]...)
}

// unpacker reads entries back.
type unpacker struct {
	r          reader
	uid1, uid2 imap.UID
	date       int64
}

// next fills e with the next entry; false at the end or on an error in u.r.err.
func (u *unpacker) next(e *Entry) bool {
	if u.r.err != nil || len(u.r.b) == 0 {
		return false
	}
	head := u.r.byte()
	*e = Entry{
		Delivered: head&bitDelivered != 0, HasDate: head&bitDate != 0,
		OurDeleted: head&bitOurDeleted != 0, Cut: head&bitCut != 0,
	}
	e.UID1 = u.uid(&u.uid1)
	if head&bitUID2 != 0 {
		e.UID2 = u.uid(&u.uid2)
	}
	e.Flags1 = FlagsID(u.r.uint32())
	e.Flags2 = e.Flags1
	if head&bitFlags2 != 0 {
		e.Flags2 = FlagsID(u.r.uint32())
	}
	e.Size = u.r.int63()
	if e.HasDate {
		u.date += u.r.varint()
		e.Date = u.date
		if head&bitZone != 0 {
			z := u.r.varint()
			if z != int64(int16(z)) {
				u.r.fail()
			}
			e.Zone = int16(z)
		}
	}
	if head&bitMarks != 0 {
		e.Marks = u.r.byte()
	}
	e.Key = u.r.key()
	return u.r.err == nil
}

// uid reads a difference to *last and moves it.
func (u *unpacker) uid(last *imap.UID) imap.UID {
	v := int64(*last) + u.r.varint()
	if v < 0 || v > 1<<32-1 {
		u.r.fail()
		return 0
	}
	*last = imap.UID(v)
	return *last
}

// packEntries encodes all of es.
func packEntries(es []Entry) []byte {
	var p packer
	for i := range es {
		p.add(&es[i])
	}
	return p.b
}

// usualEntry is about what an entry takes, in bytes.
const usualEntry = 32

// unpackEntries decodes a value made by packEntries.
func unpackEntries(b []byte, into []Entry) ([]Entry, error) {
	u := unpacker{r: reader{b: b}}
	into = slices.Grow(into, len(b)/usualEntry)
	var e Entry
	for u.next(&e) {
		into = append(into, e)
	}
	return into, u.r.err
}

// checkEntry says what cannot be stored.
func checkEntry(e *Entry, by order) error {
	switch {
	case by == byUID1 && e.UID1 == 0:
		return errors.New("an entry needs a UID on host1")
	case by == byUID2 && (e.UID1 != 0 || e.UID2 == 0):
		return errors.New("an extra has a UID on host2 and none on host1")
	case e.Size < 0:
		return fmt.Errorf("entry UID1 %d UID2 %d: negative size %d", e.UID1, e.UID2, e.Size)
	}
	return nil
}
