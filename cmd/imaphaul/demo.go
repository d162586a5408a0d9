package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/demo"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/runner"
	"github.com/imaphaul/imaphaul/internal/secret"
	"github.com/imaphaul/imaphaul/internal/verify"
)

// demoPassword is that of both accounts of the demonstration.
const demoPassword = "correct horse battery staple"

// demoRoles are the folders that the second server of the demonstration has
// from the start, under other names than the first one, and what --automap has
// to make of them. The comparison goes by this table, not by the program's mapping.
var demoRoles = map[string]string{
	"Sent":  "Sent Items",
	"Trash": "Deleted Items",
	"Junk":  "Junk Email",
}

// demonstrate shows a whole migration between two servers inside this program
// (--testslive), or plays it as a test that tells its verdict only (--tests).
// Nothing of it stays on the disk.
func demonstrate(o *cli.Outcome, out, errOut io.Writer) int {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt)
	defer restore()
	play := playDemo
	if o.Provider != "" {
		play = func(ctx context.Context, o *cli.Outcome, out io.Writer) error {
			return rehearseProvider(ctx, o.Provider, out)
		}
	}
	err := play(ctx, o, out)
	switch {
	case err == nil && o.SelfTest:
		_, _ = fmt.Fprintln(out, "All tests passed: a migration between two servers inside this program, and a comparison of both sides.")
		return event.ExitOK
	case err == nil:
		return event.ExitOK
	case ctx.Err() != nil:
		_, _ = fmt.Fprintln(errOut, "Interrupted.")
		return event.ExitBySignal
	case o.SelfTest:
		_, _ = fmt.Fprintf(errOut, "Error: the self test failed: %v\n", err)
		return event.ExitTestsFailed
	}
	_, _ = fmt.Fprintf(errOut, "Error: the demonstration failed: %v\n", err)
	return event.ExitCatchAll
}

func playDemo(ctx context.Context, o *cli.Outcome, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "imaphaul-demo-")
	if err != nil {
		return fmt.Errorf("no directory for temporary files: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	mail, err := corpus.Sample()
	if err != nil {
		return err
	}
	var roles corpus.Mailbox
	for _, name := range demoRoles {
		roles.Folders = append(roles.Folders, corpus.Folder{Path: []string{name}})
	}
	from, err := startDemoSide(dir, "1", "alice", mail, o.IPv6)
	if err != nil {
		return err
	}
	defer from.server.Close()
	to, err := startDemoSide(dir, "2", "alice", roles, o.IPv6)
	if err != nil {
		return err
	}
	defer to.server.Close()

	d := demo.Demo{
		Source: from.account, Destination: to.account,
		Arguments: append(append(from.arguments, to.arguments...), "--automap", "--nolog", "--tmpdir", dir, "--cachedir", dir),
		Dir:       dir,
		Rename: func(folder string) string {
			if name, ok := demoRoles[folder]; ok {
				return name
			}
			return folder
		},
		Run:   runWith,
		Out:   out,
		Short: o.SelfTest,
	}
	return d.Play(ctx)
}

// runWith does what the program does when it is called with these arguments.
func runWith(args []string, out io.Writer) int {
	p, outcome := cli.Parse(cli.Input{Args: args, Now: time.Now(), Version: program.Version()})
	if outcome != nil {
		_, _ = io.WriteString(out, outcome.Stdout+outcome.Stderr)
		return outcome.Code
	}
	code, _ := runner.Migrate(p, out, out)
	return code
}

// demoSide is one of the two servers, and how to reach the account on it.
type demoSide struct {
	server    *embedded.Server
	account   verify.Account
	arguments []string
}

// startDemoSide starts a server with one account. Files that options name go
// into dir.
func startDemoSide(dir, n, user string, mail corpus.Mailbox, ipv6 bool) (demoSide, error) {
	server, err := embedded.Start(embedded.Options{IPv6: ipv6})
	if err != nil {
		return demoSide{}, err
	}
	side := demoSide{server: server}
	if err := side.prepare(dir, n, user, mail); err != nil {
		server.Close()
		return demoSide{}, err
	}
	return side, nil
}

func (s *demoSide) prepare(dir, n, user string, mail corpus.Mailbox) error {
	if err := s.server.AddUser(user, demoPassword); err != nil {
		return err
	}
	if err := s.server.Fill(user, mail); err != nil {
		return err
	}
	passfile, cafile := filepath.Join(dir, "password"+n), filepath.Join(dir, "server"+n+".pem")
	if err := os.WriteFile(passfile, []byte(demoPassword+"\n"), 0o600); err != nil {
		return err
	}
	certificate := s.server.Certificate()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
	if err := os.WriteFile(cafile, text, 0o600); err != nil {
		return err
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(certificate)
	s.account = verify.Account{
		Host: s.server.Host, Port: s.server.TLSPort, User: user, Password: secret.New(demoPassword),
		TLS: &tls.Config{RootCAs: trusted},
	}
	s.arguments = []string{
		"--host" + n, s.server.Host, "--port" + n, strconv.Itoa(s.server.TLSPort), "--ssl" + n,
		"--cafile" + n, cafile, "--user" + n, user, "--passfile" + n, passfile,
	}
	return nil
}
