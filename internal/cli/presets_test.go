package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// facts are the parts of a plan that presets change, one per line.
func facts(p *plan.Plan) map[string]string {
	f := map[string]string{}
	put := func(k string, v any) {
		if s := fmt.Sprint(v); s != "" && s != "0" && s != "false" && s != "[]" {
			f[k] = s
		}
	}
	ptr := func(b *bool) any {
		if b == nil {
			return ""
		}
		return fmt.Sprint("=", *b)
	}
	str := func(s *string) any {
		if s == nil {
			return ""
		}
		return "=" + *s
	}
	exprs := func(list []*perlexpr.Expr) any {
		var s []string
		for _, e := range list {
			s = append(s, e.String())
		}
		return strings.Join(s, "  ")
	}
	put("host1", p.Host1.Host)
	put("host2", p.Host2.Host)
	put("ssl1", ptr(p.Host1.SSL))
	put("ssl2", ptr(p.Host2.SSL))
	put("maxbytespersecond", p.Limits.MaxBytesPerSecond)
	put("maxbytesafter", p.Limits.MaxBytesAfter)
	put("maxmessagespersecond", p.Limits.MaxMessagesPerSecond)
	if p.Limits.MaxSleep != nil {
		put("maxsleep", *p.Limits.MaxSleep)
	}
	if p.Selection.MaxSize != nil {
		put("maxsize", *p.Selection.MaxSize)
	}
	put("automap", p.Folders.Automap)
	put("exclude", exprs(p.Folders.Exclude))
	put("trans", exprs(p.Folders.Trans))
	put("last", strings.Join(p.Folders.Last, "  "))
	put("map", p.Folders.Map)
	put("sep1", str(p.Folders.Sep1))
	put("sep2", str(p.Folders.Sep2))
	put("prefix1", str(p.Folders.Prefix1))
	put("prefix2", str(p.Folders.Prefix2))
	put("headers", strings.Join(p.Identity.Headers, " "))
	put("nodomain", p.Identity.MessageIDNoDomain)
	put("addheader", p.Identity.AddHeader)
	put("cross", p.Identity.SkipCrossDuplicates)
	put("labels", p.Flags.SyncLabels)
	put("relabels", p.Flags.ResyncLabels)
	put("regexmess", exprs(p.Transform.RegexMess))
	put("regexflag", exprs(p.Flags.RegexFlag))
	put("disarm", p.Transform.DisarmReadReceipts)
	put("expunge1", p.Deletion.Expunge1)
	return f
}

