package unsound

import (
	"slices"
	"strings"
)

// Case is a server with a name.
type Case struct {
	Name   string
	Faults Faults
}

// Cases are servers with one fault each, or with a few that belong together, in a
// fixed order. Most of them are played without MULTIAPPEND too.
func Cases() []Case {
	all := []Case{
		{"sound", Faults{}},
		{"executes after BAD", Faults{Strict: true, Spill: AfterBAD}},
		{"executes after BAD, takes two keywords", Faults{Strict: true, Keywords: []string{"Work", "$Forwarded"}, Spill: AfterBAD}},
		{"executes after BAD, takes no keywords", Faults{Strict: true, Keywords: []string{}, Spill: AfterBAD}},
		{"executes after NO", Faults{Refuse: 3, Spill: AfterNO}},
		{"executes arguments", Faults{ArgumentLiterals: true, Spill: AfterBAD}},
		{"refuses and swallows", Faults{Strict: true, Keywords: []string{}, Refuse: 4}},
		{"drops", Faults{Drop: 2}},
		{"drops all", Faults{Drop: 1}},
		{"drops and tells a UID", Faults{Drop: 3, DropTold: true}},
		{"drops without UIDPLUS", Faults{Drop: 2, Hide: []string{"UIDPLUS"}}},
		{"drops and delivers", Faults{Drop: 2, Deliver: true}},
		{"drops and delivers without UIDPLUS", Faults{Drop: 2, Deliver: true, Hide: []string{"UIDPLUS"}}},
		{"loses what is not selected", Faults{Loses: 2}},
		{"loses what is not selected, without UIDPLUS", Faults{Loses: 2, Hide: []string{"UIDPLUS"}}},
		{"loses and delivers", Faults{Loses: 2, Deliver: true}},
		{"forgets", Faults{Forgets: 2}},
		{"forgets and delivers", Faults{Forgets: 2, Deliver: true}},
		{"halves", Faults{Halves: 2}},
		{"halves all", Faults{Halves: 1}},
		{"replaces", Faults{Replaces: 3}},
		{"denies what it stored", Faults{Denies: 3}},
		{"denies all that it stored", Faults{Denies: 1}},
		{"denies, without UIDPLUS", Faults{Denies: 2, Hide: []string{"UIDPLUS"}}},
		{"denies for a while", Faults{Denies: 2, Denial: "NO [UNAVAILABLE] Timed out, try again later."}},
		{"denies by BAD", Faults{Denies: 2, Denial: "BAD Something went wrong."}},
		{"recognises messages", Faults{Recognises: true}},
		{"old numbers of the selected folder", Faults{StaleStatus: true}},
		{"old numbers, and forgets", Faults{StaleStatus: true, Forgets: 2}},
	}
	for _, fault := range []UIDFault{
		Missing, Exchanged, Repeated, OfAnother, BelowNext, FarAbove, WrongValidity, TooFew, TooMany, Unordered,
	} {
		all = append(all, Case{"UIDs " + fault.String(), Faults{AppendUID: fault, CopyUID: fault}})
	}
	all = append(all, Case{"UIDs of another, some", Faults{AppendUID: OfAnother, AppendUIDEvery: 2}})
	for _, noise := range []struct{ name, line string }{
		{"BAD", "* BAD Something is wrong."},
		{"still here", "* OK still here"},
		{"garbage", "%%% this is no reply"},
		{"unknown tag", "T2 OK completed"},
		{"NO", "* NO [ALERT] Disk is nearly full."},
		{"consent", "+ go ahead"},
	} {
		all = append(all, Case{"noise: " + noise.name, Faults{Noise: noise.line, NoiseEvery: 2}})
	}
	for _, change := range []struct {
		name string
		make []Change
	}{
		{"header above", []Change{AddAbove("Received: from host2.example.org by store.example.org;\r\n\tMon, 1 Jan 2024 10:00:00 +0000\r\n")}},
		{"header below", []Change{AddBelow("X-Stored-By: host2.example.org\r\n")}},
		{"adds a missing Message-Id and Date", []Change{
			AddMissing("Message-Id: <made@host2.example.org>\r\n"), AddMissing("Date: Mon, 1 Jan 2024 10:00:00 +0000\r\n"),
		}},
		{"removes Message-Id", []Change{Remove("Message-Id")}},
		{"removes Received", []Change{Remove("Received")}},
		{"removes Subject", []Change{Remove("Subject")}},
		{"folds anew", []Change{Fold}},
		{"footer", []Change{Footer("-- \r\nChecked by host2.example.org\r\n")}},
		{"seven bits", []Change{SevenBit}},
		{"line ends", []Change{EvenLines}},
	} {
		all = append(all, Case{"changes: " + change.name, Faults{Changes: change.make}})
	}
	for _, c := range slices.Clone(all) {
		c.Name += ", one by one"
		c.Faults.Hide = append(slices.Clone(c.Faults.Hide), "MULTIAPPEND")
		if len(c.Faults.Changes) == 0 && !strings.HasPrefix(c.Name, "sound") {
			all = append(all, c)
		}
	}
	return all
}
