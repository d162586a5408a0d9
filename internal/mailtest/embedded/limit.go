package embedded

import (
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// limitedSession carries a command out for so many messages at most, those with
// the highest UIDs, and says OK all the same (RFC 9738), as Yahoo does. It does not
// announce that, and searches all messages.
type limitedSession struct {
	imapserver.SessionIMAP4rev2
	limit func() int
}

// limited makes a session of a limited server, if it shall be one.
func (o Options) limited(s imapserver.Session) imapserver.Session {
	if full, ok := s.(imapserver.SessionIMAP4rev2); ok && o.MessageLimit != nil {
		return limitedSession{full, o.MessageLimit}
	}
	return s
}

// some are the messages of a set that are dealt with; the error is the reply that
// tells that they are not all, nil when they are.
func (s limitedSession) some(set imap.NumSet) (imap.UIDSet, error, error) {
	criteria := &imap.SearchCriteria{}
	switch set := set.(type) {
	case imap.UIDSet:
		criteria.UID = []imap.UIDSet{set}
	case imap.SeqSet:
		criteria.SeqNum = []imap.SeqSet{set}
	}
	found, err := s.Search(imapserver.NumKindUID, criteria, &imap.SearchOptions{ReturnAll: true})
	if err != nil {
		return nil, nil, err
	}
	uids, most := found.AllUIDs(), s.limit()
	if most == 0 || len(uids) <= most {
		return imap.UIDSetNum(uids...), nil, nil
	}
	slices.Sort(uids)
	uids = uids[len(uids)-most:]
	return imap.UIDSetNum(uids...), &imap.Error{
		Type: imap.StatusResponseTypeOK, Code: imap.ResponseCode(fmt.Sprintf("MESSAGELIMIT %d %d", most, uids[0])), Text: "done in part",
	}, nil
}

// Fetch is FETCH and UID FETCH.
func (s limitedSession) Fetch(w *imapserver.FetchWriter, set imap.NumSet, options *imap.FetchOptions) error {
	some, partly, err := s.some(set)
	if err != nil {
		return err
	}
	if len(some) > 0 {
		if err := s.SessionIMAP4rev2.Fetch(w, some, options); err != nil {
			return err
		}
	}
	return partly
}

// Store is STORE and UID STORE.
func (s limitedSession) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags, options *imap.StoreOptions) error {
	some, partly, err := s.some(set)
	if err != nil {
		return err
	}
	if len(some) > 0 {
		if err := s.SessionIMAP4rev2.Store(w, some, flags, options); err != nil {
			return err
		}
	}
	return partly
}

// Expunge is UID EXPUNGE; EXPUNGE has no limit.
func (s limitedSession) Expunge(w *imapserver.ExpungeWriter, uids *imap.UIDSet) error {
	if uids == nil {
		return s.SessionIMAP4rev2.Expunge(w, nil)
	}
	some, partly, err := s.some(*uids)
	if err != nil {
		return err
	}
	if err := s.SessionIMAP4rev2.Expunge(w, &some); err != nil {
		return err
	}
	return partly
}
