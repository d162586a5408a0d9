package cli

import (
	"fmt"
	"math"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
	"github.com/imaphaul/imaphaul/internal/plan"
)

func (b *builder) selection() plan.Selection {
	v := b.v
	s := plan.Selection{
		MaxSize:     b.size("maxsize"),
		MinSize:     b.size("minsize"),
		AppendLimit: b.size("appendlimit"),
		MaxAge:      b.age("maxage"),
		MinAge:      b.age("minage"),
		Now:         b.in.Now,
		Search1:     v.str("search"), Search2: v.str("search"),

		AbleToSearch1:          v.flagOr("abletosearch1", v.flag("abletosearch")),
		AbleToSearch2:          v.flagOr("abletosearch2", v.flag("abletosearch")),
		CheckAbleToSearch:      v.flagOr("checknoabletosearch", !v.flag("justfolders")),
		CheckAbleToSearchGiven: v.given("checknoabletosearch") && v.flag("checknoabletosearch"),

		FetchSet:           v.str("fetch_hash_set"),
		CheckMessageExists: v.flag("checkmessageexists"),
	}
	if t := v.str("search1"); t != "" {
		s.Search1 = t
	}
	if t := v.str("search2"); t != "" {
		s.Search2 = t
	}
	for _, name := range []string{"search", "search1", "search2"} {
		if strings.ContainsAny(v.str(name), "\r\n\x00") {
			b.bad.add("--%s: a line end or NUL is in the criteria. Give them on one line.", name)
		}
	}
	if s.Search1+s.Search2 != "" && (s.MaxAge != nil || s.MinAge != nil) {
		b.note("Info: a message has to satisfy --search and the ages of --maxage and --minage as well; imapsync drops the ages silently.")
	}
	if s.MinSize != nil && s.MaxSize != nil && *s.MinSize >= *s.MaxSize {
		b.bad.add("--minsize %d and --maxsize %d: no message is larger than the one and not larger than the other. Raise --maxsize.", *s.MinSize, *s.MaxSize)
	}
	if set := s.FetchSet; set != "" && strings.Trim(set, "0123456789:*,") != "" {
		b.bad.add("--fetch_hash_set '%s': not a set of message numbers. Give one such as 1:* or 100:200.", set)
	}
	return s
}

// age reads a number of days.
func (b *builder) age(name string) *float64 {
	f := b.v.floatPtr(name)
	if f != nil && (*f < 0 || *f > 365000) {
		b.bad.add("--%s %v: give a number of days from 0 to 365000.", name, *f)
	}
	return f
}

func (b *builder) identity() plan.Identity {
	v := b.v
	id := plan.Identity{
		Headers:             append(v.list("useheader"), b.add.useHeader...),
		HeadersGiven:        v.given("useheader"),
		WholeHeaderIfNeeded: v.flag("wholeheaderifneeded"),
		MessageIDNoDomain:   v.flag("messageidnodomain"),
		SizeInKey:           !v.flag("skipsize"),
		AddHeader:           v.flag("addheader"),
		SyncDuplicates:      v.flag("syncduplicates"),
		SkipCrossDuplicates: v.flag("skipcrossduplicates"),
		UseUID:              v.flag("useuid"),
	}
	for _, h := range id.Headers {
		if h == "" || strings.ContainsFunc(h, func(r rune) bool { return r <= ' ' || r == ':' || r >= 127 }) {
			b.bad.add("--useheader '%s': not the name of a header field. Give one such as Message-Id, without colon.", h)
		}
	}
	if pattern := v.str("skipheader"); pattern != "" {
		// imapsync matches without case, blanks in the pattern set aside. The line
		// end closes a comment, if the pattern ends with one.
		wrapped := "(?xi:" + pattern + "\n)"
		e, err := perlexpr.Compile(perlexpr.Include, wrapped)
		if err != nil {
			why := strings.TrimPrefix(expressionCause(err), fmt.Sprintf("%v '%s': ", perlexpr.Include, wrapped))
			b.bad.add("--skipheader '%s': %s", pattern, why)
		}
		id.SkipHeader = e
	}
	return id
}

