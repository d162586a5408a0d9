package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// homepage is the last line of the statistics.
const homepage = "Homepage: https://github.com/imaphaul/imaphaul"

// figure is a line of the statistics: what it counts, and how much of it.
type figure struct{ label, text string }

// statistics prints imapsync's block, labels padded to 40 columns.
func (t *Text) statistics() {
	t.linef("++++ Statistics")
	for _, f := range t.figures() {
		t.linef("%-40s: %s", f.label, f.text)
	}
	t.coloured(t.verdict)
	before := ""
	if t.o.Verified {
		before = " before the verification"
	}
	t.linef("Detected %d errors%s", t.stats.ErrorCount, before)
	t.linef("%s", homepage)
}

// figures are the lines of imapsync's block: labels, order and number formats of
// "++++ Statistics".
func (t *Text) figures() (all []figure) {
	stat := func(label, format string, args ...any) {
		all = append(all, figure{label, fmt.Sprintf(format, args...)})
	}
	s, m := t.stats, &t.o.Machine
	end := t.now()
	elapsed := s.Elapsed(end)
	if !s.Ended.IsZero() {
		end = s.Ended
	}
	secs := elapsed.Seconds()
	rateSecs := secs
	if rateSecs <= 0 {
		rateSecs = 1
	}
	memory, cpu := m.memory(), m.cpu().Seconds()
	ratio := "NA"
	if s.Biggest > 0 {
		ratio = fmt.Sprintf("%.1f", float64(memory)/float64(s.Biggest))
	}
	percent := math.Round(1000*cpu/rateSecs) / 10

	stat("Transfer started on", "%s", s.Started.Format(dateLayout))
	stat("Transfer ended on", "%s", end.Format(dateLayout))
	stat("Transfer time", "%.1f sec", secs)
	stat("Folders synced", "%d/%d synced", s.FoldersSynced, s.FoldersWanted)
	if t.o.Dry {
		stat("Messages transferred", "%d (could be %d without dry mode)", s.Transferred, s.WouldTransfer)
	} else {
		stat("Messages transferred", "%d ", s.Transferred)
	}
	stat("Messages skipped", "%d", s.Skipped)
	stat("Messages found duplicate on host1", "%d", s.Duplicates[1])
	stat("Messages found duplicate on host2", "%d", s.Duplicates[2])
	stat("Messages found crossduplicate on host2", "%d", s.SkippedBy[event.SkipCrossDuplicate].Messages)
	suggestion := ""
	if n := s.Unidentified(); n > 0 {
		suggestion = fmt.Sprintf("in order to sync those %d unidentified messages, %s", n, t.identify())
	}
	stat("Messages void (noheader) on host1", "%d  %s", s.NoHeader[1], suggestion)
	stat("Messages void (noheader) on host2", "%d", s.NoHeader[2])
	stat("Messages found in host1 not in host2", "%d messages", s.OnlyOn1)
	stat("Messages found in host2 not in host1", "%d messages", s.OnlyOn2)
	stat("Messages deleted on host1", "%s", t.orDry(s.Deleted[1], s.WouldDelete[1]))
	stat("Messages deleted on host2", "%s", t.orDry(s.Deleted[2], s.WouldDelete[2]))
	if t.o.Dry {
		stat("Folders created on host2", "%s", t.orDry(int64(s.FoldersCreated), int64(s.WouldCreate)))
		stat("Messages with flags stored on host2", "%s", t.orDry(s.FlagsChanged, s.WouldChangeFlags))
	}
	stat("Total bytes transferred", "%d (%s)", s.BytesTransferred, units.Bytes(s.BytesTransferred))
	stat("Total bytes skipped", "%d (%s)", s.BytesSkipped, units.Bytes(s.BytesSkipped))
	stat("Message rate", "%.1f messages/s", float64(s.Transferred)/rateSecs)
	stat("Average bandwidth rate", "%.1f KiB/s", float64(s.BytesTransferred)/1024/rateSecs)
	stat("Reconnections to host1", "%d", s.Reconnections[1])
	stat("Reconnections to host2", "%d", s.Reconnections[2])
	const mib = 1 << 20
	stat("Memory consumption at the end", "%.1f MiB (*time %.1f MiB*h) (started with %.1f MiB)",
		float64(memory)/mib, float64(memory)/mib*secs/3600, float64(m.MemoryAtStart)/mib)
	stat("Load end is", "%s", m.loadLine())
	stat("CPU time and %cpu", "%s sec %.1f %%cpu %.1f %%allcpus",
		strconv.FormatFloat(math.Round(cpu*100)/100, 'f', -1, 64), percent, percent/float64(m.cpus()))
	stat("Biggest message transferred", "%d bytes (%s)", s.Biggest, units.Bytes(s.Biggest))
	stat("Memory/biggest message ratio", "%s", ratio)
	if t.o.Differences {
		stat("Start difference host2 - host1", "%s", difference(s.AtStart))
		stat("Final difference host2 - host1", "%s", difference(s.AtEnd))
	}
	return all
}

