//go:build unix

package chaos

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
)

var writeTable = flag.Bool("hostile", false, "write the table of docs/reliability.md anew")

// Bounds of what a hostile server can make the program spend. The resident memory
// of a run without mail is about 20 MiB.
const (
	mostMemory = 400 << 20
	mostOutput = 256 << 10
)

// hostile is a server that answers one command in a bad way and the others well.
type hostile struct {
	name string
	caps string
	// at is the beginning of the command, reply what it gets (%T is the tag), and
	// then again and again what flood holds, until the client has had enough.
	at, reply, flood string
	// line is the n-th reply of a flood whose lines differ, lines their number, after
	// which reply follows; 0 for no end. The folder has exists messages.
	line          func(n int) string
	lines, exists int
	// short: it takes little time.
	short bool
	// floods counts how often the flood began.
	floods  *atomic.Int32
	options []string
}

var hostiles = []hostile{
	{name: "EXISTS 4294967295", at: "EXAMINE", reply: "* 4294967295 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT 4294967295] x\r\n%T OK\r\n"},
	{name: "STATUS of 4294967295 messages", caps: "LIST-STATUS LIST-EXTENDED", at: "LIST", reply: "* LIST () \"/\" INBOX\r\n* STATUS INBOX (MESSAGES 4294967295 UIDNEXT 1 UIDVALIDITY 1)\r\n%T OK\r\n"},
	{name: "ESEARCH that names 4294967295 messages", caps: "ESEARCH", at: "UID SEARCH", reply: "* ESEARCH (TAG \"%T\") UID ALL 1:4294967295\r\n%T OK\r\n", options: []string{"--search", "ALL"}},
	{name: "SCRAM with 2,000,000,000 iterations", caps: "AUTH=SCRAM-SHA-256", at: "AUTHENTICATE", options: []string{"--authmech1", "SCRAM-SHA-256"}},
	{name: "the same LIST line a million times", at: "LIST", reply: strings.Repeat("* LIST () \"/\" INBOX\r\n", 1_000_000) + "%T OK\r\n"},
	{name: "LIST lines without end", at: "LIST", flood: "* LIST () \"/\" f%d\r\n", short: true},
	{name: "`* X` without end", at: "EXAMINE", flood: "* X\r\n", short: true},
	{name: "`* OK [ALERT]` without end", at: "EXAMINE", flood: "* OK [ALERT] %d\r\n"},
	{name: "FETCH replies nobody asked for, without end", at: "EXAMINE", flood: "* 7 FETCH (UID 7 FLAGS (\\Seen) RFC822.SIZE 3)\r\n"},
	{name: "a line without end", at: "EXAMINE", flood: "aaaaaaaaaaaaaaaa"},
	{name: "literals without end", at: "EXAMINE", flood: "* FLAGS ({5}\r\nabcde {5}\r\nabcde)\r\n"},
	{name: "DEFLATE bomb of `* X`", caps: "COMPRESS=DEFLATE", at: "EXAMINE", flood: "* X\r\n", options: []string{"--compress1"}},
	{name: "DEFLATE bomb of FETCH replies", caps: "COMPRESS=DEFLATE", at: "EXAMINE", flood: "* 7 FETCH (UID 7 FLAGS (\\Seen))\r\n", options: []string{"--compress1"}},
}

// serve plays the server on one connection.
func (h *hostile) serve(c net.Conn) {
	defer c.Close()
	var w io.Writer = c
	var r io.Reader = c
	flush := func() error { return nil }
	_, _ = io.WriteString(c, "* OK [CAPABILITY IMAP4rev1 "+h.caps+"] hi\r\n")
	for lines := bufio.NewReader(r); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		tag, command, _ := strings.Cut(strings.TrimSpace(line), " ")
		reply := tag + " OK\r\n"
		switch {
		case h.at != "" && strings.HasPrefix(command, h.at):
			if h.at == "AUTHENTICATE" {
				h.scram(w, lines, tag)
				return
			}
			switch {
			case h.line != nil:
				if h.outpour(w) != nil {
					return
				}
			case h.flood != "":
				h.overflow(w)
				return
			}
			reply = strings.ReplaceAll(h.reply, "%T", tag)
		case strings.HasPrefix(command, "LOGIN"):
			reply = tag + " OK [CAPABILITY IMAP4rev1 " + h.caps + "] in\r\n"
		case strings.HasPrefix(command, "LIST"):
			reply = "* LIST () \"/\" INBOX\r\n" + reply
		case strings.HasPrefix(command, "EXAMINE"), strings.HasPrefix(command, "SELECT"):
			reply = fmt.Sprintf("* %d EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT %d] x\r\n", h.exists, h.exists+1) + reply
		case strings.HasPrefix(command, "COMPRESS"):
			_, _ = io.WriteString(c, reply)
			zw, _ := flate.NewWriter(c, flate.BestSpeed)
			w, flush = zw, zw.Flush
			lines = bufio.NewReader(flate.NewReader(lines))
			continue
		}
		if _, err := io.WriteString(w, reply); err != nil || flush() != nil {
			return
		}
	}
}

