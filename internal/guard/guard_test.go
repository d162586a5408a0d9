package guard

import (
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/plan"
)

func TestGuardOfAFolder(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ok := Facts{SourceComplete: true, SourceMessages: 200, DestMessages: 200, Now: now}
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

func TestGuardAgainstDeletingNewMail(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return now.AddDate(0, 0, -n) }
	for _, tc := range []struct {
		name            string
		newest, arrived time.Time
		want            bool
	}{
		{"older than the source", day(2), day(3), false},
		{"newer than the source, recent", day(3), day(2), true},
		{"newer than the source, long ago", day(400), day(31), false},
		{"the source is empty, recent", time.Time{}, day(1), true},
		{"as old as the newest", day(3), day(3), false},
		{"no date", day(3), time.Time{}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := LooksLikeNewMail(Facts{NewestSource: tc.newest, Now: now}, tc.arrived)
			if got != tc.want {
				t.Fatalf("got %v", got)
			}
		})
	}
}
