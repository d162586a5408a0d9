package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// server is a private Dovecot.
type server struct {
	dir  string
	port int
	// tlsPort is that of IMAP over TLS.
	tlsPort int
	cmd     *exec.Cmd
	in      io.Closer
	// filled are the source accounts made here.
	filled map[string]bool
}

func (s *server) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// at is where the server is reached, with TLS or without.
func (s *server) at(tls bool) string {
	if tls {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.tlsPort))
	}
	return s.addr()
}

// usual hides what costs time on loopback and what some programs use unasked.
const usual = "hide=COMPRESS=DEFLATE"

// everything hides nothing.
const everything = "hide="

// server returns the running server with these options, separated by blanks, and
// starts it first if need be.
func (b *bench) server(ctx context.Context, options string) (*server, error) {
	if !strings.Contains(options, "hide=") {
		options = strings.TrimSpace(usual + " " + options)
	}
	if s, ok := b.servers[options]; ok {
		return s, nil
	}
	s := &server{dir: filepath.Join(b.work, fmt.Sprintf("dovecot%d", len(b.servers))), filled: make(map[string]bool)}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	s.port, s.tlsPort = ports[0], ports[1]
	args := []string{"run", s.dir, strconv.Itoa(ports[0]), strconv.Itoa(ports[1]), "1", "format=" + b.format}
	args = append(args, strings.Fields(options)...)
	s.cmd = exec.CommandContext(ctx, filepath.Join(b.settings.servers, "dovecot.sh"), args...)
	s.cmd.Stderr = os.Stderr
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	s.in = in
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || strings.TrimSpace(line) != "ready" {
		in.Close()
		return nil, errors.Join(fmt.Errorf("dovecot.sh did not start a server"), s.cmd.Wait())
	}
	b.servers[options] = s
	return s, nil
}

func (b *bench) stopServers() {
	for _, s := range b.servers {
		s.in.Close()
	}
	for _, s := range b.servers {
		if err := s.cmd.Wait(); err != nil {
			say(b.out, "a server ended with %v", err)
		}
	}
}

// forget deletes a user's mail.
func (s *server) forget(user string) error {
	return os.RemoveAll(filepath.Join(s.dir, "state", "mail", user))
}

func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// line is a lineProcess.
type line struct {
	port int
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// startLine puts a line of a round trip time in front of an address, which carries
// rate bytes a second each way, 0 for any number.
func startLine(ctx context.Context, addr string, rtt time.Duration, rate int64) (*line, error) {
	l := &line{cmd: exec.CommandContext(ctx, self(), "line", addr, (rtt / 2).String(), strconv.FormatInt(rate, 10))}
	l.cmd.Stderr = os.Stderr
	in, err := l.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	l.in, l.out = in, bufio.NewReader(out)
	text, err := l.out.ReadString('\n')
	if err != nil {
		return nil, err
	}
	l.port, err = strconv.Atoi(strings.TrimSpace(text))
	return l, err
}

// counts tells what went over the line so far.
func (l *line) counts() (lineCounts, error) {
	var n lineCounts
	if _, err := io.WriteString(l.in, "\n"); err != nil {
		return n, err
	}
	text, err := l.out.ReadBytes('\n')
	if err != nil {
		return n, err
	}
	return n, json.Unmarshal(text, &n)
}

// end takes the line away and tells what went over it.
func (l *line) end() (lineCounts, error) {
	n, err := l.counts()
	l.in.Close()
	return n, errors.Join(err, l.cmd.Wait())
}

// self is this program's own path.
func self() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}
