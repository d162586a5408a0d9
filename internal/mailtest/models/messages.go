package models

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// chosen are the entries that a set names, as far as the command deals with them. more
// is the code of an OK to a part, "" for all.
func (c *session) chosen(set numbers, byUID bool) (out []*entry, more string) {
	last := c.last()
	for i, e := range c.box.shown(c.m, c.uidOnly) {
		n, top := e.uid, last
		if !byUID {
			n, top = uint32(i+1), uint32(len(c.seen))
		}
		if set.has(n, top) {
			out = append(out, e)
		}
	}
	if most := c.m.Limits.PerCommand; most > 0 && len(out) > most {
		out = out[len(out)-most:]
		more = fmt.Sprintf("[MESSAGELIMIT %d %d] ", most, out[0].uid)
	}
	return out, more
}

func (c *session) fetch(cmd *command, s *scanner) error {
	byUID := cmd.verb == "UID FETCH"
	set := s.set()
	items := s.items()
	var modifiers []string
	if s.peek("(") {
		modifiers = s.list()
	}
	if s.bad || len(items) == 0 || c.uidOnly && !byUID {
		return c.bad(cmd, "")
	}
	var since uint64
	for i, m := range modifiers {
		switch strings.ToUpper(m) {
		case "CHANGEDSINCE":
			if i+1 < len(modifiers) {
				since, _ = strconv.ParseUint(modifiers[i+1], 10, 64)
			}
		case "VANISHED":
			c.vanished(since, set)
		}
	}
	entries, more := c.chosen(set, byUID)
	at := make(map[uint32]int, len(c.seen))
	for i, uid := range c.seen {
		at[uid] = i + 1
	}
	for _, e := range entries {
		seq, known := at[e.uid]
		if since > 0 && e.modseq <= since || !known && !c.uidOnly {
			continue
		}
		if err := c.tellMessage(cmd, e, seq, items, byUID, since > 0); err != nil || cmd.verb == "refused" {
			return err
		}
	}
	c.a.use.fetches++
	if n := c.m.Limits.Throttled; n > 0 && c.a.use.fetches%n == 0 {
		return c.ok(cmd, "Success [THROTTLED]")
	}
	if byUID {
		c.news()
	}
	return c.ok(cmd, more+"FETCH completed.")
}

