package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// bench is one execution.
type bench struct {
	settings
	out     io.Writer
	servers map[string]*server
	users   int // made so far
}

// result is what was measured for one row.
type result struct {
	row   *row
	box   mailbox
	order []string // names, as measured
	runs  map[string][]figures
	// estimates are of programs that got samples of the mailbox; their figures are
	// of the larger one.
	estimates map[string]estimate
	errs      map[string]error
}

func newResult(r *row) *result {
	return &result{row: r, box: mailboxes[r.box], runs: make(map[string][]figures), estimates: make(map[string]estimate), errs: make(map[string]error)}
}

func (r *result) add(name string, f figures) {
	if len(r.runs[name]) == 0 {
		r.order = append(r.order, name)
	}
	r.runs[name] = append(r.runs[name], f)
}

func (r *result) of(name string) figures { return median(r.runs[name]) }

// ratio is imaphaul's time over another program's: the median of the ratios of
// the runs, which were taken in turn, so that a machine whose speed drifts does
// not favour one of them.
func (r *result) ratio(other string) (float64, bool) {
	ours, theirs := r.runs["imaphaul"], r.runs[other]
	if _, estimated := r.estimates[other]; estimated || len(theirs) == 0 {
		return 0, false
	}
	var ratios []figures // one figure each
	for i := range min(len(ours), len(theirs)) {
		ratios = append(ratios, figures{wall: time.Duration(1e9 * ours[i].wall.Seconds() / theirs[i].wall.Seconds())})
	}
	return median(ratios).wall.Seconds(), true
}

// cpuRatio is ratio of the processor time.
func (r *result) cpuRatio(other string) (float64, bool) {
	ours, theirs := r.runs["imaphaul"], r.runs[other]
	var ratios []float64
	for i := range min(len(ours), len(theirs)) {
		ratios = append(ratios, ours[i].cpu.Seconds()/theirs[i].cpu.Seconds())
	}
	if len(ratios) == 0 {
		return 0, false
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2], true
}

// run measures everything wanted and tells it.
func (b *bench) run(ctx context.Context) error {
	begin := time.Now()
	programs, err := b.programs()
	if err != nil {
		return err
	}
	about := b.about(ctx, programs)
	for _, l := range about {
		say(b.out, "%s", l)
	}
	var results []*result
	for i := range rows {
		r := &rows[i]
		if !b.wanted(r) {
			continue
		}
		say(b.out, "\n%s: %s", r.name, r.work)
		res, err := b.row(ctx, r, programs)
		if err != nil {
			return fmt.Errorf("row %s: %w", r.name, err)
		}
		results = append(results, res)
		tell(b.out, res)
	}
	many, err := b.accounts(ctx)
	if err != nil {
		return err
	}
	var listed *listing
	if b.listing != "" && (b.only == "" || b.wanted(&row{name: "listing"})) {
		say(b.out, "\nlisting: a scripted server tells of up to 1,000,000 messages")
		if listed, err = measureListing(ctx, b.listing); err != nil {
			return fmt.Errorf("row listing: %w", err)
		}
		listed.tell(b.out)
	}
	d := document{about: about, results: results, accounts: many, listing: listed, runs: b.runs, took: time.Since(begin)}
	say(b.out, "")
	d.table(b.out)
	say(b.out, "\nAll this took %s.", d.took.Round(time.Second))
	if b.docs == "" {
		return nil
	}
	return d.write(b.docs)
}

