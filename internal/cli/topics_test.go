package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The first help fits a screen, and leads to the rest.
func TestFirstHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"-h"}, {"--help"}, {"help"}, {"--host1", "x", "--help"}} {
		_, out := Parse(Input{Args: args, Version: "9", Width: 80})
		if out == nil || out.Code != 0 {
			t.Fatalf("%q: %+v", args, out)
		}
		if n := strings.Count(out.Stdout, "\n"); n > 50 || !strings.Contains(out.Stdout, "help all") {
			t.Errorf("%q: %d lines\n%s", args, n, out.Stdout)
		}
	}
	for _, o := range frequent {
		if _, ok := tableVocabulary().exact(o.name); !ok {
			t.Errorf("--%s is shown and is no option", o.name)
		}
	}
	for _, args := range [][]string{{"help", "all"}, {"--help", "all"}} {
		if _, out := Parse(Input{Args: args, Version: "9", Width: 80}); out == nil || out.Stdout != UsageAll("9", 80) {
			t.Errorf("%q: %+v", args, out)
		}
	}
}

// Every topic is a page that fits 80 columns; what it names exists.
func TestTopics(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("topics/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".txt"); !slices.Contains(topicNames, name) {
			t.Errorf("%s is no topic", f)
		}
	}
	names := slices.Clone(topicNames)
	for also := range topicAlso {
		names = append(names, also)
	}
	option := regexp.MustCompile(`--[a-z][a-z0-9-]*`)
	page := regexp.MustCompile(`docs/[a-z-]+\.md|SECURITY\.md`)
	command := regexp.MustCompile(`(?m)^  imaphaul ([a-z]+)`)
	own := map[string]bool{"--help": true, "--against": true, "--listen": true, "--store": true, "--format": true}
	for _, c := range commandWords() {
		for i := range c.own {
			own["--"+c.own[i].Name] = true
		}
	}
	for i := range loginTable {
		own["--"+loginTable[i].Name] = true
	}
	for _, c := range commandWords() {
		if !slices.Contains(names, c.name) {
			names = append(names, c.name)
		}
		_, out := Parse(Input{Args: []string{c.name, "--help"}, Version: "9", Width: 60})
		if out == nil || out.Code != 0 || out.Hub == nil && out.Stdout == "" {
			t.Errorf("%s --help: %+v", c.name, out)
		}
	}
	for _, name := range names {
		_, out := Parse(Input{Args: []string{"help", name}})
		if out == nil || out.Code != 0 || out.Stdout == "" {
			t.Errorf("%s: %+v", name, out)
			continue
		}
		for line := range strings.SplitSeq(out.Stdout, "\n") {
			if len(line) > 82 {
				t.Errorf("%s: %d columns: %s", name, len(line), line)
			}
		}
		for _, o := range option.FindAllString(out.Stdout, -1) {
			if _, _, err := findOption(tableVocabulary(), o[2:]); err != nil && !own[o] && o != "--user" {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, p := range page.FindAllString(out.Stdout, -1) {
			if _, err := os.Stat(filepath.Join("../..", p)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, m := range command.FindAllStringSubmatch(out.Stdout, -1) {
			if !slices.ContainsFunc(commandWords(), func(c commandWord) bool { return c.name == m[1] }) {
				t.Errorf("%s: there is no command %s", name, m[1])
			}
		}
	}
}

// Every option, command, group and exit code has its help; a slip is recognised.
func TestHelpWords(t *testing.T) {
	t.Parallel()
	ask := func(words ...string) *Outcome {
		_, out := Parse(Input{Args: append([]string{"help"}, words...), Width: 80})
		return out
	}
	for i := range Table {
		if out := ask("--" + Table[i].Name); out.Code != 0 || !strings.Contains(out.Stdout, Table[i].Name) {
			t.Errorf("--%s: %+v", Table[i].Name, out)
		}
	}
	for _, c := range commandWords() {
		if out := ask(c.name); out.Code != 0 || out.Stdout == "" {
			t.Errorf("%s: %+v", c.name, out)
		}
	}
	// "COMMAND --help" is about the command, and not the first screen.
	first := Usage("", 80)
	for _, c := range commandWords() {
		switch c.name {
		case "completion", "help", "man", "hub":
			continue
		}
		_, out := Parse(Input{Args: []string{c.name, "--help"}, Width: 80})
		if out == nil || out.Code != 0 || out.Stdout == first || !strings.Contains(out.Stdout, "imaphaul "+c.name) {
			t.Errorf("%s --help: %+v", c.name, out)
		}
	}
	for _, g := range groupOrder {
		if out := ask(strings.Fields(string(g))...); out.Code != 0 {
			t.Errorf("%s: %+v", g, out)
		}
	}
	for typed, want := range map[string]string{"gmial": "help gmail", "--delte2": "help --delete2", "bacth": "help batch", "99": "no such code", "x y z": "help topics"} {
		if out := ask(strings.Fields(typed)...); out.Code != exitUsage || !strings.Contains(out.Stderr, want) {
			t.Errorf("%s: %+v", typed, out)
		}
	}
}

// Every code that the program ends with is explained (internal/event).
func TestExitCodesAreExplained(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "../event/tally_exit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 || !strings.HasPrefix(v.Names[0].Name, "Exit") {
			return true
		}
		lit, ok := v.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		code, err := strconv.Atoi(lit.Value)
		if err != nil {
			return true
		}
		found++
		if _, ok := exitCodeHelp(code, 80); !ok {
			t.Errorf("exit code %d is not explained", code)
		}
		return true
	})
	if found < 25 {
		t.Errorf("%d codes found", found)
	}
}
