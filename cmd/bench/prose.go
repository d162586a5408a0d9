package main

import (
	"fmt"
	"math/rand/v2"
)

// prose makes mail that compresses as mail does: a text and the same text in
// HTML, with words of which few are frequent and most are rare, a signature, and
// links with numbers that never come again. Random letters would not shrink
// much further than to their alphabet, and repeated lines would shrink to
// nothing; this shrinks to about a third, as do mailboxes without attachments.
type prose struct {
	random *rand.Rand
	zipf   *rand.Zipf
	words  []string
}

func newProse() *prose {
	p := &prose{random: rand.New(rand.NewPCG(7, 11))}
	const vocabulary = 6000
	p.zipf = rand.NewZipf(p.random, 1.08, 4, vocabulary-1)
	syllables := []string{"ba", "con", "der", "e", "fi", "ge", "ha", "in", "jo", "ka", "li", "men", "no", "o", "per", "qui", "re", "sta", "ti", "u", "ver", "wa", "xe", "y", "zu", "lan", "ter", "ing", "ous", "th", "str", "nd"}
	for range vocabulary {
		word := ""
		for range 1 + p.random.IntN(4) {
			word += syllables[p.random.IntN(len(syllables))]
		}
		p.words = append(p.words, word)
	}
	return p
}

// paragraph is some sentences in lines of up to 78 characters.
func (p *prose) paragraph() (lines []string) {
	line := ""
	for n := 30 + p.random.IntN(60); n > 0; n-- {
		word := p.words[p.zipf.Uint64()]
		switch {
		case p.random.IntN(12) == 0:
			word += ","
		case p.random.IntN(14) == 0 || n == 1:
			word += "."
		case p.random.IntN(40) == 0:
			word = fmt.Sprint(p.random.IntN(100_000))
		}
		if len(line)+1+len(word) > 78 {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// body appends both forms of a message, of about size bytes together.
func (p *prose) body(to []byte, size int) []byte {
	end := len(to) + size - 200
	line := func(s string) { to = append(append(to, s...), "\r\n"...) }
	var paragraphs [][]string
	line("--part\r\nContent-Type: text/plain; charset=us-ascii\r\n")
	for half := len(to) + (end-len(to))*2/5; len(to) < half; {
		one := p.paragraph()
		paragraphs = append(paragraphs, one)
		for _, l := range one {
			line(l)
		}
		line("")
	}
	line("-- \r\nA. Sender, Example Ltd., 1 Example Street, https://www.example.org/")
	line("--part\r\nContent-Type: text/html; charset=us-ascii\r\n\r\n<html><head><meta http-equiv=\"Content-Type\" content=\"text/html\"></head><body>")
	for i := 0; len(to) < end; i++ {
		var one []string
		if i < len(paragraphs) {
			one = paragraphs[i]
		} else {
			one = p.paragraph() // what was quoted below
		}
		line(`<p style="margin:0 0 1em 0;font-family:Arial,Helvetica,sans-serif;font-size:14px">`)
		for _, l := range one {
			line(l)
		}
		line(fmt.Sprintf(`<a href="https://www.example.org/news/%d?id=%016x">%s</a></p>`, p.random.IntN(1000), p.random.Uint64(), p.words[p.zipf.Uint64()]))
	}
	line("</body></html>\r\n--part--")
	return to
}
