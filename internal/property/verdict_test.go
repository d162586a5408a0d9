package property

import (
	"fmt"
	"slices"
	"strings"
)

// goodMeansThere: exit code 0 and "looks good" mean that host2 has each content that
// was wanted where it belongs, as often as host1 has it with --syncduplicates, else
// once.
//
// A content may be missing where host2 has a message of its own with the same key and
// another content, which no run stored and which is not its beginning: then nobody can
// tell, and lost is worse than twice only for what was deleted.
func goodMeansThere(f *facts) (out []violation) {
	if f.verb == "kill" || f.from == f.to || f.out.code != 0 || !f.out.good {
		return nil
	}
	type want struct{ to, body string }
	wanted := make(map[want]int)
	var order []want
	for from, to := range f.chosen {
		for i := range f.before[f.from][from].messages {
			m := &f.before[f.from][from].messages[i]
			if !f.o.wants(m, m.at) || f.o.has("--expunge2") && m.has(`\Deleted`) || f.o.has("--noresurrect") && f.p.delivered[m.body] {
				continue
			}
			w := want{to, m.body}
			if wanted[w] == 0 {
				order = append(order, w)
			}
			if wanted[w] == 0 || f.o.has("--syncduplicates") {
				wanted[w]++
			}
		}
	}
	slices.SortFunc(order, func(a, b want) int { return strings.Compare(a.to+a.body, b.to+b.body) })
	excuses := make(map[string]int)
	used := make(map[string]bool)
	for _, w := range order {
		n := 0
		for name, folder := range f.after[f.to] {
			if name != w.to && !f.o.has("--skipcrossduplicates") {
				continue
			}
			for _, m := range folder.messages {
				if f.o.equal(m.body, w.body) {
					n++
				}
			}
		}
		if n >= wanted[w] {
			continue
		}
		k := w.to + "\n" + lookup([]byte(w.body), f.o)
		if !used[k] {
			used[k] = true
			excuses[k] = f.lookalikes(w.to, w.body)
		}
		if excuses[k] > 0 {
			excuses[k]--
			continue
		}
		out = append(out, violation{kind: "missing", text: fmt.Sprintf("%s is in %s of host2 %d times, not %d, and the run looks good", f.p.name(w.body), w.to, n, wanted[w])})
	}
	return out
}

// lookup is what a message is recognised by, with what stands in for a key.
func lookup(body []byte, o options) string {
	if k := o.key(string(body)); k != "" {
		return k
	}
	return key(body, "Date", "From", "Subject")
}

// lookalikes counts the messages of a host2 folder that may be taken for a content
// though theirs is another.
func (f *facts) lookalikes(folder, body string) (n int) {
	want := lookup([]byte(body), f.o)
	for i := range f.after[f.to][folder].messages {
		m := &f.after[f.to][folder].messages[i]
		at := place{f.to, folder, f.after[f.to][folder].validity, m.uid}
		if f.p.origins[at].by != 0 || find(f.before[f.to], at) == nil {
			continue // a run stored it: it is known what it is
		}
		if !strings.HasPrefix(body, m.body) && lookup([]byte(m.body), f.o) == want && !f.onHost1(folder, m.body) {
			n++
		}
	}
	return n
}

// cutCopies tells whether a folder of host2 has a beginning of a content that a run
// stored: the two are a pair then, and have flags in common.
func (f *facts) cutCopies(name, body string) bool {
	folder := f.after[f.to][name]
	return slices.ContainsFunc(folder.messages, func(m message) bool {
		c := strip(m.body)
		return len(c) < len(body) && strings.HasPrefix(body, c) && f.p.origins[place{f.to, name, folder.validity, m.uid}].by != 0
	})
}

// flagsFollow: where host2 has a content once, its flags are those of a message of
// host1 with that content that is not marked \Deleted, if there is one.
func flagsFollow(f *facts) (out []violation) {
	if f.verb == "kill" || f.from == f.to || f.out.code != 0 || !f.out.good || f.o.has("--noresyncflags") {
		return nil
	}
	for name, folder := range f.after[f.to] {
		for i := range folder.messages {
			m := &folder.messages[i]
			if f.holds(name, strip(m.body)) != 1 || f.cutCopies(name, strip(m.body)) {
				continue
			}
			if f.o.has("--expunge2") && f.held(name, strip(m.body)) > 1 {
				continue // the one that has the flags of host1's may have been expunged for them
			}
			var plain, marked []string
			for _, from := range f.sourcesOf(name) {
				source := f.before[f.from][from]
				for j := range source.messages {
					s := &source.messages[j]
					switch {
					case s.body != strip(m.body) || f.chosen[from] == "":
					case !f.o.wants(s, s.at):
						plain = append(plain, "any")
					case s.has(`\Deleted`) && !f.ours(place{f.from, from, source.validity, s.uid}):
						marked = append(marked, strings.Join(s.flags, " "))
					default:
						if f.o.has("--nousecache") {
							// An earlier run without a journal may have carried our mark over.
							plain = append(plain, strings.Join(s.flags, " "))
						}
						plain = append(plain, strings.Join(slices.DeleteFunc(slices.Clone(s.flags), func(x string) bool { return x == `\deleted` }), " "))
					}
				}
			}
			accepted := plain
			if len(plain) == 0 {
				accepted = marked
				if f.o.has("--delete1") || len(f.sourcesOf(name)) > 1 || f.p.othersBegan(f.from) || f.p.beganSame {
					// The mark may be our own of a run without a journal, or that of one
					// of several equal messages, here or in another account: it need not
					// be carried over.
					for _, flags := range marked {
						accepted = append(accepted, strings.Join(strings.Fields(strings.ReplaceAll(flags, `\deleted`, "")), " "))
					}
				}
				if f.o.has("--delete1") && len(marked) > 1 {
					// It is not known which of them the owner marked: no flag is taken away.
					accepted = append(accepted, "any")
				}
			}
			if got := strings.Join(m.flags, " "); len(accepted) > 0 && !slices.Contains(accepted, got) && !slices.Contains(accepted, "any") {
				out = append(out, violation{kind: "flags", text: fmt.Sprintf("%s in %s of host2 has the flags (%s), not (%s)", f.p.name(m.body), name, got, strings.Join(accepted, ") or ("))})
			}
		}
	}
	return out
}
