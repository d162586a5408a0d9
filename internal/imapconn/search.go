package imapconn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// maxFound bounds the UIDs of one search, whatever EXISTS says: they are put
// into memory, and a server names any number of them in twenty bytes.
const maxFound = maxInMailbox

// maxRanges bounds the pieces that the UIDs of one search may come in, eight bytes each: a
// folder with so many gaps holds more messages than any that is known.
const maxRanges = 4 << 20

// SearchData is the answer to a search with result options (RFC 4731).
type SearchData struct {
	// All are the UIDs found, as the server grouped them.
	All imap.UIDSet
	// Min, Max and Count are zero when the server did not give them.
	Min, Max imap.UID
	Count    uint32
	// ModSeq is the highest among them, or zero.
	ModSeq uint64

	// Untold: no line answered the question. There is none where the folder is empty, or
	// where the server was seen to leave the line out when nothing is found.
	Untold bool

	partial bool // ALL held something that cannot be read
	// answered: something was the answer to the question; foreign: something was the
	// answer to another one.
	answered, foreign bool
}

// UIDSearch returns the UIDs that match the criteria (as they stand behind
// SEARCH, "ALL" for instance), in ascending order. It uses ESEARCH, whose
// answer is short, where the server has it. NO and BAD are errors, and so is an
// answer that cannot be read: a list that may lack messages is never returned.
// OK without a line says nothing, see search.
// State: selected. RFC 3501 section 6.4.4.
func (c *Conn) UIDSearch(ctx context.Context, criteria string) ([]imap.UID, error) {
	set, err := c.UIDSearchSet(ctx, criteria)
	if err != nil {
		return nil, err
	}
	uids, _ := expand(set, maxFound)
	return uids, nil
}

// UIDSearchSet is UIDSearch, and does not list the UIDs one by one.
func (c *Conn) UIDSearchSet(ctx context.Context, criteria string) (imap.UIDSet, error) {
	var ret []string
	if c.Has(imap.CapESearch) {
		ret = []string{"ALL"}
	}
	d, err := c.UIDSearchReturn(ctx, criteria, ret...)
	if err != nil {
		return nil, err
	}
	most := uint64(maxFound)
	if c.mailbox != nil {
		most = min(most, uint64(c.mailbox.Exists)+uint64(c.mailbox.Exists)/4+someMore)
	}
	if n := setSize(d.All); n > most {
		return nil, fmt.Errorf("UID SEARCH %s: the server names %d messages, and the folder holds no more than %d", criteria, n, most)
	}
	return d.All, nil
}