// row measures one row: every program in turn, as often as asked.
func (b *bench) row(ctx context.Context, r *row, programs []program) (*result, error) {
	res := newResult(r)
	src, err := b.server(ctx, r.host1)
	if err != nil {
		return nil, err
	}
	dst, err := b.server(ctx, r.host2)
	if err != nil {
		return nil, err
	}
	if err := b.fill(ctx, src, r.box); err != nil {
		return nil, err
	}
	for range b.runs {
		if r.rtt == 0 && !r.second {
			if err := b.floor(ctx, res, src, dst); err != nil {
				return nil, fmt.Errorf("floor: %w", err)
			}
		}
		for _, p := range slices.Concat(programs, r.beside) {
			if r.alone && p.name != "imaphaul" && !r.isBeside(p.name) || res.errs[p.name] != nil {
				continue
			}
			// Slow programs run once, and only where the plot or a comparison asks
			// for them.
			if p.slow && (!r.slowToo || len(res.runs[p.name]) > 0) {
				continue
			}
			switch p.name {
			case "imaphaul":
				p = imaphaul(b.program, r.options...)
			case withoutJSON.name:
				p.command = imaphaul(b.program).command
			}
			boxes := []string{r.box}
			if p.slow && r.sampled {
				boxes = samples[:]
			}
			f, err := b.each(ctx, r, boxes, p, src, dst)
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case err != nil && p.name == "imaphaul":
				return nil, err
			case err != nil:
				// Another program's failure is a finding about it.
				res.errs[p.name] = err
				say(b.out, "  %s failed: %v", p.name, err)
				continue
			}
			if len(f) > 1 {
				res.estimates[p.name] = estimate{f[0], f[1]}
			}
			res.add(p.name, f[len(f)-1])
		}
	}
	return res, nil
}

