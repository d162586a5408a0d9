package cli

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/provider"
)

// topicFiles are the pages of "imaphaul help TOPIC", the pages of docs/ in short. The
// first line is the title. Lines that begin with two blanks stand as they are; others
// are paragraphs.
//
//go:embed topics/*.txt
var topicFiles embed.FS

// topicNames are the topics, in the order in which a newcomer needs them.
var topicNames = []string{
	"start", "rehearsal", "passwords", "folders", "gmail", "microsoft365", "cpanel", "providers", "batch", "cutover", "follow", "verify",
	"errors", "deletions", "limits", "journal", "config", "scale-out", "security",
}

// topicAlso are other words for topics.
var topicAlso = map[string]string{
	"begin": "start", "mailbox": "start", "trouble": "errors", "auth": "passwords", "dry": "rehearsal", "dry-run": "rehearsal", "password": "passwords", "oauth": "passwords", "oauth2": "passwords", "tokens": "passwords", "login": "passwords",
	"google": "gmail", "workspace": "gmail", "office365": "microsoft365", "office": "microsoft365", "o365": "microsoft365", "m365": "microsoft365", "microsoft": "microsoft365", "exchange": "microsoft365",
	"plesk": "cpanel", "directadmin": "cpanel", "mailcow": "cpanel", "panels": "cpanel", "list": "batch", "many": "batch", "users": "batch",
	"mapping": "folders", "automap": "folders", "verification": "verify", "exit": "errors", "exit-codes": "errors", "exitcodes": "errors", "codes": "errors", "troubleshooting": "errors",
	"delete": "deletions", "deletion": "deletions", "cache": "journal", "configuration": "config", "environment": "config", "profiles": "config", "profile": "config",
	"throttling": "limits", "bandwidth": "limits", "shard": "scale-out", "cluster": "scale-out", "kubernetes": "scale-out", "slurm": "scale-out", "tls": "security", "certificates": "security",
	"provider": "providers", "resume": "journal", "mx": "cutover", "dns": "cutover",
}

// help answers "imaphaul help WORDS": a topic, a command, a group of options, an option
// or an exit code.
func help(in *Input, words []string) *Outcome {
	width := helpWidth(in.Width)
	word := strings.ToLower(strings.Join(words, " "))
	bare := strings.TrimLeft(word, "-+")
	switch {
	case word == "":
		return &Outcome{Stdout: Usage(in.Version, width)}
	case word == "all":
		return &Outcome{Stdout: UsageAll(in.Version, width)}
	case word == "topics":
		return &Outcome{Stdout: topicsHelp(width)}
	}
	if n, err := strconv.Atoi(word); err == nil {
		if text, ok := exitCodeHelp(n, width); ok {
			return &Outcome{Stdout: text}
		}
		return &Outcome{Code: exitUsage, Command: true, Stderr: fmt.Sprintf("Error: help %d: this program ends with no such code. All of them: imaphaul help errors.\n", n)}
	}
	if text, ok := topicHelp(strings.ReplaceAll(word, " ", "-"), width); ok {
		if _, isCommand := commandHelp(word, width); isCommand && !strings.Contains(text, " "+word+" --help\n") {
			text += "\nOptions of the command: imaphaul " + word + " --help\n"
		}
		return &Outcome{Stdout: text}
	}
	if text, ok := commandHelp(bare, width); ok && word == bare {
		return &Outcome{Stdout: text}
	}
	for _, g := range groupOrder {
		if strings.EqualFold(string(g), word) {
			return &Outcome{Stdout: groupHelp(g, width)}
		}
	}
	if text := optionsHelp(bare, width); text != "" {
		return &Outcome{Stdout: text}
	}
	text := fmt.Sprintf("Error: help %s: there is no such topic, command, option or group of options.\n", strings.Join(words, " "))
	if near := nearestTopic(bare); near != "" {
		text += "Did you mean imaphaul help " + near + "?\n"
	}
	return &Outcome{Code: exitUsage, Command: true, Stderr: text + "All topics: imaphaul help topics\n"}
}

// helpWidth is the width of a text of help, columns.
func helpWidth(width int) int {
	if width <= 0 {
		width = 80
	}
	return min(max(width, 30), 140)
}

// topicHelp is the page of a topic.
func topicHelp(name string, width int) (string, bool) {
	if also, ok := topicAlso[name]; ok {
		name = also
	}
	if !slices.Contains(topicNames, name) {
		return "", false
	}
	if name == "errors" {
		return exitCodesHelp(width), true
	}
	text, err := topicFiles.ReadFile("topics/" + name + ".txt")
	if err != nil {
		return "", false
	}
	return laidOut(strings.ReplaceAll(string(text), "@providers@", strings.Join(provider.Names(), ", ")), width), true
}

// laidOut wraps the paragraphs of a page and leaves its commands as they are.
func laidOut(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "":
			b.WriteString("\n")
		case strings.HasPrefix(line, "  "):
			b.WriteString(line + "\n")
		default:
			wrap(&b, "", line, width)
		}
	}
	return b.String()
}

// topicTitle is the first line of a topic.
func topicTitle(name string) string {
	text, _ := topicHelp(name, 140)
	title, _, _ := strings.Cut(text, "\n")
	return title
}

