package docpages

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Block is a fenced block of a page, with what the comments before it say.
type Block struct {
	// Line is the number of the line on which its text begins, from 1.
	Line int
	// Language is sh, text, csv...; File the name of the file that it is, "" for none.
	Language, File string
	Text           string
	// Shown is why commands are not run, "" when they are.
	Shown string
	// Exit is the exit code of its last command.
	Exit int
	// Says are texts that it prints, Do what happens before it.
	Says, Do []string
}

var (
	remark = regexp.MustCompile(`^<!-- (shown|exit|says|do): (.*) -->$`)
	ours   = regexp.MustCompile(`(?m)^(\$ )?(\w+=\S* )*(sudo )?(imaphaul|imapsync|make|bin/imaphaul) `)
)

// Blocks are the fenced blocks of a page. What is not in order is an error that names
// the line.
func Blocks(page string) ([]Block, error) {
	var out []Block
	var next Block
	fence := false
	lines := strings.Split(page, "\n")
	for i, line := range lines {
		if !fence {
			if m := remark.FindStringSubmatch(line); m != nil {
				if err := next.remark(m[1], m[2]); err != nil {
					return nil, fmt.Errorf("line %d: %w", i+1, err)
				}
				continue
			}
			if info, ok := strings.CutPrefix(line, "```"); ok {
				fence = true
				next.Line = i + 2
				next.Language, next.File, _ = strings.Cut(info, " ")
				continue
			}
			if next.said() && line != "" {
				return nil, fmt.Errorf("line %d: a remark without a block behind it", i+1)
			}
			continue
		}
		if line != "```" {
			next.Text += line + "\n"
			continue
		}
		fence = false
		if err := next.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", next.Line, err)
		}
		out = append(out, next)
		next = Block{}
	}
	if fence {
		return nil, fmt.Errorf("line %d: a block without an end", next.Line)
	}
	return out, nil
}

func (b *Block) said() bool {
	return b.Shown != "" || b.Exit != 0 || len(b.Says) > 0 || len(b.Do) > 0
}

func (b *Block) remark(kind, text string) (err error) {
	switch kind {
	case "shown":
		b.Shown = text
	case "exit":
		b.Exit, err = strconv.Atoi(text)
	case "says":
		b.Says = append(b.Says, text)
	case "do":
		b.Do = append(b.Do, text)
	}
	return err
}

func (b *Block) check() error {
	switch {
	case b.Language == "":
		return fmt.Errorf("a block without a language: sh for commands, text for what is only read")
	case b.Language == "sh" && b.File == "":
		if b.Shown != "" && (b.Exit != 0 || len(b.Says) > 0 || len(b.Do) > 0) {
			return fmt.Errorf("commands that are only shown have no outcome")
		}
		return nil
	case b.said() && len(b.Do) == 0:
		return fmt.Errorf("remarks belong to commands (sh)")
	case b.File == "" && ours.MatchString(b.Text):
		return fmt.Errorf("commands belong into a block of the language sh: %q", ours.FindString(b.Text))
	}
	return nil
}
