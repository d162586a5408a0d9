package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/history"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// A server without CONDSTORE does not tell whether flags changed. Where it has ESEARCH, a
// few searches tell which messages there are and which flags they have, in some hundred
// bytes for a folder and not in forty for each message; date and size of the newest messages
// are asked for with them, which a restored backup changes (see asknown.go). Where STATUS
// tells the size of a folder and it is what it was, the sizes of its messages are left out:
// Dovecot tells that sum from its index, and reads a file of each maildir for one size. A
// digest of these answers is kept with the state of a folder pair, if it says the same as what the
// journal knows. A later run that gets the same answers leaves the folder alone.

// flagDigest is a digest of all that, zero for none.
type flagDigest [16]byte

// maxKeywords is how many keywords of a folder are searched for.
const maxKeywords = 50

// flagsAsThen reports whether the flags on a side are as they were when everything had been
// carried over.
func (fs *folderSync) flagsAsThen(n event.Side) bool {
	return fs.run.asThen[n-1][fs.names()]
}

// state is what the folder pair was like when everything had been carried over.
func (fs *folderSync) state() journal.FolderState {
	st, _ := fs.run.j.Folder(fs.from.Raw, fs.to.Raw).State()
	return st
}

func (fs *folderSync) names() [2]string { return [2]string{fs.from.Raw, fs.to.Raw} }

// searchesFlags reports whether a side can be asked for flags by SEARCH.
func (r *run) searchesFlags(n event.Side) bool {
	able, k := r.p.Selection.AbleToSearch1, r.main.src
	if n == 2 {
		able, k = r.p.Selection.AbleToSearch2, r.main.dst
	}
	return able && k != nil && survey.SearchesFlags(k.Conn) && !(n == 1 && r.important())
}

// flagQuestions are what is asked of the folders before their turn.
type flagQuestions struct {
	known  map[*journal.Folder]journal.Digests
	of     [2]flagAsks
	asked  [2]bool
	failed [2]bool
}

// noteFlags finds out of which folders it is to be asked which flags they have.
func (r *run) noteFlags() {
	if r.questions != nil || !r.skippable() || r.stopping() {
		return
	}
	known, err := r.j.Digests()
	if r.journalFailed(err); len(known) == 0 {
		return
	}
	r.questions = &flagQuestions{known: known}
	r.otherFlags = make(map[*journal.Folder]bool)
	for f, digests := range known {
		if digests == journal.OtherFlags {
			r.otherFlags[f] = true
		}
	}
}

// askFlagsOn asks one side, once, as soon as STATUS has told what it does there: the other
// side may need longer for that. What it does not find out is asked of each folder in its
// turn, and whoever needs the connection next deals with its loss.
func (r *run) askFlagsOn(ctx context.Context, n event.Side, k *link) {
	q := r.questions
	if q == nil || q.asked[n-1] || !r.searchesFlags(n) {
		return
	}
	q.asked[n-1] = true
	for i := range r.table.Rows {
		fs := r.toAsk(&r.table.Rows[i])
		f := r.j.Folder(fs.from.Raw, fs.to.Raw)
		st, _ := f.State()
		digests, ok := q.known[f]
		if !ok || r.otherFlags[f] || st.CompleteAt.IsZero() || !r.on2.folders.Has(fs.to.Raw) || fs.newsOn(n, st, true) != (news{}) {
			continue
		}
		if then := stateOn(st, n); then.needsFlags() && digests[n-1] != [16]byte{} && (!then.sized() || fs.tellsSize(n)) {
			q.of[n-1].add(fs, n, st).then = digests[n-1]
		}
	}
	q.failed[n-1] = r.askSide(ctx, n, k, q.of[n-1].of) != nil
}

// toAsk is a folder pair of which something is asked before its turn.
func (r *run) toAsk(row *folders.Row) *folderSync {
	return &folderSync{run: r, row: row, from: folderName(row.From), to: folderName(row.To)}
}

