package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// accountsRow is a line of the table about many accounts: "imaphaul batch" against the
// same program, or another one, called once for each account by xargs.
type accountsRow struct {
	name, work string
	measure    func(context.Context, *bench) (*accountsResult, error)
}

// accountsResult is what was measured for one of them.
type accountsResult struct {
	row     *accountsRow
	cells   map[string]string // by column
	targets []string
}

// many are accounts of one source: prefix0001 and so on, with the same small mailbox.
type many struct {
	prefix string
	count  int
	box    string
}

var (
	someAccounts = many{"some", 200, "forty"}
	allAccounts  = many{"all", 1000, "four"}
)

func (m many) user(i int) string { return fmt.Sprintf("%s%04d", m.prefix, i) }

// accountRows are these lines in the order of the table.
var accountRows = []accountsRow{
	{"batch-200", "200 accounts of 40 messages, 4 at a time, RTT 0", func(ctx context.Context, b *bench) (*accountsResult, error) { return b.againstLoop(ctx) }},
	{"batch-1000", "1,000 accounts of 4 messages, 4 at a time, RTT 0", func(ctx context.Context, b *bench) (*accountsResult, error) { return b.thousand(ctx) }},
	{"batch-fair", "one account of 20,000 messages among 200 of 40, RTT 20 ms, --jobs 4: until the small ones have ended", func(ctx context.Context, b *bench) (*accountsResult, error) { return b.fair(ctx) }},
}

// fillManyProcess ADDR PREFIX COUNT MAILBOX fills accounts, four at a time.
func fillManyProcess(ctx context.Context, args []string) error {
	return eachOfMany(args, 4, func(m many) error { return fillProcess(ctx, []string{args[0], m.prefix, m.box}) })
}

// countManyProcess ADDR PREFIX COUNT MAILBOX says which accounts do not hold it.
func countManyProcess(ctx context.Context, args []string) error {
	want := mailboxes[args[3]].messages()
	return eachOfMany(args, 4, func(m many) error {
		c, err := dial(ctx, args[0], m.prefix)
		if err != nil {
			return err
		}
		defer c.close()
		total := 0
		names, err := c.folders()
		if err != nil {
			return err
		}
		for _, n := range names {
			lines, err := c.do(`STATUS "` + n + `" (MESSAGES)`)
			if err != nil {
				return err
			}
			for _, l := range lines {
				if _, after, ok := strings.Cut(l, "(MESSAGES "); ok {
					n, err := strconv.Atoi(strings.TrimSuffix(after, ")"))
					if err != nil {
						return err
					}
					total += n
				}
			}
		}
		if total != want {
			return fmt.Errorf("%s has %d messages of %d", m.prefix, total, want)
		}
		return nil
	})
}

// eachOfMany calls do for each of the accounts that arguments name; prefix is then the
// whole user.
func eachOfMany(args []string, atOnce int, do func(many) error) error {
	if len(args) != 4 {
		return fmt.Errorf("ADDRESS PREFIX COUNT MAILBOX are wanted, not %q", args)
	}
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i := range n {
		g.Go(func() error { return do(many{prefix: many{prefix: args[1]}.user(i), box: args[3]}) })
	}
	return g.Wait()
}

func (b *bench) fillMany(ctx context.Context, s *server, m many) error {
	if s.filled[m.prefix] {
		return nil
	}
	s.filled[m.prefix] = true
	return helper(ctx, nil, "fillmany", s.addr(), m.prefix, strconv.Itoa(m.count), m.box)
}

// move is a batch or a loop over many accounts.
type move struct {
	from, to int // ports
	accounts many
	prefix   string   // of the accounts of host2
	first    []string // rows before them
	jobs     int
}

// list writes the accounts as imapsync's loops have them.
func (m move) list(dir string) (string, error) {
	var text strings.Builder
	for _, row := range m.first {
		text.WriteString(row + "\n")
	}
	for i := range m.accounts.count {
		from, to := m.accounts.user(i), many{prefix: m.prefix}.user(i)
		fmt.Fprintf(&text, "127.0.0.1;%s;%s;127.0.0.1;%s;%s;\n", from, password(from), to, password(to))
	}
	name := filepath.Join(dir, "list.csv")
	return name, os.WriteFile(name, []byte(text.String()), 0o600)
}

func (m move) options(dir string) []string {
	return []string{
		"--port1", strconv.Itoa(m.from), "--nossl1", "--notls1", "--port2", strconv.Itoa(m.to), "--nossl2", "--notls2",
		"--cachedir", filepath.Join(dir, "journal"), "--logdir", filepath.Join(dir, "log"), "--pidfile", "",
	}
}