// orDry is a figure, and in a dry run what it would be without.
func (t *Text) orDry(done, would int64) string {
	if !t.o.Dry {
		return strconv.FormatInt(done, 10)
	}
	return fmt.Sprintf("%d (could be %d without dry mode)", done, would)
}

// identify says how messages without an identity are synced.
func (t *Text) identify() string {
	if len(t.o.Headers) > 0 {
		return fmt.Sprintf("run without --useheader %s, by which they have no identity", strings.Join(t.o.Headers, " --useheader "))
	}
	return "add option --addheader"
}

func difference(d event.Difference) string {
	if !d.Known {
		return "NA messages, NA bytes (NA)"
	}
	return fmt.Sprintf("%d messages, %d bytes (%s)", d.Messages, d.Bytes, units.Bytes(d.Bytes))
}

// verdict prints imapsync's sentences where they are true. "looks good" and
// "strict" need every wanted folder visited without failure; imapsync takes
// messages of all visited folders together and forgets the rest.
func (t *Text) verdict() {
	s := t.stats
	if t.o.JustFolders {
		t.unvisitedFolders()
		return
	}
	switch {
	case s.OnlyOn1 > 0:
		t.linef("The sync is not finished, there are %d among %d identified messages in host1 that are not on host2.",
			s.OnlyOn1, s.Identified1)
	case s.Lost > 0:
		t.linef("The sync is not finished, there are %d among %d identified messages in host1 that host2 had and does not have any more.",
			s.Lost, s.Identified1)
	case s.Doubtful > 0 && s.Complete():
		t.linef("The sync may be finished: of %d identified messages in host1, host2 has %d with another content under the same key, which it may have made itself. They are not copied again, and never deleted on host1.",
			s.Identified1, s.Doubtful)
	case s.ByClass[event.ErrNotStored] > 0 && s.Complete():
		t.linef("The sync is not finished: host2 does not have everything that it confirmed; the errors below name it.")
	case s.ByClass[event.ErrFlags] > 0 && s.Complete() && !s.Unlisted && len(s.LeftOut) == 0 && s.Short == 0:
		// imapsync says that it looks good; who looks for these words looks no further.
		t.linef("The sync is not finished: host2 refused flags, which the errors below name. All %d identified messages in host1 are on host2.", s.Identified1)
	case s.Good() && s.Identified1 > 0:
		t.linef("The sync looks good, all %d identified messages in host1 are on host2.", s.Identified1)
	}
	t.unvisitedFolders()
	if n := s.Unidentified(); n > 0 {
		t.linef("There are %d unidentified messages (usually Sent or Draft messages)."+
			" To sync them %s", n, t.identify())
	} else if s.Complete() && s.Identified1 > 0 {
		t.linef("There is no unidentified message on host1.")
	}
	switch {
	case t.o.UseUID:
	case s.OnlyOn2 > 0:
		how := " Use --delete2 and sync again to delete them and have a strict sync."
		switch {
		case t.o.Delete2 && t.o.Dry:
			how = " Without --dry the option --delete2 deletes them, but for those that the lines above except."
		case t.o.Delete2:
			how = " They stay though --delete2 was given; the lines about deletions say why."
		}
		t.linef("The sync is not strict, there are %d among %d identified messages in host2 that are not on host1.%s",
			s.OnlyOn2, s.Identified2, how)
	case s.Strict():
		t.linef("The sync is strict, all %d identified messages in host2 are on host1.", s.Identified2)
	}
}

// unvisitedFolders says what imapsync leaves unsaid: that folders are missing
// from everything above.
func (t *Text) unvisitedFolders() {
	s := t.stats
	if !s.Complete() {
		t.linef("The sync is not finished, %d of %d folders were not completed and %d were never visited.",
			s.FoldersFailed, s.FoldersWanted, s.NeverVisited())
	}
	if s.Unlisted && !t.o.JustFolders {
		t.linef("The sync is not finished, a server did not list all its folders: there may be others.")
	}
	if n := len(s.LeftOut); n > 0 && !t.o.JustFolders {
		t.linef("The sync is not finished, %d of %d folders were left out.", n, s.FoldersWanted)
	}
}
