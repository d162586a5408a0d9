package models

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// command carries out what needs a login. c.a.mu is held.
func (c *session) command(cmd *command) error {
	s := cmd.scan()
	switch cmd.verb {
	case "NAMESPACE":
		c.tell("* NAMESPACE " + c.m.Namespace)
		return c.ok(cmd, "NAMESPACE completed.")
	case "ENABLE":
		return c.enable(cmd)
	case "LIST", "XLIST":
		return c.list(cmd, s)
	case "LSUB":
		s.word()
		pattern := s.word()
		for _, b := range c.a.boxes {
			if b.subscribed && matches(pattern, b.name, c.m.Sep) {
				c.tell("* LSUB () " + quote(c.m.Sep) + " " + quote(b.name))
			}
		}
		return c.ok(cmd, "LSUB completed.")
	case "STATUS":
		name := s.word()
		b := c.a.box(name)
		if b == nil || b.noSelect {
			return c.no(cmd, "[NONEXISTENT] Unknown Mailbox: "+name)
		}
		c.status(b, s.list())
		return c.ok(cmd, "STATUS completed.")
	case "SELECT", "EXAMINE":
		return c.open(cmd, s)
	case "CLOSE", "UNSELECT":
		if c.box != nil && cmd.verb == "CLOSE" && !c.readOnly {
			c.a.expunge(c.box, func(*entry) bool { return true })
		}
		c.box = nil
		return c.ok(cmd, "completed.")
	case "CREATE":
		return c.create(cmd, s)
	case "DELETE":
		b := c.a.box(s.word())
		if b == nil || b.role != "" || b.name == "INBOX" {
			return c.no(cmd, "[CANNOT] Folder cannot be deleted.")
		}
		for _, e := range slices.Clone(b.entries) {
			c.a.leave(b, e.m)
		}
		c.a.boxes = slices.DeleteFunc(c.a.boxes, func(o *box) bool { return o == b })
		return c.ok(cmd, "DELETE completed.")
	case "RENAME":
		b, to := c.a.box(s.word()), s.word()
		if b == nil || c.a.box(to) != nil || b.role != "" {
			return c.no(cmd, "Folder cannot be renamed.")
		}
		b.name = to
		return c.ok(cmd, "RENAME completed.")
	case "SUBSCRIBE", "UNSUBSCRIBE":
		b := c.a.box(s.word())
		if b == nil {
			return c.no(cmd, "[NONEXISTENT] No such folder.")
		}
		b.subscribed = cmd.verb == "SUBSCRIBE"
		return c.ok(cmd, "completed.")
	case "GETQUOTAROOT":
		if !c.has("QUOTA") {
			return c.bad(cmd, "Unknown command")
		}
		name := s.word()
		c.tell("* QUOTAROOT " + quote(name) + ` ""`)
		c.tell(`* QUOTA "" (STORAGE 100 15728640)`)
		return c.ok(cmd, "completed.")
	case "APPEND":
		return c.append(cmd)
	}
	if c.box == nil {
		return c.bad(cmd, "Command received in Invalid state.")
	}
	switch cmd.verb {
	case "FETCH", "UID FETCH":
		return c.fetch(cmd, s)
	case "UID SEARCH", "SEARCH":
		return c.search(cmd, s)
	case "UID STORE", "STORE":
		return c.store(cmd, s)
	case "UID COPY", "UID MOVE", "COPY", "MOVE":
		return c.copy(cmd, s)
	case "EXPUNGE":
		if c.readOnly {
			return c.no(cmd, "The folder is read-only.")
		}
		c.a.expunge(c.box, func(*entry) bool { return true })
		c.news()
		return c.ok(cmd, "EXPUNGE completed.")
	case "UID EXPUNGE":
		if c.readOnly || !c.has("UIDPLUS") {
			return c.no(cmd, "Not possible here.")
		}
		set := s.set()
		last := c.last()
		c.a.expunge(c.box, func(e *entry) bool { return set.has(e.uid, last) })
		c.news()
		return c.ok(cmd, "EXPUNGE completed.")
	}
	return c.bad(cmd, "Unknown command")
}

func (c *session) enable(cmd *command) error {
	var on []string
	for _, w := range strings.Fields(strings.ToUpper(cmd.args)) {
		switch {
		case !c.has(w):
			continue
		case w == "QRESYNC":
			c.qresync = true
		case w == "UIDONLY":
			c.uidOnly = true
		}
		on = append(on, w)
	}
	c.tell(strings.TrimRight("* ENABLED "+strings.Join(on, " "), " "))
	return c.ok(cmd, "ENABLE completed.")
}