// scram asks for too much, and waits for the client to leave.
func (h *hostile) scram(w io.Writer, lines *bufio.Reader, tag string) {
	_, _ = io.WriteString(w, "+ \r\n")
	first, _ := lines.ReadString('\n')
	b, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(first))
	_, nonce, _ := strings.Cut(string(b), "r=")
	_, _ = io.WriteString(w, "+ "+base64.StdEncoding.EncodeToString([]byte("r="+nonce+"x,s=YWJj,i=2000000000"))+"\r\n")
	_, _ = lines.ReadString('\n') // "*"
	_, _ = io.WriteString(w, tag+" NO\r\n")
	_, _ = io.Copy(io.Discard, lines)
}

func (h *hostile) overflow(w io.Writer) {
	h.floods.Add(1)
	var block bytes.Buffer
	for n := 0; ; {
		block.Reset()
		for block.Len() < 64<<10 {
			if strings.Contains(h.flood, "%d") {
				n++
				fmt.Fprintf(&block, h.flood, n)
			} else {
				block.WriteString(h.flood)
			}
		}
		if _, err := w.Write(block.Bytes()); err != nil {
			return
		}
	}
}

// outpour sends the lines of a flood that differ.
func (h *hostile) outpour(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	for n := 1; h.lines == 0 || n <= h.lines; n++ {
		if _, err := out.WriteString(h.line(n)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// listen serves on loopback until the test ends.
func (h *hostile) listen(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go h.serve(c)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// TestWhatAHostileServerCanMakeUsSpend measures the memory and the output of the
// program in front of each hostile server. With -hostile it writes the table of
// docs/reliability.md.
func TestWhatAHostileServerCanMakeUsSpend(t *testing.T) {
	var rows strings.Builder
	for _, h := range slices.Concat([]hostile{{name: "none (a server without mail)"}}, hostiles, keepers) {
		t.Run(h.name, func(t *testing.T) {
			if (h.flood != "" || h.line != nil) && !*writeTable && !mailtest.FullChaos() && !h.short {
				t.Skip("make chaos plays it: floods by the hundred MiB take their time")
			}
			dir := t.TempDir()
			h.floods = new(atomic.Int32)
			args := []string{
				"--host1", "127.0.0.1", "--port1", strconv.Itoa(h.listen(t)), "--user1", "a", "--password1", "x", "--nossl1", "--notls1",
				"--host2", "127.0.0.1", "--port2", strconv.Itoa((&hostile{}).listen(t)), "--user2", "b", "--password2", "y", "--nossl2", "--notls2",
				"--pidfile", "", "--tmpdir", dir, "--logdir", dir, "--logfile", "log.txt", "--cachedir", filepath.Join(dir, "journal"), "--reconnectretry1", "0", "--timeout1", "60",
			}
			var said bytes.Buffer
			peak := filepath.Join(dir, "peak")
			cmd := measured(t, peak, append(args, h.options...)...)
			cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &said
			cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+dir, "ALL_PROXY=", "all_proxy=")
			begun := time.Now()
			err := cmd.Run()
			took := time.Since(begun)
			memory := peakIn(t, peak)
			fmt.Fprintf(&rows, "| %s | %d MiB | %d KiB | %d s | %d |\n", h.name, memory>>20, (said.Len()+1023)>>10, int(took.Seconds()+0.5), cmd.ProcessState.ExitCode())
			t.Logf("%d MiB, %d bytes of output, %v", memory>>20, said.Len(), err)
			if memory > mostMemory || said.Len() > mostOutput {
				t.Errorf("%d bytes of memory, %d bytes of output\n%.3000s", memory, said.Len(), said.String())
			}
			if h.at != "" && cmd.ProcessState.ExitCode() == 0 && h.name != hostiles[4].name && h.name != hostiles[1].name {
				t.Errorf("the run says that all is well\n%.3000s", said.String())
			}
			// A folder is measured, looked at ahead of its turn, and opened.
			if n := h.floods.Load(); n > 3 || n > 1 && h.at == "LIST" {
				t.Errorf("it was asked %d times for what it floods us with\n%.3000s", n, said.String())
			}
			if log, err := os.Stat(filepath.Join(dir, "log.txt")); err != nil || log.Size() > mostOutput {
				t.Errorf("the log: %v, %v", log, err)
			}
		})
	}
	if !*writeTable || t.Failed() {
		return
	}
	writeSection(t, "hostile", "| what the server sends | peak memory | output | time | exit code |\n|---|---|---|---|---|\n"+rows.String())
}