// topicsHelp lists what there is help about.
func topicsHelp(width int) string {
	var b strings.Builder
	b.WriteString("imaphaul help TOPIC\n\n")
	for _, name := range topicNames {
		writeEntry(&b, name, topicTitle(name), width)
	}
	b.WriteString("\nimaphaul help COMMAND, as in: imaphaul help batch\n")
	b.WriteString("imaphaul help --OPTION, as in: imaphaul help --delete2\n")
	b.WriteString("imaphaul help CODE, for an exit code, as in: imaphaul help 118\n")
	wrap(&b, "", "imaphaul help GROUP, for a group of options:", width)
	names := make([]string, len(groupOrder))
	for i, g := range groupOrder {
		names[i] = string(g)
	}
	wrap(&b, "  ", strings.Join(names, "; "), width)
	b.WriteString("imaphaul help all, for every option\n")
	return b.String()
}

// writeEntry writes a word and what it stands for.
func writeEntry(b *strings.Builder, word, text string, width int) {
	const column = 16
	if len(word) > column-4 {
		wrapBehind(b, "  ", strings.Repeat(" ", column), word+"  "+text, width)
		return
	}
	wrapBehind(b, "  "+word+strings.Repeat(" ", column-3-len(word)), strings.Repeat(" ", column), text, width)
}

// commandPage is the page of a command, as the outcome of asking for it.
func commandPage(in *Input, name string) *Outcome {
	text, _ := commandHelp(name, helpWidth(in.Width))
	return &Outcome{Stdout: text}
}

// commandHelp is the page of a command.
func commandHelp(name string, width int) (string, bool) {
	switch name {
	case "batch":
		return BatchUsage(width), true
	case "cutover":
		return CutoverUsage(width), true
	case "follow":
		return laidOut(followUsage, width), true
	case "init":
		return laidOut(initUsage, width), true
	case "journal":
		return laidOut(journalUsage, width), true
	case "login":
		return LoginUsage(width), true
	case "doctor":
		return laidOut(doctorUsage, width), true
	case "explain":
		return laidOut(explainUsage, width), true
	case "hub":
		return laidOut(hubUsage, width), true
	case "status":
		return laidOut(statusUsage, width), true
	case "undo":
		return UndoUsage(width), true
	case "verify":
		return verifyUsage(width), true
	case "worker":
		return WorkerUsage(width), true
	}
	for _, c := range commandWords() {
		if c.name != name {
			continue
		}
		var b strings.Builder
		b.WriteString("USAGE\n")
		wrapBehind(&b, "  ", "    ", strings.TrimSpace("imaphaul "+c.name+" "+c.args), width)
		b.WriteString("\n")
		wrap(&b, "", strings.ToUpper(c.help[:1])+c.help[1:]+".", width)
		return b.String(), true
	}
	return "", false
}

// verifyUsage is the help of "imaphaul verify".
func verifyUsage(width int) string {
	var b strings.Builder
	b.WriteString("USAGE\n  imaphaul verify [--verify DEPTH] [options of the run]\n  imaphaul verify --against FILE [options of host2]\n\n")
	wrap(&b, "", "Reads both accounts again and names every difference, with what to do about it. Nothing is changed. The options are those of the run; without --verify whole messages are compared. The exit code is 180 when something differs. See docs/verify.md.", width)
	b.WriteString("\nOPTIONS\n")
	for i := range Table {
		o := &Table[i]
		// The options of the doctor have "doctor" in their help.
		if o.Group == GroupProof && !strings.Contains(o.Help, "With imaphaul doctor") {
			writeOption(&b, o, width)
		}
	}
	return b.String()
}

// groupHelp lists the options of a group.
func groupHelp(g Group, width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", g)
	for i := range Table {
		if o := &Table[i]; o.Group == g {
			writeOption(&b, o, width)
		}
	}
	return b.String()
}

// optionsHelp tells of an option, or of those that begin with a word; "" for none.
func optionsHelp(word string, width int) string {
	vocab := tableVocabulary()
	var found []*Option
	if n, ok := vocab.exact(word); ok {
		found = append(found, n.opt)
	} else if n, ok := vocab.exact(plain(word)); ok {
		found = append(found, n.opt)
	} else {
		for i := range Table {
			if strings.HasPrefix(Table[i].key(), plain(word)) && word != "" {
				found = append(found, &Table[i])
			}
		}
	}
	var b strings.Builder
	for _, o := range found {
		writeOption(&b, o, width)
		if o.Status == NoEffect {
			wrap(&b, "    ", "It has no effect here: "+o.Why+".", width)
		}
	}
	if len(found) == 1 {
		b.WriteString("\n")
		wrap(&b, "", fmt.Sprintf("It belongs to the group %q. In a file of --config: %s = %s; in the environment: IMAPHAUL_%s.",
			found[0].Group, found[0].key(), configValue(found[0]), strings.ToUpper(found[0].Name)), width)
	}
	return b.String()
}

// configValue shows how a value is written in a file of --config.
func configValue(o *Option) string {
	switch o.Kind {
	case Flag, Switch:
		return "true"
	case Hash:
		return `{ key = "value" }`
	case Str:
		return strconv.Quote(o.Arg)
	}
	return configExample(o)
}

// nearestTopic is the topic, command or option that a word was perhaps meant to be, ""
// for none.
func nearestTopic(word string) string {
	best, least := "", 1+min(len(word)/4, 2)
	for _, name := range topicNames {
		if n := slips(word, name); n < least {
			best, least = name, n
		}
	}
	if best != "" {
		return best
	}
	if c := nearestCommand(word); c != "" {
		return c
	}
	if o := nearest(plain(word)); o != "" {
		return "--" + o
	}
	return ""
}
