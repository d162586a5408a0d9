package corpus

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// Options say what Generate makes. The zero value of a field means its default.
type Options struct {
	Seed     uint64 // the same seed gives the same mailbox
	Messages int    // in all folders together; default 100
	Folders  int    // default and most: all 25 of the list below
	// MaxAttachment is the largest attachment before base64, in bytes; default 1 MiB.
	MaxAttachment int
	// PlainHeaders leaves out header bytes above 127, which some servers replace.
	PlainHeaders bool
	// Distinct leaves out the exact duplicates and the messages without any
	// identifying header.
	Distinct bool
}

// folderPaths are the folders of a generated mailbox, parents first. No name
// holds a separator or a character that one of the tested servers refuses.
var folderPaths = [][]string{
	{"INBOX"},
	{"Sent"},
	{"Drafts"},
	{"Trash"},
	{"Junk"},
	{"Archive"},
	{"Archive", "2009"},
	{"Archive", "2019"},
	{"Archive", "2019", "Invoices"},
	{"Archive", "2024"},
	{"Projects"},
	{"Projects", "Bridge"},
	{"Projects", "Bridge", "Plans and drawings"},
	{"Projects", "Tunnel"},
	{"Réunions"},
	{"Réunions", "Comité d'été"},
	{"プロジェクト"},
	{"プロジェクト", "資料"},
	{"Família & Amics"},
	{"Отчёты"},
	{"Отчёты", "Квартал 1"},
	{"(with) brackets [and] more"},
	{"a-very-long-name-" + "of-sixty-characters-that-no-person-would-ever"},
	{"under_score"},
	{"Empty"},
}

// keywords are flags of users and clients, with the case they use.
var keywords = []imap.Flag{"$Forwarded", "$MDNSent", "$Junk", "NonJunk", "$Label1", "Work", "to-do"}

var systemFlags = []imap.Flag{imap.FlagSeen, imap.FlagAnswered, imap.FlagFlagged, imap.FlagDraft, imap.FlagDeleted}

// Generate makes a mailbox of mixed messages. The last folder stays empty when
// all folders are made. Every message has CRLF line ends, ends with one, holds
// no NUL and has a header and a body, so that every server takes it.
func Generate(o Options) Mailbox {
	if o.Messages == 0 {
		o.Messages = 100
	}
	if o.Folders == 0 || o.Folders > len(folderPaths) {
		o.Folders = len(folderPaths)
	}
	if o.MaxAttachment == 0 {
		o.MaxAttachment = 1 << 20
	}
	var box Mailbox
	for _, path := range folderPaths[:o.Folders] {
		box.Folders = append(box.Folders, Folder{Path: path, Unsubscribed: path[0] == "Junk"})
	}
	filled := o.Folders
	if filled == len(folderPaths) {
		filled--
	}
	w := &writer{Options: o, r: rand.New(rand.NewPCG(o.Seed, 0x6d61696c))}
	for i := range o.Messages {
		// Half of the mail is in the inbox, as people have it.
		f := 0
		if i%2 == 1 {
			f = i / 2 % filled
		}
		folder := &box.Folders[f]
		// A duplicate is the same bytes once more in the same folder.
		if n := len(folder.Messages); !o.Distinct && n > 0 && i%67 == 66 {
			twin := folder.Messages[w.r.IntN(n)]
			folder.Messages = append(folder.Messages, twin)
			continue
		}
		folder.Messages = append(folder.Messages, w.message(i))
	}
	return box
}

// writer writes messages from one source of chance.
type writer struct {
	Options
	r   *rand.Rand
	buf bytes.Buffer
}

func (w *writer) message(i int) Message {
	date := time.Date(1996+w.r.IntN(29), time.Month(1+w.r.IntN(12)), 1+w.r.IntN(28), w.r.IntN(24), w.r.IntN(60), w.r.IntN(60), 0, w.zone())
	w.buf.Reset()
	w.header(i, date)
	switch kind := w.r.IntN(100); {
	case kind < 45:
		w.text(1 + w.r.IntN(60))
	case kind < 60:
		w.eightBit()
	case kind < 75:
		w.alternative(i)
	case kind < 82:
		w.longLines()
	case kind < 99:
		w.attachment(i, w.r.IntN(48<<10))
	default:
		w.attachment(i, w.MaxAttachment/2+w.r.IntN(w.MaxAttachment/2+1))
	}
	return Message{Body: bytes.Clone(w.buf.Bytes()), Flags: w.flags(), Date: date}
}

func (w *writer) zone() *time.Location {
	minutes := []int{0, 60, 120, -300, -480, 330, 345, 765}[w.r.IntN(8)]
	return time.FixedZone("", minutes*60)
}

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(&w.buf, format, args...)
	w.buf.WriteString("\r\n")
}

