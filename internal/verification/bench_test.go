package verification

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/mailread"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// BenchmarkFull holds the cost of a full check against that of reading both sides, at
// the same time, and doing nothing: the check costs no more than twice as much.
func BenchmarkFull(b *testing.B) {
	const n, size = 50_000, 4000
	f := corpus.Folder{Path: []string{"INBOX"}}
	text := strings.Repeat("some words of a message\r\n", size/25)
	for i := range n {
		f.Messages = append(f.Messages, corpus.Message{Date: time.Unix(int64(1e9+i), 0), Body: fmt.Appendf(nil, "Message-Id: <%d@example.org>\r\nSubject: number %d\r\n\r\n%s", i, i, text)})
	}
	s, err := embedded.Start(embedded.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var args []string
	for i, user := range []string{"alice", "bob"} {
		if err := s.AddUser(user, "secret"); err != nil {
			b.Fatal(err)
		}
		if err := s.Fill(user, corpus.Mailbox{Folders: []corpus.Folder{f}}); err != nil {
			b.Fatal(err)
		}
		side := fmt.Sprint(i + 1)
		args = append(args, "--host"+side, s.Host, "--port"+side, fmt.Sprint(s.Port), "--user"+side, user, "--password"+side, "secret", "--nossl"+side, "--notls"+side)
	}
	p, out := cli.ParseArgs(slices.Concat([]string{"verify", "--nousecache"}, args)...)
	if out != nil {
		b.Fatal(out.Stderr)
	}
	accounts := func() (list [2]*access.Account) {
		for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
			account, err := access.New(a, access.Options{Side: i + 1})
			if err != nil {
				b.Fatal(err)
			}
			list[i] = account
		}
		return list
	}
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			var g errgroup.Group
			for _, a := range accounts() {
				g.Go(func() error {
					r, err := mailread.Open(b.Context(), a, mailread.Options{})
					if err != nil {
						return err
					}
					defer r.Close(b.Context())
					_, err = r.Read(b.Context(), "INBOX", nil, mailread.Want{Body: true}, nothing{}, func(*mailread.Message) error { return nil })
					return err
				})
			}
			if err := g.Wait(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			sum, err := Run(b.Context(), p, Options{Accounts: accounts()})
			if err != nil || sum.Equal != n {
				b.Fatal(sum, err)
			}
		}
	})
}

type nothing struct{}

func (nothing) Reset()                      {}
func (nothing) Write(p []byte) (int, error) { return len(p), nil }
