package unsound

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// DeliveredDomain ends the Message-Ids of the messages that the server stores of
// its own accord.
const DeliveredDomain = "delivered.example.org"

// behind are the connections to the sound server behind the clients' backs, one
// for each user.
type behind struct {
	mu   sync.Mutex
	open map[string]*upstream
}

// with does something on a user's connection.
func (s *Server) with(user string, what func(up *upstream) error) error {
	s.behind.mu.Lock()
	defer s.behind.mu.Unlock()
	up := s.behind.open[user]
	if up == nil {
		var err error
		if up, err = s.connect(); err != nil {
			return err
		}
		s.mu.Lock()
		password := s.passwords[user]
		s.mu.Unlock()
		if _, _, err := up.must("LOGIN " + quote(user) + " " + quote(password)); err != nil {
			return err
		}
		s.behind.open[user] = up
	}
	return what(up)
}

// status asks for the numbers of a folder; nil where there is none.
func (s *Server) status(of folder) map[string]string {
	out := make(map[string]string)
	err := s.with(of.user, func(up *upstream) error {
		replies, _, err := up.must("STATUS " + quote(of.name) + " (MESSAGES UIDNEXT UIDVALIDITY UNSEEN SIZE)")
		for _, r := range replies {
			if rest, ok := strings.CutPrefix(r.head, "* STATUS "); ok {
				_, items, _ := astring(rest)
				words := strings.Fields(strings.Trim(strings.TrimSpace(items), "()"))
				for i := 0; i+1 < len(words); i += 2 {
					out[words[i]] = words[i+1]
				}
			}
		}
		return err
	})
	if err != nil {
		return nil
	}
	return out
}

var fetched = regexp.MustCompile(`^\* \d+ FETCH \(UID (\d+)`)

// each reads the UIDs of a folder, and the messages where bodies is set.
func (s *Server) each(of folder, bodies bool, see func(uid uint32, body []byte)) {
	items := "(UID)"
	if bodies {
		items = "(UID BODY.PEEK[])"
	}
	// An error means that there is no such folder, or that everything ends.
	_ = s.with(of.user, func(up *upstream) error {
		if _, _, err := up.must("EXAMINE " + quote(of.name)); err != nil {
			return err
		}
		replies, _, err := up.must("UID FETCH 1:* " + items)
		for _, r := range replies {
			if m := fetched.FindStringSubmatch(r.head); m != nil {
				see(number(m[1]), slices.Concat(r.literals...))
			}
		}
		if err == nil {
			_, _, err = up.must("UNSELECT")
		}
		return err
	})
}

// find returns the UID of a message that a folder has, 0 where it has none such.
func (s *Server) find(in folder, body []byte) (found uint32) {
	s.each(in, true, func(uid uint32, other []byte) {
		if found == 0 && bytes.Equal(body, other) {
			found = uid
		}
	})
	return found
}

// lose deletes messages.
func (s *Server) lose(all []stored) {
	for _, m := range all {
		_ = s.with(m.user, func(up *upstream) error {
			for _, command := range []string{
				"SELECT " + quote(m.name),
				fmt.Sprintf(`UID STORE %d +FLAGS.SILENT (\Deleted)`, m.uid),
				fmt.Sprintf("UID EXPUNGE %d", m.uid),
				"UNSELECT",
			} {
				if _, _, err := up.must(command); err != nil {
					return err
				}
			}
			return nil
		})
		if s.faults.Deliver {
			s.deliver(m.folder)
		}
	}
}

// forgetLater has a message lost when the user does something else.
func (s *Server) forgetLater(m stored) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgotten = append(s.forgotten, m)
}

// forget loses what a user's next command shall not find.
func (s *Server) forget(user string) {
	s.mu.Lock()
	var now, later []stored
	for _, m := range s.forgotten {
		if m.user == user {
			now = append(now, m)
		} else {
			later = append(later, m)
		}
	}
	s.forgotten = later
	s.mu.Unlock()
	if len(now) > 0 {
		s.storing.Lock()
		defer s.storing.Unlock()
		s.lose(now)
	}
}

// deliver stores a message of the server's own and returns its UID, 0 where the
// folder is gone.
func (s *Server) deliver(to folder) (uid uint32) {
	body := s.own()
	_ = s.with(to.user, func(up *upstream) error {
		_, status, err := up.must("APPEND "+quote(to.name)+" ", body)
		if m := appendUID.FindStringSubmatch(status); m != nil {
			uid = number(m[2])
		}
		return err
	})
	return uid
}

// own makes a message of the server's own.
func (s *Server) own() []byte {
	s.mu.Lock()
	s.delivered++
	n := s.delivered
	s.mu.Unlock()
	return fmt.Appendf(nil, "From: sender@example.org\r\nSubject: delivered %d\r\nMessage-Id: <%d@%s>\r\nDate: %s\r\n\r\nDelivered.\r\n",
		n, n, DeliveredDomain, time.Unix(1700000000, 0).UTC().Format(time.RFC1123Z))
}