func (b *builder) transform() plan.Transform {
	v := b.v
	t := plan.Transform{
		SkipMess:           b.expressions(perlexpr.Skip, v.list("skipmess"), nil),
		RegexMess:          b.expressions(perlexpr.Mess, v.list("regexmess"), b.add.regexMess),
		RegexMessPresets:   len(b.add.regexMess),
		PipeMess:           v.list("pipemess"),
		PipeMessCheck:      v.flag("pipemesscheck"),
		DisarmReadReceipts: v.flag("disarmreadreceipts"),
		TruncMess:          b.size("truncmess"),
		MaxLineLength:      b.size("maxlinelength"),
		MaxLineLengthCmd:   v.str("maxlinelengthcmd"),
		MinMaxLineLength:   b.size("minmaxlinelength"),
		IDateFromHeader:    v.flag("idatefromheader"),
		WrapBroken:         v.flag("wrapbroken"),
		Repair:             v.flagOr("repair", v.flag("wrapbroken")),
	}
	t.SyncInternalDates = v.flag("syncinternaldates") && !t.IDateFromHeader
	for _, cmd := range t.PipeMess {
		if strings.TrimSpace(cmd) == "" {
			b.bad.add("--pipemess '%s': an empty command would empty every message. Give a command.", cmd)
		}
	}
	if t.MaxLineLengthCmd != "" && t.MaxLineLength == nil {
		b.bad.add("--maxlinelengthcmd without --maxlinelength: no message would ever go through it. Add --maxlinelength.")
	}
	if t.WrapBroken && !t.Repair {
		b.bad.add("--wrapbroken and --norepair: the first is the last step of the other. Drop one of them.")
	}
	return t
}

func (b *builder) flags() plan.Flags {
	v := b.v
	return plan.Flags{
		RegexFlag:        b.expressions(perlexpr.Flag, v.list("regexflag"), b.add.regexFlag),
		RegexFlagPresets: len(b.add.regexFlag),
		Filter:           v.flag("filterflags"),
		FilterBuggy:      v.flag("filterbuggyflags"),
		FixCase:          v.flag("flagscase"),
		Resync:           v.flag("resyncflags"),
		SyncAfterCopy:    v.flag("syncflagsaftercopy"),
		SyncLabels:       v.flag("synclabels"),
		ImportantKeyword: v.flag("importantkeyword"),
		ResyncLabels:     v.flag("resynclabels"),
	}
}

func (b *builder) deletion() plan.Deletion {
	v := b.v
	d := plan.Deletion{
		Delete1:          v.flag("delete1"),
		Expunge1:         v.flagOr("expunge1", v.flag("delete1")),
		ExpungeAfterEach: v.flag("expungeaftereach"),
		Delete2:          v.flag("delete2"),
		Delete2Duplicates: v.flagOr("delete2duplicates",
			v.flag("delete2") && !v.flag("syncduplicates")),
		Expunge1Given: v.given("expunge1") && v.flag("expunge1"),
		Expunge2:      v.flag("expunge2"),
		Expunge2Given: v.given("expunge2") && v.flag("expunge2"),
		Delete2New:    v.flag("delete2newmail"),
		MXCheck:       v.flag("mxcheck"),
		Quarantine2:   v.str("quarantine2"),
		Delete2Max:    b.ceiling("delete2max"),
	}
	d.UIDExpunge2 = v.flagOr("uidexpunge2", d.Delete2 || d.Delete2Duplicates)
	if d.Delete1 && d.Delete2 {
		b.bad.add("--delete1 and --delete2: messages deleted on host1 would then be deleted on host2 as well, and be nowhere. Drop one of them.")
	}
	if d.Quarantine2 != "" && !d.Delete2 && !d.Delete2Duplicates {
		b.bad.add("--quarantine2 %s: nothing is deleted on host2 that could go there. Add --delete2 or --delete2duplicates.", d.Quarantine2)
	}
	return d
}

// ceiling reads a count or a percentage.
func (b *builder) ceiling(name string) *plan.Ceiling {
	text := b.v.str(name)
	if !b.v.given(name) {
		return nil
	}
	number, percent := strings.CutSuffix(text, "%")
	f, ok := parseFloat(number)
	switch {
	case !ok || f < 0 || percent && f > 100 || !percent && (f != math.Trunc(f) || f > math.MaxInt32):
		b.bad.add("--%s %s: give a number of messages, such as 500, or a share of the folder from 0%% to 100%%.", name, text)
		return nil
	}
	return &plan.Ceiling{Value: f, Percent: percent}
}
