package report

import (
	"strconv"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// counter is the "i/n" in front of a folder.
func counter(i, n int) string { return strconv.Itoa(i) + "/" + strconv.Itoa(n) }

// sizesBanner opens a sizes table, once.
func (t *Text) sizesBanner(after bool) {
	i := 0
	if after {
		i = 1
	}
	if t.sizesOpen[i] {
		return
	}
	t.sizesOpen[i] = true
	t.blank()
	if after {
		t.linef("Folders sizes after the synchronization.")
		t.linef(`You can remove this foldersizes listing by using  "--nofoldersizesatend"`)
		return
	}
	t.linef("Folders sizes before the synchronization. It can take some time. Be patient.")
	t.linef(`Without it ("--nofoldersizes" and "--nofoldersizesatend") the lines below show no ETA.`)
}

// sizesRow prints the three lines of a folder pair and the blank one
// (imapsync: --foldersizes).
func (t *Text) sizesRow(e event.SizesRow) {
	t.sizesBanner(e.After)
	n := counter(e.Index, e.Of)
	t.sizesLine(1, n, e.From, e.Exists1, e.Size1, " does not exist")
	t.sizesLine(2, n, e.To, e.Exists2, e.Size2, " does not exist yet")
	biggest := "NA"
	if e.Size1.Biggest != event.UnknownSize && e.Size2.Biggest != event.UnknownSize {
		biggest = strconv.FormatInt(e.Size2.Biggest-e.Size1.Biggest, 10)
	}
	t.linef("Host2-Host1  %7s %-35s       %9d           %5d          %9s", "", "",
		e.Size2.Bytes-e.Size1.Bytes, e.Size2.Messages-e.Size1.Messages, biggest)
	t.blank()
}

func (t *Text) sizesLine(side int, n string, f event.Folder, exists bool, s event.Size, missing string) {
	if !exists {
		t.linef("Host%d folder %7s %-35s %s", side, n, f.Bracketed(), missing)
		return
	}
	t.linef("Host%d folder %7s %-35s Size: %9d Messages: %5d Biggest: %9s",
		side, n, f.Bracketed(), s.Bytes, s.Messages, bytesOrNA(s.Biggest))
}

// bytesOrNA is a number of bytes, or NA where nobody told it.
func bytesOrNA(n int64) string {
	if n == event.UnknownSize {
		return "NA"
	}
	return strconv.FormatInt(n, 10)
}

func (t *Text) sizesTotal(e event.SizesTotal) {
	t.sizesBanner(e.After)
	// A side that could not be sized says NA, as in the statistics.
	number := func(known bool, n int64) string {
		if !known || n == event.UnknownSize {
			return "NA"
		}
		return strconv.FormatInt(n, 10)
	}
	size := func(known bool, n int64) string {
		if !known || n == event.UnknownSize {
			return "NA"
		}
		return units.Bytes(n)
	}
	k1, k2, s1, s2 := e.Known1, e.Known2, e.Total1, e.Total2
	t.linef("Host1 Nb folders:           %11d folders", e.Folders1)
	t.linef("Host2 Nb folders:           %11d folders", e.Folders2)
	t.blank()
	t.linef("Host1 Nb messages:          %11s messages", number(k1, s1.Messages))
	t.linef("Host2 Nb messages:          %11s messages", number(k2, s2.Messages))
	t.blank()
	t.linef("Host1 Total size:           %11s bytes (%s)", number(k1, s1.Bytes), size(k1, s1.Bytes))
	t.linef("Host2 Total size:           %11s bytes (%s)", number(k2, s2.Bytes), size(k2, s2.Bytes))
	t.blank()
	t.linef("Host1 Biggest message:      %11s bytes (%s)", number(k1, s1.Biggest), size(k1, s1.Biggest))
	t.linef("Host2 Biggest message:      %11s bytes (%s)", number(k2, s2.Biggest), size(k2, s2.Biggest))
	t.blank()
	t.linef("Time spent on sizing: %11.1f seconds", e.Spent.Seconds())
	if need, short := t.stats.QuotaShort(); short && !e.After {
		limit := t.stats.QuotaLimit
		t.linef("Host2: warning! Quota limit will be exceeded! Over %.0f %% ( %d bytes / %d bytes )",
			100*float64(need)/float64(limit), need, limit)
	}
}
