package played

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/imaphaul/imaphaul/internal/mailtest/models"
)

// A message that gets a label between two runs is not fetched again, unless host2 lost
// it meanwhile; and where it gets none any more it comes to the archive.
func TestLabelLater(t *testing.T) {
	for _, lost := range []bool{false, true} {
		cache := inMemory(t)
		synctest.Test(t, func(t *testing.T) {
			m, _ := models.Find("gmail")
			from, to := start(t, m, "fr"), start(t, models.Ordinary(), "en")
			from.fill(t, 150)
			options := []string{"--cachedir", cache, "--provider1", "gmail"}
			if first := run(t.Context(), t, [2]*side{from, to}, nil, options...); first.stats.ExitCode() != 0 {
				t.Fatal(first.text)
			}
			mail := from.server.State(user)["Projects"]
			if len(mail) < 2 {
				t.Fatal("nothing to label")
			}
			before := from.server.Used(user).Down
			from.server.Label(user, "Projects", mail[0].UID, "under_score")
			from.server.Label(user, "Projects", mail[1].UID, "Archive/2009")
			if lost {
				to.server.Empty(user, "Projects")
			}
			folder, keep := labelled(from, to)
			expected := want(from, to, folder, keep)
			from.important(expected, folder)
			out := run(t.Context(), t, [2]*side{from, to}, nil, options...)
			if code := out.stats.ExitCode(); code != 0 {
				t.Errorf("exit code %d\n%s", code, out.text)
			}
			if got := compare(expected, have(to)); !got.mail {
				t.Errorf("%s\n%s", strings.Join(got.first, "\n"), out.text)
			}
			fetched := from.server.Used(user).Down - before
			if lost == (fetched == 0) || !lost && !strings.Contains(out.text, "2 messages, ") {
				t.Errorf("lost %v, %d bytes were fetched\n%s", lost, fetched, out.text)
			}
		})
	}
}

// What --delete1 takes out of a folder of Gmail stays in All Mail without a label: it does
// not come once more from there, in this run or in a later one.
func TestGmailWithDelete1(t *testing.T) {
	for _, before := range []bool{false, true} {
		cache := inMemory(t)
		synctest.Test(t, func(t *testing.T) {
			m, _ := models.Find("gmail")
			from, to := start(t, m, "de"), start(t, models.Ordinary(), "en")
			from.fill(t, 150)
			options := []string{"--cachedir", cache, "--provider1", "gmail"}
			folder, keep := labelled(from, to)
			expected := want(from, to, folder, keep)
			from.important(expected, folder)
			if before {
				run(t.Context(), t, [2]*side{from, to}, nil, options...)
			}
			for n := range 3 {
				out := run(t.Context(), t, [2]*side{from, to}, nil, append(options, "--delete1")...)
				if got := compare(expected, have(to)); out.stats.ExitCode() != 0 || !got.mail || n == 0 && out.stats.Deleted[1] == 0 {
					t.Errorf("a run before: %v, run %d: exit code %d, %d deleted\n%s\n%s",
						before, n+1, out.stats.ExitCode(), out.stats.Deleted[1], strings.Join(got.first, "\n"), out.text)
				}
			}
		})
	}
}

// From Gmail to Gmail labels are labels again, by COPY: each body goes over the wire once.
func TestGmailToGmail(t *testing.T) {
	cache := inMemory(t)
	synctest.Test(t, func(t *testing.T) {
		m, _ := models.Find("gmail")
		from, to := start(t, m, "de"), start(t, m, "en")
		from.fill(t, 150)
		options := []string{"--cachedir", cache, "--provider1", "gmail", "--provider2", "gmail"}
		out := run(t.Context(), t, [2]*side{from, to}, nil, options...)
		if code := out.stats.ExitCode(); code != 0 {
			t.Errorf("exit code %d\n%s", code, out.text)
		}
		roles := func(name string) string {
			for _, role := range []string{`\All`, `\Sent`, `\Drafts`, `\Junk`, `\Trash`, `\Flagged`, `\Important`} {
				if name == m.Role("de", role) {
					return m.Role("en", role)
				}
			}
			return name
		}
		expected := make(map[copyOf]int)
		for c, n := range want(from, to, roles, nil) {
			if c.folder != m.Role("en", `\All`) && c.folder != m.Role("en", `\Flagged`) {
				expected[c] = n
			}
		}
		if got := compare(expected, have(to)); !got.mail || !got.flags || !got.dates {
			t.Errorf("%s\n%s", strings.Join(got.first, "\n"), out.text)
		}
		all := from.server.State(user)[m.Role("de", `\All`)]
		if n := len(to.server.State(user)[m.Role("en", `\All`)]); n != len(all) {
			t.Errorf("all mail holds %d messages, want %d", n, len(all))
		}
		sent, different := to.server.Used(user).Up, int64(0)
		seen := make(map[[32]byte]bool)
		for _, list := range from.server.State(user) {
			for _, msg := range list {
				if !seen[sum(msg.Body)] {
					seen[sum(msg.Body)] = true
					different += int64(len(msg.Body))
				}
			}
		}
		if sent != different {
			t.Errorf("%d bytes were sent for %d bytes of different mail", sent, different)
		}
	})
}
