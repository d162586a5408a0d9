package cli

import (
	"fmt"
	"slices"
	"strings"
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
		case strings.HasPrefix(arg, "dir"):
			w.dir = true
		case strings.HasPrefix(arg, "file"), strings.HasPrefix(o.Name, "passfile"), strings.HasPrefix(o.Name, "tokenfile"):
			w.file = true
		case strings.Contains(arg, "|"):
			// "sample=n%" and the like are for people.
			w.words = slices.DeleteFunc(strings.Split(o.Arg, "|"), func(s string) bool { return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") != "" })
		}
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b optionWord) int { return strings.Compare(a.name, b.name) })
	return out
}

func firstSentence(text string) string {
	text, _, _ = strings.Cut(text, ". ")
	return strings.TrimSuffix(text, ".")
}

// all are the options of a run and those of all commands.
func allOptionWords() []optionWord {
	table := slices.Clone(Table)
	for _, c := range commandWords() {
		for _, o := range c.own {
			if !slices.ContainsFunc(table, func(t Option) bool { return t.key() == o.key() }) {
				table = append(table, o)
			}
		}
	}
	return optionWords(table)
}

func completeBash() string {
	var names, files, dirs, values []string
	var cases strings.Builder
	for _, w := range allOptionWords() {
		names = append(names, "--"+w.name)
		switch {
		case w.file:
			files = append(files, "--"+w.name)
		case w.dir:
			dirs = append(dirs, "--"+w.name)
		case w.words != nil:
			fmt.Fprintf(&cases, "    --%s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", w.name, strings.Join(w.words, " "))
		case w.value:
			values = append(values, "--"+w.name)
		}
	}
	var commands []string
	for _, c := range commandWords() {
		commands = append(commands, c.name)
		if c.words != nil {
			fmt.Fprintf(&cases, "    %s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", c.name, strings.Join(c.words, " "))
		}
	}
	return fmt.Sprintf(`# bash completion of imaphaul, made from its table of options.
_imaphaul() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  case "$prev" in
    %s) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null; return ;;
    %s) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames 2>/dev/null; return ;;
%s    %s) return ;;
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W '%s' -- "$cur"))
  elif (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W '%s' -- "$cur"))
  else
    COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null
  fi
}
complete -F _imaphaul imaphaul
`, strings.Join(files, "|"), strings.Join(dirs, "|"), cases.String(), strings.Join(values, "|"), strings.Join(names, " "), strings.Join(commands, " "))
}

func completeZsh() string {
	quote := strings.NewReplacer("'", "’", "[", "\\[", "]", "\\]", ":", "\\:", "`", "", "\\", "\\\\", "$", "\\$")
	var b strings.Builder
	b.WriteString("#compdef imaphaul\n# zsh completion of imaphaul, made from its table of options.\n_imaphaul() {\n  local -a commands\n  commands=(\n")
	for _, c := range commandWords() {
		fmt.Fprintf(&b, "    '%s:%s'\n", c.name, quote.Replace(c.help))
	}
	b.WriteString("  )\n  if (( CURRENT == 2 )) && [[ $words[CURRENT] != -* ]]; then\n    _describe command commands\n    return\n  fi\n  case $words[2] in\n")
	for _, c := range commandWords() {
		if c.words != nil {
			fmt.Fprintf(&b, "    %s) if (( CURRENT == 3 )); then compadd %s; return; fi ;;\n", c.name, strings.Join(c.words, " "))
		}
	}
	b.WriteString("  esac\n  _arguments -S \\\n")
	for _, w := range allOptionWords() {
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
		fmt.Fprintf(&b, "    '*--%s[%s]%s' \\\n", w.name, quote.Replace(w.help), action)
	}
	b.WriteString("    '*:file:_files'\n}\n_imaphaul \"$@\"\n")
	return b.String()
}

func completeFish() string {
	quote := strings.NewReplacer("\\", "\\\\", "'", "\\'")
	var b strings.Builder
	b.WriteString("# fish completion of imaphaul, made from its table of options.\n")
	for _, c := range commandWords() {
		fmt.Fprintf(&b, "complete -c imaphaul -f -n __fish_use_subcommand -a %s -d '%s'\n", c.name, quote.Replace(c.help))
		if c.words != nil {
			fmt.Fprintf(&b, "complete -c imaphaul -f -n '__fish_seen_subcommand_from %s' -a '%s'\n", c.name, strings.Join(c.words, " "))
		}
	}
	for _, w := range allOptionWords() {
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
		fmt.Fprintf(&b, "complete -c imaphaul -l %s%s -d '%s'\n", w.name, how, quote.Replace(w.help))
	}
	return b.String()
}
