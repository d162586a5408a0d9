package engine

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/session"
)

// BenchmarkListing lists a folder of a server that only plays one: what is
// measured is the reading of the replies and the making of the records, beside
// the writing of the replies. Linear means that the messages per second are the
// same for every size.
func BenchmarkListing(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			ctx := context.Background()
			l := listerOn(b, ctx, playFolder(b, n))
			b.ReportAllocs()
			var out *listing.Listing
			for b.Loop() {
				var err error
				if out, err = l.list(ctx); err != nil {
					b.Fatal(err)
				}
			}
			if len(out.Recs) != n || !out.Complete || !out.Recs[n-1].Is(listing.HasKey) {
				b.Fatalf("%d records, complete: %v", len(out.Recs), out.Complete)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "msg/s")
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapAlloc)/float64(n), "heap-B/msg")
			runtime.KeepAlive(out)
		})
	}
}

// listerOn is a lister of the server's INBOX, opened.
func listerOn(b *testing.B, ctx context.Context, port int) *lister {
	b.Helper()
	p, end := cli.ParseArgs("--host1", "127.0.0.1", "--port1", strconv.Itoa(port), "--user1", "u", "--password1", "p", "--nossl1", "--notls1",
		"--host2", "127.0.0.1", "--user2", "u", "--password2", "p", "--nolog", "--pidfile", "")
	if p == nil {
		b.Fatalf("exit %d: %s", end.Code, end.Stderr)
	}
	r := newRun(p, Options{})
	if err := r.prepare(); err != nil {
		b.Fatal(err)
	}
	r.src, r.dst = r.newSide(1, &p.Host1), r.newSide(2, &p.Host2)
	conn, err := imapconn.Connect(ctx, imapconn.Config{Side: 1, Host: "127.0.0.1", Port: port, AllowCleartext: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	conns := r.connPairOf(&session.Pair{Src: &session.Link{Account: r.src.Account, Conn: conn}})
	k := conns.src
	if _, err := k.Open(ctx, "INBOX", false); err != nil {
		b.Fatal(err)
	}
	return (&folderSync{run: r, conns: conns}).lister(k, 1)
}

// playFolder serves one folder of n messages and returns the port.
func playFolder(b *testing.B, n int) int {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in, out := bufio.NewReader(conn), bufio.NewWriterSize(conn, 256<<10)
		fmt.Fprint(out, "* PREAUTH [CAPABILITY IMAP4rev1] ready\r\n")
		for out.Flush() == nil {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			tag, command, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch {
			case strings.HasPrefix(command, "EXAMINE"):
				fmt.Fprintf(out, "* %d EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT %d] x\r\n", n, n+1)
			case strings.HasPrefix(command, "UID FETCH 1:*"):
				playListing(out, n)
			}
			fmt.Fprintf(out, "%s OK done\r\n", tag)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// playListing writes what a server answers about n messages.
func playListing(out *bufio.Writer, n int) {
	const digits = 10
	header := []byte("Received: from relay.example.org (relay.example.org [192.0.2.1]) by mail.example.org with ESMTP id 0123456789;\r\n\tTue, 3 Nov 2026 10:11:12 +0000\r\n" +
		"Message-Id: <0000000000.message@example.org>\r\n\r\n")
	at := strings.Index(string(header), "<") + 1
	var line []byte
	for i := 1; i <= n; i++ {
		for d, v := digits-1, i; d >= 0; d, v = d-1, v/10 {
			header[at+d] = byte('0' + v%10)
		}
		line = append(line[:0], "* "...)
		line = strconv.AppendInt(line, int64(i), 10)
		line = append(line, " FETCH (UID "...)
		line = strconv.AppendInt(line, int64(i), 10)
		line = append(line, ` FLAGS (\Seen) INTERNALDATE "03-Nov-2026 10:11:12 +0000" RFC822.SIZE 4321 BODY[HEADER.FIELDS (MESSAGE-ID RECEIVED)] {`...)
		line = strconv.AppendInt(line, int64(len(header)), 10)
		line = append(line, "}\r\n"...)
		line = append(line, header...)
		line = append(line, ")\r\n"...)
		out.Write(line)
	}
}
