package verification

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/certificate"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/mailread"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// against holds host2 alone against a certificate.
type against struct {
	*verifier
	c    *certificate.Reader
	made time.Time

	// missing and extra are rows that wait until all folders were read, with the
	// digests of their messages.
	missing, extra               []Row
	missingDigests, extraDigests [][32]byte
	// there are the folders of host2, lower the same by their names in lower case;
	// done are those that the certificate has.
	there map[string]bool
	lower map[string]string
	done  map[string]bool
}

// Against holds host2 against the certificate of an earlier verification: each
// message by its digest in its folder, then anywhere. Host1 is not needed. The
// error says that it could not be done.
func Against(ctx context.Context, p *plan.Plan, c *certificate.Reader, o Options) (*Summary, error) {
	v := &verifier{p: p, o: o, sum: &Summary{Rows: make(map[string]int64)}, flags: newFlagTable()}
	if v.o.Row == nil {
		v.o.Row = func(Row) {}
	}
	if v.o.Note == nil {
		v.o.Note = func(string) {}
	}
	v.want = mailread.Want{Body: true}
	a := &against{verifier: v, c: c, there: make(map[string]bool), lower: make(map[string]string), done: make(map[string]bool)}
	a.head()
	err := a.work(ctx)
	if r := v.readers[1]; r != nil {
		r.Close(ctx)
		v.sum.Commands[2] = r.Commands()
	}
	v.sum.OwnCount, v.sum.Incomplete = v.ownCount, err != nil
	return v.sum, err
}

// head takes from the certificate when it was made, and says of which account.
func (a *against) head() {
	facts := make(map[string]string)
	for _, f := range a.c.Head {
		facts[f.Name] = f.Value
	}
	a.made, _ = time.Parse(time.RFC3339, facts["made"]) // zero explains nothing
	a.sum.Depth = "the certificate of " + facts["made"]
	if account := a.p.Host2.Host + " " + a.p.Host2.User; facts["account2"] != "" && !strings.EqualFold(facts["account2"], account) {
		a.note(fmt.Sprintf("The certificate is of the account %s; this is %s.", facts["account2"], account))
	}
}

func (a *against) work(ctx context.Context) error {
	r, err := mailread.Open(ctx, a.o.Accounts[1], mailread.Options{OnlyOwn: a.o.OnlyOwn})
	if err != nil {
		return &SideError{2, err}
	}
	a.readers[1] = r
	if a.trees[1], err = r.Tree(ctx); err != nil {
		return &SideError{2, err}
	}
	a.know = &knowledge{}
	if why := a.trees[1].NoSubscriptions; why != "" {
		a.note("Host2 does not tell which folders are subscribed, so subscriptions are not compared: " + why)
	}
	for _, f := range a.trees[1].Side.Folders {
		if f.Selectable() {
			a.there[f.Name], a.lower[strings.ToLower(f.Name)] = true, f.Name
		}
	}
	for {
		f, messages, err := a.c.Folder()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = a.folder(ctx, f, messages)
		}
		if err != nil {
			return err
		}
	}
	for _, f := range a.trees[1].Side.Folders {
		if f.Selectable() && !a.done[f.Name] && !a.outside(f.Name) {
			if err := a.beyond(ctx, f.Name); err != nil {
				return err
			}
		}
	}
	a.settle()
	return nil
}

// folder compares one folder of the certificate.
func (a *against) folder(ctx context.Context, f certificate.Folder, messages []certificate.Message) error {
	counted := a.sum.Counted + int64(len(a.missing))
	a.sum.Folders++
	at, text := f.Name, folders.Text(f.Name)
	if !a.there[at] {
		at = a.lower[strings.ToLower(f.Name)]
	}
	switch {
	case at == "":
		a.row(Row{Mark: Missing, Counts: true, Folder2: text, Reason: fmt.Sprintf("the folder is missing, and with it %d messages, unless they are in other folders", len(messages))})
	case at != f.Name && !folders.IsInbox(at):
		a.row(Row{Mark: Differs, Counts: true, Folder2: folders.Text(at), Differs: []string{"name"}, Reason: "the folder was " + text})
	}
	if at != "" && f.Subscribed && a.trees[1].NoSubscriptions == "" && !a.trees[1].Subscribed[at] {
		a.row(Row{Mark: Differs, Counts: true, Folder2: folders.Text(at), Differs: []string{"subscription"}, Reason: "the folder was subscribed and is not any more"})
	}
	var recs []record
	if at != "" {
		a.done[at] = true
		listed, err := a.read(ctx, at)
		if err != nil {
			return a.closed(ctx, &group{at: at}, err)
		}
		recs = listed
	}
	a.match(folders.Text(at), text, messages, recs)
	if at != "" && counted == a.sum.Counted+int64(len(a.missing)) {
		a.row(Row{Mark: Equal, Folder2: text, Reason: fmt.Sprintf("%d messages", len(messages))})
	}
	return nil
}

// read reads a folder of host2 whole.
func (a *against) read(ctx context.Context, name string) ([]record, error) {
	l, err := a.target(ctx, &group{at: name, to: name})
	if err != nil {
		return nil, err
	}
	for _, r := range l.unread {
		a.row(r)
	}
	return l.recs, nil
}

