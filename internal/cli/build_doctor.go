package cli

import (
	"os"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
)

const doctorUsage = `USAGE
  imaphaul doctor [ADDRESS [ADDRESS]] [options of a run]

Connects to host1 and host2, or to one of them. It shows what a migration will meet there, what is wrong, and what to run next. Nothing is changed. If an address stands in place of the options, the server of the address is found out, without a login.

  --probe            find out how many connections are let in
  --writetest        write into a temporary folder of host2, and remove it
  --transcript FILE  write what was said, without secrets, contents and names
  --json             print the result as JSON

EXAMPLES
  imaphaul doctor alice@example.org
  imaphaul doctor --host1 imap.example.org --user1 alice --passfile1 secret1
`

// leadingAddresses takes the addresses of users off the arguments of "imaphaul doctor".
func leadingAddresses(args []string) (addresses, rest []string) {
	for len(args) > 0 && len(addresses) < 2 && args[0] != "" && strings.Contains(args[0], "@") && !strings.HasPrefix(args[0], "-") && !strings.HasPrefix(args[0], "+") {
		addresses, args = append(addresses, args[0]), args[1:]
	}
	return addresses, args
}

// addresses takes an address for the user of its side, whose host is found out unless
// it is given.
func (b *builder) addresses(list []string) {
	for i, address := range list {
		n := string(rune('1' + i))
		local, domain, _ := strings.Cut(address, "@")
		switch {
		case local == "" || domain == "" || strings.ContainsAny(address, " \t\r\n\x00"):
			b.bad.add("doctor %s: not an address. Give one such as alice@example.org.", address)
			continue
		case b.v.given("user" + n):
			b.bad.add("doctor %s and --user%s: which of them is the user? Give one.", address, n)
			continue
		}
		if err := b.v.set(given{opt: optionNamed("user" + n), value: address}); err != nil {
			b.bad.add("%v", err)
		}
		b.guess[i] = b.v.str("host"+n) == ""
	}
}

func optionNamed(name string) *Option {
	for i := range Table {
		if Table[i].Name == name {
			return &Table[i]
		}
	}
	return nil
}

// doctor reads what "imaphaul doctor" looks at.
func (b *builder) doctor() plan.Doctor {
	v := b.v
	d := plan.Doctor{Guess: b.guess, Probe: v.flag("probe"), WriteTest: v.flag("writetest"), Transcript: v.str("transcript")}
	if b.command != plan.ModeDoctor {
		for _, name := range []string{"probe", "writetest", "transcript"} {
			if v.given(name) {
				b.bad.add("--%s belongs to: imaphaul doctor. Put the word doctor in front of the options.", name)
			}
		}
		return plan.Doctor{}
	}
	d.JSON = v.str("json") != ""
	if _, err := os.Lstat(d.Transcript); d.Transcript != "" && err == nil {
		b.bad.add("--transcript %s: the file exists already, and is not overwritten. Choose another name.", d.Transcript)
	}
	return d
}

// doctorMode replaces the mode of a run by that of the doctor. One side is enough.
func (b *builder) doctorMode(p *plan.Plan) {
	if given := b.short(); given != "" {
		b.bad.add("doctor: --%s belongs to a run. Leave it out.", given)
	}
	some := false
	for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
		n := string(rune('1' + i))
		some = some || a.Host != "" || b.guess[i]
		if a.Host == "" && !b.guess[i] && a.User != "" {
			b.bad.add("doctor: user%s is given, and host%s is not. Add --host%s, or give the address in place of --user%s.", n, n, n, n)
		}
	}
	if !some && !b.bad.any() {
		b.bad.add("doctor: which server? Give an address, or --host1 and --host2 or one of them.")
	}
	p.Mode, p.Missing = plan.ModeDoctor, nil
}

// runArguments are the arguments that a run takes over, without those that belong to the
// doctor alone. shown are the same arguments with secrets masked.
func (b *builder) runArguments(args, shown, addresses []string) []string {
	var out []string
	for i, address := range addresses {
		out = append(out, "--user"+string(rune('1'+i)), address)
	}
	posix := b.in.hasenv("POSIXLY_CORRECT")
	for len(args) > 0 {
		// One option with its value: the fewest arguments that are read as one.
		n := 1
		one := scan(tableVocabulary(), args[:n], posix)
		if len(args) > 1 && len(one.given) == 0 {
			if two := scan(tableVocabulary(), args[:2], posix); len(two.given) == 1 && len(two.warnings) == 0 {
				n, one = 2, two
			}
		}
		own := false
		for _, g := range one.given {
			switch g.opt.Name {
			case "probe", "writetest", "transcript", "json", "dry":
				own = true
			}
		}
		if !own {
			out = append(out, shown[:n]...)
		}
		args, shown = args[n:], shown[n:]
	}
	return out
}
