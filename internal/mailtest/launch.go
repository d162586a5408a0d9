package mailtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/memory"
)

// instance is the process that holds a real server; see "run" in lib.sh.
type instance struct {
	kind      string
	dir       string
	arguments []string // PORT TLSPORT USERS key=value...
	release   []func() // of the ports
	front     *front   // before all but Dovecot

	mu    sync.Mutex
	cmd   *exec.Cmd
	lease io.Closer // closing it ends the server
	said  *bytes.Buffer
}

// launch starts a server, on other ports if somebody took the chosen ones.
func launch(t testing.TB, kind string, options []string) *Server {
	t.Helper()
	s := &Server{Kind: kind, Host: "127.0.0.1", options: options, most: usersPerServer}
	s.Prefix, s.Separator = namespace(kind, options)
	var passed []string
	for _, o := range options {
		if n, ok := strings.CutPrefix(o, "users="); ok {
			most, err := strconv.Atoi(n)
			if err != nil {
				t.Fatalf("option %q: %v", o, err)
			}
			s.most = most
			continue
		}
		passed = append(passed, o)
	}
	users := s.most
	if kind == Dovecot {
		s.most = 0 // it lets in every name
	}
	var err error
	for range 3 {
		if err = s.try(users, passed); err == nil {
			return s
		}
	}
	t.Fatalf("%s: %v", s, err)
	return nil
}

// try makes one attempt on two free ports.
func (s *Server) try(users int, options []string) error {
	dir, err := os.MkdirTemp(memory.Dir(), "imaphaul-"+s.Kind+"-")
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	in := &instance{kind: s.Kind, dir: dir}
	var ports [2]int
	for i := range ports {
		port, release, err := ReservePort()
		if err != nil {
			in.end()
			return err
		}
		ports[i] = port
		in.release = append(in.release, release)
	}
	in.arguments = append([]string{fmt.Sprint(ports[0]), fmt.Sprint(ports[1]), fmt.Sprint(users)}, options...)
	if err := in.start(); err != nil {
		in.end()
		return err
	}
	s.Port, s.TLSPort = ports[0], ports[1]
	if s.Kind == Mox || s.Kind == Courier || s.Kind == Cyrus {
		if in.front, err = newFront(ports, s.Kind == Mox); err != nil {
			in.end()
			return err
		}
		s.Port, s.TLSPort = in.front.ports[0], in.front.ports[1]
	}
	s.instance = in
	return nil
}

// start runs the script and waits for its "ready".
func (in *instance) start() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.said = new(bytes.Buffer)
	in.cmd = exec.Command(script(in.kind), append([]string{"run", in.dir}, in.arguments...)...)
	in.cmd.Stderr = in.said
	lease, err := in.cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	in.lease = lease
	out, err := in.cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if err := in.cmd.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if line == "ready\n" {
		return nil
	}
	lease.Close()
	if waited := in.cmd.Wait(); waited != nil {
		err = waited
	}
	return fmt.Errorf("start: %w: %s", err, strings.TrimSpace(in.said.String()))
}

// end closes the lease and waits until the server is gone.
func (in *instance) end() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.lease != nil {
		in.lease.Close()
		_ = in.cmd.Wait() // it was told to go
		in.lease = nil
	}
}

func (s *Server) stop() {
	in := s.instance
	if in.front != nil {
		in.front.close()
	}
	in.end()
	for _, release := range in.release {
		release()
	}
	_ = os.RemoveAll(in.dir)
}

// Stop ends a server of Own and keeps its mail for Restart. Open connections
// are lost, as in an outage.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.instance.dir, "keep"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.instance.end()
}

// Restart starts a stopped server again on the same ports.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.instance.start(); err != nil {
		t.Fatal(err)
	}
}

// Dir returns the directory of a real server; its mail lies below Dir/state,
// its log is Dir/log.
func (s *Server) Dir() string { return s.instance.dir }