// list is LIST, with the options of RFC 5258 and 5819 where the model has them.
func (c *session) list(cmd *command, s *scanner) error {
	var selection, returns []string
	if s.peek("(") {
		selection = s.list()
	}
	s.word()
	pattern := s.word()
	if !s.end() {
		if w := s.word(); !strings.EqualFold(w, "RETURN") {
			s.bad = true
		}
		returns = s.list()
	}
	extended := len(selection) > 0 || len(returns) > 0
	if s.bad || extended && !c.has("LIST-EXTENDED") && !c.has("LIST-STATUS") {
		return c.bad(cmd, "")
	}
	if pattern == "" {
		c.tell(`* LIST (\Noselect) ` + quote(c.m.Sep) + ` ""`)
		return c.ok(cmd, "LIST completed.")
	}
	up := func(list []string) string { return " " + strings.ToUpper(strings.Join(list, " ")) + " " }
	onlySubscribed := strings.Contains(up(selection), " SUBSCRIBED ")
	onlyUse := strings.Contains(up(selection), " SPECIAL-USE ")
	tellSubscribed := onlySubscribed || strings.Contains(up(returns), " SUBSCRIBED ")
	var items []string
	for i, r := range returns {
		if strings.EqualFold(r, "STATUS") && i+1 < len(returns) {
			items = strings.Fields(strings.Trim(returns[i+1], "()"))
		}
	}
	for _, b := range c.a.boxes {
		if !matches(pattern, b.name, c.m.Sep) || onlySubscribed && !b.subscribed || onlyUse && b.role == "" {
			continue
		}
		attrs := []string{`\HasNoChildren`}
		if slices.ContainsFunc(c.a.boxes, func(o *box) bool { return strings.HasPrefix(o.name, b.name+c.m.Sep) }) {
			attrs[0] = `\HasChildren`
		}
		if b.noSelect {
			attrs = append(attrs, `\Noselect`)
		}
		if b.role != "" && c.m.Attributes {
			attrs = append(attrs, b.role)
		}
		if tellSubscribed && b.subscribed {
			attrs = append(attrs, `\Subscribed`)
		}
		c.tell("* " + strings.TrimPrefix(cmd.verb, "X") + " (" + strings.Join(attrs, " ") + ") " + quote(c.m.Sep) + " " + quote(b.name))
		if items != nil && !b.noSelect {
			c.status(b, items)
		}
	}
	return c.ok(cmd, "LIST completed.")
}

// matches holds a name against a pattern of LIST.
func matches(pattern, name, sep string) bool {
	switch {
	case pattern == "":
		return name == ""
	case pattern[0] == '*' || pattern[0] == '%':
		for i := 0; i <= len(name); i++ {
			if i > 0 && pattern[0] == '%' && name[i-1:i] == sep {
				return false
			}
			if matches(pattern[1:], name[i:], sep) {
				return true
			}
		}
		return false
	case name == "":
		return false
	}
	return pattern[0] == name[0] && matches(pattern[1:], name[1:], sep)
}

func (c *session) status(b *box, items []string) {
	var out []string
	shown := b.shown(c.m, c.uidOnly)
	for _, it := range items {
		it = strings.ToUpper(it)
		n := uint64(0)
		switch it {
		case "MESSAGES":
			n = uint64(len(shown))
		case "UIDNEXT":
			n = uint64(b.next)
		case "UIDVALIDITY":
			n = uint64(b.validity)
		case "HIGHESTMODSEQ":
			n = b.modseq
		case "UNSEEN":
			for _, e := range shown {
				if !slices.Contains(e.m.Flags, `\Seen`) {
					n++
				}
			}
		case "SIZE":
			for _, e := range shown {
				n += uint64(int64(len(e.m.Body)) + c.m.SizeOff)
			}
		case "RECENT":
		default:
			continue
		}
		out = append(out, it+" "+strconv.FormatUint(n, 10))
	}
	c.tell("* STATUS " + quote(b.name) + " (" + strings.Join(out, " ") + ")")
}