func TestPresets(t *testing.T) {
	gmail2Rules := `s,\[Gmail\].,,  s,^ +| +$,,g  s,/ +| +/,/,g  s/['\^"]/_/g`
	wrap := `s,(.{10239}),$1\r\n,g`
	for _, tc := range []struct {
		args []string
		want map[string]string
	}{
		{[]string{"--gmail1"}, map[string]string{
			"host1": "imap.gmail.com", "ssl1": "=true", "maxbytespersecond": "40000", "maxbytesafter": "3000000000",
			"automap": "true", "cross": "true", "headers": "X-Gmail-Received Message-Id", "trans": `s,\[Gmail\].,,`, "last": "[Gmail]/All Mail"}},
		{[]string{"--gmail2"}, map[string]string{
			"host2": "imap.gmail.com", "ssl2": "=true", "maxbytespersecond": "20000", "maxbytesafter": "1000000000",
			"automap": "true", "addheader": "true", "exclude": `\[Gmail\]$`, "headers": "Message-Id", "trans": gmail2Rules, "last": "[Gmail]/All Mail"}},
		{[]string{"--gmail1", "--gmail2"}, map[string]string{
			"host1": "imap.gmail.com", "host2": "imap.gmail.com", "ssl1": "=true", "ssl2": "=true",
			"maxbytespersecond": "20000", "maxbytesafter": "1000000000", "automap": "true", "labels": "true", "relabels": "true",
			"headers": "X-Gmail-Received Message-Id", "exclude": `\[Gmail\]$`, "last": "[Gmail]/All Mail"}},
		{[]string{"--office1"}, map[string]string{"host1": "outlook.office365.com", "ssl1": "=true", "exclude": "^Files$"}},
		{[]string{"--office2"}, map[string]string{
			"host2": "outlook.office365.com", "ssl2": "=true", "maxsize": "45000000", "maxmessagespersecond": "4", "disarm": "true",
			"regexmess": wrap, "map": "[{Files Files_renamed_by_imapsync}]"}},
		{[]string{"--exchange1"}, map[string]string{}},
		{[]string{"--exchange2"}, map[string]string{
			"maxsize": "10000000", "maxmessagespersecond": "4", "disarm": "true", "regexflag": `s/\\Flagged//g`, "regexmess": wrap}},
		{[]string{"--domino1"}, map[string]string{"sep1": `=\`, "prefix1": "=", "nodomain": "true"}},
		{[]string{"--domino2"}, map[string]string{"sep2": `=\`, "prefix2": "=", "nodomain": "true", "trans": `s,^Inbox\\(.*),$1,i`}},

		// The user's values stand; 0 switches a preset's value off.
		{[]string{"--gmail1", "--host1", "x.example.org", "--nossl1", "--maxbytespersecond", "0", "--maxbytesafter", "7", "--noautomap", "--noskipcrossduplicates"},
			map[string]string{"host1": "x.example.org", "ssl1": "=false", "maxbytesafter": "7",
				"headers": "X-Gmail-Received Message-Id", "trans": `s,\[Gmail\].,,`, "last": "[Gmail]/All Mail"}},
		{[]string{"--gmail2", "--host2", "", "--noexclude", "--noaddheader", "--maxsleep", "0.5"}, map[string]string{
			"host2": "imap.gmail.com", "ssl2": "=true", "maxbytespersecond": "20000", "maxbytesafter": "1000000000",
			"automap": "true", "headers": "Message-Id", "trans": gmail2Rules, "last": "[Gmail]/All Mail", "maxsleep": "500ms"}},
		{[]string{"--gmail1", "--gmail2", "--noexclude", "--nosynclabels"}, map[string]string{
			"host1": "imap.gmail.com", "host2": "imap.gmail.com", "ssl1": "=true", "ssl2": "=true",
			"maxbytespersecond": "20000", "maxbytesafter": "1000000000", "automap": "true", "relabels": "true",
			"headers": "X-Gmail-Received Message-Id", "last": "[Gmail]/All Mail"}},
		{[]string{"--office2", "--maxsize", "5", "--noregexmess", "--nof1f2", "--nodisarmreadreceipts", "--maxmessagespersecond", "0"},
			map[string]string{"host2": "outlook.office365.com", "ssl2": "=true", "maxsize": "5"}},
		{[]string{"--exchange2", "--noregexflag", "--noregexmess"}, map[string]string{"maxsize": "10000000", "maxmessagespersecond": "4", "disarm": "true"}},
		{[]string{"--domino1", "--sep1", "/", "--prefix1", "P", "--nomessageidnodomain"}, map[string]string{"sep1": "=/", "prefix1": "=P"}},

		// Lists: the user's first.
		{[]string{"--office1", "--exclude", "x"}, map[string]string{"host1": "outlook.office365.com", "ssl1": "=true", "exclude": "x  ^Files$"}},
		{[]string{"--gmail1", "--useheader", "Date", "--regextrans2", "s/a/b/", "--folderlast", "Z"}, map[string]string{
			"host1": "imap.gmail.com", "ssl1": "=true", "maxbytespersecond": "40000", "maxbytesafter": "3000000000",
			"automap": "true", "cross": "true", "headers": "Date X-Gmail-Received Message-Id", "trans": `s/a/b/  s,\[Gmail\].,,`, "last": "Z  [Gmail]/All Mail"}},

		// Several presets: the wrapping comes once.
		{[]string{"--office2", "--exchange2"}, map[string]string{
			"host2": "outlook.office365.com", "ssl2": "=true", "maxsize": "45000000", "maxmessagespersecond": "4", "disarm": "true",
			"regexmess": wrap, "regexflag": `s/\\Flagged//g`, "map": "[{Files Files_renamed_by_imapsync}]"}},
	} {
		if diff := cmp.Diff(tc.want, facts(mustPlan(t, tc.args...))); diff != "" {
			t.Errorf("%q: -want +got\n%s", tc.args, diff)
		}
	}
}

// A journal is the default here, so the Gmail preset must not clash with it.
func TestGmailPresetGoesWithTheJournal(t *testing.T) {
	for _, args := range [][]string{{"--gmail1"}, {"--gmail1", "--usecache"}, {"--gmail1", "--useuid"}} {
		if p := mustPlan(t, args...); !p.Journal.Enabled || !p.Identity.SkipCrossDuplicates {
			t.Errorf("%q: journal %v, skipcrossduplicates %v", args, p.Journal.Enabled, p.Identity.SkipCrossDuplicates)
		}
	}
}
