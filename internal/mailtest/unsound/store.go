package unsound

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

var appendUID = regexp.MustCompile(`^OK \[APPENDUID (\d+) (\d+)\]`)

// store stores messages, or says so, and answers.
func (c *session) store(tag string, to folder, all []incoming) error {
	c.s.storing.Lock()
	defer c.s.storing.Unlock()
	c.s.serve(func(s *Served) { s.Batch = max(s.Batch, len(all)) })
	f := &c.s.faults
	var before map[string]string
	if c.user != "" {
		before = c.s.status(to)
	}
	if before == nil {
		// There is no such mailbox, or nobody logged in: the server's own words.
		status, err := c.up.do(c.pass, "APPEND "+quote(to.name)+" ", all[0].body)
		if err != nil {
			return err
		}
		return c.reply(tag, status)
	}
	validity, first := number(before["UIDVALIDITY"]), number(before["UIDNEXT"])
	var uids []uint32 // zero for a message that was dropped
	var lost []stored
	for _, m := range all {
		for _, change := range f.Changes {
			m.body = change(m.body)
		}
		if f.Recognises || f.Watch {
			uid := c.s.find(to, m.body)
			if uid != 0 && f.Recognises {
				c.s.note("Recognises")
				uids = append(uids, uid)
				continue
			}
			if uid != 0 {
				c.s.serve(func(s *Served) { s.Again++ })
			}
		}
		if c.s.due("Drop", f.Drop) {
			if f.Deliver {
				c.s.deliver(to)
			}
			uids = append(uids, 0)
			continue
		}
		if c.s.due("Halves", f.Halves) {
			m.body = m.body[:len(m.body)/2]
		}
		if c.s.due("Replaces", f.Replaces) {
			m.body = c.s.own()
		}
		status, err := c.up.do(c.pass, "APPEND "+quote(to.name)+" "+m.args, m.body)
		if err != nil {
			return err
		}
		got := appendUID.FindStringSubmatch(status)
		if got == nil {
			return c.reply(tag, status)
		}
		uid := number(got[2])
		uids = append(uids, uid)
		c.s.serve(func(s *Served) {
			s.Messages++
			if to.name != c.selected {
				s.Unselected++
			}
		})
		switch {
		case to.name != c.selected && c.s.due("Loses", f.Loses):
			lost = append(lost, stored{to, uid})
		case c.s.due("Forgets", f.Forgets):
			c.s.forgetLater(stored{to, uid})
		}
	}
	c.s.lose(lost)
	if c.s.due("Denies", f.Denies) {
		denial := f.Denial
		if denial == "" {
			denial = "NO Internal error occurred."
		}
		return c.reply(tag, denial)
	}
	code := ""
	dropped := slices.Contains(uids, 0)
	if dropped {
		// Told is what they would have got if all had been stored.
		for i := range uids {
			uids[i] = first + uint32(i)
		}
	}
	if (!dropped || f.DropTold) && !f.hides("UIDPLUS") {
		code = c.s.appendUID(to, validity, first, uids)
	}
	return c.reply(tag, "OK "+code+"APPEND completed")
}

// number reads what the sound server wrote.
func number(text string) uint32 {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		panic(fmt.Sprintf("the sound server wrote the number %q", text))
	}
	return uint32(n)
}
