package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/provider"
)

// completion answers "imaphaul completion SHELL".
func completion(args []string) *Outcome {
	const usage = "USAGE\n  imaphaul completion bash|zsh|fish\n\n" +
		"Prints completions of commands and options. To use them:\n" +
		"  bash  imaphaul completion bash > /etc/bash_completion.d/imaphaul\n" +
		"  zsh   imaphaul completion zsh > \"${fpath[1]}/_imaphaul\"\n" +
		"  fish  imaphaul completion fish > ~/.config/fish/completions/imaphaul.fish\n"
	if len(args) == 0 || len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		return &Outcome{Stdout: usage}
	}
	shells := map[string]func() string{"bash": completeBash, "zsh": completeZsh, "fish": completeFish}
	script := shells[args[0]]
	if script == nil || len(args) > 1 {
		return &Outcome{Code: exitUsage, Command: true, Stderr: "Error: completion: say bash, zsh or fish.\n" + usage}
	}
	return &Outcome{Stdout: script()}
}

// optionWord is an option as it is completed.
type optionWord struct {
	name, help string
	value      bool
	file, dir  bool
	words      []string
}

// placeholders are values that stand for others in the help of an option.
var placeholders = []string{"n", "time", "token", "base64", "file", "id", "small", "large"}

// optionWords are those of a table with their negations left out: who wants them knows
// them.
func optionWords(table []Option) []optionWord {
	var out []optionWord
	for i := range table {
		o := &table[i]
		if o.Status == NoEffect {
			continue
		}
		w := optionWord{name: o.Name, help: firstSentence(o.Help), value: o.Kind.TakesValue()}
		arg := strings.ToLower(o.Arg)
		switch {
		case o.Name == "provider1", o.Name == "provider2":
			w.words = provider.Names()
		case o.Name == "order":
			w.words = strings.Split(o.Arg, "|") // "file" is an order here
		case strings.HasPrefix(arg, "dir"):
			w.dir = true
		case strings.HasPrefix(arg, "file"), strings.HasSuffix(arg, "|file"), strings.HasPrefix(o.Name, "passfile"), strings.HasPrefix(o.Name, "tokenfile"):
			w.file = true
		case strings.Contains(arg, "|"):
			// "sample=n%" and the like are for people.
			w.words = slices.DeleteFunc(strings.Split(o.Arg, "|"), func(s string) bool {
				return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") != "" || slices.Contains(placeholders, s)
			})
		}
		out = append(out, w)
		for _, also := range o.Aliases {
			if strings.Contains(also, "-") {
				w.name = also // the spelling of the pages
				out = append(out, w)
			}
		}
	}
	slices.SortFunc(out, func(a, b optionWord) int { return strings.Compare(a.name, b.name) })
	return out
}

func firstSentence(text string) string {
	text, _, _ = strings.Cut(text, ". ")
	return strings.TrimSuffix(text, ".")
}

// completed is what may follow a command.
type completed struct {
	commandWord
	own []optionWord
}

// completedCommands are all commands. What is not in their tables is added here.
func completedCommands() []completed {
	var out []completed
	for _, c := range commandWords() {
		table := c.own
		switch c.name {
		case "login":
			table = loginTable
		case "init":
			table = []Option{{Name: "out", Kind: Str, Arg: "file", Help: "The file to write"}}
		case "status":
			table = slices.Concat(hubAddressTable, []Option{{Name: "format", Kind: Str, Arg: "text|json|html|metrics", Help: "How to print it"}})
		case "journal", "explain":
			c.run = true
		case "help":
			c.words = topicNames
		}
		out = append(out, completed{c, optionWords(table)})
	}
	return out
}

// valueKinds sorts options by where their values come from.
func valueKinds(options []optionWord) (files, dirs, others []string, words map[string][]string) {
	words = make(map[string][]string)
	for _, w := range options {
		name := "--" + w.name
		switch {
		case w.file:
			files = append(files, name)
		case w.dir:
			dirs = append(dirs, name)
		case w.words != nil:
			words[name] = w.words
		case w.value:
			others = append(others, name)
		}
	}
	return files, dirs, others, words
}

// names are options as they are typed.
func names(options []optionWord) string {
	var b strings.Builder
	for i, w := range options {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("--" + w.name)
	}
	return b.String()
}