// open is SELECT and EXAMINE.
func (c *session) open(cmd *command, s *scanner) error {
	name := s.word()
	var options string
	if s.peek("(") {
		options = strings.ToUpper(strings.Join(s.list(), " "))
	}
	if s.bad {
		return c.bad(cmd, "")
	}
	if c.m.NeedsID != "" && !c.identified {
		return c.no(cmd, c.m.NeedsID)
	}
	b := c.a.box(name)
	c.box = nil
	if b == nil || b.noSelect {
		return c.no(cmd, "[NONEXISTENT] Unknown Mailbox: "+name+" (Failure)")
	}
	c.box, c.readOnly = b, cmd.verb == "EXAMINE"
	c.seen, c.version = c.uids(), b.version
	flags := []string{`\Answered`, `\Flagged`, `\Draft`, `\Deleted`, `\Seen`}
	for _, f := range c.m.OnlyFlags {
		if !strings.HasPrefix(f, `\`) {
			flags = append(flags, f)
		}
	}
	c.tell("* FLAGS (" + strings.Join(flags, " ") + ")")
	if c.m.OnlyFlags == nil {
		flags = append(flags, `\*`)
	}
	c.tell("* OK [PERMANENTFLAGS (" + strings.Join(flags, " ") + ")] Flags permitted.")
	c.tell(fmt.Sprintf("* OK [UIDVALIDITY %d] UIDs valid.", b.validity))
	c.tell(fmt.Sprintf("* %d EXISTS", len(c.seen)))
	c.tell("* 0 RECENT")
	c.tell(fmt.Sprintf("* OK [UIDNEXT %d] Predicted next UID.", b.next))
	if c.has("CONDSTORE") {
		c.tell(fmt.Sprintf("* OK [HIGHESTMODSEQ %d]", b.modseq))
	}
	if strings.HasPrefix(options, "QRESYNC ") && c.qresync {
		var validity uint32
		var since uint64
		if _, err := fmt.Sscanf(strings.Trim(strings.TrimPrefix(options, "QRESYNC "), "()"), "%d %d", &validity, &since); err == nil && validity == b.validity {
			c.vanished(since, nil)
			for i, e := range b.shown(c.m, c.uidOnly) {
				if e.modseq > since {
					c.tell(fmt.Sprintf("* %d FETCH (UID %d MODSEQ (%d) FLAGS (%s))", i+1, e.uid, e.modseq, strings.Join(e.flags(), " ")))
				}
			}
		}
	}
	mode := "[READ-WRITE]"
	if c.readOnly {
		mode = "[READ-ONLY]"
	}
	return c.ok(cmd, mode+" "+name+" selected. (Success)")
}

// vanished tells what went since a MODSEQ.
func (c *session) vanished(since uint64, set numbers) {
	var out []string
	for _, g := range c.box.gone {
		if g.modseq > since && (set == nil || set.has(g.uid, c.box.next)) {
			out = append(out, strconv.FormatUint(uint64(g.uid), 10))
		}
	}
	if len(out) > 0 {
		c.tell("* VANISHED (EARLIER) " + strings.Join(out, ","))
	}
}

// make makes a folder and what it lacks above it.
func (a *account) make(name string) *box {
	if i := strings.LastIndex(name, a.model.Sep); i > 0 && a.model.Sep != "" {
		if above := name[:i]; a.box(above) == nil && above+a.model.Sep != a.model.Prefix {
			a.make(above)
		}
	}
	return a.add(name)
}

func (c *session) create(cmd *command, s *scanner) error {
	name := strings.TrimSuffix(s.word(), c.m.Sep)
	var use []string
	if !s.end() {
		use = s.list()
	}
	c.creates++
	if l := c.m.Limits.Creates; l > 0 && c.creates > l {
		c.a.violate("%d CREATEs in a row, where %d are taken", c.creates, l)
		c.bye("too many CREATEs")
		return errBye
	}
	levels := strings.Split(name, c.m.Sep)
	switch {
	case s.bad || use != nil && !c.has("CREATE-SPECIAL-USE"):
		return c.bad(cmd, "")
	case c.a.box(name) != nil:
		return c.no(cmd, "[ALREADYEXISTS] Duplicate folder name "+name+" (Failure)")
	case !strings.HasPrefix(name, c.m.Prefix):
		return c.no(cmd, "Names begin with "+c.m.Prefix)
	case slices.ContainsFunc(c.m.Reserved, func(r string) bool { return strings.EqualFold(r, levels[0]) }):
		return c.no(cmd, c.m.ReservedText)
	case c.m.Edges != "" && slices.ContainsFunc(levels, func(l string) bool { return strings.TrimSpace(l) != l }):
		return c.no(cmd, c.m.Edges)
	case c.m.Bad != "" && strings.ContainsAny(name, c.m.Bad):
		return c.no(cmd, c.m.BadText)
	}
	c.a.make(name)
	return c.ok(cmd, "CREATE completed.")
}

// last is the highest UID of the selected folder.
func (c *session) last() uint32 {
	if n := len(c.box.entries); n > 0 {
		return c.box.entries[n-1].uid
	}
	return 0
}

// flags are those of a message in a folder.
func (e *entry) flags() []string {
	if e.deleted {
		return append(slices.Clone(e.m.Flags), `\Deleted`)
	}
	return e.m.Flags
}