// header writes the fields in front of the MIME ones, the odd ones included.
func (w *writer) header(i int, date time.Time) {
	bare := !w.Distinct && i%97 == 50 // nothing that identifies it
	if !bare && w.r.IntN(3) > 0 {
		w.line("Return-Path: <sender%d@example.org>", i%17)
		w.line("Received: from mx%d.example.org (mx%d.example.org [192.0.2.%d])\r\n\tby mail.example.org with ESMTP id %08x;\r\n\t%s",
			i%5, i%5, 1+i%250, w.r.Uint32(), date.Format(time.RFC1123Z))
	}
	if !bare {
		switch i % 20 {
		case 3:
			w.line("message-id: <%d.%08x@example.org>", i, w.r.Uint32())
		case 7:
			w.line("Message-ID:\r\n <%d.%08x@example.org>", i, w.r.Uint32())
		case 11:
			w.line("Message-Id: <%d.%08x@example.org> (added by mail.example.org)", i, w.r.Uint32())
		case 13:
			w.line("Message-ID: %d.%08x", i, w.r.Uint32())
		default:
			w.line("Message-ID: <%d.%08x@example.org>", i, w.r.Uint32())
		}
	}
	w.line("Date: %s", date.Format("Mon, 2 Jan 2006 15:04:05 -0700"))
	w.line("From: Sender %d <sender%d@example.org>", i%17, i%17)
	w.line("To: undisclosed-recipients:;")
	switch i % 12 {
	case 1:
		w.line("Subject: =?UTF-8?B?%s?=", base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("Überraschung №%d", i))))
	case 2:
		w.line("Subject: a folded subject number %d\r\n that goes on\r\n\tand on", i)
	case 3:
		w.line("Subject:")
	case 4:
		if w.PlainHeaders {
			w.line("Subject: plain %d", i)
		} else {
			w.line("Subject: raw 8-bit caf\xe9 %d", i)
		}
	case 5:
		w.line("SUBJECT: %d %s", i, strings.Repeat("long ", 150))
	default:
		w.line("Subject: message %d", i)
	}
	if i%9 == 0 {
		w.line("X-Odd_Header.Name!#: value with trailing space ")
		w.line("X-Empty: ")
		w.line("References: <a%d@example.org>\r\n\t<b%d@example.org>", i, i)
	}
}

// words are drawn for the text of bodies.
var words = strings.Fields("the bridge over river was closed for repairs when spring came and nobody knew whom to ask about it so we wrote again")

func (w *writer) sentence(n int) string {
	var b strings.Builder
	for k := range n {
		if k > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(words[w.r.IntN(len(words))])
	}
	return b.String()
}

func (w *writer) text(lines int) {
	w.line("")
	for range lines {
		w.line("%s", w.sentence(1+w.r.IntN(12)))
	}
	// What looks like the protocol or like the store must pass as well.
	w.line(".\r\nFrom here on it is quoted\r\n* 3 EXPUNGE\r\n--\r\n%s", w.sentence(3))
}

func (w *writer) eightBit() {
	w.line("MIME-Version: 1.0")
	if w.r.IntN(2) == 0 {
		w.line("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n")
		for range 1 + w.r.IntN(20) {
			w.line("Grüße aus Køln, %s — 資料を送ります", w.sentence(3))
		}
		return
	}
	w.line("Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n")
	for range 1 + w.r.IntN(20) {
		w.line("d\xe9j\xe0 vu \xff\xfe\x80 %s", w.sentence(4))
	}
}

func (w *writer) alternative(i int) {
	w.line("MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"=_alt_%d\"\r\n", i)
	w.line("A preamble.\r\n--=_alt_%d\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n%s", i, w.sentence(20))
	w.line("--=_alt_%d\r\nContent-Type: text/html; charset=us-ascii\r\nContent-Transfer-Encoding: quoted-printable\r\n", i)
	w.line("<p style=3D\"color: black\">%s=\r\n</p>\r\n--=_alt_%d--", w.sentence(8), i)
}

// longLines writes lines above RFC 5322's 998 bytes; the longest is 8 KiB.
func (w *writer) longLines() {
	w.line("")
	for range 1 + w.r.IntN(3) {
		w.line("%s", strings.Repeat("0123456789abcdef", 64+w.r.IntN(448)))
	}
}

func (w *writer) attachment(i, size int) {
	w.line("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_mix_%d\"\r\n", i)
	w.line("--=_mix_%d\r\nContent-Type: text/plain\r\n\r\n%s", i, w.sentence(10))
	w.line("--=_mix_%d\r\nContent-Type: application/octet-stream; name=\"data-%d.bin\"", i, i)
	w.line("Content-Disposition: attachment; filename=\"data-%d.bin\"\r\nContent-Transfer-Encoding: base64\r\n", i)
	raw := make([]byte, size)
	for k := 0; k < len(raw); k += 8 {
		v := w.r.Uint64()
		for j := k; j < min(k+8, len(raw)); j++ {
			raw[j] = byte(v)
			v >>= 8
		}
	}
	for text := base64.StdEncoding.EncodeToString(raw); text != ""; {
		n := min(76, len(text))
		w.line("%s", text[:n])
		text = text[n:]
	}
	w.line("--=_mix_%d--", i)
}

// flags draws system flags and keywords. \Deleted is rare, as in mailboxes.
func (w *writer) flags() []imap.Flag {
	var flags []imap.Flag
	for k, f := range systemFlags {
		if w.r.IntN([]int{2, 5, 9, 25, 40}[k]) == 0 {
			flags = append(flags, f)
		}
	}
	for _, k := range keywords {
		if w.r.IntN(12) == 0 {
			flags = append(flags, k)
		}
	}
	return flags
}
