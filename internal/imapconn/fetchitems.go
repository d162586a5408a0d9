package imapconn

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// FetchItems says what to fetch. The UID always comes along.
type FetchItems struct {
	UID          bool
	Flags        bool
	InternalDate bool
	Size         bool
	ModSeq       bool     // capability CONDSTORE
	HeaderFields []string // these header lines alone, BODY.PEEK[HEADER.FIELDS (...)]
	Header       bool     // the whole header, BODY.PEEK[HEADER]
	Body         bool     // the message, BODY.PEEK[]
	Part         int64    // of the message only so many bytes from its beginning; 0 for all
	GMLabels     bool     // capability X-GM-EXT-1
	GMMsgID      bool

	// ChangedSince fetches only what changed after a MODSEQ (CONDSTORE); with
	// Vanished also the UIDs that went since (QRESYNC). What did not change
	// does not come, so nothing counts as missing.
	ChangedSince uint64
	Vanished     bool
}

// itemMask is a set of items.
type itemMask uint16

const (
	itemUID itemMask = 1 << iota
	itemFlags
	itemDate
	itemSize
	itemModSeq
	itemHeader
	itemBody
	itemLabels
	itemMsgID
)

// wire writes the items; the body comes last, so that all else is known when
// it begins.
func (it *FetchItems) wire() (string, itemMask, error) {
	w, mask := []string{"UID"}, itemUID
	add := func(on bool, name string, bit itemMask) {
		if on {
			w, mask = append(w, name), mask|bit
		}
	}
	add(it.Flags, "FLAGS", itemFlags)
	add(it.InternalDate, "INTERNALDATE", itemDate)
	add(it.Size, "RFC822.SIZE", itemSize)
	add(it.ModSeq, "MODSEQ", itemModSeq)
	add(it.GMMsgID, "X-GM-MSGID", itemMsgID)
	add(it.GMLabels, "X-GM-LABELS", itemLabels)
	switch {
	case it.Header && len(it.HeaderFields) > 0:
		return "", 0, errors.New("FETCH: both the whole header and single lines of it are asked for")
	case len(it.HeaderFields) > 0:
		for _, f := range it.HeaderFields {
			if !validFieldName(f) {
				return "", 0, fmt.Errorf("FETCH: %q is not the name of a header line", f)
			}
		}
		add(true, "BODY.PEEK[HEADER.FIELDS ("+strings.Join(it.HeaderFields, " ")+")]", itemHeader)
	case it.Header:
		add(true, "BODY.PEEK[HEADER]", itemHeader)
	}
	if it.Part > 0 {
		add(it.Body, "BODY.PEEK[]<0."+strconv.FormatInt(it.Part, 10)+">", itemBody)
	} else {
		add(it.Body, "BODY.PEEK[]", itemBody)
	}
	s := "(" + strings.Join(w, " ") + ")"
	if it.ChangedSince > 0 {
		s += " (CHANGEDSINCE " + strconv.FormatUint(it.ChangedSince, 10)
		if it.Vanished {
			s += " VANISHED"
		}
		s += ")"
	} else if it.Vanished {
		return "", 0, errors.New("FETCH: VANISHED without CHANGEDSINCE")
	}
	return s, mask, nil
}

// validFieldName accepts an atom, as RFC 5322 field names nearly always are.
func validFieldName(f string) bool {
	if f == "" {
		return false
	}
	for i := range len(f) {
		if c := f[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`(){%*"\]:[`, c) >= 0 {
			return false
		}
	}
	return true
}
