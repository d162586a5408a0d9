package imapconn

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// maxCommand is the longest command sent, in bytes: RFC 7162 section 4 asks
// servers for 8192.
const maxCommand = 8000

// StoreOptions say how flags are changed.
type StoreOptions struct {
	// Op sets, adds or removes.
	Op imap.StoreFlagsOp
	// Silent asks the server not to repeat the result.
	Silent bool
	// UnchangedSince changes only messages whose MODSEQ is not above; 0 for
	// all. Capability: CONDSTORE (RFC 7162 section 3.1.3).
	UnchangedSince uint64
}

// StoreData is what the server told about a change.
type StoreData struct {
	// Changed are the flags as FETCH replies told them, without UID left out. There may
	// be fewer of them than messages.
	Changed []FlagChange
	// Modified are the UIDs not touched because of UnchangedSince.
	Modified imap.UIDSet
}

// UIDStore changes flags. A set too long for one command is sent as several;
// the first refusal is returned when all are answered.
// State: selected. RFC 3501 section 6.4.6.
func (c *Conn) UIDStore(ctx context.Context, set imap.UIDSet, flags []imap.Flag, o StoreOptions) (*StoreData, error) {
	words := make([]string, len(flags))
	for i, f := range flags {
		if !ValidFlag(string(f)) {
			return nil, fmt.Errorf("UID STORE: %q cannot be a flag", string(f))
		}
		words[i] = string(f)
	}
	return c.store(ctx, set, "FLAGS", Raw("("+strings.Join(words, " ")+")"), o)
}

// UIDStoreLabels changes Gmail labels, raw names as LIST gives them.
// Capability: X-GM-EXT-1. State: selected.
func (c *Conn) UIDStoreLabels(ctx context.Context, set imap.UIDSet, labels []string, o StoreOptions) (*StoreData, error) {
	b := []byte{'('}
	for i, l := range labels {
		if i > 0 {
			b = append(b, ' ')
		}
		switch {
		case !imapwire.IsQuotable(l) || l == "":
			return nil, fmt.Errorf("UID STORE X-GM-LABELS: the label %q is not 7-bit text", l)
		case l[0] == '\\' && ValidFlag(l):
			b = append(b, l...)
		default:
			b = imapwire.AppendQuoted(b, l)
		}
	}
	return c.store(ctx, set, "X-GM-LABELS", Raw(append(b, ')')), o)
}

func (c *Conn) store(ctx context.Context, set imap.UIDSet, item string, value Raw, o StoreOptions) (*StoreData, error) {
	switch o.Op {
	case imap.StoreFlagsAdd:
		item = "+" + item
	case imap.StoreFlagsDel:
		item = "-" + item
	}
	if o.Silent {
		item += ".SILENT"
	}
	if o.UnchangedSince > 0 {
		item = "(UNCHANGEDSINCE " + strconv.FormatUint(o.UnchangedSince, 10) + ") " + item
	}
	d, most, room, astray := &StoreData{}, 4*setSize(set), maxChanged, 0
	take := func(v any) bool {
		switch v := v.(type) {
		case fetchReply:
			if v.m.HasFlags && set.Contains(v.m.UID) && uint64(len(d.Changed)) < most && room > 0 {
				room -= v.m.costOf()
				d.Changed = append(d.Changed, v.m.change())
			}
		case *Response:
			// It belongs into the tagged reply; few are forgiven elsewhere.
			if astray++; astray > 16 {
				return false
			}
			return d.modified(v)
		default:
			return false
		}
		return true
	}
	finish := func(r *Response) { d.modified(r) }
	return d, c.eachSet(ctx, "UID STORE", set, len(item)+len(value), func(s string) (*Command, error) {
		return c.send(ctx, &Command{name: "UID STORE", take: take, finish: finish}, Raw(s), Raw(item), value)
	})
}

func (d *StoreData) modified(r *Response) bool {
	if r.Code != "MODIFIED" {
		return false
	}
	set, _ := parseSet([]byte(r.CodeArgs))
	d.Modified = join(d.Modified, set)
	return true
}

// eachSet sends a command for each part of a set that fits one line and that the
// server carries out in one go, then waits for all of them. What a server left
// undone is asked for again.
func (c *Conn) eachSet(ctx context.Context, name string, set imap.UIDSet, rest int, send func(string) (*Command, error)) error {
	if len(set) == 0 {
		return fmt.Errorf("%s: no UIDs given", name)
	}
	var first error
	for len(set) > 0 {
		parts := splitSet(set, maxCommand-rest-64, c.MessageLimit())
		cmds := make([]*Command, 0, len(parts))
		for _, part := range parts {
			cmd, err := send(part.String())
			if err != nil {
				return err
			}
			cmds = append(cmds, cmd)
		}
		set = nil
		for i, cmd := range cmds {
			err := c.Wait(ctx, cmd)
			if c.err != nil {
				return err
			}
			if err == nil && cmd.part != nil {
				left := below(parts[i], cmd.part.lowest)
				if cmd.part.lowest == 0 || setSize(left) == setSize(parts[i]) {
					err = &PartlyError{Reply: cmd.part.reply, Rest: left}
				} else {
					set = append(set, left...)
				}
			}
			if err != nil && first == nil {
				first = err
			}
		}
	}
	return first
}

