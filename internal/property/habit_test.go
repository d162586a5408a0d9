package property

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"github.com/imaphaul/imaphaul/internal/mailtest"
)

// habit is what a host2 does to every message that is stored there. n counts them:
// what servers add is seldom the same twice.
type habit struct {
	name string
	do   func(message []byte, n int) []byte
}

// added are the lines that habits add.
var added = map[string]string{
	"x":        "X-Gateway-Number: %d\r\n",
	"received": "Received: from gateway%d.example.org by store.example.org; Tue, 5 Jan 2021 10:00:00 +0000\r\n",
	"id":       "Message-Id: <gateway-%d@example.org>\r\n",
	"date":     "Date: Tue, 5 Jan 2021 10:00:%02d +0000\r\n",
}

// habits are all of them.
func habits() (out []habit) {
	for _, what := range []string{"x", "received", "id", "date"} {
		out = append(out,
			habit{"above-" + what, func(m []byte, n int) []byte {
				return append(fmt.Appendf(nil, added[what], n), m...)
			}},
			habit{"below-" + what, func(m []byte, n int) []byte {
				head, body := halves(m)
				return slices.Concat(head, fmt.Appendf(nil, added[what], n), body)
			}})
	}
	for _, drop := range [][2]string{{"drop-id", "Message-Id"}, {"drop-received", "Received"}, {"drop-other", "X-Mailer"}} {
		out = append(out, habit{drop[0], func(m []byte, _ int) []byte { return dropLine(m, drop[1]) }})
	}
	out = append(out,
		habit{"fold", func(m []byte, _ int) []byte {
			head, body := halves(m)
			return append(bytes.ReplaceAll(bytes.Clone(head), []byte(", and "), []byte(",\r\n\tand ")), body...)
		}},
		habit{"footer", func(m []byte, _ int) []byte { return append(bytes.Clone(m), "-- \r\nSent through a gateway\r\n"...) }},
		habit{"8bit", func(m []byte, _ int) []byte {
			head, body := halves(m)
			head = bytes.Clone(head)
			for i, b := range head {
				if b > 127 {
					head[i] = 'X'
				}
			}
			return append(head, body...)
		}},
	)
	slices.SortFunc(out, func(a, b habit) int { return strings.Compare(a.name, b.name) })
	return out
}

// dropsAndAdds leaves nothing equal of a message: only the journal tells what became of it,
// and without one it is in doubt.
var dropsAndAdds = habit{"drop-id-footer", func(m []byte, _ int) []byte {
	return append(dropLine(m, "Message-Id"), "-- \r\nSent through a gateway\r\n"...)
}}

// halves cuts a message before the empty line.
func halves(m []byte) (head, rest []byte) {
	i := bytes.Index(m, []byte("\r\n\r\n"))
	if i < 0 {
		return m, nil
	}
	return m[: i+2 : i+2], m[i+2:]
}

func dropLine(m []byte, field string) []byte {
	head, body := halves(m)
	var out []byte
	for l := range bytes.SplitAfterSeq(head, []byte("\r\n")) {
		if !bytes.HasPrefix(l, []byte(field+":")) {
			out = append(out, l...)
		}
	}
	return append(out, body...)
}

// habitSession is a session of a server with a habit.
type habitSession struct {
	imapserver.SessionIMAP4rev2
	s *habitServer
}

// Append stores a message that came to its end, changed.
func (s habitSession) Append(mailbox string, r imap.LiteralReader, options *imap.AppendOptions) (*imap.AppendData, error) {
	body, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if int64(len(body)) < r.Size() {
		return nil, fmt.Errorf("the message ends after %d of %d bytes", len(body), r.Size())
	}
	s.s.mu.Lock()
	s.s.stored++
	body = s.s.habit.do(body, s.s.stored)
	s.s.mu.Unlock()
	return s.SessionIMAP4rev2.Append(mailbox, wholeLiteral{bytes.NewReader(body)}, options)
}

type wholeLiteral struct{ *bytes.Reader }

func (l wholeLiteral) Size() int64 { return l.Reader.Size() }

// habitServer is an IMAP server with a habit.
type habitServer struct {
	habit  habit
	server *mailtest.Server
	store  *imapmemserver.Server

	mu     sync.Mutex
	stored int
	users  int
}

func startHabit(t *testing.T, h habit) *habitServer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &habitServer{habit: h, store: imapmemserver.New()}
	s.server = &mailtest.Server{Kind: mailtest.Embedded, Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, Separator: "/"}
	caps := make(imap.CapSet)
	for _, c := range []imap.Cap{
		imap.CapIMAP4rev1, imap.CapNamespace, imap.CapUIDPlus, imap.CapESearch, imap.CapListExtended, imap.CapListStatus,
		imap.CapMove, imap.CapStatusSize, imap.CapLiteralPlus,
	} {
		caps[c] = struct{}{}
	}
	inner := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			full, ok := s.store.NewSession().(imapserver.SessionIMAP4rev2)
			if !ok {
				return nil, nil, fmt.Errorf("the store has other sessions now")
			}
			return habitSession{full, s}, nil, nil
		},
		Caps: caps, Logger: log.New(io.Discard, "", 0), InsecureAuth: true,
	})
	var serving sync.WaitGroup
	serving.Go(func() {
		_ = inner.Serve(ln) // it ends when the listener is closed
	})
	t.Cleanup(func() {
		ln.Close()
		inner.Close()
		serving.Wait()
	})
	return s
}

// account is a new account there.
func (s *habitServer) account(t *testing.T) *account {
	t.Helper()
	a, _ := s.user(t)
	return a
}

// user is a new account there, and what stores mail in it unchanged.
func (s *habitServer) user(t *testing.T) (*account, *imapmemserver.User) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users++
	a := &account{server: s.server, host: "new.example.org", user: fmt.Sprintf("h%d", s.users), password: "p"}
	user := imapmemserver.NewUser(a.user, a.password)
	if err := user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	s.store.AddUser(user)
	return a, user
}