// askFlags finds out which folders have the flags they had when everything had been carried
// over, where nothing else tells: all folders of both sides in one or two round trips, unless
// a side was asked already.
func (r *run) askFlags(ctx context.Context) {
	r.noteFlags()
	q := r.questions
	if q == nil {
		return
	}
	ask := func(n event.Side, k *link) func() error {
		return func() error {
			r.askFlagsOn(ctx, n, k)
			return nil
		}
	}
	if r.main.Both(ctx, ask(1, r.main.src), ask(2, r.main.dst)) != nil || q.failed != [2]bool{} {
		return
	}
	for n := range q.of {
		side := event.Side(n + 1)
		asks := slices.DeleteFunc(q.of[n].of, func(a *flagAsk) bool { return a.fs.newsOn(3-side, a.fs.state(), true) != news{} })
		if at := slices.IndexFunc(asks, func(a *flagAsk) bool { return a.contradicts(side) }); at >= 0 {
			r.debugf(r.p.Debug.Cache, "cache", "host%d: what SEARCH tells of folder [%s] is not what FETCH does: no folder is compared by SEARCH", side, asks[at].request.Mailbox)
			continue
		}
		r.asThen[n] = make(map[[2]string]bool)
		r.flagsNow[n] = make(map[[2]string]*flagAsk)
		for _, a := range asks {
			if a.digest != (flagDigest{}) {
				r.asThen[n][a.fs.names()] = a.digest == a.then
				r.flagsNow[n][a.fs.names()] = a
			}
		}
	}
}

// digestsOf are the digests that go with states, zero where none can be kept: host1's is made
// of what this run was told of its messages, and so is host2's where nothing but flags has
// changed since it was asked; else it is asked for now, of all folders in one or two round
// trips. A later run holds them against what it is told, so one that is made of what host2
// should have says no more than one that was asked for.
func (r *run) digestsOf(ctx context.Context, kept []keptState) []journal.Digests {
	out := make([]journal.Digests, len(kept))
	if !r.skippable() || r.stopping() {
		return out
	}
	var asks [2]flagAsks
	for i, k := range kept {
		one, two := stateOn(k.st, 1), stateOn(k.st, 2)
		if one.needsFlags() && !r.searchesFlags(1) || two.needsFlags() && !r.searchesFlags(2) {
			continue // a later run has to look at it anyway
		}
		if newest := k.fs.newestOn2(k.st); two.needsFlags() && newest != nil {
			known := k.fs.knownPair(k.st)
			if out[i][1] = k.fs.digestKnown(2, k.st, known, newest); one.needsFlags() && out[i][1] != [16]byte{} {
				out[i][0] = k.fs.digestKnown(1, k.st, known, nil)
			}
		} else if two.needsFlags() {
			asks[1].add(k.fs, 2, k.st).index = i
		} else if one.needsFlags() {
			out[i][0] = k.fs.digestKnown(1, k.st, k.fs.knownPair(k.st), nil)
		}
	}
	if r.askBoth(ctx, &asks) != nil {
		return out
	}
	for _, a := range asks[1].of {
		if a.digest == (flagDigest{}) {
			continue
		}
		st := kept[a.index].st
		known := a.fs.knownPair(st)
		if a.digest != a.fs.digestKnown(2, st, known, a.seen.Listing.Recs) {
			continue
		}
		out[a.index][1] = a.digest
		if stateOn(st, 1).needsFlags() {
			out[a.index][0] = a.fs.digestKnown(1, st, known, nil)
		}
	}
	return out
}

// newestOn2 are the newest messages of host2's folder as it told them in this run, nil where
// it was not asked or has others by now.
func (fs *folderSync) newestOn2(st journal.FolderState) []listing.Record {
	a := fs.run.flagsNow[1][fs.names()]
	if a == nil || a.seen == nil || a.seen.Listing == nil || a.state != stateOn(st, 2) {
		return nil
	}
	return a.seen.Listing.Recs
}

// digestKnown is the digest of what the journal knows of one side, zero where it does not know
// all. newest are the newest messages as the server tells them, nil for what the journal
// knows of them, which of host2's is what they were on host1.
func (fs *folderSync) digestKnown(n event.Side, st journal.FolderState, known *history.Pair, newest []listing.Record) (d flagDigest) {
	recs, sets, ok := fs.flagsKnown(n, st, known)
	if !ok {
		return d
	}
	if newest == nil {
		from, _ := slices.BinarySearchFunc(recs, newestFrom(stateOn(st, n).next), func(r listing.Record, uid imap.UID) int { return cmp.Compare(r.UID, uid) })
		newest = recs[from:]
	}
	return digestOf(newest, sets.Digest(), stateOn(st, n).sized())
}