// each runs one program on source accounts, one after the other.
func (b *bench) each(ctx context.Context, r *row, boxes []string, p program, src, dst *server) ([]figures, error) {
	var all []figures
	for _, box := range boxes {
		if err := b.fill(ctx, src, box); err != nil {
			return nil, err
		}
		f, err := b.once(ctx, r, mailboxes[box], p, src, dst)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// fill makes a source account, once.
func (b *bench) fill(ctx context.Context, s *server, box string) error {
	if s.filled[box] {
		return nil
	}
	begin := time.Now()
	if err := helper(ctx, nil, "fill", s.addr(), "from-"+box, box); err != nil {
		return fmt.Errorf("fill %s: %w", box, err)
	}
	s.filled[box] = true
	say(b.out, "  (the mailbox %s was made in %s)", box, time.Since(begin).Round(10*time.Millisecond))
	return nil
}

// helper runs a process of this very program and decodes what it prints.
func helper(ctx context.Context, into any, args ...string) error {
	cmd := exec.CommandContext(ctx, self(), args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil || into == nil {
		return err
	}
	if s, ok := into.(*string); ok {
		*s = string(out)
		return nil
	}
	return json.NewDecoder(bytes.NewReader(out)).Decode(into)
}

// The floor's parts, as the tables name them.
const (
	fetchAlone  = "fetch alone"
	appendAlone = "append alone"
	bothAtOnce  = "both at once"
)

// isFloor reports whether a name is not a program's.
func isFloor(name string) bool {
	return name == "floor" || name == fetchAlone || name == appendAlone || name == bothAtOnce
}

// floor measures the halves by themselves. They could go on at the same time, so
// the longer one is the floor; it is out of reach where there is a processor for
// each half but none for what is between them, so both at once are told, too.
func (b *bench) floor(ctx context.Context, res *result, src, dst *server) error {
	users := []string{b.user(), b.user()}
	var took floorTimes
	if err := helper(ctx, &took, "floor", src.addr(), "from-"+res.row.box, dst.addr(), users[0], users[1], res.row.box); err != nil {
		return err
	}
	for _, part := range []struct {
		name    string
		seconds float64
	}{{"floor", max(took.Fetch, took.Append)}, {fetchAlone, took.Fetch}, {appendAlone, took.Append}, {bothAtOnce, took.Both}} {
		res.add(part.name, figures{wall: time.Duration(part.seconds * float64(time.Second)), messages: res.box.messages()})
	}
	return errors.Join(dst.forget(users[0]), dst.forget(users[1]))
}

func (b *bench) user() string {
	b.users++
	return fmt.Sprintf("to%04d", b.users)
}

// once runs one program on a fresh account and checks that everything arrived.
func (b *bench) once(ctx context.Context, r *row, box mailbox, p program, src, dst *server) (f figures, err error) {
	dir, err := os.MkdirTemp(b.work, "run-")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	user := b.user()
	ends := [2]*server{src, dst}
	accounts := [2]account{{port: src.port, user: "from-" + box.name, tls: r.tls}, {port: dst.port, user: user, tls: r.tls}}
	if r.tls {
		accounts[0].port, accounts[1].port = src.tlsPort, dst.tlsPort
	}
	if r.between != nil {
		accounts[0].user = "of-" + user
		if err := helper(ctx, nil, "fill", src.addr(), accounts[0].user, box.name); err != nil {
			return f, err
		}
		defer func() { err = errors.Join(err, src.forget(accounts[0].user)) }()
	}
	run := func(accounts [2]account) (figures, error) {
		cmd, err := p.command(dir, accounts[0], accounts[1])
		if err != nil {
			return figures{}, err
		}
		cmd.Dir = dir
		return clock(ctx, cmd, filepath.Join(dir, "output"))
	}
	var lines [2]*line
	if r.rtt > 0 {
		for i, s := range ends {
			if lines[i], err = startLine(ctx, s.at(r.tls), r.rtt, r.rate); err != nil {
				return f, err
			}
			accounts[i].port = lines[i].port
		}
	}
	var before [2]lineCounts
	want := box.messages()
	if r.second {
		// Over the same line, since a program may remember an account by its port.
		if _, err = run(accounts); err != nil {
			return f, fmt.Errorf("the first run: %w", err)
		}
		if r.between != nil {
			added, err := r.between(ctx, src.addr(), accounts[0].user)
			if err != nil {
				return f, fmt.Errorf("between the runs: %w", err)
			}
			want += added
		}
		for i, l := range lines {
			if l == nil {
				continue
			}
			if before[i], err = l.counts(); err != nil {
				return f, err
			}
		}
	}
	f, err = run(accounts)
	for i := range lines {
		if lines[i] == nil {
			continue
		}
		n, lerr := lines[i].end()
		err = errors.Join(err, lerr)
		f.turns[i] = n.Turns - before[i].Turns
		f.bulk[i] = n.ToClient - before[i].ToClient
		if i == 1 {
			f.bulk[i] = n.ToServer - before[i].ToServer
		}
	}
	if err != nil {
		return f, err
	}
	f.messages = want
	var counted string
	if err := helper(ctx, &counted, "count", dst.addr(), user); err != nil {
		return f, err
	}
	var folders, messages int
	if _, err := fmt.Sscan(counted, &folders, &messages); err != nil || messages != want || folders < box.folders {
		return f, fmt.Errorf("%s left %d messages in %d folders on host2; host1 has %d in %d (%w)", p.name, messages, folders, want, box.folders, err)
	}
	say(b.out, "  %-10s %8.3f s   cpu %7.3f s   peak %5.1f MB%s", p.name, f.wall.Seconds(), f.cpu.Seconds(), float64(f.rss)/1e6, turnsText(f, r))
	return f, dst.forget(user)
}

func turnsText(f figures, r *row) string {
	if r.rtt == 0 {
		return ""
	}
	return fmt.Sprintf("   round trips %d + %d, %.1f MB from host1, %.1f MB to host2", f.turns[0], f.turns[1], float64(f.bulk[0])/1e6, float64(f.bulk[1])/1e6)
}

// about says what was measured on what, with which versions.
func (b *bench) about(ctx context.Context, programs []program) []string {
	list := machine()
	if out, err := exec.CommandContext(ctx, "dovecot", "--version").Output(); err == nil {
		list = append(list, fmt.Sprintf("Both accounts on Dovecot %s, %s, mail_fsync=never, on loopback without TLS, and without COMPRESS where nothing else is said, mail in %s.", bytes.TrimSpace(out), b.format, place(b.work)))
	}
	for _, p := range programs {
		list = append(list, versionOf(ctx, p))
	}
	return list
}
