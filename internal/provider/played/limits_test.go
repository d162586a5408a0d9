package played

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest/models"
)

// A server that asks for patience gets it to the millisecond, on both sides, with one
// connection and with several: no command comes while it wants to be left alone, and
// everything arrives.
func TestPauses(t *testing.T) {
	for _, c := range []struct{ connections, refused string }{{"1", ""}, {"6", ""}, {"4", "Connection closed. 14"}} {
		for _, destination := range []bool{false, true} {
			cache := inMemory(t)
			synctest.Test(t, func(t *testing.T) {
				m, _ := models.Find("office365")
				m.Limits.Per, m.Limits.Pause, m.Limits.ThrottleBYE = 40, 178755*time.Millisecond, c.refused
				from, to := start(t, m, "en"), start(t, models.Ordinary(), "en")
				if destination {
					from, to = start(t, models.Ordinary(), "en"), start(t, m, "en")
				}
				from.fill(t, 150)
				out := run(t.Context(), t, [2]*side{from, to}, nil, "--cachedir", cache, "--connections", c.connections)
				throttled := from
				if destination {
					throttled = to
				}
				used := throttled.server.Used(user)
				if used.Pauses < 2 {
					t.Errorf("it asked for patience %d times", used.Pauses)
				}
				for _, v := range used.Violations {
					t.Errorf("%s connections: %s", c.connections, v)
				}
				if got := compare(want(from, to, same(from, to), nil), have(to)); !got.mail || out.stats.ExitCode() != 0 {
					t.Errorf("%s connections, destination %v: exit code %d\n%s\n%s", c.connections, destination, out.stats.ExitCode(), strings.Join(got.first, "\n"), out.text)
				}
			})
		}
	}
}

// The limit of a day is not crossed, whether it is waited for or the next run comes the
// next day; without the option the server says so, and the run after it ends the move.
func TestDays(t *testing.T) {
	for _, destination := range []bool{false, true} {
		for _, way := range []string{"wait", "wait on 4 connections", "run again", "run again on 4 connections", "find out"} {
			cache := inMemory(t)
			synctest.Test(t, func(t *testing.T) {
				m, _ := models.Find("gmail")
				m.Limits.Down, m.Limits.Up, m.Limits.Empty = 400_000, 400_000, 0
				from, to := start(t, m, "en"), start(t, models.Ordinary(), "en")
				option, limited := "--maxbytesperday1", from
				if destination {
					from, to = start(t, models.Ordinary(), "en"), start(t, m, "en")
					option, limited = "--maxbytesperday2", to
				}
				from.fill(t, 150)
				options := []string{"--cachedir", cache, "--excluderole", "All", "--excluderole", "Flagged", "--excluderole", "Important"}
				way, several := strings.CutSuffix(way, " on 4 connections")
				if several {
					options = append(options, "--connections", "4")
				}
				switch way {
				case "wait":
					options = append(options, option, "390000", "--waitday")
				case "run again":
					options = append(options, option, "390000")
				}
				folder := same(from, to)
				taken := func(name string) string {
					if strings.HasSuffix(name, "All Mail") || strings.HasSuffix(name, "Important") || strings.HasSuffix(name, "Starred") {
						return ""
					}
					return folder(name)
				}
				expected := want(from, to, taken, nil)
				runs := 0
				for ; runs < 12; runs++ {
					out := run(t.Context(), t, [2]*side{from, to}, nil, options...)
					if out.stats.ExitCode() == 0 {
						break
					}
					if way == "wait" {
						t.Errorf("exit code %d\n%s", out.stats.ExitCode(), out.text)
					}
					time.Sleep(25 * time.Hour)
				}
				used := limited.server.Used(user)
				if several && destination && used.Connections < 2 {
					t.Errorf("%s, destination %v: no more than %d connections", way, destination, used.Connections)
				}
				if way != "find out" && used.Locked {
					t.Errorf("%s, destination %v: the limit was crossed: %d down, %d up", way, destination, used.Down, used.Up)
				}
				if way != "wait" && runs == 0 {
					t.Errorf("%s: one run was enough: %d down, %d up", way, used.Down, used.Up)
				}
				if got := compare(expected, have(to)); !got.mail {
					t.Errorf("%s, destination %v, %d runs:\n%s", way, destination, runs, strings.Join(got.first, "\n"))
				}
				for _, v := range used.Violations {
					t.Error(v)
				}
			})
		}
	}
}

// Never more connections than the provider takes, however many were asked for.
func TestConnections(t *testing.T) {
	for _, name := range []string{"gmail", "office365", "plesk", "yahoo", "cpanel"} {
		for _, destination := range []bool{false, true} {
			cache := inMemory(t)
			synctest.Test(t, func(t *testing.T) {
				m, _ := models.Find(name)
				from, to := start(t, m, "en"), start(t, models.Ordinary(), "en")
				if destination {
					from, to = start(t, models.Ordinary(), "en"), start(t, m, "en")
				}
				from.fill(t, 40)
				out := run(t.Context(), t, [2]*side{from, to}, nil, "--cachedir", cache, "--connections", "40")
				for i, s := range []*side{from, to} {
					for _, v := range s.server.Used(user).Violations {
						t.Errorf("%s, host%d: %s", name, i+1, v)
					}
				}
				if got := compare(want(from, to, same(from, to), nil), have(to)); !got.mail || out.stats.ExitCode() != 0 {
					t.Errorf("%s: exit code %d\n%s", name, out.stats.ExitCode(), strings.Join(got.first, "\n"))
				}
			})
		}
	}
}

// What a provider keeps in folders of calendars and contacts is no mail: with
// --provider1 these are left out, and without it each item is told of, and is no error.
func TestItems(t *testing.T) {
	for _, option := range []string{"", "office365"} {
		cache := inMemory(t)
		synctest.Test(t, func(t *testing.T) {
			m, _ := models.Find("office365")
			from, to := start(t, m, "en"), start(t, models.Ordinary(), "en")
			from.fill(t, 30)
			inbox := from.server.State(user)["INBOX"]
			for _, f := range inbox[:3] {
				if err := from.server.Put(user, corpusMessage(f), "Calendar"); err != nil {
					t.Fatal(err)
				}
			}
			options := []string{"--cachedir", cache}
			if option != "" {
				options = append(options, "--provider1", option)
			}
			out := run(t.Context(), t, [2]*side{from, to}, nil, options...)
			folder := same(from, to)
			if option != "" {
				folder = byRole(from, to)
			}
			got := compare(want(from, to, func(name string) string {
				if name == "Calendar" || name == "Contacts" {
					return ""
				}
				return folder(name)
			}, nil), have(to))
			if !got.mail || out.stats.ExitCode() != 0 {
				t.Errorf("%q: exit code %d\n%s\n%s", option, out.stats.ExitCode(), strings.Join(got.first, "\n"), out.text)
			}
			if option == "" && !strings.Contains(out.text, "could not be converted") {
				t.Errorf("the items are not told of\n%s", out.text)
			}
		})
	}
}
