package follow

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
)

// counts are the names of all folders of an account and what the server counts in
// them, as a value that is another one when something is.
type counts struct {
	sum [sha256.Size]byte
	// flags: a change of flags is a change of it (CONDSTORE).
	flags bool
}

// look asks for the counts. It may be sent again without harm.
func look(ctx context.Context, k *session.Link) (counts, error) {
	var all []imapconn.ListData
	var told map[string]*imap.StatusData
	flags := false
	err := k.Do(ctx, func(c *imapconn.Conn) error {
		flags = c.Has(imap.CapCondStore)
		told = make(map[string]*imap.StatusData)
		var o *imapconn.ListOptions
		if c.Has(imap.CapListExtended) && c.Has(imap.CapListStatus) {
			o = &imapconn.ListOptions{ReturnStatus: &imap.StatusOptions{
				NumMessages: true, UIDNext: true, UIDValidity: true, NumUnseen: true, HighestModSeq: flags,
			}}
		}
		p, err := c.StartList(ctx, "", "*", o)
		if err != nil {
			return err
		}
		if all, err = p.Wait(ctx); err != nil {
			return err
		}
		for i := range all {
			if all[i].Status != nil {
				told[all[i].Name] = all[i].Status
			}
		}
		return nil
	})
	if err != nil {
		return counts{}, err
	}
	var ask []string
	for i := range all {
		if told[all[i].Name] == nil && !all[i].HasAttr(imap.MailboxAttrNoSelect) && !all[i].HasAttr(imap.MailboxAttrNonExistent) {
			ask = append(ask, all[i].Name)
		}
	}
	if len(ask) > 0 {
		more, err := k.Status(ctx, ask)
		if err != nil {
			return counts{}, err
		}
		for name, d := range more {
			told[name] = d
		}
	}
	slices.SortFunc(all, func(a, b imapconn.ListData) int { return strings.Compare(a.Name, b.Name) })
	h := sha256.New()
	var b []byte
	for i := range all {
		b = appendCounts(b[:0], all[i].Name, told[all[i].Name])
		_, _ = h.Write(b) // never fails
	}
	var out counts
	h.Sum(out.sum[:0])
	out.flags = flags
	return out, nil
}

// appendCounts appends a folder in a form in which no other folder has it.
func appendCounts(b []byte, name string, d *imap.StatusData) []byte {
	b = binary.AppendUvarint(b, uint64(len(name)))
	b = append(b, name...)
	if d == nil {
		return append(b, 0)
	}
	b = append(b, 1)
	for _, n := range []*uint32{d.NumMessages, d.NumUnseen} {
		if n == nil {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(append(b, 1), uint64(*n))
	}
	b = binary.AppendUvarint(b, uint64(d.UIDNext))
	b = binary.AppendUvarint(b, uint64(d.UIDValidity))
	return binary.AppendUvarint(b, d.HighestModSeq)
}
