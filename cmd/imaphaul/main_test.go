package main

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/imaphaul/imaphaul/internal/batchrun"
)

func TestMain(m *testing.M) {
	batchrun.RetryPause = func(d time.Duration) time.Duration { return d / 1000 } // also in the program that scripts run
	testscript.Main(m, map[string]func(){"imaphaul": main, "imapsync": main, "drillhub": drillHub})
}

// TestScripts runs the program itself; each script in testdata is one subject.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			mute, err := newMuteServer()
			if err != nil {
				return err
			}
			env.Defer(mute.close)
			env.Values["mute"] = mute
			env.Setenv("MUTE_PORT", strconv.Itoa(mute.port()))
			// The program must not find the passwords of whoever runs the tests.
			env.Setenv("IMAPSYNC_PASSWORD1", "")
			env.Setenv("IMAPSYNC_PASSWORD2", "")
			env.Setenv("XDG_STATE_HOME", env.WorkDir+"/state")
			env.Setenv("TMPDIR", env.WorkDir+"/tmp")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// connected waits until the program has connected to the mute server.
			"connected": func(ts *testscript.TestScript, _ bool, _ []string) {
				<-ts.Value("mute").(*muteServer).accepted
			},
		},
	})
}

// muteServer lets everybody log in and then says nothing any more.
type muteServer struct {
	ln net.Listener
	// accepted hears of every connection; asked of every command that stays
	// without an answer.
	accepted, asked chan struct{}
}

func newMuteServer() (*muteServer, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &muteServer{ln: ln, accepted: make(chan struct{}, 64), asked: make(chan struct{}, 64)}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			m.accepted <- struct{}{}
			go m.serve(c)
		}
	}()
	return m, nil
}

func (m *muteServer) serve(c net.Conn) {
	_, _ = io.WriteString(c, "* OK [CAPABILITY IMAP4rev1] ready\r\n") // the test sees a client that gets no answer
	for lines := bufio.NewScanner(c); lines.Scan(); {
		tag, command, _ := strings.Cut(lines.Text(), " ")
		if strings.HasPrefix(command, "LOGIN") {
			_, _ = io.WriteString(c, tag+" OK [CAPABILITY IMAP4rev1] in\r\n")
			continue
		}
		m.asked <- struct{}{}
	}
}

func (m *muteServer) port() int { return m.ln.Addr().(*net.TCPAddr).Port }
func (m *muteServer) close()    { _ = m.ln.Close() }