// knownPair is what the journal knows of the pair now, nil for nothing.
func (fs *folderSync) knownPair(st journal.FolderState) *history.Pair {
	r := fs.run
	known := history.New(r.j, fs.from.Raw, fs.to.Raw, [2]*listing.FlagTable{&r.flags[0], &r.flags[1]})
	change, err := known.Load(history.Opened{UIDValidity: st.UIDValidity1}, history.Opened{UIDValidity: st.UIDValidity2})
	if r.journalFailed(err); err != nil || change != (history.Change{}) {
		return nil
	}
	return known
}

// flagsKnown are the messages of one side as the journal knows them, and their flags; false:
// it does not know all.
func (fs *folderSync) flagsKnown(n event.Side, st journal.FolderState, known *history.Pair) (recs []listing.Record, sets survey.FlagSets, ok bool) {
	if !known.Usable() {
		return nil, nil, false
	}
	recs = known.Records(int(n))
	sets, ok = survey.FlagSetsOf(recs, &fs.run.flags[n-1])
	return recs, sets, ok && int64(len(recs)) == int64(stateOn(st, n).messages)
}

// changedFlags are the messages of one side whose flags are not those that the journal
// knows, none where all are; false: that is not known, or it is most of them. What the flags
// were when everything had been carried over does not tell that: a run that left messages
// out, or a killed one, wrote to the journal since, and kept the state as it was.
func (fs *folderSync) changedFlags(n event.Side) (uids imap.UIDSet, newest *survey.Prefetched, ok bool) {
	a := fs.run.flagsNow[n-1][fs.names()]
	if a == nil || a.seen.Sets == nil {
		return nil, nil, false
	}
	sets := a.known(n)
	if sets == nil {
		return nil, nil, false
	}
	uids, ok = sets.Changed(a.seen.Sets)
	if len(uids) == 0 && !fs.flagsAsThen(n) {
		return nil, nil, false // something else is not as it was
	}
	return uids, a.seen, ok && 2*uidset.Count(uids) < int64(a.state.messages)
}

// flagAsk is what is asked of one folder, and what came of it.
type flagAsk struct {
	fs      *folderSync
	index   int
	state   stateThen
	then    flagDigest
	request *survey.FolderRequest

	seen   *survey.Prefetched
	flags  survey.FlagDigest
	digest flagDigest
	words  []string        // the keywords that were searched for
	lied   bool            // SEARCH told other flags of the newest messages than FETCH
	sets   survey.FlagSets // see known
}

// known are the flags as the journal knows them, nil where it does not know all. They are
// kept where they are held against those that SEARCH told.
func (a *flagAsk) known(n event.Side) survey.FlagSets {
	if a.sets != nil {
		return a.sets
	}
	st := a.fs.state()
	_, sets, ok := a.fs.flagsKnown(n, st, a.fs.knownPair(st))
	if !ok {
		return nil
	}
	if a.seen.Sets != nil {
		a.sets = sets
	}
	return sets
}

// contradicts reports whether SEARCH tells something else of a folder than what is known: of
// the newest messages, which FETCH told with it, or that a keyword is not among those that
// the folder is said to have. A server may leave out some of these (RFC 9051 section 7.3.5),
// or keep its searches apart from its flags; what it does in one folder it does in all.
func (a *flagAsk) contradicts(n event.Side) bool {
	if a.lied || a.digest == (flagDigest{}) || a.digest == a.then {
		return a.lied
	}
	for name := range a.known(n) {
		if name != "" && name[0] != '\\' && !slices.Contains(a.words, name) {
			return true
		}
	}
	return false
}

// check holds what SEARCH told against the flags of the newest messages. Of a folder where
// they differ nothing is believed.
func (a *flagAsk) check(table *listing.FlagTable) {
	sets, ok := survey.FlagSetsOf(a.seen.Listing.Recs, table)
	if !ok {
		a.seen = nil
		return
	}
	if sets.Digest() != a.seen.Newest.Digest() {
		a.seen, a.lied = nil, true
	}
}

// flagAsks is what is asked of the folders of one side.
type flagAsks struct{ of []*flagAsk }

func (a *flagAsks) add(fs *folderSync, n event.Side, st journal.FolderState) *flagAsk {
	name, state := fs.from.Raw, stateOn(st, n)
	if n == 2 {
		name = fs.to.Raw
	}
	ask := &flagAsk{fs: fs, state: state, request: &survey.FolderRequest{
		Mailbox: name, Look: true, List: true, Messages: newestUIDs, From: newestFrom(state.next),
	}}
	a.of = append(a.of, ask)
	return ask
}

