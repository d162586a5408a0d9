package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/imaphaul/imaphaul/internal/batchrun"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/hub"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/signals"
)

// runWorker works for a hub until a signal (imaphaul worker).
func runWorker(x *cli.Worker, environ []string, stdout, stderr io.Writer) (int, os.Signal) {
	var mu sync.Mutex
	say := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Fprintf(stdout, "%s %s\n", time.Now().Format(time.DateTime), display.Text(text)) // logs have the rest
	}
	fail := func(code int, err error) (int, os.Signal) {
		_, _ = fmt.Fprintf(stderr, "Error: %v\n", err)
		return code, nil
	}
	secrets, err := readSecrets(x.Secrets)
	if err != nil {
		return fail(event.ExitNoInput, err)
	}
	if err := hub.CheckURL(x.URL); err != nil {
		return fail(event.ExitUsage, fmt.Errorf("--hub: %w", err))
	}
	out, id, unlock, err := workerDir(x.Out)
	if err != nil {
		return fail(event.ExitPidFile, err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := make(chan struct{})
	finish := sync.OnceFunc(func() { close(stop) })
	policy := &signals.Policy{Run: x.Plan.Run, Finish: finish, Now: cancel, Emit: func(e event.SignalReceived) {
		if e.What == "stop" {
			say(fmt.Sprintf("Signal %s: no row is begun any more, and those that run end in good order. Once more ends at once.", e.Signal))
		}
	}}
	defer policy.Listen()()
	connecting, connected := context.WithCancel(ctx)
	go func() { // a signal ends the waiting for the hub, too
		select {
		case <-stop:
			connected()
		case <-connecting.Done():
		}
	}()
	if st, err := os.Stat(x.Secrets); err == nil && runtime.GOOS != "windows" && st.Mode().Perm()&0o044 != 0 {
		say(fmt.Sprintf("Warning: --secrets %s can be read by other users of this machine. Make it yours alone: chmod 600.", x.Secrets))
	}
	say(fmt.Sprintf("Worker %s waits for the hub %s, and for a list in it", id, x.URL))
	o := batchrun.HubAddress(x.HubAddress, "imaphaul worker "+id)
	o.Patient, o.RefusedEnds, o.Say = true, x.UntilEmpty, say
	h, err := hub.Connect(connecting, o)
	connected()
	if err != nil {
		if policy.Ended() != "" {
			return event.ExitBySignal, signals.ByName[policy.Ended()]
		}
		return fail(event.ExitUnavailable, err)
	}
	defer h.Close()
	r := &hubRunner{
		Worker: x, environ: withoutPasswords(environ), secrets: secrets, out: out, policy: policy, say: say, running: make(map[string]int), told: make(map[string]bool),
	}
	w := &hub.Worker{Hub: h, ID: id, Jobs: x.Jobs, TTL: time.Duration(x.Lease) * time.Second, Runner: r, Rates: r, Say: say, UntilEmpty: x.UntilEmpty}
	say(fmt.Sprintf("It works, on %d rows at the same time", x.Jobs))
	_ = w.Run(ctx, stop) // it fails by a second signal only
	if name := policy.Ended(); name != "" {
		return event.ExitBySignal, signals.ByName[name]
	}
	say("There is no row any more.")
	return event.ExitOK, nil
}

// withoutPasswords is an environment without those of imapsync and without options: a row
// might name any host to send them to.
func withoutPasswords(environ []string) []string {
	var out []string
	for _, kv := range environ {
		if !strings.HasPrefix(kv, "IMAPSYNC_PASSWORD") && !strings.HasPrefix(kv, "IMAPHAUL_") {
			out = append(out, kv)
		}
	}
	return out
}

// workerDir makes and locks a worker's own directory, and returns the worker's name: the
// same one when it is started again, so that what it had of hosts is known to be free.
func workerDir(dir string) (out, id string, unlock func(), err error) {
	if dir == "" {
		state, err := journal.DefaultDir()
		if err != nil {
			return "", "", nil, fmt.Errorf("there is no place for the worker's files: %w. Name one with --out", err)
		}
		dir = filepath.Join(state, "worker")
	}
	if err := os.MkdirAll(filepath.Join(dir, "journal"), 0o700); err != nil {
		return "", "", nil, fmt.Errorf("--out %q cannot be made: %w", dir, err)
	}
	lock := flock.New(filepath.Join(dir, "worker.lock"))
	got, err := lock.TryLock()
	if err != nil || !got {
		return "", "", nil, fmt.Errorf("--out %q is another worker's. Give each one its own", dir)
	}
	unlock = func() { _ = lock.Close() } // the system does it, too
	file := filepath.Join(dir, "worker.id")
	data, err := os.ReadFile(file)
	if id = strings.TrimSpace(string(data)); err != nil || id == "" || len(id) > 100 {
		host, _ := os.Hostname() // only for people
		id = strings.ToLower(fmt.Sprintf("%.60s-%.8s", display.FileName(host), rand.Text()))
		if err := batchrun.WriteAtomically(file, []byte(id+"\n")); err != nil {
			unlock()
			return "", "", nil, err
		}
	}
	return dir, id, unlock, nil
}
