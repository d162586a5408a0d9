package survey

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// Parts of messages are kept up to a bound; what is beyond is asked for anew, and all
// come once and whole.
func TestPartsBeyondTheBound(t *testing.T) {
	const size = 1 << 16
	defer func(most int) { halfMost = most }(halfMost)
	halfMost = 1 << 20
	messages := imap.UID(halfMost/size + 10)
	header := "X: " + strings.Repeat("x", size) + "\r\n\r\n"
	asked := make([]string, 0, 3)
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		lines := bufio.NewReader(server)
		_, _ = io.WriteString(server, "* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n")
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			words := strings.Fields(line)
			asked = append(asked, strings.Join(words[3:], " "))
			set, err := uidset.Parse(words[3])
			if err != nil {
				return
			}
			for u := imap.UID(1); u <= messages; u++ {
				if !set.Contains(u) {
					continue
				}
				_, _ = fmt.Fprintf(server, "* %d FETCH (UID %d", u, u)
				if len(asked) > 1 { // the date comes when it is asked for once more
					_, _ = io.WriteString(server, " INTERNALDATE \"17-Jul-2023 02:44:25 +0200\"")
				}
				if strings.Contains(line, "HEADER") {
					_, _ = fmt.Fprintf(server, " BODY[HEADER] {%d}\r\n%s", len(header), header)
				}
				_, _ = io.WriteString(server, ")\r\n")
			}
			_, _ = io.WriteString(server, words[0]+" OK done\r\n")
		}
	}()
	c, err := imapconn.Connect(t.Context(), imapconn.Config{
		Host: "localhost", Port: 143, TLS: imapconn.TLSNone, AllowCleartext: true,
		Dial: func(context.Context, string, string) (net.Conn, error) { return client, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	stream := c.Fetch(imapconn.FetchItems{UID: true, InternalDate: true, Header: true})
	if err := stream.AskRange(t.Context(), 1, 0); err != nil {
		t.Fatal(err)
	}
	came := make(map[imap.UID]int)
	err = answers(t.Context(), stream, nil, func(m *imapconn.Message, less imapconn.FetchItems) error {
		if came[m.UID]++; !less.Nothing() || !m.HasInternalDate || len(m.Header) != len(header) {
			t.Errorf("UID %d lacks %+v", m.UID, less)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for u := imap.UID(1); u <= messages; u++ {
		if came[u] != 1 {
			t.Errorf("UID %d came %d times", u, came[u])
		}
	}
	if len(asked) != 3 || strings.Contains(asked[1], "HEADER") || !strings.Contains(asked[2], "HEADER") {
		t.Errorf("asked for %q", asked)
	}
}