// UIDSearchReturn searches with result options such as ALL, COUNT, MIN, MAX
// (RFC 4731, capability ESEARCH; none for a plain search). A server that
// answers with plain SEARCH lines is understood too, and one that searches a part
// of the messages at a time is asked again.
func (c *Conn) UIDSearchReturn(ctx context.Context, criteria string, ret ...string) (*SearchData, error) {
	all, done, err := c.search(ctx, criteria, ret)
	// Nothing is left below UID 1.
	for lowest := imap.UID(0); err == nil && done != nil && done.lowest != 1; {
		if done.lowest == 0 || lowest > 0 && done.lowest >= lowest {
			return nil, &PartlyError{Reply: done.reply}
		}
		lowest = done.lowest
		var more *SearchData
		if more, done, err = c.search(ctx, fmt.Sprintf("%s UID 1:%d", criteria, lowest-1), ret); err == nil {
			all.add(more)
		}
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// searchOnce is one command; done is how far it got, nil when all was searched.
func (c *Conn) searchOnce(ctx context.Context, criteria string, ret []string) (d *SearchData, done *part, err error) {
	var args []Arg
	if len(ret) > 0 {
		args = append(args, Raw("RETURN ("+strings.Join(ret, " ")+")"))
	}
	args = append(args, Raw(criteria))
	cmd := &Command{name: "UID SEARCH"}
	d = &SearchData{}
	var plain collector
	scattered := false
	cmd.take = func(v any) bool {
		switch v := v.(type) {
		case searchReply:
			if plain.addSet(v.uids); len(plain.set) > maxRanges {
				plain.tidy()
			}
			if len(plain.set) > maxRanges || scattered {
				plain, scattered = collector{}, true // the rest is read and not kept
			}
			d.partial = d.partial || v.junk
			d.answered = true
		case esearchReply:
			if v.tag != "" && !strings.EqualFold(v.tag, cmd.tag) || !v.uids && v.data.names() || v.data.withholds(ret) {
				d.foreign = true
				return false
			}
			foreign := d.foreign
			*d = v.data
			d.answered, d.foreign = true, foreign
		default:
			return false
		}
		return true
	}
	if _, err := c.send(ctx, cmd, args...); err != nil {
		return nil, nil, err
	}
	if err := c.Wait(ctx, cmd); err != nil {
		return nil, nil, err
	}
	if scattered || len(d.All) > maxRanges {
		return nil, nil, fmt.Errorf("UID SEARCH %s: the server names UIDs in more than %d pieces, and no more are kept", criteria, maxRanges)
	}
	if d.partial {
		return nil, nil, fmt.Errorf("UID SEARCH %s: the server's answer is not a list of UIDs", criteria)
	}
	d.All = join(d.All, plain.all())
	return d, cmd.part, nil
}

// search is searchOnce, and once more in the plain form where nothing came that answers
// the question: nothing is not the same as none. RFC 3501 section 7.2.5 wants a line
// also where nothing is found; some servers leave it out then. Of a folder that is not
// empty they have to name messages in another answer before their silence counts.
func (c *Conn) search(ctx context.Context, criteria string, ret []string) (d *SearchData, done *part, err error) {
	d, done, err = c.searchOnce(ctx, criteria, ret)
	if err != nil || d.answered {
		return d, done, err
	}
	foreign := d.foreign
	d, done, err = c.searchOnce(ctx, criteria, nil)
	if err != nil || d.answered {
		return d, done, err
	}
	if foreign || d.foreign {
		return nil, nil, fmt.Errorf("UID SEARCH %s: the server answers another question (ESEARCH with another tag, without UID, or without the messages that it counts)", criteria)
	}
	d.Untold = true
	if c.mailbox != nil && c.mailbox.Exists == 0 {
		return d, done, nil
	}
	all := strings.EqualFold(criteria, "ALL")
	if !all && !c.silentNone {
		seen, _, err := c.searchOnce(ctx, "ALL", nil)
		if err != nil {
			return nil, nil, err
		}
		c.silentNone = len(seen.All) > 0
	}
	if all || !c.silentNone {
		return nil, nil, fmt.Errorf("UID SEARCH %s: %w", criteria, ErrUntold)
	}
	return d, done, nil
}

// ErrUntold is why a search that the server says it has done cannot be used.
var ErrUntold = errors.New("the server says OK and no line SEARCH, twice: which messages it has found is not known")

// withholds reports whether the messages were asked for and d says that there are some
// without naming them. ALL is left out only where there is none (RFC 4731 section 3.1).
func (d *SearchData) withholds(ret []string) bool {
	return (len(ret) == 0 || slices.Contains(ret, "ALL")) && len(d.All) == 0 && !d.partial && (d.Count > 0 || d.Min > 0 || d.Max > 0)
}

// names reports whether d names messages.
func (d *SearchData) names() bool { return len(d.All) > 0 || d.partial || d.Min > 0 || d.Max > 0 }

// add adds what was found below.
func (d *SearchData) add(more *SearchData) {
	d.All = join(d.All, more.All)
	if more.Min > 0 {
		d.Min = more.Min
	}
	d.Max = max(d.Max, more.Max)
	d.Count += more.Count
	d.ModSeq = max(d.ModSeq, more.ModSeq)
}

// parseSearch reads numbers; sets are forgiven, words are junk.
func parseSearch(sc *imapwire.Scanner) (uids imap.UIDSet, junk bool, err error) {
	var found collector
	for {
		k, v, err := sc.Token()
		if err != nil || k == imapwire.End {
			return found.all(), junk, err
		}
		if k == imapwire.Open {
			// (MODSEQ n) of CONDSTORE.
			for k != imapwire.Close && k != imapwire.End {
				if k, _, err = sc.Token(); err != nil {
					return found.all(), junk, err
				}
			}
			continue
		}
		if n, ok := parseNum32(v); ok && n > 0 {
			found.add(imap.UID(n), imap.UID(n))
			continue
		}
		set, ok := parseSet(v)
		if !ok {
			junk = true
			continue
		}
		found.addSet(set)
	}
}

// parseESearch reads (TAG "t") UID ALL set COUNT n ... in any order and case.
func parseESearch(sc *imapwire.Scanner) (esearchReply, error) {
	var r esearchReply
	for {
		k, v, err := sc.Token()
		if err != nil || k == imapwire.End {
			return r, err
		}
		if k == imapwire.Open {
			for k != imapwire.Close && k != imapwire.End {
				if k, v, err = sc.Token(); err != nil {
					return r, err
				}
				if (k == imapwire.Atom || k == imapwire.Quoted) && !imapwire.EqualFold(v, "TAG") {
					r.tag = string(v)
				}
			}
			continue
		}
		name := strings.ToUpper(string(v))
		if k != imapwire.Atom || name == "UID" {
			r.uids = r.uids || k == imapwire.Atom
			continue
		}
		sc.Space()
		if b := sc.Rest(); len(b) > 0 && b[0] == '(' {
			if err := sc.SkipValue(); err != nil {
				return r, err
			}
			continue
		}
		k, v, err = sc.Token()
		if err != nil || k == imapwire.End {
			return r, err
		}
		switch name {
		case "ALL":
			set, ok := parseSet(v)
			r.data.All, r.data.partial = set, !ok
		case "MIN":
			n, _ := parseNum32(v)
			r.data.Min = imap.UID(n)
		case "MAX":
			n, _ := parseNum32(v)
			r.data.Max = imap.UID(n)
		case "COUNT":
			r.data.Count, _ = parseNum32(v)
		case "MODSEQ":
			r.data.ModSeq, _ = parseNum64(v)
		}
	}
}

// parseVanished reads "(EARLIER) set".
func parseVanished(sc *imapwire.Scanner) (vanishedReply, error) {
	var r vanishedReply
	for {
		k, v, err := sc.Token()
		if err != nil || k == imapwire.End {
			return r, err
		}
		switch {
		case k != imapwire.Atom:
		case imapwire.EqualFold(v, "EARLIER"):
			r.earlier = true
		default:
			r.uids, _ = parseSet(v)
		}
	}
}
