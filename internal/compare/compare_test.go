package compare

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// mail is a message of a test: what stands for its key ("" for none), and its content.
type mail struct{ key, text string }

func message(text string) *habits.Message {
	header, _, _ := strings.Cut(text, "\n\n")
	m := habits.Of([]byte(header), identity.ContentOf([]byte(text)), int64(len(text)))
	return &m
}

func text(subject, body string) string {
	return "From: a@example.org\nSubject: " + subject + "\n\n" + body + "\n"
}

// list makes a listing; UIDs count from 1.
func list(mails ...mail) *listing.Listing {
	l := &listing.Listing{Complete: true, Whole: true}
	for i, m := range mails {
		r := listing.Record{UID: imap.UID(i + 1), Size: int64(len(m.text)), Date: int64(i) + 86400, Bits: listing.HasKey | listing.HasDate}
		if m.key == "" {
			r.Key = identity.ContentOf([]byte(m.text)).Key()
			r.Bits |= listing.ByContent
		} else {
			copy(r.Key.Sum[:], m.key)
		}
		l.Recs = append(l.Recs, r)
	}
	return l
}

// play compares as the engine does, and says of each host1 message what it is: "2" for
// host2's UID, with ? in doubt and ~ by order, "new" for missing, "=1" for the equal of
// a missing one.
func play(src, dst []mail, h *habits.Habits, change func(*Input)) (string, Pairing) {
	in := Input{Src: list(src...), Dst: list(dst...), SizesAgree: func(s, d *listing.Record) bool { return h.ExplainsSize(s.Size, d.Size) }}
	if change != nil {
		change(&in)
	}
	read := func(side []mail, uids []imap.UID) map[imap.UID]*habits.Message {
		out := make(map[imap.UID]*habits.Message)
		for _, uid := range uids {
			if side[uid-1].text != "" {
				out[uid] = message(side[uid-1].text)
			}
		}
		return out
	}
	w := Begin(in)
	decide := func() {
		for {
			a, b := w.Ask()
			if len(a)+len(b) == 0 {
				return
			}
			w.Decide(Contents{Src: read(src, a), Dst: read(dst, b), Begins: func(s, d imap.UID) bool {
				return src[s-1].text != dst[d-1].text && strings.HasPrefix(src[s-1].text, dst[d-1].text)
			}}, h)
		}
	}
	decide()
	if a, b := w.Leftovers(); len(a) > 0 {
		akin := func(side []mail, uids []imap.UID) map[imap.UID]identity.Digest {
			out := make(map[imap.UID]identity.Digest)
			for _, uid := range uids {
				header, _, _ := strings.Cut(side[uid-1].text, "\n\n")
				if key, ok := habits.AkinKey([]byte(header)); ok {
					out[uid] = key
				}
			}
			return out
		}
		w.Candidates(akin(src, a), akin(dst, b))
		decide()
	}
	p := w.Finish()
	words := make([]string, len(src))
	for i := range words {
		words[i] = "-"
	}
	for _, m := range append(p.Present, p.Repeated1...) {
		mark := map[Trust]string{Doubtful: "?", Likely: "~"}[m.Trust]
		if m.Dst >= 0 {
			words[m.Src] = fmt.Sprintf("%d%s", m.Dst+1, mark)
		} else {
			words[m.Src] = fmt.Sprintf("=%d", p.First[m.Src]+1)
		}
	}
	for _, s := range p.Missing {
		words[s] = "new"
	}
	return strings.Join(words, " "), p
}