// tellMessage tells of one message.
func (c *session) tellMessage(cmd *command, e *entry, seq int, items []item, byUID, withModSeq bool) error {
	var out []byte
	told := 0
	name := func(n string) {
		if told > 0 {
			out = append(out, ' ')
		}
		told++
		out = append(out, n...)
	}
	if c.uidOnly {
		out = fmt.Appendf(out, "* %d UIDFETCH (", e.uid)
	} else {
		out = fmt.Appendf(out, "* %d FETCH (", seq)
		if byUID {
			name(fmt.Sprintf("UID %d", e.uid))
		}
	}
	whole := int64(0)
	for _, it := range items {
		switch it.name {
		case "UID":
		case "FLAGS":
			name("FLAGS (" + strings.Join(e.flags(), " ") + ")")
		case "INTERNALDATE":
			name(`INTERNALDATE "` + e.m.Date.Format("_2-Jan-2006 15:04:05 -0700") + `"`)
		case "RFC822.SIZE":
			name(fmt.Sprintf("RFC822.SIZE %d", int64(len(e.m.Body))+c.m.SizeOff))
		case "MODSEQ":
			if c.has("CONDSTORE") {
				name(fmt.Sprintf("MODSEQ (%d)", e.modseq))
			}
		case "X-GM-MSGID", "X-GM-THRID":
			if !c.m.Labels {
				return c.bad(cmd, "")
			}
			name(fmt.Sprintf("%s %d", it.name, e.m.id))
		case "X-GM-LABELS":
			if !c.m.Labels {
				return c.bad(cmd, "")
			}
			quoted := c.a.labels(c.box, e.m)
			for i := range quoted {
				if strings.HasPrefix(quoted[i], `\`) {
					quoted[i] = `"` + quoted[i] + `"`
				} else {
					quoted[i] = quote(quoted[i])
				}
			}
			name("X-GM-LABELS (" + strings.Join(quoted, " ") + ")")
		case "BODY", "BODY.PEEK":
			if !it.body {
				return c.bad(cmd, "")
			}
			if c.box.unreadable {
				cmd.verb = "refused"
				return c.no(cmd, "The requested message could not be converted to an RFC-822 compatible format.")
			}
			var data []byte
			switch {
			case it.section == "":
				data, whole = e.m.Body, int64(len(e.m.Body))
				if it.n < 0 {
					c.a.use.bodies++
					if n := c.m.Limits.Empty; n > 0 && c.a.use.bodies%n == 0 && !e.m.emptied {
						e.m.emptied, data = true, nil
					}
				}
			case it.section == "HEADER":
				data = header(e.m.Body)
			case strings.HasPrefix(it.section, "HEADER.FIELDS ("):
				data = lines(e.m.Body, strings.Fields(strings.TrimSuffix(strings.TrimPrefix(it.section, "HEADER.FIELDS ("), ")")))
			default:
				return c.bad(cmd, "")
			}
			label := "BODY[" + it.section + "]"
			if it.n >= 0 {
				label += fmt.Sprintf("<%d>", it.from)
				data = data[min(it.from, len(data)):min(it.from+it.n, len(data))]
				whole = int64(len(data))
			}
			name(fmt.Sprintf("%s {%d}\r\n", label, len(data)))
			out = append(out, data...)
		default:
			return c.bad(cmd, "")
		}
	}
	if withModSeq {
		name(fmt.Sprintf("MODSEQ (%d)", e.modseq))
	}
	if whole > 0 {
		if c.a.worked() {
			return c.throttled(cmd)
		}
		if c.a.moved(whole, false) {
			c.bye(c.m.Limits.DayText)
			return errBye
		}
	}
	c.out.Write(append(out, ")\r\n"...))
	return nil
}

func (c *session) search(cmd *command, s *scanner) error {
	returns := ""
	if s.peek("RETURN") {
		s.word()
		returns = strings.ToUpper(strings.Join(s.list(), " "))
		if !c.has("ESEARCH") {
			return c.bad(cmd, "")
		}
	}
	if s.peek("CHARSET") {
		s.word()
		s.word()
	}
	var tests []func(*entry) bool
	for !s.end() && !s.bad {
		t := c.criterion(s)
		if t == nil {
			return c.bad(cmd, "")
		}
		tests = append(tests, t)
	}
	var found []string
	var last uint64
	for i, e := range c.box.shown(c.m, c.uidOnly) {
		if !slices.ContainsFunc(tests, func(t func(*entry) bool) bool { return !t(e) }) {
			n := uint64(e.uid)
			if cmd.verb == "SEARCH" {
				n = uint64(i + 1)
			}
			found = append(found, strconv.FormatUint(n, 10))
			last = n
		}
	}
	switch {
	case returns == "":
		c.tell(strings.TrimRight("* SEARCH "+strings.Join(found, " "), " "))
	case len(found) == 0:
		c.tell(`* ESEARCH (TAG "` + cmd.tag + `") UID`)
	default:
		c.tell(fmt.Sprintf(`* ESEARCH (TAG "%s") UID COUNT %d MIN %s MAX %d ALL %s`, cmd.tag, len(found), found[0], last, strings.Join(found, ",")))
	}
	return c.ok(cmd, "SEARCH completed.")
}

// criterion reads one criterion; nil for one that is not known.
func (c *session) criterion(s *scanner) func(*entry) bool {
	if s.peek("(") {
		s.text = s.text[1:]
		var all []func(*entry) bool
		for !s.peek(")") && !s.bad {
			t := c.criterion(s)
			if t == nil {
				return nil
			}
			all = append(all, t)
		}
		s.text = strings.TrimPrefix(s.text, ")")
		return func(e *entry) bool {
			return !slices.ContainsFunc(all, func(t func(*entry) bool) bool { return !t(e) })
		}
	}
	s.blanks()
	if s.text != "" && (s.text[0] >= '0' && s.text[0] <= '9' || s.text[0] == '*') {
		return nil
	}
	word := strings.ToUpper(s.word())
	flag := func(f string, want bool) func(*entry) bool {
		return func(e *entry) bool {
			return slices.ContainsFunc(e.flags(), func(g string) bool { return strings.EqualFold(f, g) }) == want
		}
	}
	day := func(text string) (time.Time, bool) {
		t, err := time.Parse("2-Jan-2006", text)
		return t, err == nil
	}
	switch word {
	case "ALL":
		return func(*entry) bool { return true }
	case "NOT":
		t := c.criterion(s)
		if t == nil {
			return nil
		}
		return func(e *entry) bool { return !t(e) }
	case "OR":
		one, two := c.criterion(s), c.criterion(s)
		if one == nil || two == nil {
			return nil
		}
		return func(e *entry) bool { return one(e) || two(e) }
	case "UID":
		set, last := s.set(), c.last()
		return func(e *entry) bool { return set.has(e.uid, last) }
	case "SEEN", "ANSWERED", "FLAGGED", "DELETED", "DRAFT":
		return flag(`\`+word, true)
	case "UNSEEN", "UNANSWERED", "UNFLAGGED", "UNDELETED", "UNDRAFT":
		return flag(`\`+strings.TrimPrefix(word, "UN"), false)
	case "KEYWORD":
		if c.m.RefusesFlags {
			return nil
		}
		return flag(s.word(), true)
	case "LARGER", "SMALLER":
		n, err := strconv.Atoi(s.word())
		if err != nil {
			return nil
		}
		return func(e *entry) bool { return (len(e.m.Body) > n) == (word == "LARGER") && len(e.m.Body) != n }
	case "SINCE", "BEFORE", "SENTSINCE", "SENTBEFORE", "ON":
		t, ok := day(s.word())
		if !ok {
			return nil
		}
		return func(e *entry) bool {
			d := e.m.Date.Truncate(24 * time.Hour)
			switch word {
			case "SINCE", "SENTSINCE":
				return !d.Before(t)
			case "ON":
				return d.Equal(t)
			}
			return d.Before(t)
		}
	case "X-GM-MSGID":
		if !c.m.Labels {
			return nil
		}
		n, err := strconv.ParseUint(s.word(), 10, 64)
		if err != nil {
			return nil
		}
		return func(e *entry) bool { return e.m.id == n }
	case "HEADER":
		name, value := s.word(), s.word()
		return func(e *entry) bool {
			return strings.Contains(strings.ToLower(string(lines(e.m.Body, []string{name}))), strings.ToLower(value))
		}
	}
	return nil
}
