package main

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/plan"
)

func TestMain(m *testing.M) {
	retryPause = func(d time.Duration) time.Duration { return d / 1000 } // also in the program that scripts run
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

func TestSignalPolicy(t *testing.T) {
	type step struct {
		name  string
		after time.Duration // since the signal before
		what  string
	}
	def := plan.Run{SigExit: []string{"QUIT", "TERM"}, SigReconnect: []string{"INT"}}
	for _, tc := range []struct {
		name          string
		run           plan.Run
		steps         []step
		finished, cut int
		ended         string
	}{
		{"one Ctrl-C", def, []step{{"INT", 0, "stop"}}, 1, 0, "INT"},
		{"two", def, []step{{"INT", 0, "stop"}, {"INT", twinWithin, "stop now"}}, 1, 1, "INT"},
		{"two, far apart", def, []step{{"INT", 0, "stop"}, {"INT", time.Hour, "stop now"}}, 1, 1, "INT"},
		{"two that are one", def, []step{{"TERM", 0, "stop"}, {"TERM", twinWithin - 1, ""}}, 1, 0, "TERM"},
		{"many that are one, then another", def, []step{{"TERM", 0, "stop"}, {"TERM", 0, ""}, {"TERM", 150 * time.Millisecond, ""}, {"TERM", 50 * time.Millisecond, "stop now"}}, 1, 1, "TERM"},
		{"two different ones at once", def, []step{{"TERM", 0, "stop"}, {"INT", 0, "stop now"}}, 1, 1, "INT"},
		{"hang-ups within a moment are all told", def, []step{{"HUP", 0, "print"}, {"HUP", 1, "print"}}, 0, 0, ""},
		{"Ctrl-C, then TERM", def, []step{{"INT", 0, "stop"}, {"TERM", time.Second, "stop now"}}, 1, 1, "TERM"},
		{"hang-up is only told", def, []step{{"HUP", 0, "print"}, {"HUP", 0, "print"}, {"USR1", 0, "print"}}, 0, 0, ""},
		{"ignored", plan.Run{SigExit: []string{"TERM"}, SigIgnore: []string{"TERM"}}, []step{{"TERM", 0, "ignore"}, {"TERM", 0, "ignore"}}, 0, 0, ""},
		{"hang-up ends", plan.Run{SigExit: []string{"HUP"}}, []step{{"HUP", 0, "stop"}}, 1, 0, "HUP"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var finished, cut int
			var events []event.SignalReceived
			p := &signalPolicy{run: tc.run, finish: func() { finished++ }, now: func() { cut++ },
				emit: func(e event.SignalReceived) { events = append(events, e) }}
			at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
			counts := map[string]int{}
			told := 0
			for i, s := range tc.steps {
				at = at.Add(s.after)
				p.received(s.name, at)
				if s.what == "" { // one with the one before
					if len(events) != told {
						t.Errorf("step %d: %+v", i, events[told:])
					}
					continue
				}
				counts[s.name]++
				if told++; len(events) != told {
					t.Fatalf("step %d: %d events", i, len(events))
				}
				if e := events[told-1]; e.Signal != s.name || e.What != s.what || e.Count != counts[s.name] {
					t.Errorf("step %d: %+v, want %s %d", i, e, s.what, counts[s.name])
				}
			}
			if finished != tc.finished || cut != tc.cut || p.ended() != tc.ended {
				t.Errorf("finish %d, now %d, ended by %q; want %d, %d, %q", finished, cut, p.ended(), tc.finished, tc.cut, tc.ended)
			}
		})
	}
}

// --debugsig says what each signal would do, and why it was done.
func TestSignalsExplained(t *testing.T) {
	var lines []string
	p := &signalPolicy{
		run:    plan.Run{SigExit: []string{"TERM"}, SigReconnect: []string{"INT"}, SigIgnore: []string{"HUP"}},
		finish: func() {}, now: func() {}, emit: func(event.SignalReceived) {},
		debug: func(line string) { lines = append(lines, line) },
	}
	outlook := strings.Join(p.outlook(4711), "\n")
	for _, want := range []string{"kill -INT 4711: what is under way is finished", "kill -TERM 4711: what is under way is finished"} {
		if !strings.Contains(outlook, want) {
			t.Errorf("%q is not in\n%s", want, outlook)
		}
	}
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	p.received("HUP", at)
	p.received("INT", at)
	p.received("TERM", at.Add(1500*time.Millisecond))
	want := []string{
		"HUP came, number 1 of its kind: it is ignored, by --sigignore",
		"INT came, number 1 of its kind: what is under way is finished, then the run ends",
		"TERM came, number 1 of its kind: the run ends at once (INT came 1.5 s before)",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
}

func TestExitBy(t *testing.T) {
	for name, want := range map[string]int{"INT": 130, "QUIT": 131, "TERM": 143} {
		sig, ok := signalsByName[name]
		if !ok {
			continue // not every system has them all
		}
		if got := exitBy(sig, event.ExitBySignal); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}