// splitSet cuts a set into parts whose text is at most limit bytes long and that
// name at most most messages, 0 for any number.
func splitSet(set imap.UIDSet, limit, most int) []imap.UIDSet {
	const longest = len("4294967295:4294967295,")
	if most > 0 {
		set = narrowed(set, most)
	}
	var parts []imap.UIDSet
	from, size, messages := 0, 0, uint64(0)
	for i := range set {
		n := setSize(set[i : i+1])
		if i > from && (size+longest > limit || most > 0 && messages+n > uint64(most)) {
			parts = append(parts, set[from:i])
			from, size, messages = i, 0, 0
		}
		size += len(set[i:i+1].String()) + 1
		messages += n
	}
	return append(parts, set[from:])
}

// narrowed is the set in ranges of at most most messages.
func narrowed(set imap.UIDSet, most int) imap.UIDSet {
	out := make(imap.UIDSet, 0, len(set))
	for _, r := range set {
		for uint64(r.Stop)-uint64(r.Start) >= uint64(most) {
			out = append(out, imap.UIDRange{Start: r.Start, Stop: r.Start + imap.UID(most) - 1})
			r.Start += imap.UID(most)
		}
		out = append(out, r)
	}
	return out
}

// ValidFlag reports whether f can stand in a flag list: an atom, with a
// backslash in front for a system flag (RFC 3501 section 9, flag). A closing
// bracket is let through, Gmail's own keywords have it. Store and append refuse
// other flags before anything is sent.
func ValidFlag(f string) bool {
	f = strings.TrimPrefix(f, `\`)
	if f == "" {
		return false
	}
	for i := range len(f) {
		if ch := f[i]; ch <= ' ' || ch >= 0x7f || strings.IndexByte(`(){%*"\`, ch) >= 0 {
			return false
		}
	}
	return true
}

// UIDExpunge removes those messages of the set that are marked \Deleted.
// Capability: UIDPLUS. State: selected. RFC 4315 section 2.1.
func (c *Conn) UIDExpunge(ctx context.Context, set imap.UIDSet) error {
	return c.eachSet(ctx, "UID EXPUNGE", set, 0, func(s string) (*Command, error) {
		return c.send(ctx, &Command{name: "UID EXPUNGE"}, Raw(s))
	})
}

// Expunge removes all messages marked \Deleted. State: selected. RFC 3501
// section 6.4.3.
func (c *Conn) Expunge(ctx context.Context) error { return c.run(ctx, "EXPUNGE") }

// CopyData says where messages went: Source[i] became Dest[i]. Both are nil
// when the server did not tell (UIDPLUS, RFC 4315).
type CopyData struct {
	UIDValidity  uint32
	Source, Dest []imap.UID
}

// UIDCopy copies messages to another mailbox. State: selected. RFC 3501
// section 6.4.7.
func (c *Conn) UIDCopy(ctx context.Context, set imap.UIDSet, mailbox string) (*CopyData, error) {
	return c.copyOrMove(ctx, "UID COPY", set, mailbox)
}

// UIDMove moves messages to another mailbox. Capability: MOVE. State:
// selected. RFC 6851.
func (c *Conn) UIDMove(ctx context.Context, set imap.UIDSet, mailbox string) (*CopyData, error) {
	return c.copyOrMove(ctx, "UID MOVE", set, mailbox)
}

func (c *Conn) copyOrMove(ctx context.Context, name string, set imap.UIDSet, mailbox string) (*CopyData, error) {
	d := &CopyData{}
	take := func(v any) bool {
		r, ok := v.(*Response)
		return ok && d.add(r)
	}
	finish := func(r *Response) { d.add(r) }
	return d, c.eachSet(ctx, name, set, len(mailbox), func(s string) (*Command, error) {
		return c.send(ctx, &Command{name: name, take: take, finish: finish}, Raw(s), Str(mailbox))
	})
}

// add reads COPYUID validity source dest; one that does not add up is dropped.
func (d *CopyData) add(r *Response) bool {
	if r.Code != "COPYUID" {
		return false
	}
	f := strings.Fields(r.CodeArgs)
	if len(f) != 3 {
		return true
	}
	v, ok := parseNum32([]byte(f[0]))
	src, ok1 := orderedUIDs(f[1])
	dst, ok2 := orderedUIDs(f[2])
	if ok && ok1 && ok2 && len(src) == len(dst) {
		d.UIDValidity = v
		d.Source = append(d.Source, src...)
		d.Dest = append(d.Dest, dst...)
	}
	return true
}

// maxCopied bounds the UIDs listed in one APPENDUID or COPYUID.
const maxCopied = 1 << 20

// orderedUIDs lists the UIDs of a set in the order in which they stand there,
// which is the order of the messages (RFC 4315 section 3).
func orderedUIDs(s string) ([]imap.UID, bool) {
	var uids []imap.UID
	for part := range strings.SplitSeq(s, ",") {
		set, ok := parseSet([]byte(part))
		if !ok {
			return nil, false
		}
		more, ok := expand(set, maxCopied-uint64(len(uids)))
		if !ok {
			return nil, false
		}
		uids = append(uids, more...)
	}
	return uids, true
}
