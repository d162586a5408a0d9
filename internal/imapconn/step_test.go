package imapconn

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// TestConsent: a literal leaves unasked only behind what this server is known to
// take; what it was asked for once it is not asked for again.
func TestConsent(t *testing.T) {
	tomorrow := time.Now().Add(36 * time.Hour).UTC().Format("02-Jan-2006 15:04:05 -0700")
	const good = "17-Jul-1996 02:44:25 -0700"
	for _, tt := range []struct {
		name    string
		mailbox string
		o       AppendOptions
		asked   bool
	}{
		{"plain", "INBOX", AppendOptions{Date: good}, false},
		{"no date", "INBOX", AppendOptions{}, false},
		{"listed in FLAGS", "INBOX", AppendOptions{Flags: []imap.Flag{`\Seen`, "work"}, Date: good}, false},
		{"listed in PERMANENTFLAGS", "INBOX", AppendOptions{Flags: []imap.Flag{"$Perm"}, Date: good}, false},
		{"another case", "INBOX", AppendOptions{Flags: []imap.Flag{`\SEEN`, "WORK"}}, false},
		{"a flag of the five that is not listed", "INBOX", AppendOptions{Flags: []imap.Flag{`\Draft`}}, true},
		{"an unlisted keyword", "INBOX", AppendOptions{Flags: []imap.Flag{`\Seen`, "Other"}}, true},
		{"an unknown system flag", "INBOX", AppendOptions{Flags: []imap.Flag{`\Indexed`}}, true},
		{"Recent", "INBOX", AppendOptions{Flags: []imap.Flag{`\Recent`}}, true},
		{"1905", "INBOX", AppendOptions{Date: "01-Jan-1905 00:00:00 +0000"}, true},
		{"the epoch", "INBOX", AppendOptions{Date: "01-Jan-1970 00:00:00 +0000"}, true},
		{"the day after the epoch", "INBOX", AppendOptions{Date: "02-Jan-1970 00:00:00 +0000"}, false},
		{"after tomorrow", "INBOX", AppendOptions{Date: tomorrow}, true},
		{"the year 0", "INBOX", AppendOptions{Date: "00-Jan-0000 00:00:00 +0000"}, true},
		{"no such day", "INBOX", AppendOptions{Date: "31-Feb-2020 00:00:00 +0000"}, true},
		{"no such hour", "INBOX", AppendOptions{Date: "01-Feb-2020 24:00:00 +0000"}, true},
		{"a day with a blank", "INBOX", AppendOptions{Date: " 1-Feb-2020 10:00:00 +0000"}, true},
		{"a zone out of range", "INBOX", AppendOptions{Date: "01-Feb-2020 10:00:00 +2500"}, true},
		{"no date at all", "INBOX", AppendOptions{Date: "yesterday"}, true},
		{"a mailbox never opened", "Elsewhere", AppendOptions{Date: good}, true},
		{"binary", "INBOX", AppendOptions{Binary: true}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plus, say := "+", ""
			if tt.asked {
				plus, say = "", "+ go\n"
			}
			cfg := dialogue(t, func(p *peer) {
				p.raw("* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] hi\r\n")
				p.want("T1 SELECT INBOX")
				p.say("* FLAGS (\\Answered \\Seen Work)\n* OK [PERMANENTFLAGS (\\Seen $Perm \\*)] x\n* 0 EXISTS\nT1 OK\n")
				for n := 2; n < 4; n++ {
					line := p.line()
					if !strings.HasSuffix(line, "{5"+plus+"}") {
						panic(wrong(fmt.Sprintf("round %d: %q, want {5%s}", n, line, plus)))
					}
					p.say(say)
					p.bytes(7)
					p.say(fmt.Sprintf("T%d OK\n", n))
					if !tt.o.Binary && tt.mailbox == "INBOX" {
						plus, say = "+", "" // taken, so known
					}
				}
				p.ended()
			})
			cfg.Consent = new(Consent)
			c, err := Connect(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Select(t.Context(), "INBOX", nil); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				tt.o.Size = 5
				a, err := c.StartAppend(t.Context(), tt.mailbox, tt.o)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = a.Write([]byte("hello"))
				if _, err := c.WaitAppend(t.Context(), a); err != nil {
					t.Fatal(err)
				}
			}
			_ = c.Close()
			// Another connection of another run knows it, too.
			next := new(Consent)
			next.Learn(cfg.Consent.Lessons())
			next.opened("INBOX", &SelectData{HasFlags: true, Flags: []imap.Flag{`\Seen`, "Work", "$Perm"}})
			if tt.mailbox == "INBOX" && !tt.o.Binary && next.unknown("INBOX", &tt.o) {
				t.Error("not known to the next run")
			}
		})
	}
}

