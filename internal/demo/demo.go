// Package demo shows the program's main job from beginning to end: a dry run, a
// migration, a second run that finds nothing to do, and a comparison of both
// accounts by an independent reader.
//
// It starts no server and links to no part of the program: who calls hands over
// two accounts and a function that runs the program with an argument list, so
// that what is shown is exactly what a user gets.
package demo

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/verify"
)

// Demo is one demonstration.
type Demo struct {
	// Source and Destination are the two accounts. The source has mail, the
	// destination has none yet.
	Source, Destination verify.Account
	// Arguments are those of all runs. Dir is a directory whose name is too
	// long to be shown in them.
	Arguments []string
	Dir       string
	// Rename gives the destination's name of a source folder, found out in
	// another way than the program does it; nil: all names stay.
	Rename func(folder string) string
	// Run runs the program and returns its exit code.
	Run func(arguments []string, out io.Writer) int
	// Out receives the story; nothing is written to it while all goes well when
	// Short is set.
	Out   io.Writer
	Short bool
}

// step is one run of the program.
type step struct {
	title   string
	extra   []string // arguments beyond Demo.Arguments
	excerpt excerpt
	// changes tells whether the run shall change the destination.
	changes bool
}

var steps = []step{
	{
		title:   "A dry run: what would be done. Nothing may change on either side.",
		extra:   []string{"--dry"},
		excerpt: plannedExcerpt,
	},
	{
		title:   "The migration.",
		excerpt: wholeExcerpt,
		changes: true,
	},
	{
		title:   "The same command once more. Nothing is left to do, so nothing may change.",
		excerpt: nothingExcerpt,
	},
}

// Play tells the story. It returns an error when a run fails, when one changes what
// it should not, or when both sides differ in the end.
func (d *Demo) Play(ctx context.Context) error {
	source, err := verify.Read(ctx, d.Source)
	if err != nil {
		return err
	}
	before, err := verify.Read(ctx, d.Destination)
	if err != nil {
		return err
	}
	if source.Count() == 0 || before.Count() > 0 {
		return fmt.Errorf("the source has %d messages and the destination %d; there should be some and none", source.Count(), before.Count())
	}
	d.say("Two IMAP servers are running inside this program. On the first one, the account %s holds %d messages\n"+
		"(%d bytes) in %d folders. They are to go to the second one, where some folders have other names.\n",
		d.Source.User, source.Count(), source.Bytes(), len(source.Folders))
	for i, s := range steps {
		d.say("== %d. %s\n", i+1, s.title)
		after, err := d.step(ctx, i, s)
		if err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		if changed := !same(before, after); changed != s.changes {
			return fmt.Errorf("step %d: the destination has changed: %t, and that should be %t", i+1, changed, s.changes)
		}
		before = after
	}
	return d.compare(ctx, source)
}

// step carries out one run and reads what the destination holds after it.
func (d *Demo) step(ctx context.Context, i int, s step) (*verify.Mailbox, error) {
	arguments := slices.Concat(d.Arguments, s.extra)
	if i == 0 {
		d.say("$ %s\n", commandLine(arguments))
	} else {
		d.say("$ %s\n", strings.Join(append([]string{"imaphaul ...the same"}, s.extra...), " "))
	}
	var text strings.Builder
	code := d.Run(arguments, &text)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if code != 0 {
		_, _ = io.WriteString(d.Out, text.String())
		return nil, fmt.Errorf("exit code %d", code)
	}
	d.say("%s", s.excerpt.of(text.String()))
	return verify.Read(ctx, d.Destination)
}

// compare shows both accounts side by side. before is what the source held when
// the story began.
func (d *Demo) compare(ctx context.Context, before *verify.Mailbox) error {
	d.say("== %d. Both accounts, read anew by another IMAP client: is every message there once, byte for byte,\n"+
		"      with its flags and its date?\n", len(steps)+1)
	source, err := verify.Read(ctx, d.Source)
	if err != nil {
		return err
	}
	if !same(before, source) {
		return fmt.Errorf("the source has changed")
	}
	destination, err := verify.Read(ctx, d.Destination)
	if err != nil {
		return err
	}
	different, duplicates := 0, 0
	d.say("  Source                     Destination                Messages  Equal  Duplicates left out")
	for _, c := range verify.Compare(source, destination, verify.Rules{Rename: d.Rename, Once: true}) {
		verdict := "ok"
		if !c.OK() {
			verdict = "DIFFERENT"
			different++
		}
		duplicates += c.Duplicates
		d.say("  %s %s %8d %6d %7d   %s", pad(strings.Join(c.From, ", ")), pad(c.Folder), c.Messages, c.Equal, c.Duplicates, verdict)
		for _, line := range c.Differences {
			d.say("      %s", line)
		}
	}
	if different > 0 {
		return fmt.Errorf("%d folders differ", different)
	}
	d.say("\nBoth sides are equal: %d messages. Left out: %d that repeat another one of their folder.",
		destination.Count(), duplicates)
	return nil
}

// pad fills a name up to 26 columns.
func pad(name string) string {
	return name + strings.Repeat(" ", max(0, 26-columns(name)))
}

// columns is how wide a terminal shows a name of the sample: ideographs and
// kana take two columns.
func columns(name string) int {
	n := 0
	for _, r := range name {
		if n++; r >= 0x2E80 && r < 0xFF61 {
			n++
		}
	}
	return n
}

// same reports whether two readings of an account are the same, UIDs included.
func same(before, after *verify.Mailbox) bool {
	if len(before.Folders) != len(after.Folders) {
		return false
	}
	for name, f := range before.Folders {
		g := after.Folders[name]
		if g == nil || !slices.EqualFunc(f.Messages, g.Messages, func(a, b verify.Message) bool {
			return a.UID == b.UID && a.Digest == b.Digest && a.Flags == b.Flags && a.Date.Equal(b.Date)
		}) {
			return false
		}
	}
	return true
}

func (d *Demo) say(format string, args ...any) {
	if d.Short {
		return
	}
	text := fmt.Sprintf(format, args...)
	if d.Dir != "" {
		text = strings.ReplaceAll(text, d.Dir, "$DIR")
	}
	_, _ = io.WriteString(d.Out, text+"\n")
}
