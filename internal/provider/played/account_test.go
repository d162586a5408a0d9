package played

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/models"
	"github.com/imaphaul/imaphaul/internal/mailtest/utf7"
)

// roleOf are the corpus's folders that have a role.
var roleOf = map[string]string{"Sent": `\Sent`, "Drafts": `\Drafts`, "Trash": `\Trash`, "Junk": `\Junk`, "Archive": `\Archive`}

// fill gives an account so many messages of an ordinary person. On a model with labels
// a third of the messages have two, a tenth none, some are starred or important.
func (s *side) fill(t *testing.T, messages int) {
	t.Helper()
	box := corpus.Generate(corpus.Options{Seed: 7, Messages: messages, MaxAttachment: 40 << 10, Distinct: true, PlainHeaders: true})
	var names []string
	for _, f := range box.Folders {
		name := s.name(f.Path)
		s.server.Folder(user, name, true)
		if roleOf[f.Path[0]] == "" {
			names = append(names, name)
		}
	}
	n := 0
	for _, f := range box.Folders {
		for _, m := range f.Messages {
			n++
			m.Flags = slices.DeleteFunc(slices.Clone(m.Flags), func(f2 imapFlag) bool { return f2 == `\Deleted` })
			in := []string{s.name(f.Path)}
			if s.model.Labels && roleOf[f.Path[0]] == "" {
				switch {
				case n%3 == 0:
					in = append(in, names[n%len(names)])
				case n%10 == 1:
					in = []string{s.model.Role(s.language, `\All`)}
				}
				if n%11 == 0 {
					in = append(in, s.model.Role(s.language, `\Important`))
				}
				in = slices.Compact(in)
			}
			if err := s.server.Put(user, m, in...); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// name is a corpus's folder as this side calls it.
func (s *side) name(path []string) string {
	if role := roleOf[path[0]]; role != "" && len(path) == 1 {
		if name := s.model.Role(s.language, role); name != "" {
			return name
		}
	}
	encoded := make([]string, len(path))
	for i, p := range path {
		encoded[i] = utf7.Encode(p)
	}
	if len(path) == 1 && path[0] == "INBOX" {
		return "INBOX"
	}
	return s.model.Prefix + strings.Join(encoded, s.model.Sep)
}

// sum stands for the bytes of a message.
func sum(body []byte) [32]byte { return sha256.Sum256(body) }

// copyOf is a message as it is to be found on host2.
type copyOf struct {
	folder, flags, date string
	sum                 [32]byte
}

// want is what host2 has to hold, for what host1 holds; to maps folders, "" leaves one
// out.
func want(from, to *side, folder func(string) string, keep func(name string, m models.Found) bool) map[copyOf]int {
	out := make(map[copyOf]int)
	for name, list := range from.server.State(user) {
		target := folder(name)
		if target == "" {
			continue
		}
		for _, m := range list {
			if keep != nil && !keep(name, m) {
				continue
			}
			body := m.Body
			for _, change := range to.model.Stored {
				body = change(body)
			}
			c := copyOf{target, strings.Join(to.model.Keeps(m.Flags), " "), m.Date.UTC().Format("2006-01-02 15:04:05"), sum(body)}
			if to.model.Labels && out[c] > 0 {
				continue
			}
			out[c]++
		}
	}
	return out
}

// have is what host2 holds, but for the folders that show messages of others.
func have(to *side) map[copyOf]int {
	out := make(map[copyOf]int)
	views := []string{to.model.Role(to.language, `\All`), to.model.Role(to.language, `\Flagged`)}
	for name, list := range to.server.State(user) {
		if to.model.Labels && slices.Contains(views, name) {
			continue
		}
		for _, m := range list {
			out[copyOf{name, strings.Join(m.Flags, " "), m.Date.UTC().Format("2006-01-02 15:04:05"), sum(m.Body)}]++
		}
	}
	return out
}

// measured says what is right: of the mail itself, of flags, of dates.
type measured struct {
	mail, flags, dates, limits, resumed bool
	first                               []string // differences
}

// compare holds what there is against what there should be, first without flags and
// dates.
func compare(want, have map[copyOf]int) measured {
	reduced := func(in map[copyOf]int, reduce func(*copyOf)) map[copyOf]int {
		out := make(map[copyOf]int)
		for c, n := range in {
			reduce(&c)
			out[c] += n
		}
		return out
	}
	equal := func(reduce func(*copyOf)) bool { return maps.Equal(reduced(want, reduce), reduced(have, reduce)) }
	m := measured{
		mail:  equal(func(c *copyOf) { c.flags, c.date = "", "" }),
		flags: equal(func(c *copyOf) { c.date = "" }),
		dates: equal(func(c *copyOf) { c.flags = "" }),
	}
	for _, d := range []struct {
		a, b map[copyOf]int
		word string
	}{{want, have, "missing"}, {have, want, "extra"}} {
		perFolder := make(map[string]int)
		for c, n := range d.a {
			if k := n - d.b[c]; k > 0 {
				perFolder[c.folder] += k
				if perFolder[c.folder] <= 2 {
					m.first = append(m.first, fmt.Sprintf("%s in %s: flags (%s) date %s %x", d.word, c.folder, c.flags, c.date, c.sum[:4]))
				}
			}
		}
		for f, n := range perFolder {
			m.first = append(m.first, fmt.Sprintf("%s in %s: %d", d.word, f, n))
		}
	}
	slices.Sort(m.first)
	return m
}

// headers is the number of messages with a body, by folder, for failures.
func (s *side) String() string {
	var b bytes.Buffer
	state := s.server.State(user)
	for _, name := range slices.Sorted(maps.Keys(state)) {
		fmt.Fprintf(&b, "%s %d\n", name, len(state[name]))
	}
	return b.String()
}

// corpusMessage is a message once more.
func corpusMessage(f models.Found) corpus.Message {
	out := corpus.Message{Body: f.Body, Date: f.Date}
	for _, flag := range f.Flags {
		out.Flags = append(out.Flags, imapFlag(flag))
	}
	return out
}
