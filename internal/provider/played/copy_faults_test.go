package played

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/mailtest/models"
)

// fault meddles with host2.
func fault(action meddle.Action, match, text string, times int) meddle.Rule {
	return meddle.Rule{Action: action, Match: regexp.MustCompile(match), Text: text, Times: times}
}

// half has host2 carry out COPY for the first message of a set alone, and say what is
// given.
func half(answer string) []meddle.Rule {
	return []meddle.Rule{
		fault(meddle.Alter, `UID COPY (\d+)\S*`, "UID COPY $1", 0),
		fault(meddle.Replace, `^(\S+) OK \[COPYUID (\S+) (\S+) (\S+)\] completed\.`, answer, 0),
	}
}

// copyFaults are what befalls the COPY by which a message that lies in several folders
// comes to its second one on host2.
var copyFaults = map[string]struct {
	rules []meddle.Rule
	// at happens on host2 when the first COPY comes, before it is carried out.
	at func(to *side, target string)
	// killed: this run ends there, and another one goes on.
	killed bool
}{
	"no fault":              {},
	"NO":                    {rules: []meddle.Rule{fault(meddle.Refuse, `^UID COPY`, "NO no", 0)}},
	"BAD":                   {rules: []meddle.Rule{fault(meddle.Refuse, `^UID COPY`, "BAD what", 0)}},
	"NO TRYCREATE":          {rules: []meddle.Rule{fault(meddle.Refuse, `^UID COPY`, "NO [TRYCREATE] none", 0)}},
	"NO OVERQUOTA":          {rules: []meddle.Rule{fault(meddle.Refuse, `^UID COPY`, "NO [OVERQUOTA] full", 0)}},
	"NO UNAVAILABLE once":   {rules: []meddle.Rule{fault(meddle.Refuse, `^UID COPY`, "NO [UNAVAILABLE] later", 1)}},
	"half, then NO":         {rules: half("$1 NO half of it")},
	"half, then OK":         {rules: half("$1 OK [COPYUID $2 $3 $4] half")},
	"half, without a word":  {rules: half("$1 OK half")},
	"without COPYUID":       {rules: []meddle.Rule{fault(meddle.Replace, `\[COPYUID [^\]]*\] `, "", 0)}},
	"UIDs that are none":    {rules: []meddle.Rule{fault(meddle.Replace, `\[COPYUID (\S+) (\S+) [^\]]*\]`, "[COPYUID $1 $2 $2]", 0)}},
	"another validity":      {rules: []meddle.Rule{fault(meddle.Replace, `\[COPYUID \S+ `, "[COPYUID 77 ", 0)}},
	"BYE before":            {rules: []meddle.Rule{fault(meddle.Refuse, `^UID COPY`, "* BYE down\r\nNO", 1)}},
	"cut before":            {rules: []meddle.Rule{fault(meddle.CutBefore, `^UID COPY`, "", 1)}},
	"cut after":             {rules: []meddle.Rule{fault(meddle.CutAfter, `^UID COPY`, "", 1)}},
	"target is made anew":   {at: func(to *side, target string) { to.server.Renumber(user, strings.Trim(target, "\"")) }},
	"sources are made anew": {at: func(to *side, target string) { to.others(target, to.server.Renumber) }},
	"deleted by its user":   {at: func(to *side, target string) { to.others(target, to.server.Empty) }},
	"killed":                {rules: []meddle.Rule{fault(meddle.CutAfter, `^UID COPY`, "", 1)}, killed: true},
	"killed early":          {killed: true},
}

// others does something to all folders but one.
func (s *side) others(but string, do func(user, folder string)) {
	for name := range s.server.State(user) {
		if name != strings.Trim(but, `"`) && name != s.model.Role(s.language, `\All`) {
			do(user, name)
		}
	}
}

// copyOptions are given in turn where Gmail is host2; the last two to no other.
var copyOptions = []string{"", "--minage 1", "--maxsize 5000", "--f1f2 A=M --f1f2 Z=M", "--delete1"}

// Whatever befalls a COPY, each folder of host2 has each message once, nothing is
// deleted on host1 that host2 lacks, and another run finds nothing to do.
func TestFaultsOfCopy(t *testing.T) {
	for _, gmail := range []int{2, 1} {
		for n, name := range slices.Sorted(maps.Keys(copyFaults)) {
			options := []string{copyOptions[n%len(copyOptions)]}
			if gmail == 1 {
				options = copyOptions[:1]
			}
			switch {
			case full():
				options = copyOptions[:len(copyOptions)-(2-gmail)*2]
			case gmail == 1 && name != "no fault" && name != "half, then NO" && name != "without COPYUID" && name != "cut after":
				continue
			}
			if name == "no fault" {
				options = append(slices.Clone(options), "--regexmess s/twice/2/")
			}
			for _, o := range options {
				t.Run(fmt.Sprintf("gmail%d, %s, %s", gmail, name, o), func(t *testing.T) {
					cache := inMemory(t)
					synctest.Test(t, func(t *testing.T) { faultOfCopy(t, gmail, name, append(strings.Fields(o), "--cachedir", cache)) })
				})
			}
		}
	}
}

