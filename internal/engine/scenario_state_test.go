package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// path is a folder of a scenario, written with slashes, as a path of names.
func folderPath(name string) []string { return strings.Split(name, "/") }

// item is a message as a state writes it: "a", "a(\Seen,Work)", "a@-3d".
type item struct {
	label string
	flags []imap.Flag
	date  string // "" for the message's own
}

func readItem(text string) item {
	it := item{label: text}
	if i := strings.LastIndexByte(it.label, '@'); i > 0 {
		it.label, it.date = it.label[:i], it.label[i+1:]
	}
	if name, rest, ok := strings.Cut(it.label, "("); ok {
		it.label = name
		for _, f := range strings.Split(strings.TrimSuffix(rest, ")"), ",") {
			if f != "" {
				it.flags = append(it.flags, imap.Flag(f))
			}
		}
	}
	return it
}

// mailbox makes of states what Fill stores.
func mailbox(states folderStates, mails map[string]madeMail, now time.Time) (corpus.Mailbox, error) {
	var box corpus.Mailbox
	for _, f := range states {
		folder := corpus.Folder{Path: folderPath(f.name)}
		for _, text := range f.items {
			it := readItem(text)
			m, ok := mails[it.label]
			if !ok {
				return box, fmt.Errorf("no mail is called %q", it.label)
			}
			date := m.date
			if it.date != "" {
				var err error
				if date, err = when(it.date, now); err != nil {
					return box, err
				}
			}
			folder.Messages = append(folder.Messages, corpus.Message{Body: m.body, Flags: it.flags, Date: date})
		}
		box.Folders = append(box.Folders, folder)
	}
	return box, nil
}

// picture writes a snapshot the way states are written, one line per folder:
// what a server changes on its own account is evened out.
type picture struct {
	s     *mailtest.Server
	rules mailtest.Rules
	mails map[string]madeMail
	now   time.Time
	// byDigest leads from a body to the labels that have it.
	byDigest map[[32]byte][]string
	labels   []string
}

func newPicture(from, to *mailtest.Server, mails map[string]madeMail, now time.Time) *picture {
	p := &picture{s: to, rules: mailtest.Known(from, to), mails: mails, now: now, byDigest: make(map[[32]byte][]string)}
	p.labels = slices.Sorted(maps.Keys(mails))
	var all corpus.Folder
	all.Path = []string{"INBOX"}
	for _, label := range p.labels {
		all.Messages = append(all.Messages, corpus.Message{Body: mails[label].body})
	}
	made := mailtest.Expected(to, corpus.Mailbox{Folders: []corpus.Folder{all}})
	for i, m := range made.Folders["INBOX"].Messages {
		d := m.Digests[p.rules.Evened]
		p.byDigest[d] = append(p.byDigest[d], p.labels[i])
	}
	return p
}

// expected writes states for comparison, a line per folder by the server's name.
func (p *picture) expected(states folderStates) (map[string]string, error) {
	out := make(map[string]string)
	for _, f := range states {
		var words []string
		for _, text := range f.items {
			if text == "?" {
				words = append(words, text) // any message that is none of the described ones
				continue
			}
			it := readItem(text)
			m, ok := p.mails[it.label]
			if !ok {
				return nil, fmt.Errorf("no mail is called %q", it.label)
			}
			date := m.date
			if it.date != "" {
				var err error
				if date, err = when(it.date, p.now); err != nil {
					return nil, err
				}
			}
			words = append(words, p.word(it.label, it.flags, date, m.date, it.date == "now"))
		}
		out[p.s.FolderName(folderPath(f.name))] = strings.Join(words, " ")
	}
	return out, nil
}

func (p *picture) word(label string, flags []imap.Flag, date, own time.Time, about bool) string {
	word := label
	var names []string
	for _, f := range flags {
		if slices.ContainsFunc(p.rules.IgnoredFlags, func(i imap.Flag) bool { return strings.EqualFold(string(i), string(f)) }) {
			continue
		}
		if p.rules.KeywordCase || strings.HasPrefix(string(f), `\`) {
			f = imap.Flag(strings.ToLower(string(f)))
		}
		names = append(names, string(f))
	}
	if slices.Sort(names); len(names) > 0 {
		word += "(" + strings.Join(slices.Compact(names), ",") + ")"
	}
	switch {
	case about || !date.Equal(own) && date.Sub(p.now).Abs() < 20*time.Minute:
		word += "@now"
	case !date.Equal(own):
		word += "@" + date.UTC().Format("2006-01-02T15:04:05-0700")
	}
	return word
}

// actual writes a snapshot. wanted tells which of several labels of one body is
// meant, and which empty folders are to be told.
func (p *picture) actual(state mailtest.State, wanted map[string]string) map[string]string {
	out := make(map[string]string)
	for name, f := range state.Folders {
		if _, ok := wanted[name]; !ok && len(f.Messages) == 0 && (name == "INBOX" || p.rules.ExtraFolders) {
			continue
		}
		var words []string
		for _, m := range f.Messages {
			labels := p.byDigest[m.Digests[p.rules.Evened]]
			if len(labels) == 0 && slices.Contains(strings.Fields(wanted[name]), "?") {
				words = append(words, "?")
				continue
			}
			if len(labels) == 0 {
				words = append(words, fmt.Sprintf("?%s{%d}", m.MessageID, m.Length))
				continue
			}
			// Of several labels for one body the one that is expected is meant.
			label := labels[0]
			for _, l := range labels {
				if slices.ContainsFunc(strings.Fields(wanted[name]), func(w string) bool { return readItem(w).label == l }) {
					label = l
				}
			}
			words = append(words, p.word(label, m.Flags, m.Date, p.mails[label].date, false))
		}
		out[name] = strings.Join(words, " ")
	}
	if _, ok := wanted["INBOX"]; !ok && out["INBOX"] == "" {
		delete(out, "INBOX")
	}
	return out
}

// exact writes a snapshot with everything in it that a client can see.
func (p *picture) exact(state mailtest.State) map[string]string {
	out := make(map[string]string)
	for name, f := range state.Folders {
		if len(f.Messages) == 0 && p.rules.ExtraFolders {
			continue
		}
		words := []string{fmt.Sprintf("UIDVALIDITY %d:", f.UIDValidity)}
		if len(f.Messages) == 0 {
			words = nil // Courier gives an empty folder another one each time
		}
		for _, m := range f.Messages {
			words = append(words, fmt.Sprintf("%d %v %s %d %x,", m.UID, m.Flags, m.Date.UTC().Format(time.RFC3339), m.Length, m.Digests[0][:8]))
		}
		out[name] = strings.Join(words, " ")
	}
	return out
}

// uidOf finds the UID of the first message with a label in a folder.
func (p *picture) uidOf(state mailtest.State, folder, label string) (imap.UID, error) {
	f := state.Folders[p.s.FolderName(folderPath(folder))]
	if f != nil {
		for _, m := range f.Messages {
			if slices.Contains(p.byDigest[m.Digests[p.rules.Evened]], label) {
				return m.UID, nil
			}
		}
	}
	return 0, fmt.Errorf("no %s in %s", label, folder)
}
