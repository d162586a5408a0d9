package survey

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
)

// SearchesFlags reports whether a server can be asked for flags with AsksState and
// AsksKeywords: where answers to several searches can be told apart (ESEARCH, RFC 4731).
func SearchesFlags(c *imapconn.Conn) bool { return c != nil && c.Has(imap.CapESearch) }

// systemFlags are the flags that have a key of their own in SEARCH (RFC 3501 section
// 6.4.4), and "" for the messages without \Seen: with those that have it they are all of
// them, and a server that is asked for all once more has to tell each message twice.
var systemFlags = []string{"", `\seen`, `\answered`, `\flagged`, `\deleted`, `\draft`}

// Searchable reports whether a flag in lower case is one of those that AsksState asks for.
func Searchable(flag string) bool { return flag != "" && slices.Contains(systemFlags, flag) }

// criterion is what finds the messages with a flag.
func criterion(flag string) string {
	switch {
	case flag == "":
		return "UNSEEN"
	case flag[0] == '\\':
		return flag[1:]
	}
	return "KEYWORD " + flag
}

// maxSearched bounds what is kept of the searches of a Prefetch, in ranges of UIDs, eight
// bytes each.
const maxSearched = 1 << 20

// flagSearches are the searches in one folder. Of what they find a digest is kept, and the
// sets themselves where there is room.
type flagSearches struct {
	flags   []string
	pending []*imapconn.Pending[imapconn.SearchData]
	digest  FlagDigest
	sets    FlagSets
	newest  FlagSets // the same, of the newest messages
	told    bool     // all searches were answered
}

func (f *flagSearches) send(ctx context.Context, conn *imapconn.Conn, flags []string) error {
	f.flags = flags
	for _, flag := range flags {
		p, err := conn.StartUIDSearch(ctx, criterion(flag))
		if err != nil {
			return err
		}
		f.pending = append(f.pending, p)
	}
	return nil
}

func (f *flagSearches) done() bool {
	for _, p := range f.pending {
		if !p.Done() {
			return false
		}
	}
	return true
}

// wait waits for the answers; a refusal is one. The sets are kept if they have at most so many
// ranges; n is how many they have then. Those of the messages from a UID on are kept always.
func (f *flagSearches) wait(ctx context.Context, most int, newest imap.UID) (n int, err error) {
	if len(f.pending) == 0 {
		return 0, nil
	}
	sets := make(FlagSets, len(f.flags))
	told := true
	for i, p := range f.pending {
		d, err := p.Wait(ctx)
		if err != nil && !session.IsRefusal(err) {
			return 0, err
		}
		told = told && err == nil && !d.Untold
		sets[f.flags[i]] = d.All
		n += len(d.All)
	}
	if unseen, asked := sets[""]; asked {
		var apart bool
		sets[""], apart = joined(sets[`\seen`], unseen)
		told = told && apart
	}
	f.digest, f.newest, f.told, f.pending = sets.Digest(), sets.From(newest), told, nil
	if !told || n > most {
		return 0, nil
	}
	f.sets = sets
	return n, nil
}
