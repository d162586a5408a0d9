package cli

import "strconv"

// A preset fills in what its server family needs, where the user said nothing
// (imapsync: --gmail1, --office1, --exchange1, --domino1). Three things differ from imapsync, on purpose:
// any value given by the user stands, 0 and false too; --gmail2 does not turn on
// --expunge1, which would expunge mail of the source; and with both Gmail
// presets --noexclude is honoured and the other presets are applied.
//
// What a preset adds to a list comes behind what the user gave.

// wrapLongLines breaks lines that Exchange would refuse.
const wrapLongLines = `s,(.{10239}),$1\r\n,g`

// additions are the list values that presets bring.
type additions struct {
	useHeader, trans, folderLast, exclude, roles, regexMess, regexFlag []string
	f1f2                                                               []string
}

// applyPresets sets values and returns the list additions, and lines to print.
func applyPresets(v *values) (additions, []string) {
	p := preset{v: v}
	gmail1, gmail2 := v.flag("gmail1"), v.flag("gmail2")
	switch {
	case gmail1 && gmail2:
		p.gmailBoth()
	case gmail1:
		p.gmail1()
	case gmail2:
		p.gmail2()
	}
	if v.flag("office1") {
		p.office1()
	}
	if v.flag("office2") {
		p.office2()
	}
	if v.flag("exchange1") {
		p.say("Exchange as source (--exchange1): nothing to set.")
	}
	if v.flag("exchange2") {
		p.exchange2()
	}
	for side := 1; side <= 2; side++ {
		if v.flag("domino" + strconv.Itoa(side)) {
			p.domino(side)
		}
	}
	p.providers()
	return p.add, p.lines
}

type preset struct {
	v     *values
	add   additions
	lines []string
}

func (p *preset) say(line string) { p.lines = append(p.lines, line) }

const (
	gmailHost    = "imap.gmail.com"
	officeHost   = "outlook.office365.com"
	gmailAllMail = "[Gmail]/All Mail"
	gmailRoot    = `\[Gmail\]$`
	gmailStrip   = `s,\[Gmail\].,,`
)

func (p *preset) gmail(rate, after string) {
	p.v.def("maxbytespersecond", rate)
	p.v.def("maxbytesafter", after)
	p.v.def("automap", "true")
	p.add.folderLast = append(p.add.folderLast, gmailAllMail)
}

func (p *preset) gmail1() {
	p.v.orElse("host1", gmailHost)
	p.v.def("ssl1", "true")
	p.gmail("40000", "3000000000")
	p.v.def("skipcrossduplicates", "true")
	p.add.useHeader = append(p.add.useHeader, "X-Gmail-Received", "Message-Id")
	p.add.trans = append(p.add.trans, gmailStrip)
}

func (p *preset) gmail2() {
	p.v.orElse("host2", gmailHost)
	p.v.def("ssl2", "true")
	p.gmail("20000", "1000000000")
	p.v.def("addheader", "true")
	p.excludeUnlessTold(gmailRoot)
	p.add.useHeader = append(p.add.useHeader, "Message-Id")
	// Gmail refuses blanks at the ends of a name and around its slashes, and
	// quotes within.
	p.add.trans = append(p.add.trans, gmailStrip, `s,^ +| +$,,g`, `s,/ +| +/,/,g`, `s/['\^"]/_/g`)
}

func (p *preset) gmailBoth() {
	p.v.orElse("host1", gmailHost)
	p.v.orElse("host2", gmailHost)
	p.v.def("ssl1", "true")
	p.v.def("ssl2", "true")
	p.gmail("20000", "1000000000")
	p.v.def("skipcrossduplicates", "false")
	p.v.def("synclabels", "true")
	p.v.def("resynclabels", "true")
	p.excludeUnlessTold(gmailRoot)
	p.add.useHeader = append(p.add.useHeader, "X-Gmail-Received", "Message-Id")
}

func (p *preset) excludeUnlessTold(pattern string) {
	if !p.v.flag("noexclude") {
		p.add.exclude = append(p.add.exclude, pattern)
	}
}

func (p *preset) office1() {
	p.v.orElse("host1", officeHost)
	p.v.def("ssl1", "true")
	p.excludeUnlessTold("^Files$")
	p.say("Microsoft 365 as source (--office1): its folder Files holds no mail and is left out; --noexclude takes it.")
}

func (p *preset) office2() {
	p.v.orElse("host2", officeHost)
	p.v.def("ssl2", "true")
	p.v.def("maxsize", "45000000")
	p.exchangeAsTarget()
	if !p.v.flag("nof1f2") {
		p.add.f1f2 = append(p.add.f1f2, "Files=Files_renamed_by_imapsync")
	}
	p.say("Microsoft 365 as destination (--office2): messages above " + strconv.FormatInt(p.v.int("maxsize"), 10) +
		" bytes are left out, see --maxsize; very long lines are wrapped, see --noregexmess; a folder Files is renamed, see --nof1f2.")
}

func (p *preset) exchange2() {
	p.v.def("maxsize", "10000000")
	p.exchangeAsTarget()
	if !p.v.flag("noregexflag") {
		p.add.regexFlag = append(p.add.regexFlag, `s/\\Flagged//g`)
	}
	p.say("Exchange as destination (--exchange2): messages above " + strconv.FormatInt(p.v.int("maxsize"), 10) +
		" bytes are left out, see --maxsize; very long lines are wrapped, see --noregexmess; \\Flagged is dropped, see --noregexflag.")
}

func (p *preset) exchangeAsTarget() {
	p.v.def("maxmessagespersecond", "4")
	p.v.def("disarmreadreceipts", "true")
	if !p.v.flag("noregexmess") && len(p.add.regexMess) == 0 {
		p.add.regexMess = append(p.add.regexMess, wrapLongLines)
	}
}

func (p *preset) domino(side int) {
	n := strconv.Itoa(side)
	p.v.def("sep"+n, `\`)
	p.v.def("prefix"+n, "")
	p.v.def("messageidnodomain", "true")
	if side == 2 {
		p.add.trans = append(p.add.trans, `s,^Inbox\\(.*),$1,i`)
	}
}
