package guard

import (
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/plan"
)

func TestGuardOfAFolder(t *testing.T) {
	ok := Facts{SourceComplete: true, SourceMessages: 200, DestMessages: 200}
	with := func(change func(*Facts)) Facts {
		f := ok
		change(&f)
		return f
	}
	all := &plan.Ceiling{Value: 100, Percent: true}
	for _, tc := range []struct {
		name       string
		facts      Facts
		candidates int64
		ceiling    *plan.Ceiling
		refused    string // part of the reason, "" when allowed
		isCeiling  bool
	}{
		{"nothing to delete", with(func(f *Facts) { f.SourceComplete = false }), 0, nil, "", false},
		{"a few of many", ok, 5, nil, "", false},
		{"source not listed", with(func(f *Facts) { f.SourceComplete, f.WhyIncomplete = false, "SEARCH refused" }), 1, nil, "SEARCH refused", false},
		{"source not listed, ceiling lifted", with(func(f *Facts) { f.SourceComplete = false }), 1, all, "not listed completely", false},
		{"copies failed", with(func(f *Facts) { f.CopiesFailed = 1 }), 1, all, "could not be copied", false},
		{"unidentified source messages", with(func(f *Facts) { f.Unidentified = 3 }), 1, all, "could not be identified", false},
		{"exactly half", ok, 100, nil, "", false},
		{"more than half", ok, 101, nil, "more than half", true},
		{"more than half, allowed", ok, 101, all, "", false},
		{"more than half of a small folder", with(func(f *Facts) { f.DestMessages = 99 }), 98, nil, "", false},
		{"source suddenly empty", with(func(f *Facts) { f.SourceMessages, f.DestMessages = 0, 3 }), 3, nil, "is empty", true},
		{"source empty, allowed", with(func(f *Facts) { f.SourceMessages, f.DestMessages = 0, 3 }), 3, all, "", false},
		{"over a count", ok, 11, &plan.Ceiling{Value: 10}, "--delete2max 10", true},
		{"at a count", ok, 10, &plan.Ceiling{Value: 10}, "", false},
		{"over a percentage", ok, 21, &plan.Ceiling{Value: 10, Percent: true}, "--delete2max 10%", true},
		{"the half in small parts", with(func(f *Facts) { f.Gone, f.DestMessages = 60, 140 }), 40, nil, "", false},
		{"more than half in small parts", with(func(f *Facts) { f.Gone, f.DestMessages = 60, 140 }), 41, nil, "101 of 200 messages would go with the 60 that went", true},
		{"in small parts until the folder is small", with(func(f *Facts) { f.Gone, f.DestMessages = 60, 60 }), 1, nil, "more than half", true},
		{"in small parts, nothing more", with(func(f *Facts) { f.Gone, f.DestMessages = 160, 40 }), 0, nil, "", false},
		{"in small parts, over a count", with(func(f *Facts) { f.Gone = 10 }), 1, &plan.Ceiling{Value: 10}, "--delete2max 10", true},
		{"in small parts, over a percentage", with(func(f *Facts) { f.Gone, f.DestMessages = 20, 180 }), 1, &plan.Ceiling{Value: 10, Percent: true}, "--delete2max 10%", true},
		{"in small parts, all allowed", with(func(f *Facts) { f.Gone, f.DestMessages = 190, 10 }), 10, all, "", false},
		{"a count of zero forbids all", ok, 1, &plan.Ceiling{}, "--delete2max 0", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := RefuseFolder(tc.facts, tc.candidates, tc.ceiling)
			if (r != nil) != (tc.refused != "") {
				t.Fatalf("refusal %+v, want %q", r, tc.refused)
			}
			if r != nil && (!strings.Contains(r.Why, tc.refused) || r.Ceiling != tc.isCeiling) {
				t.Fatalf("refusal %+v, want %q (ceiling %v)", r, tc.refused, tc.isCeiling)
			}
		})
	}
}

