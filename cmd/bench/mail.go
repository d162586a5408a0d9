package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// mailbox is a made-up account: how many messages of what sizes in how many
// folders. The same name gives the same bytes everywhere.
type mailbox struct {
	name    string
	folders int
	// groups of equal messages, spread over the folders in turn.
	groups []group
}

type group struct {
	count int
	size  int // bytes
	// prose: text and HTML as people write it, which compresses as mail does;
	// else random letters.
	prose bool
}

var mailboxes = map[string]mailbox{
	"small":       {"small", 10, []group{{5000, 4 << 10, false}}},
	"many":        {"many", 1, []group{{50_000, 1434, false}}},
	"big":         {"big", 1, []group{{200, 1 << 20, false}}},
	"huge":        {"huge", 1, []group{{20, 25 << 20, false}, {1, 400 << 20, false}}},
	"empty":       {"empty", 5000, nil},
	"prose":       {"prose", 4, []group{{2500, 16 << 10, true}}},
	"thousand":    {"thousand", 1, []group{{1000, 4 << 10, false}}},
	"still":       {"still", 40, []group{{50_000, 1434, false}}},
	"forty":       {"forty", 2, []group{{40, 4 << 10, false}}},
	"four":        {"four", 1, []group{{4, 4 << 10, false}}},
	"giant":       {"giant", 4, []group{{20_000, 4 << 10, false}}},
	"million":     {"million", 1, []group{{1_000_000, 1 << 10, false}}},
	"letters30":   {"letters30", 1, []group{{2000, 30 << 10, false}}},
	"tenthousand": {"tenthousand", 1, []group{{10_000, 1434, false}}},
	"stirred":     {"stirred", 40, []group{{50_000, 1434, false}}},
	// Enough to learn of a slow line.
	"letters": {"letters", 4, []group{{400, 16 << 10, true}}},
	// Samples for programs that would take hours over all of "small".
	"sample300": {"sample300", 10, []group{{300, 4 << 10, false}}},
	"sample100": {"sample100", 10, []group{{100, 4 << 10, false}}},
}

func (m mailbox) messages() (n int) {
	for _, g := range m.groups {
		n += g.count
	}
	return n
}

// folder names the i-th folder; the first is INBOX.
func (m mailbox) folder(i int) string {
	if i == 0 {
		return "INBOX"
	}
	return fmt.Sprintf("Folder %04d", i)
}

// message is one message with what APPEND says of it.
type message struct {
	folder int
	flags  string
	date   string
	body   []byte
}

var flagSets = []string{"", `\Seen`, `\Seen`, `\Seen \Answered`, `\Seen \Flagged`}

// each makes all messages, folder after folder. The body is valid until the
// next one.
func (m mailbox) each(do func(message) error) error {
	random := rand.New(rand.NewPCG(1, uint64(len(m.name))))
	filler := make([]byte, 1<<20)
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,.;-"
	for i := range filler {
		switch i % 78 {
		case 76:
			filler[i] = '\r'
		case 77:
			filler[i] = '\n'
		default:
			filler[i] = letters[random.IntN(len(letters))]
		}
	}
	start := time.Date(2020, 1, 1, 8, 0, 0, 0, time.UTC)
	var body []byte
	var text *prose
	for f := range m.folders {
		n := 0
		for _, g := range m.groups {
			kind := "text/plain; charset=us-ascii"
			if g.prose {
				kind = "multipart/alternative; boundary=part"
				if text == nil {
					text = newProse()
				}
			}
			for i := range g.count {
				n++
				if n%m.folders != f {
					continue
				}
				at := start.Add(time.Duration(n) * 17 * time.Minute)
				body = fmt.Appendf(body[:0], "Return-Path: <sender%d@example.org>\r\n"+
					"Received: from relay%d.example.org (relay%d.example.org [192.0.2.%d])\r\n\tby mail.example.org with ESMTPS id %08x;\r\n\t%s\r\n"+
					"From: Sender %d <sender%d@example.org>\r\nTo: Somebody <somebody@example.org>\r\n"+
					"Subject: Message %d of group %d\r\nDate: %s\r\nMessage-Id: <%s.%d.%d@example.org>\r\n"+
					"MIME-Version: 1.0\r\nContent-Type: %s\r\n\r\n",
					n%97, n%7, n%7, n%250, n, at.Format(time.RFC1123Z), n%97, n%97, i, g.size, at.Format(time.RFC1123Z), m.name, g.size, n, kind)
				if g.prose {
					body = text.body(body, g.size-len(body), n/m.folders%2 == 0)
				} else {
					body = fill(body, filler, g.size, n)
				}
				if err := do(message{folder: f, flags: flagSets[n%len(flagSets)], date: at.Format("02-Jan-2006 15:04:05 -0700"), body: body}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fill lengthens a message to size bytes with lines of text that begin
// elsewhere for each one.
func fill(body, filler []byte, size, n int) []byte {
	from := n * 78 * 13 % (len(filler) / 78 * 78)
	for len(body) < size-2 {
		part := filler[from:]
		part = part[:min(len(part), size-2-len(body))]
		body = append(body, part...)
		from = 0
	}
	// Dovecot counts a bare CR or LF as CRLF; neither may be cut in two.
	if last := body[len(body)-1]; last == '\r' {
		body[len(body)-1] = '.'
	}
	return append(body, "\r\n"...)
}
