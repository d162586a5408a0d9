//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/hub"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// The drill: processes of workers and of the hub are killed, stopped for longer than their
// leases, and cut off, while accounts are moved. Whatever happens, every message is on
// host2 once, every account is done once, and host2 never has more connections than all
// workers together may have.
//
// IMAPHAUL_DRILL=30 makes so many rounds of it on Dovecot and Courier (make drill);
// IMAPHAUL_SEED chooses others.

// drillSize is how large a round is.
type drillSize struct{ workers, accounts, messages, ceiling int }

const drillLease = 3 // seconds

// drill is one round.
type drill struct {
	*batchBench
	drillSize
	rand    *rand.Rand
	gate    *turnstile   // counts connections to host2
	between *proxy.Proxy // the line to host2, behind the gate
	store   string
	addr    string // of the hub
	hub     *exec.Cmd
	lines   []*proxy.Proxy // of each worker to the hub
	workers []*exec.Cmd
	secrets string
}

// program starts this test binary as another program.
func (d *drill) program(name string, args ...string) *exec.Cmd {
	d.t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Args[0], cmd.Dir, cmd.Stderr = name, d.dir, os.Stderr
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+d.dir, "IMAPSYNC_PASSWORD1=", "IMAPSYNC_PASSWORD2=")
	return cmd
}

func (d *drill) startHub(listen string) {
	d.t.Helper()
	d.hub = d.program("drillhub", listen, d.store)
	out, err := d.hub.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.hub.Start(); err != nil {
		d.t.Fatal(err)
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		d.t.Fatal(err)
	}
	d.addr = strings.TrimPrefix(strings.TrimSpace(url), "nats://")
}