func completeBash() string {
	all := optionWords(Table)
	known := make(map[string]bool)
	for _, w := range all {
		known[w.name] = true
	}
	var follow, own, commands strings.Builder
	for _, c := range completedCommands() {
		commands.WriteString(c.name + " ")
		if c.words != nil {
			fmt.Fprintf(&follow, "      %s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", c.name, strings.Join(c.words, " "))
		}
		run := ""
		if c.run {
			run = "$names "
		}
		if !c.run || len(c.own) > 0 {
			fmt.Fprintf(&own, "    %s) names=\"%s%s\" ;;\n", c.name, run, names(c.own))
		}
		for _, w := range c.own {
			if !known[w.name] {
				known[w.name] = true
				all = append(all, w)
			}
		}
	}
	files, dirs, others, words := valueKinds(all)
	var cases strings.Builder
	for _, name := range slices.Sorted(maps.Keys(words)) {
		fmt.Fprintf(&cases, "    %s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", name, strings.Join(words[name], " "))
	}
	return fmt.Sprintf(`# bash completion of imaphaul, made from its table of options.
_imaphaul() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} names='%s'
  COMPREPLY=()
  case "$prev" in
    %s) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null; return ;;
    %s) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames 2>/dev/null; return ;;
%s    %s) return ;;
  esac
  if (( COMP_CWORD == 2 )) && [[ $cur != -* ]]; then
    case "$prev" in
%s    esac
  fi
  case "${COMP_WORDS[1]}" in
%s  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$names" -- "$cur"))
  elif (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W '%s' -- "$cur"))
  else
    COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null
  fi
}
complete -F _imaphaul imaphaul
`, names(optionWords(Table)), strings.Join(files, "|"), strings.Join(dirs, "|"), cases.String(), strings.Join(others, "|"), follow.String(), own.String(), strings.TrimSpace(commands.String()))
}

// zshQuote makes a text safe within quotes of _arguments.
var zshQuote = strings.NewReplacer("'", `'\''`, "[", "\\[", "]", "\\]", ":", "\\:", "`", "", "\\", "\\\\", "$", "\\$")

func zshSpecs(b *strings.Builder, options []optionWord, indent string) {
	for _, w := range options {
		action := ""
		switch {
		case w.file:
			action = ":file:_files"
		case w.dir:
			action = ":directory:_files -/"
		case w.words != nil:
			action = ":value:(" + strings.Join(w.words, " ") + ")"
		case w.value:
			action = ":value: "
		}
		fmt.Fprintf(b, "%s'*--%s[%s]%s'\n", indent, w.name, zshQuote.Replace(w.help), action)
	}
}

func completeZsh() string {
	var b, follow, own strings.Builder
	b.WriteString("#compdef imaphaul\n# zsh completion of imaphaul, made from its table of options.\n_imaphaul() {\n  local -a commands run own\n  commands=(\n")
	for _, c := range completedCommands() {
		fmt.Fprintf(&b, "    '%s:%s'\n", c.name, zshQuote.Replace(c.help))
		if c.words != nil {
			fmt.Fprintf(&follow, "    %s) if (( CURRENT == 3 )) && [[ $words[CURRENT] != -* ]]; then compadd %s; return; fi ;;\n", c.name, strings.Join(c.words, " "))
		}
		if c.run && len(c.own) == 0 {
			continue
		}
		// An option of the command's own takes the place of one of a run.
		fmt.Fprintf(&own, "    %s)\n", c.name)
		switch {
		case !c.run:
			own.WriteString("      run=()\n")
		default:
			fmt.Fprintf(&own, "      run=(\"${(@)run:#\\*--(%s)\\[*}\")\n", strings.ReplaceAll(names(c.own), " --", "|")[2:])
		}
		own.WriteString("      own=(\n")
		zshSpecs(&own, c.own, "        ")
		own.WriteString("      ) ;;\n")
	}
	b.WriteString("  )\n  if (( CURRENT == 2 )) && [[ $words[CURRENT] != -* ]]; then\n    _describe command commands\n    return\n  fi\n  case $words[2] in\n")
	b.WriteString(follow.String() + "  esac\n  run=(\n")
	zshSpecs(&b, optionWords(Table), "    ")
	b.WriteString("  )\n  case $words[2] in\n" + own.String() + "  esac\n  _arguments -S $run $own '*:file:_files'\n}\n_imaphaul \"$@\"\n")
	return b.String()
}

func completeFish() string {
	quote := strings.NewReplacer("\\", "\\\\", "'", "\\'")
	var b, own strings.Builder
	b.WriteString("# fish completion of imaphaul, made from its table of options.\n")
	specs := func(b *strings.Builder, when string, options []optionWord) {
		for _, w := range options {
			how := ""
			switch {
			case w.file:
				how = " -r -F"
			case w.dir:
				how = " -x -a '(__fish_complete_directories)'"
			case w.words != nil:
				how = " -x -a '" + strings.Join(w.words, " ") + "'"
			case w.value:
				how = " -x"
			}
			fmt.Fprintf(b, "complete -c imaphaul -n '%s' -l %s%s -d '%s'\n", when, w.name, how, quote.Replace(w.help))
		}
	}
	var none []string
	for _, c := range completedCommands() {
		fmt.Fprintf(&b, "complete -c imaphaul -f -n __fish_use_subcommand -a %s -d '%s'\n", c.name, quote.Replace(c.help))
		if c.words != nil {
			fmt.Fprintf(&b, "complete -c imaphaul -f -n '__fish_seen_subcommand_from %s' -a '%s'\n", c.name, strings.Join(c.words, " "))
		}
		if !c.run {
			none = append(none, c.name)
		}
		specs(&own, "__fish_seen_subcommand_from "+c.name, c.own)
	}
	specs(&b, "not __fish_seen_subcommand_from "+strings.Join(none, " "), optionWords(Table))
	return b.String() + own.String()
}
