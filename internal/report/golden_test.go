package report

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

// clock stands still until the script moves it.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

// wait in a script lets time pass.
type wait time.Duration

func startOfRun() *clock {
	return &clock{time.Date(2026, 11, 23, 14, 44, 56, 0, time.UTC)}
}

func fixedMachine() Machine {
	return Machine{
		OS: "linux", CPUs: 2,
		RAM:           func() (int64, int64, bool) { return 3 << 30, 8 << 30, true },
		Load:          func() (string, bool) { return "0.50 0.40 0.30 2/200", true },
		Memory:        func() int64 { return 40 << 20 },
		CPU:           func() time.Duration { return 520 * time.Millisecond },
		MemoryAtStart: 12 << 20,
	}
}

func testOptions(c *clock) Options {
	return Options{
		Program: "imaphaul", Version: "0.1.0",
		ErrorsMax: 50, ErrorsDump: true, Differences: true, MissingMax: 3,
		LogFile: "LOG_imapsync/run.txt",
		Host1:   Account{Host: "old.example.org", Port: 993, User: "ann@example.org"},
		Host2:   Account{Host: "new.example.org", User: "ann@example.org"},
		Process: Process{PID: 4711, PPID: 4710, Hostname: "vm", Dir: "/home/ann",
			User: "ann", EffectiveUser: "ann", UID: 1000, EUID: 1000},
		Machine: fixedMachine(),
		Now:     c.now,
	}
}

func f(raw string) event.Folder { return event.Folder{Raw: raw, Text: raw} }

var cyrillic = event.Folder{Raw: "&BB8EQAQ+BDUEOgRC-", Text: "Проект"}
var cyrillic2 = event.Folder{Raw: "INBOX.&BB8EQAQ+BDUEOgRC-", Text: "INBOX.Проект"}

// connectEvents is a run up to both logins.
func connectEvents() []any {
	evs := []any{
		event.Probed{Side: 1, Host: "old.example.org", Open: true},
		event.Probed{Side: 2, Host: "new.example.org"},
	}
	for side := event.Side(1); side <= 2; side++ {
		host := [...]string{"", "old.example.org", "new.example.org"}[side]
		evs = append(evs,
			event.Connecting{Side: side, Host: host, Port: 993, User: "ann@example.org", Login: true},
			event.Connected{Side: side, RemoteIP: "192.0.2.1", LocalIP: "192.0.2.9",
				Banner: "* OK ready\r\n", Capabilities: "IMAP4rev1 STARTTLS AUTH=PLAIN",
				TLS: "TLS 1.3 TLS_AES_128_GCM_SHA256", StartTLS: side == 2},
			event.Authenticating{Side: side, Host: host, Mech: "PLAIN", Advertised: side == 1},
			event.LoggedIn{Side: side, Host: host, User: "ann@example.org", Mech: "PLAIN",
				Capabilities: "IMAP4rev1 UIDPLUS MULTIAPPEND"},
		)
	}
	return append(evs,
		event.Identified{Side: 1, Fields: map[string]string{"version": "2.3", "name": "Dovecot"}},
		event.Identified{Side: 2},
		event.Quota{Side: 2, HasQuota: true, Used: 95 << 20, Limit: 100 << 20},
		event.SizeLimit{AppendLimit: 9000, MaxSize: 8000, Effective: 8000},
		event.Compression{Side: 1},
		event.Compression{Side: 2, On: true},
		event.Compression{Side: 1, On: true, Rate: 812_345},
	)
}

// folderEvents is everything between the logins and the sizes.
func folderEvents() []any {
	return []any{
		event.Phase{Name: "list"},
		event.FoldersListed{Side: 1, Selectable: 3, Folders: []event.Folder{cyrillic, f("Archive"), f("INBOX")},
			Subscribed: []event.Folder{f("INBOX")}},
		event.FoldersListed{Side: 2, Selectable: 2, Folders: []event.Folder{f("INBOX"), f("INBOX.Old")}},
		event.Separator{Side: 1, GuessSep: "/", NamespaceSep: "/", FromNamespace: true, Sep: "/"},
		event.Separator{Side: 2, GuessSep: "/", NamespaceSep: ".", NamespacePfx: "INBOX.", FromNamespace: true,
			Sep: ".", Prefix: "INBOX.", SepGiven: true},
		event.FoldersChosen{},
		event.FoldersChosen{Pattern: "^Junk", Exclude: true, Folders: []event.Folder{f("Junk")}},
		event.FolderIgnored{Side: 1, Folder: f("Nowhere"), Why: "is not in host1 whole folders list"},
		event.Role{Side: 1, Folder: f("Archive"), Role: `\Archive`, Source: "SPECIAL-USE"},
		event.Mapped{
			Automap: true,
			Rows: []event.MapRow{
				{From: cyrillic, To: cyrillic2, Why: "prefix", Created: true},
				{From: f("Archive"), To: f("INBOX.Archive"), Why: "automap", Created: true, Use: `\Archive`},
				{From: f("INBOX"), To: f("INBOX"), Why: "same", Exists: true},
			},
			Extra:    []event.Folder{f("INBOX.Old")},
			Warnings: []string{"host2 has a folder INBOX.Old that nothing maps to"},
		},
	}
}