// batch is the command of a batch; again passes over nothing, though all is finished.
func (b *bench) batch(dir string, m move, again bool) (*exec.Cmd, error) {
	list, err := m.list(dir)
	if err != nil {
		return nil, err
	}
	args := append([]string{"batch", list, "--jobs", strconv.Itoa(m.jobs)}, m.options(dir)...)
	if again {
		args = append(args, "--fresh")
	}
	cmd := exec.Command(b.program, args...)
	cmd.Dir = dir
	return cmd, nil
}

// loop is the command of xargs with a program for each account.
func (b *bench) loop(dir string, m move, path string) (*exec.Cmd, error) {
	list, err := m.list(dir)
	if err != nil {
		return nil, err
	}
	words := m.options(dir)
	if path != b.program {
		words = []string{"--port1", strconv.Itoa(m.from), "--nossl1", "--notls1", "--port2", strconv.Itoa(m.to), "--nossl2", "--notls2", "--nolog", "--noreleasecheck", "--tmpdir", dir, "--pidfile", ""}
	}
	script := `IFS=';' read -r h1 u1 p1 h2 u2 p2 _ <<<"$1"; shift; exec "$@" --host1 "$h1" --user1 "$u1" --password1 "$p1" --host2 "$h2" --user2 "$u2" --password2 "$p2"`
	args := append([]string{"-a", list, "-d", `\n`, "-P", strconv.Itoa(m.jobs), "-I", "{}", "bash", "-c", script, "-", "{}", path}, words...)
	cmd := exec.Command("xargs", args...)
	cmd.Dir = dir
	return cmd, nil
}

// againstLoop measures 200 accounts, and the same once more with nothing new.
func (b *bench) againstLoop(ctx context.Context) (*accountsResult, error) {
	s, err := b.server(ctx, "")
	if err != nil {
		return nil, err
	}
	if err := b.fillMany(ctx, s, someAccounts); err != nil {
		return nil, err
	}
	paths := map[string]string{"loop": b.program}
	names := []string{"batch", "loop"}
	if b.imapsync != "" {
		paths["imapsync"] = b.imapsync
		names = append(names, "imapsync")
	}
	took := make(map[string][]figures)
	for round := range b.runs {
		for _, name := range names {
			if name == "imapsync" && round > 0 {
				continue
			}
			for turn := range 2 {
				if name == "imapsync" && turn > 0 {
					continue
				}
				dir := filepath.Join(b.work, fmt.Sprintf("many-%s-%d", name, round))
				if err := os.MkdirAll(dir, 0o700); err != nil {
					return nil, err
				}
				m := move{s.port, s.port, someAccounts, fmt.Sprintf("%s%d", name, round), nil, 4}
				cmd, err := b.batch(dir, m, turn > 0)
				if name != "batch" {
					cmd, err = b.loop(dir, m, paths[name])
				}
				if err != nil {
					return nil, err
				}
				f, err := clock(ctx, cmd, filepath.Join(dir, "output"))
				if err != nil {
					return nil, err
				}
				if err := helper(ctx, nil, "countmany", s.addr(), m.prefix, strconv.Itoa(m.accounts.count), m.accounts.box); err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
				key := name
				if turn > 0 {
					key += " again"
				}
				say(b.out, "  %-12s %8.3f s   cpu %7.3f s   peak %5.1f MB", key, f.wall.Seconds(), f.cpu.Seconds(), float64(f.rss)/1e6)
				took[key] = append(took[key], f)
			}
		}
	}
	ratio := func(a, other string) float64 {
		var all []figures
		for i := range min(len(took[a]), len(took[other])) {
			all = append(all, figures{wall: time.Duration(1e9 * took[a][i].wall.Seconds() / took[other][i].wall.Seconds())})
		}
		return median(all).wall.Seconds()
	}
	text := func(name string) string { return seconds(median(took[name]).wall.Seconds()) }
	r := &accountsResult{cells: map[string]string{
		"imaphaul": fmt.Sprintf("%s, again %s; the loop %s, again %s", text("batch"), text("batch again"), text("loop"), text("loop again")),
	}}
	r.targets = append(r.targets, verdict(ratio("batch", "loop")/0.6)+" <= 0.6 x loop", verdict(ratio("batch again", "loop again")/0.5)+" <= 0.5 x loop with nothing new")
	if b.imapsync != "" {
		r.cells["imapsync"] = text("imapsync")
		r.targets = append(r.targets, verdict(ratio("batch", "imapsync")/0.1)+" <= 0.1 x loop with imapsync")
	}
	return r, nil
}

