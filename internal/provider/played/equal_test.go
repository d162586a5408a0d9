package played

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/models"
)

// inSeveral puts a third of an ordinary account's messages into a second folder, some of
// them into a third one; and messages that are told apart by their contents alone. It
// returns how many bytes of different mail there are.
func (s *side) inSeveral(t *testing.T) (different int64) {
	t.Helper()
	state := s.server.State(user)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(state)) {
		if role := roleOf[name]; role != `\Trash` && role != `\Junk` {
			names = append(names, name)
		}
	}
	n := 0
	put := func(m corpus.Message, in ...string) {
		if err := s.server.Put(user, m, in...); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		for _, m := range state[name] {
			for k := range n % 3 {
				if other := names[(slices.Index(names, name)+1+k)%len(names)]; other != name {
					put(corpusMessage(m), other)
				}
			}
			n++
		}
	}
	// Equal but for one byte of the body, and larger than what is held in memory.
	for i, name := range []string{names[0], names[1], names[2], names[1]} {
		body := fmt.Appendf(nil, "Message-ID: <twin@example.org>\r\nSubject: twins\r\n\r\n%d\r\n", i%3)
		put(corpus.Message{Body: body, Date: time.Unix(1.6e9, 0)}, name)
		large := bytes.Repeat([]byte("a line of a large message\r\n"), 45_000)
		put(corpus.Message{Body: append([]byte("Message-ID: <large@example.org>\r\nSubject: large\r\n\r\n"), large...), Date: time.Unix(1.6e9, 0)}, name)
	}
	seen := make(map[[32]byte]bool)
	for _, list := range s.server.State(user) {
		for _, m := range list {
			if !seen[sum(m.Body)] {
				seen[sum(m.Body)] = true
				different += int64(len(m.Body))
			}
		}
	}
	return different
}

// What lies in several folders of an ordinary account is uploaded to Gmail once, and gets
// its other labels by COPY, in an interrupted and a resumed run too.
func TestSeveralFoldersToLabels(t *testing.T) {
	for _, interrupted := range []bool{false, true} {
		cache := inMemory(t)
		synctest.Test(t, func(t *testing.T) {
			m, _ := models.Find("gmail")
			m.Limits.Empty = 0
			from, to := start(t, models.Ordinary(), "en"), start(t, m, "en")
			from.fill(t, 60)
			different := from.inSeveral(t)
			expected := want(from, to, byRole(from, to), nil)
			sides := [2]*side{from, to}
			options := []string{"--cachedir", cache, "--provider2", "gmail"}
			if interrupted {
				ctx, cancel := context.WithCancel(t.Context())
				copied := 0
				run(ctx, t, sides, func(e event.Event) {
					if _, ok := e.(event.MessageCopied); ok {
						if copied++; copied == 50 {
							cancel()
							from.server.Cut()
							to.server.Cut()
						}
					}
				}, options...)
				cancel()
			}
			out := run(t.Context(), t, sides, nil, options...)
			if code := out.stats.ExitCode(); code != 0 {
				t.Errorf("exit code %d\n%s", code, out.text)
			}
			if got := compare(expected, have(to)); !got.mail || !got.dates {
				t.Errorf("%s\n%s", strings.Join(got.first, "\n"), out.text)
			}
			sent := to.server.Used(user).Up
			if !interrupted && sent != different || interrupted && sent > different+different/4 {
				t.Errorf("interrupted %v: %d bytes were uploaded for %d bytes of different mail\n%s", interrupted, sent, different, out.text)
			}
			again := run(t.Context(), t, sides, nil, options...)
			if code := again.stats.ExitCode(); code != 0 || again.stats.Transferred != 0 || to.server.Used(user).Up != sent {
				t.Errorf("exit code %d, %d messages were copied once more\n%s", code, again.stats.Transferred, again.text)
			}
		})
	}
}