func sizesEvents(after bool, inbox2 event.Size) []any {
	row := func(i int, from, to event.Folder, ok2 bool, s1, s2 event.Size) event.SizesRow {
		return event.SizesRow{After: after, Index: i, Of: 3, From: from, To: to, Exists1: true, Exists2: ok2,
			Size1: s1, Size2: s2}
	}
	one := event.Size{Messages: 1, Bytes: 433, Biggest: 433}
	var other event.Size
	if after {
		other = one
	}
	total2 := event.Size{Messages: inbox2.Messages + 2*other.Messages, Bytes: inbox2.Bytes + 2*other.Bytes,
		Biggest: max(inbox2.Biggest, other.Biggest)}
	return []any{
		row(1, cyrillic, cyrillic2, after, one, other),
		row(2, f("Archive"), f("INBOX.Archive"), after, one, other),
		row(3, f("INBOX"), f("INBOX"), true, event.Size{Messages: 6, Bytes: 10900, Biggest: 9131}, inbox2),
		event.SizesTotal{After: after, Folders1: 3, Folders2: 3,
			Total1: event.Size{Messages: 8, Bytes: 11766, Biggest: 9131}, Total2: total2,
			Known1: true, Known2: true, Spent: 240 * time.Millisecond},
	}
}

// folderLoop is the copying of three folders, the last with everything in it
// that can happen to a message.
func folderLoop(dry bool) []any {
	evs := []any{event.LoopStart{Folders: 3}, wait(200 * time.Millisecond)}
	small := func(i int, from, to event.Folder) {
		evs = append(evs,
			event.FolderStart{Index: i, Of: 3, From: from, To: to},
			event.FolderSelected{Side: 1, Folder: from, Messages: 1},
			event.FolderCreated{Folder: to, From: from, Dry: dry})
		if dry {
			evs = append(evs,
				event.FolderSkipped{Side: 1, Folder: from, Why: "dry: " + to.Raw + " does not exist on host2 yet", WouldCopy: 1},
				event.FolderDone{From: from, To: to, Identified1: 1, OnlyOn1: 1})
			return
		}
		evs = append(evs,
			event.FolderSelected{Side: 2, Folder: to},
			event.FolderSubscribed{Folder: to},
			event.FolderListing{Side: 1, Folder: from, Messages: 1},
			event.FolderListing{Side: 2, Folder: to},
			event.FolderListed{Side: 1, Folder: from, Selected: 1},
			event.FolderListed{Side: 2, Folder: to},
			event.MessageCopied{From: from, UID: 1, Bytes: 433, To: to, NewUID: 1},
			wait(50*time.Millisecond),
			event.FolderDone{From: from, To: to, Identified1: 1, Identified2: 1})
	}
	small(1, cyrillic, cyrillic2)
	small(2, f("Archive"), f("INBOX.Archive"))
	in := f("INBOX")
	evs = append(evs,
		event.FolderStart{Index: 3, Of: 3, From: in, To: in},
		event.FolderSelected{Side: 1, Folder: in, Messages: 6},
		event.FolderSelected{Side: 2, Folder: in, Messages: 1, PermanentFlags: `\Seen \Deleted`},
		event.FolderListing{Side: 1, Folder: in, Messages: 6},
		event.FolderListing{Side: 2, Folder: in, Messages: 1},
		event.MessageSkipped{Side: 1, Folder: in, UID: 5, Bytes: 45, Reason: event.SkipNoHeader, Subject: "nohdr"},
		event.FolderListed{Side: 1, Folder: in, Selected: 6, Duplicates: 1, NoHeader: 1},
		event.FolderListed{Side: 2, Folder: in, Selected: 1},
		event.MessagesPresent{Folder: in, Count: 1, Bytes: 431},
		event.MessageSkipped{Side: 1, Folder: in, UID: 4, Bytes: 431, Reason: event.SkipDuplicate, MessageID: "<2@example.org>"},
		event.MessageCopied{From: in, UID: 2, Bytes: 431, To: in, NewUID: 2, Dry: dry},
		event.Throttled{Side: 2, For: 253 * time.Millisecond, Why: "--maxmessagespersecond"},
		wait(1250*time.Millisecond),
		event.MessageCopied{From: in, UID: 3, Bytes: 431, To: in, Dry: dry, Altered: altered(dry)},
		event.MessageSkipped{Side: 1, Folder: in, UID: 6, Bytes: 9131, Reason: event.SkipTooBig,
			Detail: "(9131 exceeds maxsize limit 8000 bytes)", MessageID: "<7@example.org>",
			Date: "Mon, 02 Mar 2020 10:00:07 +0000", Subject: "Letter 7"},
		event.FlagsChanged{Folder: in, Count: 1, Flags: `\Seen`, Dry: dry},
	)
	if !dry {
		evs = append(evs, event.FolderDone{From: in, To: in, Identified1: 4, Identified2: 3, OnlyOn1: 1})
	} else {
		evs = append(evs, event.FolderDone{From: in, To: in, Identified1: 4, Identified2: 1, OnlyOn1: 3})
	}
	return append(evs, event.LoopEnd{})
}