// TestOutOfStep: replies that may be answers to the text of a message end the
// connection, and no text leaves unasked any more.
func TestOutOfStep(t *testing.T) {
	for _, tt := range []struct {
		name    string
		reply   string
		ends    bool
		unasked bool // literals may still leave unasked
	}{
		{"taken", "T1 OK done\n", false, true},
		{"BAD", "T1 BAD Invalid system flag\n", true, false},
		{"untagged BAD", "* BAD what is that\nT1 OK\n", true, false},
		{"an untagged OK", "* OK still here\nT1 OK\n", false, true},
		{"a continuation that nobody needs", "+ go\nT1 OK\n", false, true},
		{"a tag that could be guessed", "T2 OK NOOP completed\n", true, false},
		{"a line of the mail answered", "Subject: BAD unknown command\n", true, false},
		{"another answer", "a1 OK CREATE completed\n", true, false},
		{"no reply at all", "what?\n", true, false},
		{"an empty line", "\nT1 OK\n", true, false},
		{"a star alone", "*\nT1 OK\n", true, false},
		{"our tag with another prefix", "Q1 OK\n", true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var told *OutOfStepError
			cfg := dialogue(t, func(p *peer) {
				p.raw(preauth)
				p.want("T1 APPEND INBOX {5+}")
				p.bytes(7)
				p.say(tt.reply)
				if tt.ends {
					_, _ = p.r.ReadString('\n')
					return
				}
				p.ended()
			})
			cfg.OnOutOfStep = func(e *OutOfStepError) { told = e }
			c, err := Connect(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			a, err := c.StartAppend(t.Context(), "INBOX", AppendOptions{Size: 5})
			if err != nil {
				t.Fatal(err)
			}
			_, _ = a.Write([]byte("hello"))
			_, err = c.WaitAppend(t.Context(), a)
			var out *OutOfStepError
			if tt.ends != (c.Err() != nil) || tt.ends != errors.As(err, &out) || tt.ends != (told != nil) {
				t.Errorf("error %v, connection %v, told %v", err, c.Err(), told)
			}
			if got := c.Unasked(5); got != tt.unasked {
				t.Errorf("literals leave unasked: %v", got)
			}
			_ = c.Close()
		})
	}
}

// TestStepAfterNo: after the refusal of a text that had left unasked the server has
// to answer a NOOP before more such text leaves.
func TestStepAfterNo(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		ends         bool
	}{
		{"sound", "T2 OK\n", false},
		{"the text idles", "+ idling\nT2 OK\n", true},
		{"the text is executed", "x BAD unknown\nT2 OK\n", true},
		{"the text waits for a literal", "+ go\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := connect(t, "LITERAL+", func(p *peer) {
				p.want("T1 APPEND INBOX {5+}")
				p.bytes(7)
				p.say("T1 NO over quota\n")
				p.want("T2 NOOP")
				p.say(tt.answer)
				if !tt.ends {
					p.want("T3 APPEND INBOX {5+}")
					p.bytes(7)
					p.say("T3 OK\n")
				}
				_, _ = p.r.ReadString('\n')
			})
			var err error
			for range 2 {
				var a *Append
				if a, err = c.StartAppend(t.Context(), "INBOX", AppendOptions{Size: 5}); err != nil {
					break
				}
				_, _ = a.Write([]byte("hello"))
				_, err = c.WaitAppend(t.Context(), a)
			}
			if tt.ends != (c.Err() != nil) || tt.ends != (err != nil) {
				t.Errorf("error %v, connection %v", err, c.Err())
			}
			_ = c.Close()
		})
	}
}

