package cli

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// Parse reads the argument list and gives exactly one of a plan and an outcome.
// It connects nowhere and writes nothing; it reads the files that options name,
// and asks for passwords that no option gave, after everything else was found
// right. Passwords and tokens appear in no text of its result.
func Parse(in Input) (*plan.Plan, *Outcome) {
	if len(in.Args) == 0 && !in.envAsks() {
		return nil, &Outcome{Stdout: Usage(in.Version, in.Width)}
	}
	if len(in.Args) == 0 {
		in.Args = []string{"--"} // the environment says it all
	}
	if len(in.Args) == 1 {
		// Words that people try first; imapsync refuses them.
		switch in.Args[0] {
		case "-h", "-?":
			return nil, &Outcome{Stdout: Usage(in.Version, in.Width)}
		case "version":
			return nil, &Outcome{Stdout: in.Version + "\n"}
		}
	}
	if in.Args[0] == "help" || in.Args[0] == "--help" && len(in.Args) > 1 && !strings.HasPrefix(in.Args[1], "-") {
		return nil, help(&in, in.Args[1:])
	}
	if in.Args[0] == "explain" {
		x, out := explain(&in, in.Args[1:])
		if out == nil {
			return nil, &Outcome{Explain: x, Command: true}
		}
		out.Command = out.Code != 0
		return nil, out
	}
	if in.Args[0] == "status" {
		return nil, status(&in, in.Args[1:])
	}
	switch in.Args[0] {
	case "worker":
		return nil, worker(&in, in.Args[1:])
	case "hub":
		if len(in.Args) == 1 {
			return nil, commandPage(&in, "hub")
		}
		return nil, &Outcome{Hub: in.Args[1:]}
	}
	if in.Args[0] == "login" {
		out := login(&in, in.Args[1:])
		out.Command = out.Code != 0
		return nil, out
	}
	if in.Args[0] == "batch" {
		return nil, batch(&in, in.Args[1:])
	}
	switch in.Args[0] {
	case "completion":
		return nil, completion(in.Args[1:])
	case "init":
		return nil, initCommand(&in, in.Args[1:])
	case "man":
		if len(in.Args) == 2 && (in.Args[1] == "--help" || in.Args[1] == "-h") {
			return nil, commandPage(&in, "man")
		}
		if len(in.Args) > 1 {
			return nil, &Outcome{Code: exitUsage, Command: true, Stderr: "Error: man: it takes no options. To read the page: imaphaul man | man -l -\n"}
		}
		return nil, &Outcome{Stdout: ManPage(in.Version)}
	}
	if in.Args[0] == "journal" {
		return nil, journalCommand(in, in.Args[1:])
	}
	if in.Args[0] == "undo" {
		return nil, undo(in, in.Args[1:])
	}
	if in.Args[0] == "cutover" {
		return nil, cutover(in, in.Args[1:])
	}
	if in.Args[0] == "follow" {
		if len(in.Args) == 1 || in.Args[1] == "help" {
			return nil, commandPage(&in, "follow")
		}
		in.Args = append([]string{"--follow"}, in.Args[1:]...)
	}
	command, word := commands[in.Args[0]], []string(nil)
	if command != "" {
		word, in.Args = in.Args[:1], bareJSON(in.Args[1:])
	}
	var addresses []string
	if command == plan.ModeDoctor {
		addresses, in.Args = leadingAddresses(in.Args)
		word = append(word[:1:1], addresses...)
		if len(word) == 1 && len(in.Args) == 0 {
			return nil, commandPage(&in, "doctor")
		}
	}
	if out := deleteTwo(in.Args); out != nil {
		return nil, out
	}
	var rehearsed string
	in.Args, rehearsed = providerOfDemo(in.Args)
	sc := scan(tableVocabulary(), in.Args, in.hasenv("POSIXLY_CORRECT"))
	if out := misread(sc); out != nil {
		out.Command = command != ""
		if word := nearestCommand(in.Args[0]); command == "" && word != "" {
			out.Stderr += "Did you mean imaphaul " + word + "?\n"
		}
		return nil, out
	}
	v := newValues(Table)
	b := &builder{in: &in, v: v, command: command}
	all, notes := in.layers(tableVocabulary(), sc.given, &b.bad)
	b.notes = notes
	for _, g := range all {
		if err := v.set(g); err != nil {
			b.bad.add("%v", err)
		}
	}
	b.suspectValues(all)
	b.addresses(addresses)
	switch {
	case v.flag("version"):
		return nil, &Outcome{Stdout: in.Version + "\n"}
	case v.flag("help"):
		text := Usage(in.Version, in.Width)
		if v.flag("follow") {
			text, _ = commandHelp("follow", helpWidth(in.Width))
		} else if len(word) > 0 {
			text, _ = commandHelp(word[0], helpWidth(in.Width))
		}
		return nil, &Outcome{Stdout: text}
	}
	b.extraFile()
	p := b.build()
	p.CommandLine = append(word, sc.masked...)
	if command == plan.ModeDoctor {
		p.Doctor.Run = b.runArguments(in.Args, sc.masked, addresses)
	}
	if in.Row {
		b.lacking(p)
	}
	if b.bad.any() {
		return nil, b.refused(p)
	}
	switch {
	case v.flag("tests"):
		return nil, &Outcome{SelfTest: true}
	case v.flag("testslive"), v.flag("testslive6"):
		return nil, &Outcome{Demo: true, IPv6: v.flag("testslive6"), Provider: rehearsed}
	case p.Output.PrintPlan:
		return nil, printPlan(p)
	}
	if p.Mode != plan.ModeJustBanner && p.Mode != plan.ModeJustConnect && !p.Run.Abort {
		b.askPasswords(p)
		if b.bad.any() {
			return nil, b.refused(p)
		}
	}
	return p, nil
}