func altered(dry bool) string {
	if dry {
		return ""
	}
	return "2 bare LF became CRLF"
}

// runScript feeds the events and returns the whole text, exit line included.
func runScript(t *testing.T, o Options, c *clock, p *Preamble, script []any) string {
	t.Helper()
	var out bytes.Buffer
	tally := event.NewTally(c.t, c.now)
	text := NewText(&out, tally, o)
	sink := event.Serial(tally.Add, text.Event)
	if p != nil {
		text.Start(*p)
	}
	for _, s := range script {
		switch s := s.(type) {
		case wait:
			c.t = c.t.Add(time.Duration(s))
		case event.Event:
			sink(s)
		default:
			t.Fatalf("the script holds a %T", s)
		}
	}
	text.Exit(Ending{Code: tally.Stats().ExitCode(), PidFile: "/tmp/imaphaul.pid"})
	if err := text.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func join(parts ...[]any) []any {
	var all []any
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestGolden(t *testing.T) {
	preamble := &Preamble{
		Build:             "go1.26 linux/amd64, commit 0123456",
		CommandLine:       []string{"imaphaul", "--user1", "ann@example.org", "--password1", "MASKED", "--exclude", "^Junk E-Mail's"},
		TmpDir:            "/tmp",
		Notes:             []string{"PID file is /tmp/imaphaul.pid ( to change it, use --pidfile filepath )"},
		Modules:           []string{"go.etcd.io/bbolt v1.4.3"},
		ResyncFlags:       true,
		SyncInternalDates: true,
		Sides:             [2]Connection{{Timeout: 120 * time.Second, KeepAlive: true}, {Timeout: 1500 * time.Millisecond}},
	}
	inbox := f("INBOX")
	tests := []struct {
		name     string
		options  func(*Options)
		preamble *Preamble
		script   []any
		exit     int
	}{
		{
			name: "full", preamble: preamble,
			script: join(connectEvents(), folderEvents(), sizesEvents(false, event.Size{Messages: 1, Bytes: 431, Biggest: 431}),
				folderLoop(false), sizesEvents(true, event.Size{Messages: 3, Bytes: 1293, Biggest: 431}),
				[]any{event.Finished{Mode: "sync"}}),
		},
		{
			name:    "dry",
			options: func(o *Options) { o.Dry = true },
			script: join(sizesEvents(false, event.Size{Messages: 1, Bytes: 431, Biggest: 431}), folderLoop(true),
				[]any{
					event.MessagesDeleted{Side: 1, Folder: inbox, UIDs: []uint32{2}, Expunged: true, Dry: true},
					event.MessagesDeleted{Side: 2, Folder: inbox, UIDs: []uint32{3}, Expunged: true, Dry: true},
					event.FolderRemoved{Side: 2, Folder: f("INBOX.Old"), Dry: true},
					event.Finished{Mode: "sync"},
				}),
		},
		{
			name:    "errors",
			options: func(o *Options) { o.Differences = false; o.SkippedFile = "/home/ann/skipped.tsv"; o.MissingMax = 2 },
			exit:    event.ExitAppend,
			script: []any{
				event.LoopStart{Folders: 4},
				event.FolderStart{Index: 1, Of: 4, From: inbox, To: inbox},
				event.FolderSelected{Side: 1, Folder: inbox, Messages: 5},
				event.FolderListing{Side: 1, Folder: inbox, Messages: 5000},
				event.FolderListed{Side: 1, Folder: inbox, Selected: 5},
				event.Error{Class: event.ErrAppend, Folder: inbox, UID: 7, Bytes: 300, MessageID: "<7@example.org>", Subject: "evil\r\nline \x1b[2J",
					Text: "- msg INBOX/7 {300} could not append ( Subject:[evil\r\nline \x1b[2J], Date:[], Size:[300], Flags:[] ) to folder INBOX: 12 NO no\n",
					Hint: "run again with --repair"},
				event.Error{Class: event.ErrFetch, Folder: inbox, UID: 8, Bytes: 301, Text: "- msg INBOX/8 {0} S[301] F[] I[] could not be fetched: 9 NO gone"},
				event.Error{Class: event.ErrAppend, Folder: inbox, UID: 9, Bytes: 302, Text: "- msg INBOX/9 {302} could not append ( Subject:[], Date:[], Size:[302], Flags:[] ) to folder INBOX: 13 NO no"},
				event.MessageSkipped{Side: 1, Folder: inbox, UID: 10, Bytes: 50, Reason: event.SkipByRule, Subject: "spam"},
				event.MessageSkipped{Side: 1, Folder: inbox, UID: 11, Bytes: 51, Reason: event.SkipLongLine, Subject: "long", Detail: "(line length exceeds maxlinelength 998 bytes)"},
				event.MessageSkipped{Side: 1, Folder: inbox, UID: 12, Bytes: 52, Reason: event.SkipVanished},
				event.FolderDone{From: inbox, To: inbox, Identified1: 5, OnlyOn1: 5, Failed: true},
				event.FolderStart{Index: 2, Of: 4, From: f("Work"), To: f("Work")},
				event.Reconnected{Side: 2, Cause: errors.New("read: connection reset by peer")},
				event.MessageCopied{From: f("Work"), UID: 1, Bytes: 2048, To: f("Work"), NewUID: 5},
				event.DeletionRefused{Side: 2, Folder: f("Work"), Count: 700, Why: "700 among 1000 messages would go, more than half (--delete2max allows it)", Ceiling: true},
				event.MessagesDeleted{Side: 2, Folder: f("Work"), UIDs: []uint32{4, 6}},
				event.MessagesDeleted{Side: 2, Folder: f("Work"), UIDs: []uint32{8}, Duplicate: true, Expunged: true},
				event.MessagesDeleted{Side: 2, Folder: f("Work"), UIDs: []uint32{9}, MovedTo: "Quarantine"},
				event.FolderDone{From: f("Work"), To: f("Work"), Identified1: 1, Identified2: 4, OnlyOn2: 3},
				event.Error{Class: event.ErrOverquota, Text: "Host2: OVERQUOTA"},
				event.Finished{Mode: "sync", Stopped: "errorsmax"},
			},
		},
		{
			name: "auth",
			exit: event.ExitAuthenticateUser1,
			script: []any{
				event.Connecting{Side: 1, Host: "old.example.org", Port: 143, User: "ann@example.org", Login: true},
				event.Connected{Side: 1, RemoteIP: "192.0.2.1", LocalIP: "192.0.2.9", Banner: "* OK ready", Capabilities: "IMAP4rev1",
					Unverified: true, PlaintextLoginSent: true},
				event.Authenticating{Side: 1, Host: "old.example.org", Mech: "LOGIN", Advertised: true},
				event.Error{Class: event.ErrAuthUser1,
					Text: "Host1 failure: Error login on [old.example.org] with user [ann@example.org] auth [LOGIN]: 2 NO [AUTHENTICATIONFAILED] Authentication failed.",
					Hint: "check the password; accounts with two factors need an app password\nsee docs/usage.md"},
				event.LoggedIn{Side: 2, Host: "new.example.org", User: "ann@example.org", Mech: "LOGIN", AfterFailure: "CRAM-MD5"},
				event.Finished{Mode: "sync", Fatal: errors.New("login failed")},
			},
		},
		{
			name:    "justfolders",
			options: func(o *Options) { o.JustFolders = true; o.Differences = false; o.LogFile = "" },
			script: []any{
				event.LoopStart{Folders: 3},
				event.FolderStart{Index: 1, Of: 3, From: cyrillic, To: cyrillic2},
				event.FolderCreated{Folder: cyrillic2, From: cyrillic, Use: `\Archive`},
				event.FolderDone{From: cyrillic, To: cyrillic2},
				event.FolderStart{Index: 2, Of: 3, From: f("A"), To: f("B")},
				event.FolderCreated{Folder: f("B"), From: f("A"), Already: "already exists (--nomixfolders is not set)"},
				event.FolderSubscribed{Folder: f("B"), Err: errors.New("NO not now")},
				event.FolderDone{From: f("A"), To: f("B")},
				event.FolderStart{Index: 3, Of: 3, From: inbox, To: inbox},
				event.FolderSkipped{Side: 1, Folder: inbox, Why: "empty"},
				event.FolderDone{From: inbox, To: inbox, Unchanged: true},
				event.LoopEnd{},
				event.FolderRemoved{Side: 2, Folder: f("X"), Err: errors.New("NO [CANNOT] has children")},
				event.FolderRemoved{Side: 2, Folder: f("Y"), Kept: "--delete2foldersbutnot /Y/"},
				event.FolderRemoved{Side: 1, Folder: f("Z")},
				event.Finished{Mode: "justfolders"},
			},
		},
		{
			name: "signal",
			exit: event.ExitBySignal,
			script: []any{
				event.Mapped{Rows: []event.MapRow{{From: inbox, To: inbox, Why: "same", Exists: true}, {From: f("Later"), To: f("Later"), Why: "f1f2", Created: true}}},
				event.LoopStart{Folders: 2},
				event.FolderStart{Index: 1, Of: 2, From: inbox, To: inbox},
				event.SignalReceived{Signal: "HUP", Count: 1, What: "print"},
				event.SignalReceived{Signal: "INT", Count: 1, What: "stop", Messages: 36, Bytes: 2_700_000, Within: 10 * time.Second},
				event.MessageSkipped{Side: 1, Folder: inbox, UID: 9, Bytes: 1000, Reason: event.SkipUnsent},
				event.FolderDone{From: inbox, To: inbox, Identified1: 3, Identified2: 2, OnlyOn1: 1},
				event.Finished{Mode: "sync", Stopped: "signal", Signal: "INT"},
			},
		},
		{
			name: "justlogin",
			script: []any{
				event.Note{Text: "The certificate of new.example.org ends in 3 days.", Warn: true},
				event.Debug{Topic: "folders", Text: "removed host1 prefix: [INBOX.]"},
				event.Finished{Mode: "justlogin"},
			},
		},
		{
			name: "justconnect",
			script: []any{
				event.Connecting{Side: 1, Host: "old.example.org", Port: 143},
				event.Connected{Side: 1, RemoteIP: "192.0.2.1", LocalIP: "192.0.2.9", Banner: "* OK ready", Capabilities: "IMAP4rev1"},
				event.Finished{Mode: "justconnect"},
			},
		},
		{
			name: "connection",
			exit: event.ExitConnection2,
			script: []any{
				event.Error{Class: event.ErrConnection1, Text: "Host1 failure: can not open imap connection on host1 [old.example.org] with user [ann@example.org]: refused"},
				event.Error{Class: event.ErrConnection2, Text: "Host2 failure: can not open imap connection on host2 [new.example.org] with user [ann@example.org]: refused"},
				event.Error{Class: event.ErrConnection2, Text: "Host2 failure: can not open imap connection on host2 [new.example.org] with user [ann@example.org]: refused again"},
				event.Finished{Mode: "sync", Fatal: errors.New("no connection"), Stopped: "connection"},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := startOfRun()
			o := testOptions(c)
			if tt.options != nil {
				tt.options(&o)
			}
			got := runScript(t, o, c, tt.preamble, tt.script)
			path := filepath.Join("testdata", tt.name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("the text differs from %s (-want +got):\n%s", path, d)
			}
			if line := fmt.Sprintf("\nExiting with return value %d (", tt.exit); !strings.Contains(got, line) {
				t.Errorf("the exit code is not %d:\n%s", tt.exit, got[max(0, len(got)-400):])
			}
		})
	}
}