func (d *drill) startWorker(i int) {
	d.t.Helper()
	w := d.program("imaphaul", "worker", "--hub", "nats://"+d.lines[i].Addr(), "--out", filepath.Join(d.dir, fmt.Sprint("worker", i)), "--secrets", d.secrets,
		"--jobs", "4", "--lease", strconv.Itoa(drillLease), "--nossl1", "--notls1", "--nossl2", "--notls2", "--untilempty")
	log, err := os.OpenFile(filepath.Join(d.dir, fmt.Sprintf("worker%d.txt", i)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	w.Stdout, w.Stderr = log, log
	if err := w.Start(); err != nil {
		d.t.Fatal(err)
	}
	_ = log.Close() // the process has it
	d.workers[i] = w
}

func newDrill(t *testing.T, size drillSize, from, to *mailtest.Server, seed uint64) *drill {
	t.Helper()
	d := &drill{
		batchBench: &batchBench{t: t, from: from, to: to, dir: t.TempDir()}, drillSize: size, rand: rand.New(rand.NewPCG(seed, 21)), //nolint:gosec // a drill
		workers: make([]*exec.Cmd, size.workers),
	}
	d.store, d.secrets = filepath.Join(d.dir, "store"), filepath.Join(d.dir, "secrets")
	var secrets, list strings.Builder
	list.WriteString("user1,secret1,user2,secret2\n")
	for i := range size.accounts {
		u1, p1 := from.User(t)
		u2, p2 := to.User(t)
		box := corpus.Generate(corpus.Options{Seed: seed<<8 + uint64(i), Messages: size.messages, Folders: 2})
		mailtest.Fill(t, from, u1, box)
		d.users, d.boxes = append(d.users, [2]string{u1, u2}), append(d.boxes, box)
		fmt.Fprintf(&secrets, "from.%d 127.0.0.1 password=%s\nto.%d 127.0.0.1 password=%s\n", i, p1, i, p2)
		fmt.Fprintf(&list, "%s,from.%d,%s,to.%d\n", u1, i, u2, i)
	}
	for name, text := range map[string]string{d.secrets: secrets.String(), filepath.Join(d.dir, "users.csv"): list.String()} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if d.between, err = proxy.Start(proxy.Options{Target: to.Addr()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.between.Close)
	d.gate = newTurnstile(t, d.between.Addr())
	d.gate.mu.Lock()
	d.gate.most = size.ceiling
	d.gate.mu.Unlock()
	d.startHub("127.0.0.1:0")
	t.Cleanup(func() {
		_ = d.hub.Process.Kill()
		_ = d.hub.Wait()
	})
	for range size.workers {
		line, err := proxy.Start(proxy.Options{Target: d.addr})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(line.Close)
		d.lines = append(d.lines, line)
	}
	return d
}

// load loads the list.
func (d *drill) load() string {
	d.t.Helper()
	out, err := d.program("imaphaul", "batch", filepath.Join(d.dir, "users.csv"), "--hub", "nats://"+d.addr, "--host1", "127.0.0.1", "--port1", strconv.Itoa(d.from.Port),
		"--host2", "127.0.0.1", "--port2", d.gate.ln.Addr().String()[len("127.0.0.1:"):], "--maxmessagespersecond", "60", "--hostconnections2", strconv.Itoa(d.ceiling)).Output()
	if err != nil {
		d.t.Fatalf("%v %s", err, out)
	}
	return string(out)
}

// status is what "imaphaul status --hub --format json" says.
func (d *drill) status() (v hubView, err error) {
	out, err := d.program("imaphaul", "status", "--hub", "nats://"+d.addr, "--format", "json").Output()
	if err == nil {
		err = json.Unmarshal(out, &v)
	}
	return v, err
}

// fault does one thing that happens, and returns what undoes it; which counts from 0.
func (d *drill) fault(which int) (text string, undo func()) {
	i := d.rand.IntN(len(d.workers))
	switch which % 5 {
	case 0:
		_ = d.workers[i].Process.Kill()
		_ = d.workers[i].Wait()
		return fmt.Sprint("worker ", i, " killed"), func() { d.startWorker(i) }
	case 1:
		w := d.workers[i]
		_ = w.Process.Signal(syscall.SIGSTOP)
		return fmt.Sprint("worker ", i, " stopped"), func() { _ = w.Process.Signal(syscall.SIGCONT) }
	case 2:
		_ = d.hub.Process.Kill()
		_ = d.hub.Wait()
		return "hub killed", func() { d.startHub(d.addr) }
	case 3:
		d.lines[i].Add(proxy.Fault{Kind: proxy.Cut, Direction: proxy.ToClient})
		d.lines[i].CutAll()
		return fmt.Sprint("worker ", i, " cut off from the hub"), d.lines[i].Clear
	}
	d.between.CutAll()
	return "lines to host2 cut", func() {}
}

// run lets faults happen in an order of the seed, each for some seconds, until all rows
// are over.
func (d *drill) run(faults int) {
	d.t.Helper()
	for i := range d.workers {
		d.startWorker(i)
	}
	order := d.rand.Perm(5)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	wait := func(least, more int) {
		for range least + d.rand.IntN(more+1) {
			<-tick.C
		}
	}
	for n := range faults {
		wait(2, 3)
		text, undo := d.fault(order[n%5])
		d.t.Log(text)
		wait(2, 4*drillLease)
		undo()
	}
	for n := 0; ; n++ {
		<-tick.C
		v, err := d.status()
		if err == nil && v.Phases[hub.Done] == d.accounts {
			break
		}
		if err == nil && v.Phases[hub.Failed]+v.Phases[hub.Unfinished] > 0 || n > 600 {
			d.tell()
			d.t.Fatalf("%v %+v", err, v)
		}
		if n%20 == 19 { // a worker that ended by itself, since the queue was empty for it
			for i, w := range d.workers {
				if w.Process.Signal(syscall.Signal(0)) != nil {
					d.startWorker(i)
				}
			}
		}
	}
	for _, w := range d.workers {
		_ = w.Process.Signal(syscall.SIGCONT)
		_ = w.Process.Signal(syscall.SIGTERM)
		_ = w.Wait() // by the signal, or because there is nothing to do
	}
}

// tell shows what workers said.
func (d *drill) tell() {
	for i := range d.workers {
		b, _ := os.ReadFile(filepath.Join(d.dir, fmt.Sprintf("worker%d.txt", i)))
		d.t.Logf("worker %d:\n%s", i, b[max(0, len(b)-4000):])
	}
}

// check checks what must be true whatever happened.
func (d *drill) check() {
	d.t.Helper()
	for i := range d.users {
		d.moved(i)
	}
	d.gate.mu.Lock()
	peak, come, crowds := d.gate.peak, d.gate.come, strings.Join(d.gate.crowds, "\n")
	d.gate.mu.Unlock()
	if peak > d.ceiling {
		d.t.Errorf("%d connections to host2 at the same time, %d are allowed", peak, d.ceiling)
	}
	v, err := d.status()
	if err != nil {
		d.t.Fatal(err)
	}
	runs := 0
	for _, r := range v.Shown {
		runs += r.Runs
	}
	d.t.Logf("%d accounts, %d runs, at most %d of %d connections at the same time", d.accounts, runs, peak, come)
	if crowds != "" {
		d.t.Logf("closed by workers, and not read yet, beside those that are open:\n%s", crowds)
	}
	h, err := hub.Connect(d.t.Context(), hub.Options{URL: "nats://" + d.addr})
	if err != nil {
		d.t.Fatal(err)
	}
	defer h.Close()
	for _, r := range v.Shown {
		if n, err := h.Times(d.t.Context(), r.ID, hub.Done); err != nil || n != 1 {
			d.t.Errorf("%s was done %d times (%v)", r.Accounts, n, err)
		}
	}
	_ = d.hub.Process.Kill()
	_ = d.hub.Wait()
	if err := filepath.WalkDir(d.store, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, u := range d.users {
			for _, name := range u {
				if bytes.Contains(b, []byte(mailtest.Password(name))) {
					d.t.Errorf("%s holds a password", path)
				}
			}
		}
		return err
	}); err != nil {
		d.t.Error(err)
	}
}

// TestWorkersOfAHub: two workers run a list without any fault; loaded again it is
// finished.
func TestWorkersOfAHub(t *testing.T) {
	t.Parallel()
	d := newDrill(t, drillSize{workers: 2, accounts: 4, messages: 3, ceiling: 3}, mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{}), 1)
	if said := d.load(); !strings.Contains(said, "4 rows loaded") {
		t.Error(said)
	}
	if said := d.load(); !strings.Contains(said, "4 were there already") {
		t.Error(said)
	}
	d.run(0)
	if said := d.load(); !strings.Contains(said, "4 are finished") {
		t.Error(said)
	}
	for _, format := range []string{"text", "html", "metrics"} {
		out, err := d.program("imaphaul", "status", "--hub", "nats://"+d.addr, "--format", format).Output()
		want := map[string]string{"text": "4 of 4 rows done", "html": "4 of 4 rows done", "metrics": `imaphaul_hub_rows{phase="done"} 4`}[format]
		if err != nil || !bytes.Contains(out, []byte(want)) {
			t.Errorf("%s: %v %.300s", format, err, out)
		}
	}
	d.check()
}

// TestHubDrill is the drill: rounds are asked for, since each takes a minute.
func TestHubDrill(t *testing.T) {
	rounds, _ := strconv.Atoi(os.Getenv("IMAPHAUL_DRILL"))
	if rounds == 0 {
		t.Skip("make drill runs it; internal/hub has the short form")
	}
	seed := uint64(2026)
	if n, err := strconv.ParseUint(os.Getenv("IMAPHAUL_SEED"), 10, 64); err == nil {
		seed = n
	}
	kinds := mailtest.Kinds(t, mailtest.Dovecot, mailtest.Courier)
	if len(kinds) == 0 {
		t.Skip("there is no server")
	}
	for n := range rounds {
		kind := kinds[n%len(kinds)]
		t.Run(fmt.Sprintf("%d %s", n, kind), func(t *testing.T) {
			size := drillSize{workers: 3, accounts: 40, messages: 30, ceiling: 8}
			options := []string{"users=50"}
			if kind == mailtest.Dovecot {
				options = append(options, "connections=20")
			}
			d := newDrill(t, size, mailtest.StartEmbedded(t, embedded.Options{}), mailtest.Own(t, kind, options...), seed+uint64(n))
			d.load()
			d.run(5)
			d.check()
			if t.Failed() {
				d.tell()
			}
		})
	}
}