// thousand measures the memory of many accounts, and whether an account costs the same
// however many there are.
func (b *bench) thousand(ctx context.Context) (*accountsResult, error) {
	s, err := b.server(ctx, "")
	if err != nil {
		return nil, err
	}
	if err := b.fillMany(ctx, s, allAccounts); err != nil {
		return nil, err
	}
	var took [2]figures
	for i, n := range []int{250, 1000} {
		m := move{s.port, s.port, allAccounts, fmt.Sprintf("t%d", n), nil, 4}
		m.accounts.count = n
		dir := filepath.Join(b.work, "thousand-"+m.prefix)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		cmd, err := b.batch(dir, m, false)
		if err != nil {
			return nil, err
		}
		if took[i], err = clock(ctx, cmd, filepath.Join(dir, "output")); err != nil {
			return nil, err
		}
		if err := helper(ctx, nil, "countmany", s.addr(), m.prefix, strconv.Itoa(n), m.accounts.box); err != nil {
			return nil, err
		}
		say(b.out, "  %4d accounts %8.3f s   cpu %7.3f s   peak %5.1f MB", n, took[i].wall.Seconds(), took[i].cpu.Seconds(), float64(took[i].rss)/1e6)
	}
	dearer := took[1].wall.Seconds() / 4 / took[0].wall.Seconds()
	return &accountsResult{
		cells: map[string]string{"imaphaul": fmt.Sprintf("%s, %.0f MB; 250 accounts %s, %.0f MB", seconds(took[1].wall.Seconds()), float64(took[1].rss)/1e6, seconds(took[0].wall.Seconds()), float64(took[0].rss)/1e6)},
		targets: []string{
			verdict(float64(took[1].rss)/300e6) + " < 300 MB resident",
			verdict(dearer/1.2) + fmt.Sprintf(" linear: an account of 1,000 costs %.2f times one of 250", dearer),
		},
	}, nil
}

// fair measures when the small accounts have ended beside a large one, and without it.
func (b *bench) fair(ctx context.Context) (*accountsResult, error) {
	s, err := b.server(ctx, "")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(b.fillMany(ctx, s, someAccounts), b.fill(ctx, s, "giant")); err != nil {
		return nil, err
	}
	var ends [2]time.Duration
	for i, jobs := range []int{3, 4} {
		l, err := startLine(ctx, s.addr(), 20*ms, 0)
		if err != nil {
			return nil, err
		}
		m := move{l.port, l.port, someAccounts, fmt.Sprintf("fair%d", jobs), nil, jobs}
		if jobs == 4 {
			m.first = []string{fmt.Sprintf("127.0.0.1;from-giant;%s;127.0.0.1;fairgiant;%s;", password("from-giant"), password("fairgiant"))}
		}
		dir := filepath.Join(b.work, m.prefix)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		cmd, err := b.batch(dir, m, false)
		if err != nil {
			return nil, err
		}
		ends[i], err = lastSmall(ctx, cmd, len(m.first))
		_, lerr := l.end()
		if err := errors.Join(err, lerr); err != nil {
			return nil, err
		}
		if err := helper(ctx, nil, "countmany", s.addr(), m.prefix, strconv.Itoa(m.accounts.count), m.accounts.box); err != nil {
			return nil, err
		}
		say(b.out, "  --jobs %d: the small ones ended after %.3f s", jobs, ends[i].Seconds())
	}
	return &accountsResult{
		cells:   map[string]string{"imaphaul": fmt.Sprintf("%s; alone with --jobs 3 %s", seconds(ends[1].Seconds()), seconds(ends[0].Seconds()))},
		targets: []string{verdict(ends[1].Seconds()/ends[0].Seconds()/1.2) + " <= 1.2 x alone"},
	}, nil
}

// lastSmall runs a batch and returns when the last row behind the first ones ended.
func lastSmall(ctx context.Context, cmd *exec.Cmd, first int) (time.Duration, error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	inOwnGroup(cmd)
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer context.AfterFunc(ctx, func() { endGroup(cmd) })()
	var last time.Duration
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var row int
		if _, err := fmt.Sscanf(lines.Text(), "row %d ", &row); err == nil && row > first {
			last = time.Since(begun)
		}
	}
	return last, cmd.Wait()
}

// accounts measures the lines about many accounts that are wanted.
func (b *bench) accounts(ctx context.Context) ([]*accountsResult, error) {
	var all []*accountsResult
	for i := range accountRows {
		r := &accountRows[i]
		if !b.wanted(&row{name: r.name, quick: false}) {
			continue
		}
		say(b.out, "\n%s: %s", r.name, r.work)
		res, err := r.measure(ctx, b)
		if err != nil {
			return nil, fmt.Errorf("row %s: %w", r.name, err)
		}
		res.row = r
		res.tell(b.out)
		all = append(all, res)
	}
	return all, nil
}

func (r *accountsResult) tell(w io.Writer) {
	for _, t := range r.targets {
		say(w, "  %s", t)
	}
}