// match pairs the messages of a certificate with those of a folder: by digest, the one
// of the same date and UID first.
func (a *against) match(at, text string, messages []certificate.Message, recs []record) {
	free := make(map[[32]byte][]int, len(recs))
	for i := range recs {
		free[recs[i].whole] = append(free[recs[i].whole], i)
	}
	known := make(map[[32]byte]bool, len(messages))
	for i := range messages {
		m := &messages[i]
		known[m.Digest2] = true
		a.sum.Messages++
		a.sum.Compared++
		a.sum.Bytes += m.Size2
		list := free[m.Digest2]
		if len(list) == 0 {
			a.lost(Row{Mark: Missing, Counts: true, Folder1: folders.Text(m.Folder1), UID1: m.UID1, Folder2: text, UID2: m.UID2,
				Reason: fmt.Sprintf("the message of %s with %d bytes is not there any more", day(m.Date), m.Size2)}, m.Digest2)
			continue
		}
		n := closest(recs, list, m)
		found := list[n]
		list[n] = list[0] // their order does not matter
		free[m.Digest2] = list[1:]
		a.same(at, m, &recs[found])
	}
	var left []int
	for _, list := range free {
		left = append(left, list...)
	}
	slices.Sort(left)
	for _, i := range left {
		a.more(at, &recs[i], known[recs[i].whole])
	}
}

// maxTwins bounds how many messages of equal content are looked through for the
// closest one.
const maxTwins = 64

// closest is which of some messages of equal content is meant.
func closest(recs []record, list []int, m *certificate.Message) int {
	best := 0
	for n, i := range list[:min(len(list), maxTwins)] {
		r := &recs[i]
		if r.date == m.Date && uint32(r.uid) == m.UID2 {
			return n
		}
		if r.date == m.Date && recs[list[best]].date != m.Date {
			best = n
		}
	}
	return best
}

// same compares what is beside the content.
func (a *against) same(at string, m *certificate.Message, r *record) {
	row := Row{Folder2: at, UID2: uint32(r.uid)}
	var reasons []string
	if r.date != m.Date {
		row.Differs = append(row.Differs, "date")
		reasons = append(reasons, fmt.Sprintf("the date is %s and was %s", day(r.date), day(m.Date)))
	}
	if flags := a.flags.text(r.flags); a.p.Proof.AgainstFlags && flags != m.Flags {
		row.Differs = append(row.Differs, "flags")
		reasons = append(reasons, fmt.Sprintf("the flags are (%s) and were (%s)", flags, m.Flags))
	}
	if len(reasons) == 0 {
		a.sum.Equal++
		return
	}
	row.Mark, row.Counts, row.Reason = Differs, true, strings.Join(reasons, "; ")
	a.row(row)
}

func (a *against) lost(r Row, digest [32]byte) {
	if len(a.missing) >= maxDeferred {
		a.row(r)
		return
	}
	a.missing, a.missingDigests = append(a.missing, r), append(a.missingDigests, digest)
}

// more is a message that the certificate does not have.
func (a *against) more(at string, r *record, known bool) {
	row := Row{Mark: Extra, Counts: true, Folder2: at, UID2: uint32(r.uid)}
	arrived := maildate.At(r.date, 0)
	switch {
	case known:
		row.Reason = "a duplicate: the certificate has fewer of this content"
	case r.skip == skipReport:
		row.Counts, row.Reason = false, "a report of this program"
	case r.dated && !a.made.IsZero() && arrived.After(a.made.Add(-clockSlack)):
		row.Counts, row.Reason = false, "new mail: it came after the certificate was made"
	default:
		row.Reason = "the certificate does not have it, and its date is older than the certificate"
	}
	if len(a.extra) >= maxDeferred {
		a.row(row)
		return
	}
	a.extra, a.extraDigests = append(a.extra, row), append(a.extraDigests, r.whole)
}

// beyond reads a folder that the certificate does not have.
func (a *against) beyond(ctx context.Context, name string) error {
	recs, err := a.read(ctx, name)
	if err != nil {
		return a.closed(ctx, &group{at: name}, err)
	}
	for i := range recs {
		a.more(folders.Text(name), &recs[i], false)
	}
	return nil
}

// settle tells what is left: what is missing in its folder may have been moved.
func (a *against) settle() {
	at := make(map[[32]byte][]int)
	for i, d := range a.extraDigests {
		at[d] = append(at[d], i)
	}
	moved := make(map[int]bool)
	for i, r := range a.missing {
		d := a.missingDigests[i]
		list := at[d]
		if len(list) == 0 {
			a.row(r)
			continue
		}
		e := a.extra[list[0]]
		moved[list[0]], at[d] = true, list[1:]
		a.row(Row{Mark: Differs, Counts: true, Folder1: r.Folder1, UID1: r.UID1, Folder2: e.Folder2, UID2: e.UID2, Differs: []string{"folder"},
			Reason: fmt.Sprintf("moved: it was in %s", r.Folder2)})
	}
	for i, r := range a.extra {
		if !moved[i] {
			a.row(r)
		}
	}
}
