package docpages

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var wrap = flag.Bool("wrap", false, "break lines that are too long")

// pages are README.md and all of docs.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(found) < 20 {
		t.Fatalf("%d pages, %v", len(found), err)
	}
	return append(found, "../../README.md")
}

// No line of a page is longer than 99 characters, but rows of tables, pictures of a
// terminal and addresses. To break those that are:
//
//	go test ./internal/docpages -run Lines -wrap
func TestLines(t *testing.T) {
	for _, path := range pages(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		if *wrap {
			if text = Wrap(text); text != string(data) {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		if long := TooLong(text); len(long) > 0 {
			t.Errorf("%s: lines longer than %d characters: %v", filepath.Base(path), Width, long)
		}
	}
}

// Every block of every page says what it is.
func TestBlocksOfAllPages(t *testing.T) {
	for _, path := range pages(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Blocks(string(data)); err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
}

func TestWrap(t *testing.T) {
	word := strings.Repeat("abcdefgh ", 11) // 99 with its last blank
	for _, tc := range []struct{ name, page, want string }{
		{"short lines stay", "one\ntwo\n", "one\ntwo\n"},
		{"a paragraph", word + "end of it\n", strings.TrimSpace(word) + "\nend of it\n"},
		{"an item of a list", "- " + word + "end\n- next\n", "- " + strings.TrimSpace(word[:90]) + "\n  abcdefgh end\n- next\n"},
		{"a numbered item", "1. " + word + "\n2. b\n", "1. " + strings.TrimSpace(word[:90]) + "\n   abcdefgh\n2. b\n"},
		{"nothing that would begin a list", word[:90] + "abcdefgh - end\n", strings.TrimSpace(word[:90]) + "\nabcdefgh - end\n"},
		{"code in one piece", word[:90] + "abcd `a b c d`\n", strings.TrimSpace(word[:90]) + " abcd\n`a b c d`\n"},
		{"tables and blocks stay", "| " + word + word + "|\n```text\n" + word + word + "\n```\n", "| " + word + word + "|\n```text\n" + word + word + "\n```\n"},
	} {
		got := Wrap(tc.page)
		if got != tc.want {
			t.Errorf("%s:\n%q\nwant\n%q", tc.name, got, tc.want)
		}
		if Wrap(got) != got || len(TooLong(got)) > 0 {
			t.Errorf("%s: not at rest, or too long: %q", tc.name, got)
		}
	}
}

func TestBlocks(t *testing.T) {
	got, err := Blocks("text\n<!-- exit: 122 -->\n<!-- says: refused -->\n```sh\na\nb\n```\n\n```csv users.csv\n1;2\n```\n<!-- shown: needs a browser -->\n```sh\nimaphaul login\n```\n")
	if err != nil || len(got) != 3 {
		t.Fatal(got, err)
	}
	if b := got[0]; b.Exit != 122 || b.Says[0] != "refused" || b.Text != "a\nb\n" || b.Line != 5 {
		t.Errorf("%+v", b)
	}
	if b := got[1]; b.File != "users.csv" || b.Text != "1;2\n" {
		t.Errorf("%+v", b)
	}
	if b := got[2]; b.Shown != "needs a browser" {
		t.Errorf("%+v", b)
	}
	for _, wrong := range []string{
		"```\nx\n```\n", "```sh\nx\n", "<!-- exit: 1 -->\ntext\n", "```text\nimaphaul --dry\n```\n", "```text\nA=b imaphaul --dry\n```\n",
		"<!-- says: x -->\n```text\nx\n```\n", "<!-- exit: x -->\n```sh\nx\n```\n", "<!-- shown: x -->\n<!-- exit: 1 -->\n```sh\nx\n```\n",
	} {
		if got, err := Blocks(wrong); err == nil {
			t.Errorf("%q: %+v", wrong, got)
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	symbols = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are the places of a page that a link can name, as forges make them.
func anchors(page string) map[string]bool {
	out := make(map[string]bool)
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		out[strings.ReplaceAll(symbols.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}

// Every link of a page to another one, or to a file beside it, leads somewhere.
func TestLinks(t *testing.T) {
	all := append(pages(t), "../../CONTRIBUTING.md", "../../SECURITY.md", "../../CHANGELOG.md")
	for _, path := range all {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(data), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, place, _ := strings.Cut(m[1], "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), filepath.FromSlash(file))
			}
			there, err := os.ReadFile(target)
			if info, statErr := os.Stat(target); err != nil && (statErr != nil || !info.IsDir()) {
				t.Errorf("%s: %s does not exist", filepath.Base(path), m[1])
			} else if place != "" && !anchors(string(there))[place] {
				t.Errorf("%s: %s has no such heading", filepath.Base(path), m[1])
			}
		}
	}
}