func TestTable(t *testing.T) {
	a, b, c := text("s", "first"), text("s", "second, longer"), text("s", "third, the longest of all")
	added := func(text string) string { return "X-Gate: 1\n" + text }
	footer := func(text string) string { return text + "-- \nsent by a gateway\n" }
	keeps := func() *habits.Habits {
		h := new(habits.Habits)
		h.Learn(message(c), message(c))
		return h
	}
	adds := func() *habits.Habits {
		h := new(habits.Habits)
		h.Learn(message(c), message(added(c)))
		return h
	}
	known := func(pairs ...int32) func(*Input) { return func(in *Input) { in.Known = pairs } }
	claims := func(claims ...Claim) func(*Input) { return func(in *Input) { in.Claims = claims } }
	for _, tt := range []struct {
		name     string
		src, dst []mail
		h        *habits.Habits
		change   func(*Input)
		want     string
	}{
		{"1: tied", []mail{{"k", a}}, []mail{{"x", footer(a)}}, nil, known(0), "1"},
		{"1: tied twins cannot be exchanged", []mail{{"k", a}, {"k", b}}, []mail{{"k", b}, {"k", a}}, nil, known(0, 1), "1 2"},
		{"2: tied to one that is gone", []mail{{"k", a}}, []mail{{"k", a}}, nil, known(-1), "1"},
		{"3: and there is none", []mail{{"k", a}}, []mail{{"l", b}}, nil, known(-1), "new"},
		{"5: once on each side", []mail{{"k", a}}, []mail{{"k", a}}, nil, nil, "1"},
		{"5: with the habit", []mail{{"k", a}}, []mail{{"k", added(a)}}, adds(), nil, "1"},
		{"6: lines besides", []mail{{"k", a}}, []mail{{"k", added(a)}}, nil, nil, "1"},
		{"7: only the beginning", []mail{{"k", c}}, []mail{{"k", c[:40]}}, nil, nil, "new"},
		{"7: host2 keeps sizes", []mail{{"k", a}}, []mail{{"k", b}}, keeps(), nil, "new"},
		{"8: nothing is known", []mail{{"k", a}}, []mail{{"k", b}}, nil, nil, "1?"},
		{"8: footer", []mail{{"k", a}}, []mail{{"k", footer(a)}}, nil, nil, "1?"},
		{"9: moved away and back", []mail{{"k", a}}, []mail{{"k", a}}, nil, claims(Gone), "1"},
		{"9: an edited draft", []mail{{"k", b}}, []mail{{"k", a}}, nil, claims(Gone), "new"},
		{"9: only its subject was edited, beyond ASCII", []mail{{"k", text("Вторая редакция", "x")}}, []mail{{"k", text("Проект", "x")}}, nil, claims(Gone), "new"},
		{"9: only its header was edited", []mail{{"k", a}}, []mail{{"k", "Bcc: b@example.org\n" + a}}, nil, claims(Gone), "new"},
		{"9: one to one, deleted as copied", []mail{{"k", a}}, []mail{{"k", a}}, nil, func(in *Input) {
			in.Claims, in.OneToOne, in.Deletes1 = []Claim{Gone}, true, true
		}, "1?"},
		{"9: one to one, moved away and back", []mail{{"k", a}}, []mail{{"k", a}}, nil, func(in *Input) {
			in.Claims, in.OneToOne = []Claim{Gone}, true
		}, "1"},
		{"10: equal ones are one", []mail{{"k", a}, {"k", a}}, nil, nil, nil, "new =1"},
		{"10: contents tell twins apart", []mail{{"k", a}, {"k", b}}, []mail{{"k", b}}, nil, nil, "new 1"},
		{"10: with lines besides", []mail{{"k", a}, {"k", b}, {"k", c}}, []mail{{"k", added(b)}, {"k", added(c)}, {"k", added(a)}}, nil, nil, "3 1 2"},
		{"10: by order", []mail{{"k", a}, {"k", b}, {"k", c}}, []mail{{"k", footer(a)}, {"k", footer(b)}}, nil, nil, "1~ 2~ new"},
		{"10: host2 keeps bytes", []mail{{"k", a}, {"k", b}}, []mail{{"k", c}}, keeps(), nil, "new new"},
		{"10: one is tied, the other equal to it", []mail{{"k", a}, {"k", a}}, []mail{{"k", footer(a)}}, nil, known(0, -1), "1 1"},
		{"10: one is tied, the other is not equal", []mail{{"k", a}, {"k", b}}, []mail{{"k", footer(a)}}, nil, known(0, -1), "1 new"},
		{"10: one of several of host2 by its content, whatever their sizes", []mail{{"k", text("s", "other words")}}, []mail{{"k", text("s", "these words")}, {"k", added(text("s", "other words"))}}, nil, nil, "2"},
		{"10: of equal ones of host2 the one with the mark of host1's", []mail{{"k", a}}, []mail{{"k", a}, {"k", a}}, nil, func(in *Input) {
			in.Marked = func(side int, r *listing.Record) bool { return side == 1 || r.UID == 2 }
		}, "2"},
		{"10: a beginning that an option left", []mail{{"k", c}, {"k", c}}, []mail{{"k", c[:40]}, {"k", c[:40]}}, nil, func(in *Input) {
			in.SizesUnknown, in.SizesAgree = true, func(*listing.Record, *listing.Record) bool { return true }
		}, "1~ 1~"},
		{"10: one to one", []mail{{"k", a}, {"k", a}}, []mail{{"k", a}}, nil, func(in *Input) { in.OneToOne = true }, "1 new"},
		{"11: the key was changed", []mail{{"k", a}}, []mail{{"l", added(a)}}, nil, nil, "1"},
		{"11: nothing but the body is equal", []mail{{"k", text("one", "x")}}, []mail{{"l", text("two", "x")}}, nil, nil, "new"},
		{"11: without a key, changed", []mail{{"", a}}, []mail{{"", footer(a)}}, nil, nil, "1?"},
		{"11: with keys, and another content", []mail{{"k", a}}, []mail{{"l", b}}, nil, nil, "new"},
		{"other folder's, equal", []mail{{"k", a}}, []mail{{"k", a}}, nil, claims(Other), "1"},
		{"other folder's, not equal", []mail{{"k", b}}, []mail{{"k", a}}, nil, claims(Other), "new"},
		{"unread where messages are altered", []mail{{"k", a}}, []mail{{"k", b}}, nil, func(in *Input) {
			in.SizesUnknown, in.SizesAgree = true, func(*listing.Record, *listing.Record) bool { return true }
		}, "1~"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.h
			if h == nil {
				h = new(habits.Habits)
			}
			if got, _ := play(tt.src, tt.dst, h, tt.change); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestSurplus(t *testing.T) {
	a, b := text("s", "first"), text("s", "second, longer")
	doubles := func(in *Input) { in.Doubles, in.Strict = true, true }
	for _, tt := range []struct {
		name           string
		src, dst       []mail
		change         func(*Input)
		extra, doubles int
		unlike         int64
	}{
		{"host2 alone", nil, []mail{{"k", a}}, nil, 1, 0, 0},
		{"claimed by one that is gone", []mail{{"k", b}}, []mail{{"k", a}}, func(in *Input) { in.Claims = []Claim{Gone} }, 1, 0, 0},
		{"another folder's", nil, []mail{{"k", a}}, func(in *Input) { in.Claims = []Claim{Other} }, 0, 0, 0},
		{"an equal one", []mail{{"k", a}}, []mail{{"k", a}, {"k", a}}, doubles, 0, 1, 0},
		{"with a line besides", []mail{{"k", a}}, []mail{{"k", a}, {"k", "X-Gate: 1\n" + a}}, doubles, 0, 1, 0},
		{"with another content", []mail{{"k", a}}, []mail{{"k", a}, {"k", b}}, doubles, 0, 0, 0},
		{"claimed", []mail{{"k", a}}, []mail{{"k", a}, {"k", a}}, func(in *Input) { doubles(in); in.Claims = []Claim{Free, Gone} }, 1, 0, 0},
		{"three on host2 alone", nil, []mail{{"k", a}, {"k", a}, {"k", b}}, doubles, 3, 1, 0},
		{"undecided", []mail{{"k", a}}, []mail{{"k", b}, {"k", b + "x"}}, nil, 0, 0, 0},
		{"one to one, in doubt", []mail{{"k", a}}, []mail{{"k", b}, {"k", b}}, func(in *Input) { in.OneToOne, in.Strict = true, true }, 0, 0, 0},
		{"one to one", []mail{{"k", a}}, []mail{{"k", a}, {"k", a}}, func(in *Input) { in.OneToOne, in.Strict = true, true }, 1, 0, 0},
		{"with a Cc besides", []mail{{"k", a}}, []mail{{"k", a}, {"k", "Cc: b@example.org\n" + a}}, doubles, 0, 0, 1},
		{"one with a Cc, one with a gateway's line", []mail{{"k", a}}, []mail{{"k", "Cc: b@example.org\n" + a}, {"k", "X-Gate: 1\n" + a}}, doubles, 0, 0, 1},
		{"with a line besides and without", []mail{{"k", a}}, []mail{{"k", "Received: x\n" + a}, {"k", a}, {"k", "List-Id: x\n" + a}}, doubles, 0, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, p := play(tt.src, tt.dst, new(habits.Habits), tt.change)
			if len(p.Extra) != tt.extra || len(p.Doubles) != tt.doubles || p.Unlike != tt.unlike {
				t.Errorf("%d extra, %d doubles, %d unlike, want %d, %d and %d", len(p.Extra), len(p.Doubles), p.Unlike, tt.extra, tt.doubles, tt.unlike)
			}
		})
	}
}

// TestEqualsOfOneInDoubtAreBound: where each of several equal messages needs a copy of
// its own, the copy of one proves no other at the next run, whatever is remembered.
func TestEqualsOfOneInDoubtAreBound(t *testing.T) {
	a, b := text("s", "first"), text("s", "second, longer")
	for _, tt := range []struct {
		name     string
		src, dst []mail
		deletes  bool
		want     []int32
	}{
		{"one in doubt, one to be copied", []mail{{"k", a}, {"k", a}}, []mail{{"k", b}}, true, []int32{0, 1}},
		{"one in doubt, one there", []mail{{"k", a}, {"k", a}}, []mail{{"k", b}, {"k", a}}, true, []int32{0, 1}},
		{"all there", []mail{{"k", a}, {"k", a}}, []mail{{"k", a}, {"k", a}}, true, nil},
		{"none there", []mail{{"k", a}, {"k", a}}, nil, true, nil},
		{"another in doubt", []mail{{"k", a}, {"k", b}}, []mail{{"k", a}, {"k", b + "more\n"}}, true, []int32{1}},
		{"nothing is deleted", []mail{{"k", a}, {"k", a}}, []mail{{"k", b}}, false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, p := play(tt.src, tt.dst, new(habits.Habits), func(in *Input) { in.OneToOne, in.Strict, in.Deletes1 = true, true, tt.deletes })
			for i := range tt.src {
				if s := int32(i); p.Bound[s] != slices.Contains(tt.want, s) { //nolint:gosec // small
					t.Errorf("message %d: bound %v", i+1, p.Bound[s])
				}
			}
		})
	}
}

// TestUnreadOnHost2: what host2 cannot read may be the copy of a message with its date
// and size, and of no other.
func TestUnreadOnHost2(t *testing.T) {
	a, b := text("s", "first"), text("s", "second, longer")
	unread := func(in *Input) {
		in.Dst.Recs[0].Key, in.Dst.Recs[0].Bits = identity.Key{}, listing.Unread|listing.Outside|listing.HasDate
		in.Dst.Recs[0].Size = int64(len(a))
	}
	for _, tt := range []struct {
		name   string
		src    []mail
		change func(*Input)
		want   string
	}{
		{"date and size", []mail{{"k", a}}, unread, "1?"},
		{"another size", []mail{{"k", b}}, unread, "new"},
		{"another date", []mail{{"k", a}}, func(in *Input) { unread(in); in.Dst.Recs[0].Date++ }, "new"},
		{"no date", []mail{{"k", a}}, func(in *Input) { unread(in); in.Dst.Recs[0].Bits &^= listing.HasDate }, "new"},
		{"of another", []mail{{"k", a}}, func(in *Input) { unread(in); in.Claims = []Claim{Other} }, "new"},
		{"two of them", []mail{{"k", a}, {"l", a}}, func(in *Input) { unread(in); in.Src.Recs[1].Date = in.Src.Recs[0].Date }, "1? new"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, _ := play(tt.src, []mail{{"k", ""}}, new(habits.Habits), tt.change); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// TestUnreadByPlace: what host2 cannot read, and tells no date and size of, counts as what
// stands between the counterparts of its neighbours.
func TestUnreadByPlace(t *testing.T) {
	for _, tt := range []struct {
		name, src, dst string // a letter a message; those of dst that cannot be read are '.'
		size           int64
		want           string
	}{
		{"in the middle", "abc", "a.c", 0, "1 2? 3"},
		{"its size", "abc", "a.c", int64(len(text("s", "b"))), "1 2? 3"},
		{"another size", "abc", "a.c", 600, "1 new 3"},
		{"two in the middle", "abcd", "a..d", 0, "1 2? 3? 4"},
		{"fewer are missing", "abc", "a..c", 0, "1 2? 4"},
		{"more are missing", "abcd", "a.d", 0, "1 new new 3"},
		{"more are missing, of other sizes", "aBbcd", "a.d", int64(len(text("s", "BB"))), "1 2? new new 3"},
		{"more are missing, two of its size", "abcd", "a.d", int64(len(text("s", "b"))), "1 new new 3"},
		{"the first", "abc", ".bc", 0, "1? 2 3"},
		{"the last, and later mail", "abcd", "ab.", 0, "1 2 3? new"},
		{"nothing is missing", "abc", "abc.", 0, "1 2 3"},
		{"another order", "abc", "c.a", 0, "3 new 1"},
		{"no neighbour", "ab", ".", 0, "new new"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var src, dst []mail
			for _, c := range tt.src {
				body := string(c)
				if c == 'B' {
					body = "BB" // longer
				}
				src = append(src, mail{string(c), text("s", body)})
			}
			for _, c := range tt.dst {
				dst = append(dst, mail{string(c), text("s", string(c))})
			}
			got, _ := play(src, dst, new(habits.Habits), func(in *Input) {
				for i, c := range tt.dst {
					if r := &in.Dst.Recs[i]; c == '.' {
						r.Key, r.Bits, r.Size = identity.Key{}, listing.Unread|listing.Outside, tt.size
					}
				}
			})
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// TestMarkedStandsBack: of equal messages the one without \Deleted stands for the
// others, on both sides.
func TestMarkedStandsBack(t *testing.T) {
	a := text("s", "first")
	marked := func(side int, r *listing.Record) bool { return r.UID == 1 }
	_, p := play([]mail{{"k", a}, {"k", a}}, nil, new(habits.Habits), func(in *Input) { in.Marked = marked })
	if len(p.Missing) != 1 || p.Missing[0] != 1 {
		t.Errorf("copied: %v", p.Missing)
	}
	_, p = play([]mail{{"k", a}, {"k", a}}, []mail{{"k", a}, {"k", a}}, new(habits.Habits), func(in *Input) { in.Marked, in.Strict = marked, true })
	if len(p.Present) != 1 || p.Present[0].Src != 1 || p.Present[0].Dst != 1 {
		t.Errorf("present: %v", p.Present)
	}
}

// BenchmarkPair is the comparison of an ordinary folder.
func BenchmarkPair(b *testing.B) {
	var mails []mail
	for i := range 100_000 {
		mails = append(mails, mail{fmt.Sprint(i), "x"})
	}
	src, dst := list(mails...), list(mails...)
	b.ResetTimer()
	for range b.N {
		Begin(Input{Src: src, Dst: dst, SizesAgree: func(s, d *listing.Record) bool { return true }}).Finish()
	}
	b.ReportMetric(float64(b.Elapsed()/time.Duration(b.N))/100_000, "ns/message")
}