// askBoth asks both sides.
func (r *run) askBoth(ctx context.Context, asks *[2]flagAsks) error {
	ask := func(n event.Side, k *link) func() error {
		return func() error { return r.askSide(ctx, n, k, asks[n-1].of) }
	}
	if len(asks[0].of) == 0 && len(asks[1].of) == 0 {
		return nil
	}
	return r.main.Both(ctx, ask(1, r.main.src), ask(2, r.main.dst))
}

// askSide asks one side: first for what every folder has, then for the keywords that SELECT
// named.
func (r *run) askSide(ctx context.Context, n event.Side, k *link, asks []*flagAsk) error {
	first := r.prefetcherOn(k, n)
	first.Asks = survey.AsksState
	first.Unsized = !slices.ContainsFunc(asks, func(a *flagAsk) bool { return !a.state.sized() })
	for _, a := range asks {
		first.want(a.fs, a.request)
	}
	if err := first.look(ctx); err != nil {
		return err
	}
	second := r.prefetcherOn(k, n)
	second.Asks = survey.AsksKeywords
	var worded []*flagAsk
	for _, a := range asks {
		seen := a.request.Seen
		if seen == nil || seen.Listing == nil || !seen.Searched || !a.state.opened(seen) {
			continue
		}
		words, ok := keywordsOf(seen)
		if !ok {
			continue
		}
		if a.seen, a.flags, a.words = seen, seen.Flags, words; len(words) > 0 {
			worded = append(worded, a)
			second.want(a.fs, &survey.FolderRequest{Mailbox: a.request.Mailbox, Look: true, Keywords: words, From: a.request.From})
		}
	}
	if err := second.look(ctx); err != nil {
		return err
	}
	for i, a := range worded {
		seen := second.Requests[i].Seen
		if seen == nil || !seen.Searched || !a.state.opened(seen) {
			a.seen = nil
			continue
		}
		if a.flags.Keywords = seen.Flags.Keywords; seen.Sets == nil {
			a.seen.Sets = nil
		}
		if a.seen.Sets != nil {
			maps.Copy(a.seen.Sets, seen.Sets)
		}
		maps.Copy(a.seen.Newest, seen.Newest)
	}
	for _, a := range asks {
		if a.seen != nil {
			a.check(&r.flags[n-1])
		}
		if a.seen != nil {
			a.digest = digestOf(a.seen.Listing.Recs, a.flags, a.state.sized())
		}
	}
	return nil
}

// opened reports whether SELECT tells what the state does.
func (s stateThen) opened(seen *survey.Prefetched) bool {
	o := seen.Opened
	return o.Exists == s.messages && o.UIDValidity == s.validity && (o.UIDNext == 0 || uint32(o.UIDNext) == s.next)
}

// keywordsOf are the keywords that messages of a folder may have, in lower case; false: they
// may have flags that cannot be searched for.
func keywordsOf(seen *survey.Prefetched) (words []string, ok bool) {
	o := seen.Opened
	if !o.HasFlags && !o.HasPermanentFlags {
		return nil, false
	}
	for _, f := range slices.Concat(o.Flags, o.PermanentFlags) {
		switch word := strings.ToLower(string(f)); {
		case word == `\*` || word == `\recent` || survey.Searchable(word):
		case strings.HasPrefix(word, `\`):
			return nil, false
		default:
			words = append(words, word)
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	return words, len(words) <= maxKeywords
}

// digestOf is the digest of the newest messages and of all flags. sized: STATUS tells
// whether the sizes are what they were.
func digestOf(newest []listing.Record, flags survey.FlagDigest, sized bool) (d flagDigest) {
	b := slices.Concat(flags.System[:], flags.Keywords[:])
	for i := range newest {
		m := &newest[i]
		b = binary.BigEndian.AppendUint32(b, uint32(m.UID))
		if !sized {
			b = binary.BigEndian.AppendUint64(b, uint64(m.Size)) //nolint:gosec // only held against itself
		}
		b = binary.BigEndian.AppendUint64(b, uint64(m.Date)) //nolint:gosec // as above
	}
	sum := sha256.Sum256(b)
	copy(d[:], sum[:])
	return d
}