// What was refused is allowed by the option alone, whatever else is in the folder by now.
func TestWhatWasRefused(t *testing.T) {
	for _, tc := range []struct {
		n, of   int64
		ceiling *plan.Ceiling
		allowed bool
	}{
		{1, 1000, nil, false}, {90, 90, &plan.Ceiling{Value: 100, Percent: true}, true}, {60, 100, &plan.Ceiling{Value: 59}, false},
		{60, 100, &plan.Ceiling{Value: 60}, true}, {60, 100, &plan.Ceiling{Value: 50, Percent: true}, false},
	} {
		if got := AllowsRefused(tc.n, tc.of, tc.ceiling); got != tc.allowed {
			t.Errorf("%d of %d with %+v: %v", tc.n, tc.of, tc.ceiling, got)
		}
	}
}

func TestGuardOfAMessage(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return now.AddDate(0, 0, -n) }
	none := Known{Now: now}
	known := Known{Now: now, FirstNext: 50, FirstAt: day(100)}
	unsure := Known{Now: now, FirstNext: 50, Unsure: "folder B goes there, too"}
	allowed := Known{Now: now, FirstNext: 50, NewMail: true}
	old, recent := Extra{UID: 10, Arrived: day(400)}, Extra{UID: 10, Arrived: day(3)}
	with := func(e Extra, change func(*Extra)) Extra {
		change(&e)
		return e
	}
	gone := func(e *Extra) { e.Gone = true }
	for _, tc := range []struct {
		name string
		k    Known
		e    Extra
		want Rule
	}{
		{"no journal, old", none, old, Goes},
		{"moved to host2, everything allowed", allowed, with(old, func(e *Extra) { e.Gone, e.Moved = true, true }), MovedMail},
		{"moved to host2, and host1 has it again", known, with(old, func(e *Extra) { e.Paired, e.Moved = true, true }), PairedMail},
		{"no journal, of the last month", none, Extra{UID: 10, Arrived: day(29)}, RecentMail},
		{"no journal, just older than that", none, Extra{UID: 10, Arrived: day(31)}, Goes},
		{"no journal, no date", none, Extra{UID: 10}, RecentMail},
		{"no journal, dated in the future", none, Extra{UID: 10, Arrived: day(-3)}, RecentMail},
		{"there before the first run, old", known, old, Goes},
		{"there before the first run, recent then", Known{Now: now, FirstNext: 50, FirstAt: day(2)}, recent, RecentMail},
		{"came with the first UID", known, Extra{UID: 50, Arrived: day(400)}, NewMail},
		{"came later, with an old date", known, Extra{UID: 51, Arrived: day(4000)}, NewMail},
		{"dated after the first run, UIDs not known", Known{Now: now, FirstAt: day(100)}, Extra{UID: 10, Arrived: day(99)}, NewMail},
		{"new, and its counterpart left host1", known, with(Extra{UID: 70, Arrived: day(1)}, gone), Goes},
		{"new, and allowed", allowed, Extra{UID: 70, Arrived: day(1)}, Goes},
		{"recent, and allowed", allowed, recent, Goes},
		{"of others, and allowed", allowed, with(old, func(e *Extra) { e.Others = true }), OthersMail},
		{"of others, gone from host1", known, with(old, func(e *Extra) { e.Others, e.Gone = true, true }), OthersMail},
		{"tied to a message that is there", allowed, with(old, func(e *Extra) { e.Paired, e.Gone = true, true }), PairedMail},
		{"not known whose", unsure, old, UnsureMail},
		{"not known whose, but its counterpart left host1", unsure, with(old, gone), Goes},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := tc.k.Rule(tc.e)
			if got != tc.want {
				t.Fatalf("rule %d, want %d", got, tc.want)
			}
			if (tc.k.Why(got) == "") != (got == Goes) {
				t.Fatalf("rule %d says %q", got, tc.k.Why(got))
			}
		})
	}
}