// TestTags: nobody can guess a connection's tags, and they are atoms.
func TestTags(t *testing.T) {
	seen := make(map[string]bool)
	for range 1000 {
		tag := newTagPrefix()
		if seen[tag] || !ValidFlag(tag) || strings.ContainsAny(tag, "+ ]") || tag[0] >= '0' && tag[0] <= '9' {
			t.Fatalf("%q", tag)
		}
		seen[tag] = true
	}
}

// TestStringsAsked: a name or password that needs a literal is asked for, and a name
// once opened need not be.
func TestStringsAsked(t *testing.T) {
	c := connect(t, "LITERAL+", func(p *peer) {
		p.want("T1 EXAMINE {3}")
		p.say("+ go\n")
		p.want("\xc3\x89t")
		p.say("* 0 EXISTS\nT1 OK\n")
		p.want("T2 APPEND {3+}")
		p.want("\xc3\x89t {5+}")
		p.bytes(7)
		p.say("T2 OK\n")
		p.ended()
	})
	if _, err := c.Examine(t.Context(), "\xc3\x89t", nil); err != nil {
		t.Fatal(err)
	}
	a, err := c.StartAppend(t.Context(), "\xc3\x89t", AppendOptions{Size: 5})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = a.Write([]byte("hello"))
	if _, err := c.WaitAppend(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

// TestCommandsInNames: a name that reads as a command is asked for each time, in
// whatever command it stands and however often the server took it.
func TestCommandsInNames(t *testing.T) {
	for _, name := range []string{"a\r\nx DELETE b", "a\nb", "x DELETE b\xe9", "a\r\n"} {
		t.Run(fmt.Sprintf("%q", name), func(t *testing.T) {
			c := connect(t, "LITERAL+", func(p *peer) {
				for n, verb := range []string{"CREATE", "SUBSCRIBE", "EXAMINE", "STATUS", "APPEND"} {
					p.want(fmt.Sprintf("T%d %s {%d}", n+1, verb, len(name)))
					p.say("+ go\n")
					p.bytes(len(name))
					switch verb {
					case "STATUS":
						p.want(" (MESSAGES)")
					case "APPEND":
						p.want(" {5+}")
						p.bytes(7)
					default:
						p.want("")
						p.say("* 0 EXISTS\n")
					}
					p.say(fmt.Sprintf("T%d OK\n", n+1))
				}
				p.ended()
			})
			ctx := t.Context()
			for _, send := range []func() error{
				func() error { return c.Create(ctx, name) },
				func() error { return c.Subscribe(ctx, name) },
				func() error { _, err := c.Examine(ctx, name, nil); return err },
				func() error { return c.run(ctx, "STATUS", Str(name), Raw("(MESSAGES)")) },
				func() error {
					a, err := c.StartAppend(ctx, name, AppendOptions{Size: 5})
					if err != nil {
						return err
					}
					_, _ = a.Write([]byte("hello"))
					_, err = c.WaitAppend(ctx, a)
					return err
				},
			} {
				if err := send(); err != nil {
					t.Fatal(err)
				}
			}
			_ = c.Close()
		})
	}
}

// FuzzDateKind: what counts as a date that no server refuses is one that time reads
// in the same way.
func FuzzDateKind(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		f.Add(time.Unix(r.Int64N(1<<33)-1<<31, 0).UTC().Format("02-Jan-2006 15:04:05 -0700"))
	}
	f.Add("31-Feb-2020 00:00:00 +0000")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseDate(s)
		want, err := time.Parse("02-Jan-2006 15:04:05 -0700", s)
		if ok && (err != nil || want.Unix() != got) {
			t.Errorf("%q: %d, time says %v %v", s, got, want, err)
		}
		if dateKind(s) == "" && s != "" && (err != nil || want.Unix() < 86400 || want.Unix() > time.Now().Unix()+86400) {
			t.Errorf("%q needs no consent", s)
		}
	})
}
