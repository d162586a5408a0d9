package main

import (
	"context"
	"fmt"
	"time"
)

// row is one line of the table.
type row struct {
	name string
	work string // for people
	box  string
	rtt  time.Duration
	// rate is what the lines carry each way, bytes a second, 0 for any number;
	// only with a round trip time.
	rate int64
	// host1 and host2 are options of the servers, beside the usual ones.
	host1, host2 string
	// options are added to imaphaul's defaults.
	options []string
	// second measures a second run, after which there is nothing to do.
	second bool
	// between changes the source between the two runs, for each program anew, and
	// returns how many messages it adds; the source is then no other row's.
	between func(ctx context.Context, addr, user string) (added int, err error)
	// tls: over TLS on both sides.
	tls bool
	// beside are programs that are measured in this row only.
	beside []program
	// alone: no other program is measured.
	alone bool
	// slowToo: slow programs are measured, too; sampled: on samples of the mailbox.
	slowToo bool
	sampled bool
	quick   bool
	// onlyNamed: it takes so long, or so much memory for the mail, that it has to be asked
	// for by its name.
	onlyNamed bool
	// curve: the row is a point of the plot.
	curve   bool
	targets []target
}

// target is a promise about imaphaul in a row.
type target struct {
	text string
	// share is how much of the promised limit is used: at most 1 when it is held;
	// ok is false when what it is held against was not measured.
	share func(*result) (share float64, ok bool)
}

// noMoreThan promises a share of another program's time.
func noMoreThan(of float64, other string) target {
	return target{
		text: fmt.Sprintf("<= %g x %s", of, other),
		share: func(r *result) (float64, bool) {
			ratio, ok := r.ratio(other)
			return ratio / of, ok
		},
	}
}

// noMoreCPUThan promises a share of another program's processor time.
func noMoreCPUThan(of float64, other string) target {
	return target{
		text: fmt.Sprintf("<= %g x the processor time of %s", of, other),
		share: func(r *result) (float64, bool) {
			ratio, ok := r.cpuRatio(other)
			return ratio / of, ok
		},
	}
}

func within(d time.Duration) target {
	return target{
		text:  fmt.Sprintf("<= %g s", d.Seconds()),
		share: func(r *result) (float64, bool) { return float64(r.of("imaphaul").wall) / float64(d), true },
	}
}

func memory(megabytes int64) target {
	return target{
		text: fmt.Sprintf("< %d MB resident", megabytes),
		share: func(r *result) (float64, bool) {
			return float64(r.of("imaphaul").rss) / float64(megabytes*1e6), true
		},
	}
}

func atLeast(perSecond float64) target {
	return target{
		text: fmt.Sprintf(">= %.0f messages/s", perSecond),
		share: func(r *result) (float64, bool) {
			f := r.of("imaphaul")
			return perSecond / (float64(f.messages) / f.wall.Seconds()), true
		},
	}
}

const ms = time.Millisecond

