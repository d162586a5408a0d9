package mailtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// Rules name the differences between two snapshots that are none.
type Rules struct {
	// Name returns the second side's spelling of a folder of the first; nil
	// maps prefix and separator only.
	Name func(folder string) string
	// Evened are the changes of bodies that do not count.
	Evened Evening
	// KeywordCase says that keywords may differ in case. System flags always may.
	KeywordCase bool
	// IgnoredFlags are left out of the comparison.
	IgnoredFlags []imap.Flag
	// Folders of the second side beyond those of the first: empty ones are
	// allowed, with any subscription.
	ExtraFolders bool
	// Subscriptions are not compared.
	NoSubscriptions bool
}

// Known returns the rules for mail that went from one server to another, each
// for a change that a server makes by itself:
//
//   - Cyrus writes X for header bytes above 127 (munge8bit), as source and as
//     destination: it did so when it was filled;
//   - Courier ends every line, the last one too, with CRLF; so do Dovecot and mox;
//   - mox and the embedded server write keywords in lower case;
//   - mox sets $Junk on what is stored in its Junk folder;
//   - mox makes and subscribes folders for new users, and subscribes every
//     folder that it makes.
func Known(from, to *Server) Rules {
	var r Rules
	for _, s := range []*Server{from, to} {
		switch s.Kind {
		case Cyrus:
			r.Evened |= EightBitHeaders
		case Courier, Dovecot:
			r.Evened |= LineEnds
		case Mox:
			r.Evened |= LineEnds
			r.KeywordCase = true
			r.IgnoredFlags = []imap.Flag{"$Junk"}
			r.ExtraFolders = true
			r.NoSubscriptions = true
		case Embedded:
			r.KeywordCase = true
		}
	}
	return r
}

// Diff compares two snapshots: folders, subscriptions and, in each folder, the
// multiset of messages by body, flags and instant of INTERNALDATE. It returns
// one line per difference, none when both are equal.
func Diff(a, b State, r Rules) []string {
	name := r.Name
	if name == nil {
		name = func(folder string) string { return b.Server.FolderName(a.Server.path(folder)) }
	}
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	expected := make(map[string]*Folder)
	for _, folder := range slices.Sorted(maps.Keys(a.Folders)) {
		other := name(folder)
		expected[other] = merged(expected[other], a.Folders[folder])
	}
	for _, folder := range slices.Sorted(maps.Keys(expected)) {
		got, ok := b.Folders[folder]
		if !ok {
			say("folder %q is missing (%d messages)", folder, len(expected[folder].Messages))
			continue
		}
		for _, line := range diffFolder(expected[folder], got, r) {
			say("folder %q: %s", folder, line)
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(b.Folders)) {
		n := len(b.Folders[folder].Messages)
		if expected[folder] == nil && !(r.ExtraFolders && n == 0) {
			say("folder %q is too many (%d messages)", folder, n)
		}
	}
	if !r.NoSubscriptions {
		subscribed := make(map[string]bool)
		for folder := range a.Subscribed {
			subscribed[name(folder)] = true
		}
		for _, folder := range slices.Sorted(maps.Keys(subscribed)) {
			if !b.Subscribed[folder] {
				say("folder %q is not subscribed", folder)
			}
		}
		for _, folder := range slices.Sorted(maps.Keys(b.Subscribed)) {
			if !subscribed[folder] {
				say("folder %q is subscribed", folder)
			}
		}
	}
	return out
}

// merged puts two folders that map to one together.
func merged(a, b *Folder) *Folder {
	if a == nil {
		return b
	}
	return &Folder{Messages: slices.Concat(a.Messages, b.Messages)}
}

// identity is what makes two messages equal.
type identity struct {
	body  [32]byte
	date  int64
	flags string
}

func (r Rules) identity(m Message) identity {
	return identity{m.Digests[r.Evened], m.Date.Unix(), r.flags(m.Flags)}
}

func (r Rules) flags(flags []imap.Flag) string {
	names := make([]string, 0, len(flags))
	for _, f := range flags {
		if slices.ContainsFunc(r.IgnoredFlags, func(i imap.Flag) bool { return strings.EqualFold(string(i), string(f)) }) {
			continue
		}
		name := string(f)
		if r.KeywordCase || strings.HasPrefix(name, `\`) {
			name = strings.ToLower(name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

func diffFolder(want, got *Folder, r Rules) []string {
	counts := make(map[identity]int)
	for _, m := range got.Messages {
		counts[r.identity(m)]++
	}
	var missing []Message
	for _, m := range want.Messages {
		if id := r.identity(m); counts[id] > 0 {
			counts[id]--
		} else {
			missing = append(missing, m)
		}
	}
	var extra []Message
	for _, m := range got.Messages {
		if id := r.identity(m); counts[id] > 0 {
			counts[id]--
			extra = append(extra, m)
		}
	}
	return explain(missing, extra, r)
}

// explain pairs missing and extra messages that are nearly the same, so that a
// line says what differs rather than that two messages do.
func explain(missing, extra []Message, r Rules) []string {
	byBody := make(map[[32]byte][]Message)
	byID := make(map[string][]Message)
	for _, m := range extra {
		byBody[m.Digests[r.Evened]] = append(byBody[m.Digests[r.Evened]], m)
		if m.MessageID != "" {
			byID[m.MessageID] = append(byID[m.MessageID], m)
		}
	}
	paired := make(map[imap.UID]bool)
	pick := func(list []Message) (Message, bool) {
		for _, m := range list {
			if !paired[m.UID] {
				paired[m.UID] = true
				return m, true
			}
		}
		return Message{}, false
	}
	var out []string
	for _, m := range missing {
		if twin, ok := pick(byBody[m.Digests[r.Evened]]); ok {
			var changes []string
			if a, b := r.flags(m.Flags), r.flags(twin.Flags); a != b {
				changes = append(changes, fmt.Sprintf("flags (%s), not (%s)", b, a))
			}
			if !m.Date.Equal(twin.Date) {
				changes = append(changes, fmt.Sprintf("date %s, not %s", twin.Date.UTC(), m.Date.UTC()))
			}
			out = append(out, fmt.Sprintf("%s as %s: %s", describe(m), describe(twin), strings.Join(changes, "; ")))
			continue
		}
		if twin, ok := pick(byID[m.MessageID]); ok {
			out = append(out, fmt.Sprintf("%s as %s: another body, %d bytes, not %d", describe(m), describe(twin), twin.Length, m.Length))
			continue
		}
		out = append(out, describe(m)+" is missing")
	}
	for _, m := range extra {
		if !paired[m.UID] {
			out = append(out, describe(m)+" is too many")
		}
	}
	return out
}

func describe(m Message) string {
	return fmt.Sprintf("UID %d %s (%d bytes, %x)", m.UID, m.MessageID, m.Length, m.Digests[0][:4])
}
