//go:build linux

package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

const (
	pictureFile    = "../../docs/live.svg"
	pictureColumns = 100
	pictureRows    = 14
)

// TestPicture makes docs/live.svg, when IMAPHAUL_PICTURE asks for it (make picture): a
// real run between two servers inside this test, over a line of 500 kB/s, in a real
// terminal (tmux), as it looks after half of it.
func TestPicture(t *testing.T) {
	if os.Getenv("IMAPHAUL_PICTURE") == "" {
		t.Skip("make picture makes it")
	}
	old := site{name: "imap.old.example.org", password: pagesSecret1, users: []string{"alice"}}
	p := &page{t: t, dir: t.TempDir(), arrive: make(map[string]func(string, string, corpus.Message) error)}
	here := newNames(t)
	server, err := embedded.Start(embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if err := server.AddUser("alice", pagesSecret1); err != nil {
		t.Fatal(err)
	}
	if err := server.Fill("alice", corpus.Generate(corpus.Options{Seed: 5, Messages: 900, Folders: 6, MaxAttachment: 60 << 10})); err != nil {
		t.Fatal(err)
	}
	line, err := proxy.Start(proxy.Options{Target: fmt.Sprintf("%s:%d", server.Host, server.Port), Rate: 500_000, Delay: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(line.Close)
	here.add(old.name, line.Addr())
	here.add(newHost.name, p.start(newHost))
	for name, text := range map[string]string{"ca.pem": string(here.ca), "secret1": pagesSecret1, "secret2": pagesSecret2} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const command = "imaphaul --summary --automap --host1 imap.old.example.org --user1 alice --passfile1 secret1 --host2 imap.new.example.org --user2 alice --passfile2 secret2"
	tmux := func(args ...string) []byte {
		cmd := exec.Command("tmux", append([]string{"-L", "imaphaul-picture", "-f", "/dev/null"}, args...)...)
		cmd.Dir = p.dir
		cmd.Env = append(os.Environ(), "HOME="+p.dir, "TERM=xterm-256color", "LC_ALL=C.UTF-8", "SSL_CERT_FILE=ca.pem", "ALL_PROXY=socks5h://"+here.ln.Addr().String())
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("tmux %q: %v\n%s", args, err, out)
		}
		return out
	}
	tmux("new-session", "-d", "-x", fmt.Sprint(pictureColumns), "-y", fmt.Sprint(pictureRows), command+"; sleep 60")
	defer func() { _ = exec.Command("tmux", "-L", "imaphaul-picture", "kill-server").Run() }() // it ends with its session
	half := regexp.MustCompile(`copying, folder [5-9]/.*, [3-9]..? of.*\n.*done about`)
	for {
		if screen := tmux("capture-pane", "-p"); half.Match(screen) {
			break
		} else if bytes.Contains(screen, []byte("Exiting with return value")) {
			t.Fatalf("the run is over:\n%s", screen)
		}
		time.Sleep(200 * time.Millisecond) // looks, and is in no hurry
	}
	screen := string(tmux("capture-pane", "-p", "-e"))
	if err := os.WriteFile(pictureFile, []byte(terminalPicture(screen)), 0o644); err != nil {
		t.Fatal(err)
	}
}

var sgr = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// terminalPicture is the text of a terminal, with its colours, as SVG.
func terminalPicture(screen string) string {
	const charWidth, lineHeight, margin = 8.0, 18.0, 14.0
	lines := strings.Split(strings.TrimRight(screen, "\n"), "\n")
	var b strings.Builder
	width, height := pictureColumns*charWidth+2*margin, float64(len(lines))*lineHeight+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" role="img" aria-label="a terminal in which imaphaul copies a mailbox">`+"\n", width, height)
	b.WriteString("<style>text{font:13.3px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d8dee9;white-space:pre}.b{font-weight:bold}.c31,.c91{fill:#ff7b72}.c32,.c92{fill:#7ee787}.c33,.c93{fill:#e3b341}.c34,.c94{fill:#79c0ff}.c36,.c96{fill:#76e3ea}.c90,.d{fill:#8b949e}</style>\n")
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" rx="8" fill="#161b22"/>`+"\n", width, height)
	style := ""
	for i, line := range lines {
		fmt.Fprintf(&b, `<text x="%.0f" y="%.1f" textLength="%.0f" lengthAdjust="spacing" xml:space="preserve">`, margin, margin+lineHeight*(float64(i)+0.75), charWidth*float64(len([]rune(sgr.ReplaceAllString(line, "")))))
		for line != "" {
			at := sgr.FindStringSubmatchIndex(line)
			part := line
			if at != nil {
				part = line[:at[0]]
			}
			if part != "" {
				fmt.Fprintf(&b, `<tspan class="%s">`, strings.TrimSpace(style))
				_ = xml.EscapeText(&b, []byte(part)) // a Builder takes everything
				b.WriteString("</tspan>")
			}
			if at == nil {
				break
			}
			for _, code := range strings.Split(line[at[2]:at[3]], ";") {
				switch code {
				case "", "0", "39":
					style = ""
				case "1":
					style += " b"
				case "2":
					style += " d"
				default:
					style += " c" + code
				}
			}
			line = line[at[1]:]
		}
		b.WriteString("</text>\n")
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// A picture shows what was captured, whatever it holds.
func TestTerminalPicture(t *testing.T) {
	got := terminalPicture("plain <&>\n\x1b[31mred\x1b[0m and \x1b[1mbold\x1b[0m\n")
	if err := xml.Unmarshal([]byte(got), new(struct{})); err != nil {
		t.Errorf("%v\n%s", err, got)
	}
	for _, part := range []string{"plain &lt;&amp;&gt;", `class="c31">red`, `class="b">bold`} {
		if !strings.Contains(got, part) {
			t.Errorf("no %q in\n%s", part, got)
		}
	}
	if _, err := os.Stat(pictureFile); err != nil {
		t.Error(err)
	}
}
