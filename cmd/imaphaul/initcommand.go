package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/doctor"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/initfile"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// errNoLogin keeps the doctor from connecting: only the server is looked for.
var errNoLogin = errors.New("nobody logs in")

// initialize asks the questions of "imaphaul init", writes the file, and returns the exit
// code.
func initialize(x *cli.Init, in io.Reader, out, errOut io.Writer, network doctor.Net) int {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	fail := func(code int, err error) int {
		_, _ = fmt.Fprintf(errOut, "Error: init: %v\n", err)
		return code
	}
	if _, err := os.Lstat(x.File); err == nil {
		return fail(event.ExitNoFile, fmt.Errorf("%s is there already, and is not overwritten. Choose another name with --out FILE", x.File))
	}
	sides, automap, err := initfile.Ask(initfile.Options{
		Out: out, In: in, Addresses: x.Addresses, File: x.File,
		Find:     func(address string) (initfile.Server, bool) { return findServer(ctx, address, network) },
		Provider: providerOfHost,
	})
	if err != nil {
		return fail(event.ExitUsage, err)
	}
	var text bytes.Buffer
	if err := initfile.Write(&text, sides, automap, x.File); err != nil {
		return fail(event.ExitSoftware, err)
	}
	if err := writeNew(x.File, text.Bytes()); err != nil {
		return fail(event.ExitNoFile, err)
	}
	_, _ = fmt.Fprintf(out, "\nWritten: %s\nNext, in this order:\n", x.File)
	for n, s := range sides {
		if _, err := os.Stat(s.PassFile); s.PassFile != "" && err != nil {
			_, _ = fmt.Fprintf(out, "  write the password of %s (host%d) into %s\n  %s\n",
				s.User, n+1, s.PassFile, display.ShellLine([]string{"chmod", "600", s.PassFile}))
		}
	}
	for _, line := range initfile.Commands(sides, x.File) {
		_, _ = fmt.Fprintf(out, "  %s\n", line)
	}
	_, _ = fmt.Fprintln(out, "The file has these commands, too.")
	return event.ExitOK
}

// writeNew writes a file that was not there, for its owner alone.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// findServer asks as "imaphaul doctor ADDRESS" does where the mailbox of an address is.
func findServer(ctx context.Context, address string, network doctor.Net) (initfile.Server, bool) {
	p := &plan.Plan{Mode: plan.ModeDoctor, Host1: plan.Account{User: address}}
	p.Doctor.Guess[0] = true
	r := doctor.Run(ctx, p, doctor.Options{
		Version: program.Version(), Net: network,
		Open: func(*plan.Account, int) (*access.Account, error) { return nil, errNoLogin },
	})
	if len(r.Sides) == 0 || r.Sides[0].Guess == nil || r.Sides[0].Guess.Host == "" {
		return initfile.Server{}, false
	}
	g := r.Sides[0].Guess
	s := initfile.Server{Host: g.Host, From: g.From}
	if g.Port != 993 {
		s.Port = g.Port
	}
	return s, true
}

// providerOfHost is the provider whose server this is, and whether it wants a token.
func providerOfHost(host string) (name string, token bool) {
	k, ok := provider.FindByHost(host)
	return k.Name, ok && (k.Name == "gmail" || k.Name == "office365")
}
