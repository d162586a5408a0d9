package models

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// keeps sorts out what becomes of flags: those that are kept, whether \Deleted is among
// them, and one that is refused.
func (m *Model) keeps(flags []string) (kept []string, deleted bool, refused string) {
	for _, f := range flags {
		switch {
		case strings.EqualFold(f, `\Deleted`):
			deleted = true
		case strings.EqualFold(f, `\Recent`):
		case strings.HasPrefix(f, `\`):
			for _, known := range []string{`\Seen`, `\Answered`, `\Flagged`, `\Draft`} {
				if strings.EqualFold(known, f) {
					kept = append(kept, known)
				}
			}
		case m.OnlyFlags == nil || slices.ContainsFunc(m.OnlyFlags, func(k string) bool { return strings.EqualFold(k, f) }):
			kept = append(kept, f)
		case m.RefusesFlags:
			return nil, false, f
		}
	}
	return kept, deleted, ""
}

// append is APPEND, of several messages where the model has MULTIAPPEND. c.a.mu is
// held, but not while a message is waited for.
func (c *session) append(cmd *command) error {
	s := cmd.scan()
	name := s.word()
	var uids []string
	var b *box
	refusal := ""
	for n := 0; ; n++ {
		m := announced.FindStringSubmatchIndex(s.text)
		if m == nil {
			if n == 0 || !s.end() {
				return c.bad(cmd, "")
			}
			break
		}
		if n > 0 && !c.has("MULTIAPPEND") {
			return c.bad(cmd, "")
		}
		size, free := s.text[m[2]:m[3]], m[4] < m[5]
		args := &scanner{text: s.text[:m[0]]}
		var flags []string
		if args.peek("(") {
			flags = args.list()
		}
		date := time.Now()
		if !args.end() {
			t, err := time.Parse("_2-Jan-2006 15:04:05 -0700", args.word())
			if err != nil {
				refusal = "BAD Command Argument Error. 11"
			}
			date = t
		}
		bytes, _ := strconv.ParseInt(size, 10, 64)
		kept, deleted, refused := c.m.keeps(flags)
		b = c.a.box(name)
		switch l := &c.m.Limits; {
		case refusal != "":
		case b == nil || b.noSelect:
			refusal = "NO [TRYCREATE] No folder " + name + " (Failure)"
		case refused != "":
			refusal = "BAD Command Argument Error. 11"
		case l.Message > 0 && bytes > l.Message:
			refusal = l.MessageText
		}
		if refusal != "" && !free {
			break
		}
		c.a.mu.Unlock()
		body, err := c.literal(size, free)
		if l := &c.m.Limits; l.PerMebibyte > 0 && bytes > l.SlowFrom {
			time.Sleep(l.PerMebibyte * time.Duration(bytes) >> 20)
		}
		var rest string
		if err == nil {
			rest, err = c.line()
		}
		c.a.mu.Lock()
		if err != nil {
			return err
		}
		s.text = rest
		if refusal != "" {
			continue
		}
		if c.a.worked() {
			if err := c.throttled(cmd); err != nil {
				return err
			}
			return nil
		}
		if c.a.moved(bytes, true) {
			c.bye(c.m.Limits.DayText)
			return errBye
		}
		uid := c.a.store(b, body, kept, date)
		if deleted {
			b.find(uid).deleted = true
		}
		uids = append(uids, strconv.FormatUint(uint64(uid), 10))
	}
	if refusal != "" {
		if strings.HasPrefix(refusal, "BAD ") {
			return c.bad(cmd, strings.TrimPrefix(refusal, "BAD "))
		}
		c.tell(cmd.tag + " " + refusal)
		return nil
	}
	c.news()
	code := ""
	if c.has("UIDPLUS") {
		code = fmt.Sprintf("[APPENDUID %d %s] ", b.validity, strings.Join(uids, ","))
	}
	return c.ok(cmd, code+"(Success)")
}

// store is STORE of flags and labels.
func (c *session) store(cmd *command, s *scanner) error {
	byUID := cmd.verb == "UID STORE"
	set := s.set()
	if s.peek("(") { // UNCHANGEDSINCE
		s.list()
	}
	what := strings.ToUpper(s.word())
	silent := strings.HasSuffix(what, ".SILENT")
	what = strings.TrimSuffix(what, ".SILENT")
	values := s.list()
	op := what[:min(1, len(what))]
	if op != "+" && op != "-" {
		op = ""
	}
	if s.bad || c.uidOnly && !byUID {
		return c.bad(cmd, "")
	}
	if c.readOnly {
		return c.no(cmd, "The folder is read-only.")
	}
	entries, more := c.chosen(set, byUID)
	if strings.TrimLeft(what, "+-") == "X-GM-LABELS" && c.m.Labels {
		for _, e := range entries {
			c.storeLabels(e, op, values)
		}
		c.news()
		return c.ok(cmd, more+"STORE completed.")
	}
	kept, deleted, refused := c.m.keeps(values)
	if refused != "" || strings.TrimLeft(what, "+-") != "FLAGS" {
		return c.bad(cmd, "")
	}
	for _, e := range entries {
		switch op {
		case "+":
			e.m.Flags = sorted(append(e.m.Flags, kept...))
			e.deleted = e.deleted || deleted
		case "-":
			e.m.Flags = slices.DeleteFunc(slices.Clone(e.m.Flags), func(f string) bool { return slices.Contains(kept, f) })
			e.deleted = e.deleted && !deleted
		default:
			e.m.Flags, e.deleted = sorted(kept), deleted
		}
		e.modseq = c.a.tick()
		for b, uid := range e.m.in {
			if o := b.find(uid); o != nil {
				o.modseq = e.modseq
			}
			b.modseq = e.modseq
		}
		if c.m.Labels {
			c.a.views(e.m, c.box)
		}
		if !silent {
			at, _ := slices.BinarySearch(c.seen, e.uid)
			seq := fmt.Sprintf("* %d FETCH (UID %d", at+1, e.uid)
			if c.uidOnly {
				seq = fmt.Sprintf("* %d UIDFETCH (UID %d", e.uid, e.uid)
			}
			c.tell(seq + " FLAGS (" + strings.Join(e.flags(), " ") + "))")
		}
	}
	c.news()
	return c.ok(cmd, more+"STORE completed.")
}

// storeLabels changes in which folders a message lies.
func (c *session) storeLabels(e *entry, op string, labels []string) {
	of := func(label string) *box {
		switch label {
		case `\Inbox`:
			return c.a.box("INBOX")
		case `\Draft`:
			return c.a.ofRole(`\Drafts`)
		case `\Starred`:
			return c.a.ofRole(`\Flagged`)
		}
		if strings.HasPrefix(label, `\`) {
			return c.a.ofRole(label)
		}
		if b := c.a.box(label); b != nil {
			return b
		}
		return c.a.make(label)
	}
	var want []*box
	for _, l := range labels {
		if b := of(l); b != nil {
			want = append(want, b)
		}
	}
	for _, b := range want {
		if op == "-" {
			c.a.leave(b, e.m)
		} else {
			c.a.labelled(b, e.m)
		}
	}
	if op != "" {
		return
	}
	for _, b := range c.a.boxes {
		if b != c.box && b.role != `\All` && b.role != `\Flagged` && !slices.Contains(want, b) {
			c.a.leave(b, e.m)
		}
	}
}

// copy is COPY and MOVE.
func (c *session) copy(cmd *command, s *scanner) error {
	set := s.set()
	name := s.word()
	move := strings.HasSuffix(cmd.verb, "MOVE")
	to := c.a.box(name)
	switch {
	case s.bad || move && !c.has("MOVE"):
		return c.bad(cmd, "")
	case to == nil || to.noSelect:
		return c.no(cmd, "[TRYCREATE] No folder "+name+" (Failure)")
	case move && c.readOnly:
		return c.no(cmd, "The folder is read-only.")
	}
	entries, more := c.chosen(set, strings.HasPrefix(cmd.verb, "UID "))
	if more != "" {
		return c.no(cmd, more+"Too many messages.")
	}
	var from, at []string
	for _, e := range entries {
		m := e.m
		if !c.m.Labels {
			twin := *e.m
			twin.Flags, twin.in = slices.Clone(e.m.Flags), nil
			m = &twin
		}
		from = append(from, strconv.FormatUint(uint64(e.uid), 10))
		at = append(at, strconv.FormatUint(uint64(c.a.labelled(to, m)), 10))
		if move {
			e.deleted = true
		}
	}
	code := ""
	if c.has("UIDPLUS") && len(from) > 0 {
		code = fmt.Sprintf("[COPYUID %d %s %s] ", to.validity, strings.Join(from, ","), strings.Join(at, ","))
	}
	if move {
		if code != "" {
			c.tell("* OK " + code)
			code = ""
		}
		c.a.expunge(c.box, func(e *entry) bool { return slices.Contains(entries, e) })
	}
	c.news()
	return c.ok(cmd, code+"completed.")
}

// Keeps are the flags that are kept of some, sorted; \Deleted is not among them.
func (m *Model) Keeps(flags []string) []string {
	var out []string
	for _, f := range flags {
		kept, _, _ := m.keeps([]string{f})
		out = append(out, kept...)
	}
	return sorted(out)
}