// refused is the outcome of a command line in which something is wrong.
func (b *builder) refused(p *plan.Plan) *Outcome {
	out := b.bad.outcome()
	out.Refused, out.Lacks = p, b.lacks
	out.Command = b.command != ""
	return out
}

// deleteTwo catches "--delete 2", an old and dangerous slip, before anything
// else is looked at.
func deleteTwo(args []string) *Outcome {
	for i := 1; i < len(args); i++ {
		if strings.HasSuffix(args[i-1], "-delete") && strings.HasPrefix(args[i], "2") {
			return &Outcome{Code: exitUsage, Stdout: "May be you mean --delete2 instead of --delete 2\n"}
		}
	}
	return nil
}

// misread ends the program when the argument list could not be taken apart, or
// something is left over. If the first leftover is empty or 0, leftovers are
// let pass: GNU parallel makes such ones.
func misread(sc scanned) *Outcome {
	var out Outcome
	if len(sc.warnings) > 0 {
		out.Code = exitUsage
		out.Stderr = strings.Join(sc.warnings, "\n") + "\n" + meant(sc.warnings) + sc.remedies()
	}
	if n := len(sc.leftovers); n > 0 && sc.leftovers[0] != "" && sc.leftovers[0] != "0" {
		out.Code = exitUsage
		out.Stdout = fmt.Sprintf("Found %d extra arguments : [%s]\n"+
			"It usually means a quoting issue in the command line or some misspelling options.\n",
			n, strings.Join(sc.leftoversShown, " "))
		// What is left over may be the value of an option that another one took.
		for _, text := range suspected(sc.given) {
			out.Stderr += text + "\n"
		}
	}
	if out.Code == 0 {
		return nil
	}
	return &out
}

// printPlan prints the plan as JSON and ends the program.
func printPlan(p *plan.Plan) *Outcome {
	var buf bytes.Buffer
	if err := p.WriteJSON(&buf); err != nil {
		return &Outcome{Code: 70, Stderr: fmt.Sprintf("Error: --printplan: %v\n", err)}
	}
	return &Outcome{Stdout: buf.String()}
}
