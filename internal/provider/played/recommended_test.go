package played

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest/models"
)

// byRole maps folders as --automap does: role folders to those of the other side, where
// it has one of the role, else by name.
func byRole(from, to *side) func(string) string {
	plain := same(from, to)
	return func(name string) string {
		for _, role := range []string{`\Sent`, `\Drafts`, `\Trash`, `\Junk`, `\Archive`} {
			if name == from.model.Role(from.language, role) {
				if target := to.model.Role(to.language, role); target != "" {
					return target
				}
				return to.model.Prefix + strings.TrimPrefix(role, `\`)
			}
		}
		return plain(name)
	}
}

// labelled is byRole for a source with labels: what is only in the folder of all mail
// goes to the archive, and no folder shows what others have.
func labelled(from, to *side) (folder func(string) string, keep func(string, models.Found) bool) {
	roles := byRole(from, to)
	if !from.model.Labels {
		return roles, nil
	}
	all, flagged, important := from.model.Role(from.language, `\All`), from.model.Role(from.language, `\Flagged`), from.model.Role(from.language, `\Important`)
	in := make(map[string]int)
	for name, list := range from.server.State(user) {
		if name == all || name == flagged || name == important {
			continue
		}
		for _, m := range list {
			in[string(m.Body)]++
		}
	}
	folder = func(name string) string {
		switch name {
		case flagged, important:
			return ""
		case all:
			if archive := to.model.Role(to.language, `\Archive`); archive != "" {
				return archive
			}
			return to.model.Prefix + "Archive"
		}
		return roles(name)
	}
	return folder, func(name string, m models.Found) bool { return name != all || in[string(m.Body)] == 0 }
}

// Each model is the source and the destination with what --providerN sets for it, in
// every language in which it names its folders. The first run is interrupted: the lines
// are lost and the process ends. docs/providers.md has what was found.
func TestRecommended(t *testing.T) {
	t.Parallel()
	table := newTable()
	t.Cleanup(func() {
		if *only == "" {
			table.compare(t)
		}
	})
	for _, m := range models.All() {
		if *only != "" && m.Name != *only {
			continue
		}
		for _, language := range m.Languages() {
			t.Run(m.Name+" as source "+language, func(t *testing.T) {
				t.Parallel()
				cache := inMemory(t)
				synctest.Test(t, func(t *testing.T) {
					from, to := start(t, m, language), start(t, models.Ordinary(), "en")
					from.fill(t, messages(m, language))
					folder, keep := labelled(from, to)
					expected := want(from, to, folder, keep)
					from.important(expected, folder)
					table.add(m, "source", settle(t, from, to, expected, "--cachedir", cache, "--provider1", m.Name))
				})
			})
			t.Run(m.Name+" as destination "+language, func(t *testing.T) {
				t.Parallel()
				cache := inMemory(t)
				synctest.Test(t, func(t *testing.T) {
					from, to := start(t, models.Ordinary(), "en"), start(t, m, language)
					from.fill(t, messages(m, language))
					table.add(m, "destination", settle(t, from, to, want(from, to, byRole(from, to), nil), "--cachedir", cache, "--provider2", m.Name))
				})
			})
		}
	}
}

// important gives what is expected of important messages the keyword of RFC 8457.
func (s *side) important(expected map[copyOf]int, folder func(string) string) {
	name := s.model.Role(s.language, `\Important`)
	if name == "" {
		return
	}
	marked := make(map[[32]byte]bool)
	for _, m := range s.server.State(user)[name] {
		marked[sum(m.Body)] = true
	}
	for c, n := range maps.Clone(expected) {
		if !marked[c.sum] {
			continue
		}
		delete(expected, c)
		flags := append(strings.Fields(c.flags), "$Important")
		slices.Sort(flags)
		c.flags = strings.Join(flags, " ")
		expected[c] = n
	}
}

// settle runs until it is interrupted, then to the end, then once more, and judges.
func settle(t *testing.T, from, to *side, expected map[copyOf]int, options ...string) measured {
	t.Helper()
	sides := [2]*side{from, to}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	copied := 0
	run(ctx, t, sides, func(e event.Event) {
		if _, ok := e.(event.MessageCopied); !ok {
			return
		}
		if copied++; copied == 15 {
			cancel()
			from.server.Cut()
			to.server.Cut()
		}
	}, options...)
	partly := compare(expected, have(to))
	if copied < 15 || partly.mail {
		t.Errorf("the first run was not interrupted: %d messages were copied", copied)
	}
	out := run(t.Context(), t, sides, nil, options...)
	if code := out.stats.ExitCode(); code != 0 {
		t.Errorf("exit code %d\n%s", code, out.text)
	}
	got := compare(expected, have(to))
	if !got.mail || !got.flags || !got.dates {
		t.Errorf("mail %v, flags %v, dates %v:\n%s\n%s", got.mail, got.flags, got.dates, strings.Join(got.first, "\n"), out.text)
	}
	got.resumed = copied >= 15 && got.mail
	got.limits = true
	for i, s := range sides {
		for _, v := range s.server.Used(user).Violations {
			got.limits = false
			t.Errorf("host%d: %s", i+1, v)
		}
	}
	if again := run(t.Context(), t, sides, nil, options...); again.stats.Transferred != 0 || again.stats.ExitCode() != 0 {
		t.Errorf("the last run copied %d messages, exit code %d\n%s", again.stats.Transferred, again.stats.ExitCode(), again.text)
		got.resumed = false
	}
	return got
}