func faultOfCopy(t *testing.T, gmail int, name string, options []string) {
	f := copyFaults[name]
	m, _ := models.Find("gmail")
	m.Limits.Empty = 0
	from, to := start(t, models.Ordinary(), "en"), start(t, m, "en")
	if gmail == 1 {
		from, to = start(t, m, "en"), start(t, models.Ordinary(), "en")
		options = append(options, "--provider1", "gmail")
	}
	put := func(subject string, size int, date time.Time, flags string, in ...string) {
		msg := corpus.Message{Date: date, Body: fmt.Appendf(nil, "Message-ID: <%s@example.org>\r\nSubject: %[1]s\r\n\r\n%s\r\n", subject, strings.Repeat("a line of text\r\n", size/16))}
		for _, f := range strings.Fields(flags) {
			msg.Flags = append(msg.Flags, imapFlag(f))
		}
		for _, name := range in {
			from.server.Folder(user, name, true)
		}
		if err := from.server.Put(user, msg, in...); err != nil {
			t.Fatal(err)
		}
	}
	late := time.Unix(1.6e9, 0) // later than the virtual clock
	for i := range 4 {
		put(fmt.Sprint("twice ", i), 100, late, `\Seen`, "INBOX", "Z")
		put(fmt.Sprint("three times ", i), 100, late, `\Flagged`, "A", "INBOX", "Z")
		put(fmt.Sprint("large ", i), 9000, late, "", "A", "Z")
	}
	put("once", 100, late, `\Answered`, "Z")
	put("old", 100, time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), `\Draft`, "A", "Z")
	folder, keep := labelled(from, to)
	expected := want(from, to, func(name string) string {
		if slices.Contains(options, "A=M") && (name == "A" || name == "Z") {
			return "M"
		}
		return folder(name)
	}, func(name string, m models.Found) bool {
		return (keep == nil || keep(name, m)) && (len(m.Body) < 5000 || !slices.Contains(options, "--maxsize")) &&
			(m.Date.Year() == 1990 || !slices.Contains(options, "--minage"))
	})
	if slices.Contains(options, "--regexmess") {
		old := expected
		expected = make(map[copyOf]int)
		for name, list := range from.server.State(user) {
			for _, msg := range list {
				for c, n := range old {
					if c.folder == folder(name) && c.sum == sum(msg.Body) {
						c.sum = sum([]byte(strings.Replace(string(msg.Body), "twice", "2", 1)))
						expected[c] = n
					}
				}
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	once := false
	hook := fault(meddle.CutBefore, `^UID COPY`, "", 0)
	hook.If = func(command string) bool {
		if !once {
			once = true
			if f.at != nil {
				f.at(to, command[strings.LastIndexByte(command, ' ')+1:])
			}
			if f.killed {
				cancel()
			}
		}
		return false
	}
	to.front = meddle.Between(append([]meddle.Rule{hook}, f.rules...)...)
	t.Cleanup(to.front.Close)
	sides := [2]*side{from, to}
	first := run(ctx, t, sides, nil, options...)
	if !once && !slices.Contains(options, "--regexmess") {
		t.Error("nothing came by COPY")
	}
	settled := func(out ended, when string) bool {
		t.Helper()
		got := compare(expected, have(to))
		if !got.mail || !got.flags {
			t.Errorf("%s: exit code %d, %s\n%s", when, out.stats.ExitCode(), strings.Join(got.first, "\n"), out.text)
		}
		return got.mail
	}
	if first.stats.ExitCode() == 0 && f.at == nil {
		settled(first, "after the first run, which is content")
	}
	for c := range expected { // what is not on host2 is still on host1
		if !slices.ContainsFunc(slices.Collect(maps.Keys(have(to))), func(h copyOf) bool { return h.sum == c.sum }) &&
			!slices.ContainsFunc(slices.Collect(maps.Keys(want(from, to, same(from, to), nil))), func(h copyOf) bool { return h.sum == c.sum }) && !slices.Contains(options, "--regexmess") && f.at == nil {
			t.Errorf("%x is nowhere\n%s", c.sum[:4], first.text)
		}
	}
	if f.at == nil && !f.killed && first.stats.ExitCode() != 0 && name != "NO OVERQUOTA" {
		t.Errorf("exit code %d\n%s", first.stats.ExitCode(), first.text)
	}
	time.Sleep(time.Hour)
	second := run(t.Context(), t, sides, nil, options...)
	if f.at == nil && !settled(second, "after the second run") {
		return
	}
	third := run(t.Context(), t, sides, nil, options...)
	if third.stats.Transferred != 0 || third.stats.ExitCode() != 0 {
		t.Errorf("the third run copied %d messages, exit code %d\n%s", third.stats.Transferred, third.stats.ExitCode(), third.text)
	}
	if f.at != nil && !slices.Contains(options, "--delete1") {
		settled(third, "after the third run")
	}
}
