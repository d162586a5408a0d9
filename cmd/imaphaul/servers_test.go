package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// canary is a password that would be noticed wherever it appeared, with the
// characters that are quoted on the way.
const canary = `Zaun"kö\nig $%& 7`

// TestServers runs the program itself against servers inside this test; each
// script in testdata/servers is one subject. In the environment of a script:
//
//	PORT TLSPORT  a server on 127.0.0.1: alice has mail, bob and carol have none;
//	              the password of all of them is in the file "canary"
//	REFUSED       a port that nobody listens on
//	FAR FARPORT   the same server at an address that is not loopback, "" for none
//	CERT PRINT    its certificate as a file, and the SHA-256 of it
func TestServers(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/servers",
		Setup: setUpServers,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"absent": absent,
		},
		Condition: func(cond string) (bool, error) {
			if cond == "far" {
				return farAddress() != "", nil
			}
			return false, fmt.Errorf("no condition %q", cond)
		},
	})
}

func setUpServers(env *testscript.Env) error {
	s, err := embedded.Start(embedded.Options{})
	if err != nil {
		return err
	}
	env.Defer(s.Close)
	for _, user := range []string{"alice", "bob", "carol"} {
		if err := s.AddUser(user, canary); err != nil {
			return err
		}
	}
	if err := s.Fill("alice", mailbox()); err != nil {
		return err
	}
	refused, release, err := mailtest.ReservePort()
	if err != nil {
		return err
	}
	env.Defer(release)
	far, farPort, err := relay(env, fmt.Sprintf("127.0.0.1:%d", s.Port))
	if err != nil {
		return err
	}
	cert := filepath.Join(env.WorkDir, "cert.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	for name, content := range map[string][]byte{cert: text, filepath.Join(env.WorkDir, "canary"): []byte(canary + "\n")} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return err
		}
	}
	for name, value := range map[string]string{
		"PORT": strconv.Itoa(s.Port), "TLSPORT": strconv.Itoa(s.TLSPort), "REFUSED": strconv.Itoa(refused),
		"FAR": far, "FARPORT": strconv.Itoa(farPort), "CERT": cert, "PRINT": fmt.Sprintf("%x", sha256.Sum256(s.Certificate().Raw)),
		"CANARY": canary, "XDG_STATE_HOME": env.WorkDir + "/state", "TMPDIR": env.WorkDir + "/tmp",
		"IMAPSYNC_PASSWORD1": "", "IMAPSYNC_PASSWORD2": "",
	} {
		env.Setenv(name, value)
	}
	return nil
}

// mailbox is a small mailbox with a folder of a name that is not ASCII.
func mailbox() corpus.Mailbox {
	message := func(n int) corpus.Message {
		return corpus.Message{
			Body:  fmt.Appendf(nil, "Message-ID: <%d@example.org>\r\nFrom: a@example.org\r\nSubject: number %d\r\n\r\ntext\r\n", n, n),
			Flags: []imap.Flag{imap.FlagSeen},
			Date:  time.Date(2012, 3, n, 4, 5, 6, 0, time.UTC),
		}
	}
	return corpus.Mailbox{Folders: []corpus.Folder{
		{Path: []string{"INBOX"}, Messages: []corpus.Message{message(1), message(2)}},
		{Path: []string{"Проект"}, Messages: []corpus.Message{message(3)}},
		{Path: []string{"Old", "2012"}, Messages: []corpus.Message{message(4)}},
	}}
}

// farAddress is an IPv4 address of this machine that is not loopback, or "".
func farAddress() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && ip.IP.IsGlobalUnicast() {
			return ip.IP.String()
		}
	}
	return ""
}

// relay makes a server reachable at farAddress.
func relay(env *testscript.Env, target string) (host string, port int, err error) {
	if host = farAddress(); host == "" {
		return "", 0, nil
	}
	ln, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", 0, err
	}
	env.Defer(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				s, err := net.Dial("tcp", target)
				if err != nil {
					return
				}
				defer s.Close()
				go func() { _, _ = io.Copy(s, c) }() // ends with either side
				_, _ = io.Copy(c, s)
			}()
		}
	}()
	return host, ln.Addr().(*net.TCPAddr).Port, nil
}

// exits runs imaphaul with the arguments behind the exit code and checks it:
//
//	exits CODE ARGUMENT...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE ARGUMENT...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("imaphaul", args[1:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// absent checks that a text is in no file of the working directory but those
// named, and not in the last output; quoted and in base64 it counts as well:
//
//	absent TEXT [FILE...]
func absent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: absent TEXT [FILE...]")
	}
	forms := []string{args[0], strings.Trim(strconv.Quote(args[0]), `"`), strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(args[0])}
	for ahead := range 3 {
		// Inside base64, whatever stands before and behind it.
		coded := base64.StdEncoding.EncodeToString(append(make([]byte, ahead), args[0]...))
		forms = append(forms, coded[4:len(coded)-4])
	}
	check := func(where, text string) {
		for _, form := range forms {
			if strings.Contains(text, form) {
				ts.Fatalf("%q is in %s", form, where)
			}
		}
	}
	check("stdout", ts.ReadFile("stdout"))
	check("stderr", ts.ReadFile("stderr"))
	but := make(map[string]bool)
	for _, name := range args[1:] {
		but[ts.MkAbs(name)] = true
	}
	ts.Check(filepath.WalkDir(ts.Getenv("WORK"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || but[path] {
			return err
		}
		text, err := os.ReadFile(path)
		check(path, string(text))
		return err
	}))
}