// rows are the table, in its order. The row of the scripted server is separate:
// see listing.go.
var rows = []row{
	{
		name: "small-0", work: "5,000 x 4 KiB, 10 folders, RTT 0", box: "small", quick: true, curve: true, slowToo: true,
		targets: []target{noMoreThan(0.45, "mbsync"), noMoreThan(1.8, "floor")},
	},
	{
		// The faster the server stores, the more the rest counts.
		name: "small-mdbox", work: "same, RTT 0, servers that store in mdbox", box: "small", quick: true, host1: "format=mdbox", host2: "format=mdbox",
		targets: []target{noMoreThan(0.45, "mbsync"), noMoreThan(1.8, "floor")},
	},
	{
		name: "small-20", work: "same, RTT 20 ms", box: "small", rtt: 20 * ms, sampled: true, quick: true, curve: true, slowToo: true,
		targets: []target{noMoreThan(0.4, "mbsync")},
	},
	{
		name: "small-100", work: "same, RTT 100 ms", box: "small", rtt: 100 * ms, sampled: true, quick: true, curve: true, slowToo: true,
		targets: []target{noMoreThan(0.25, "mbsync"), within(4 * time.Second)},
	},
	{
		// Next door nothing is to be compressed, so that this is small-0 again.
		name: "small-0-compress", work: "5,000 x 4 KiB, 10 folders, RTT 0, COMPRESS offered", box: "small", host1: everything, host2: everything,
		targets: []target{noMoreThan(0.45, "mbsync")},
	},
	{
		// A line that is long and carries any amount is not to be compressed either.
		name: "small-100-compress", work: "5,000 x 4 KiB, 10 folders, RTT 100 ms, COMPRESS offered", box: "small", rtt: 100 * ms, host1: everything, host2: everything,
		targets: []target{noMoreThan(0.3, "mbsync")},
	},
	{
		// mbsync compresses from the beginning, imaphaul when it has seen that it pays.
		name: "slow-line", work: "2,500 x 16 KiB of text and HTML, RTT 40 ms, 1 MiB/s each way, COMPRESS offered", box: "prose", rtt: 40 * ms, rate: 1 << 20, host1: everything, host2: everything,
		targets: []target{noMoreThan(1, "mbsync")},
	},
	{
		// What the first run learned of the line is kept.
		name: "slow-line-again", work: "same, second run: the 2,500 messages came after a first one", box: "letters", rtt: 40 * ms, rate: 1 << 20, host1: everything, host2: everything, second: true,
		between: func(ctx context.Context, addr, user string) (int, error) {
			return mailboxes["prose"].messages(), helper(ctx, nil, "fill", addr, user, "prose")
		},
		targets: []target{noMoreThan(1, "mbsync")},
	},
	{
		name: "tls-0", work: "5,000 x 4 KiB, 10 folders, TLS on both sides, RTT 0", box: "small", tls: true,
		targets: []target{noMoreThan(0.4, "mbsync")},
	},
	{
		name: "tls-100", work: "same, RTT 100 ms", box: "small", tls: true, rtt: 100 * ms,
		targets: []target{noMoreThan(0.25, "mbsync")},
	},
	{
		// Four commands in flight at most, each message in a command of its own, and
		// leave to be asked for before it is sent.
		name: "gmail-like", work: "host2 as Gmail is: LITERAL-, no MULTIAPPEND, 4 commands in flight; RTT 40 ms, 2,000 x 30 KiB, --connections 4", box: "letters30", rtt: 40 * ms,
		host2: "hide=COMPRESS=DEFLATE,MULTIAPPEND,LITERAL+ with=LITERAL-", options: []string{"--connections", "4", "--provider2", "gmail"}, alone: true,
		beside: []program{rawAppends}, targets: []target{noMoreThan(1.25, rawAppends.name)},
	},
	{
		name: "json", work: "10,000 x 1.4 KiB, one folder, RTT 0, with --json FILE", box: "tenthousand", options: []string{"--json", "events.json"}, alone: true,
		beside: []program{withoutJSON}, targets: []target{noMoreCPUThan(1.03, withoutJSON.name)},
	},
	{
		name: "many", work: "50,000 x 1.4 KiB, one folder, RTT 0", box: "many",
		targets: []target{noMoreThan(1.5, "floor"), memory(80)},
	},
	{
		name: "big", work: "200 x 1 MiB, RTT 0", box: "big", quick: true, slowToo: true,
		targets: []target{noMoreThan(1, "mbsync")},
	},
	{
		name: "huge", work: "20 x 25 MiB + one 400 MiB message", box: "huge",
		targets: []target{noMoreThan(1.1, "mbsync"), memory(80)},
	},
	{
		// Dovecot's list index makes each CREATE dearer than the one before, and
		// its file of subscriptions each SUBSCRIBE.
		name: "folders", work: "5,000 folders, empty, not subscribed, on servers without a list index", box: "empty", quick: true,
		host1: "listindex=no", host2: "listindex=no",
		targets: []target{within(3 * time.Second)},
	},
	{
		name: "no-multiappend", work: "host2 without MULTIAPPEND, RTT 100 ms, 5,000 x 4 KiB", box: "small", rtt: 100 * ms, host2: "hide=COMPRESS=DEFLATE,MULTIAPPEND",
		targets: []target{atLeast(800)},
	},
	{
		name: "no-literal", work: "host2 without LITERAL+ and MULTIAPPEND, RTT 100 ms, 1,000 x 4 KiB, --connections 8", box: "thousand", rtt: 100 * ms, host2: "hide=COMPRESS=DEFLATE,MULTIAPPEND,LITERAL+",
		options: []string{"--connections", "8"}, alone: true,
		targets: []target{within(1200 * 100 * ms / 8)},
	},
	{
		name: "second", work: "second run, 50,000 x 1.4 KiB in 40 folders unchanged, RTT 0", box: "still", second: true, quick: true,
		targets: []target{within(500 * ms), memory(60)},
	},
	{
		name: "second-100", work: "same, RTT 100 ms", box: "still", second: true, rtt: 100 * ms,
	},
	{
		// Everything by which a client could see that a folder did not change is missing.
		name: "plain-second", work: "second run, the same on servers without CONDSTORE, QRESYNC, LIST-STATUS, RTT 0", box: "still", second: true, host1: plain, host2: plain,
		targets: []target{noMoreThan(0.6, "mbsync")},
	},
	{
		name: "plain-second-100", work: "same, RTT 100 ms", box: "still", second: true, rtt: 100 * ms, host1: plain, host2: plain,
		targets: []target{noMoreThan(0.6, "mbsync")},
	},
	{
		name: "plain-changed", work: "same, RTT 0, with one new message and ten changed flags", box: "stirred", second: true, host1: plain, host2: plain, between: stir,
		targets: []target{noMoreThan(0.6, "mbsync")},
	},
	{
		name: "plain-changed-100", work: "same, RTT 100 ms, with one new message and ten changed flags", box: "stirred", second: true, rtt: 100 * ms, host1: plain, host2: plain, between: stir,
		targets: []target{noMoreThan(0.6, "mbsync")},
	},
	{
		// Dovecot takes twice as long for each message of a maildir when it holds twice as many.
		name: "million", work: "1,000,000 x 1 KiB, one folder, RTT 0, servers that store in sdbox", box: "million", host1: "format=sdbox", host2: "format=sdbox", alone: true, onlyNamed: true,
		targets: []target{memory(200)},
	},
	{
		name: "million-again", work: "same, second run", box: "million", host1: "format=sdbox", host2: "format=sdbox", second: true, alone: true, onlyNamed: true,
		targets: []target{memory(200)},
	},
}

// plain hides what makes second runs short.
const plain = "hide=COMPRESS=DEFLATE,CONDSTORE,QRESYNC,LIST-STATUS"
