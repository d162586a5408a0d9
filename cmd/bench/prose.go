package main

import (
	"fmt"
	"math/rand/v2"
)

// prose makes mail that compresses as mail does: text, in every other message
// the same text in HTML too, with words of which few are frequent and most are
// rare, and links with numbers that never come again. Random letters would not
// shrink further than to their alphabet, and repeated lines would shrink to
// nothing; these messages shrink to two fifths.
type prose struct {
	random *rand.Rand
	zipf   *rand.Zipf
	words  []string
}

func newProse() *prose {
	p := &prose{random: rand.New(rand.NewPCG(7, 11))}
	const vocabulary, letters = 40_000, "eeeeeetttaaaooiinnsshhrrdlucmfwypvbgkqjxz"
	p.zipf = rand.NewZipf(p.random, 1.05, 30, vocabulary-1)
	for i := range vocabulary {
		word := make([]byte, 2+p.random.IntN(4)+min(i/500, 5))
		for j := range word {
			word[j] = letters[p.random.IntN(len(letters))]
		}
		p.words = append(p.words, string(word))
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

// body appends the parts of a message, of about size bytes together.
func (p *prose) body(to []byte, size int, html bool) []byte {
	const rest = 200
	end := len(to) + size - rest
	line := func(s string) { to = append(append(to, s...), "\r\n"...) }
	text := end
	if html {
		text = len(to) + size*2/5
	}
	var paragraphs [][]string
	line("--part\r\nContent-Type: text/plain; charset=us-ascii\r\n")
	for len(to) < text {
		one := p.paragraph()
		paragraphs = append(paragraphs, one)
		for _, l := range one {
			line(l)
		}
		line("")
	}
	line("-- \r\nA. Sender, Example Ltd., 1 Example Street, https://www.example.org/")
	if html {
		line("--part\r\nContent-Type: text/html; charset=us-ascii\r\n\r\n<html><head></head><body>")
		for i := 0; len(to) < end; i++ {
			one := p.paragraph() // what was quoted below
			if i < len(paragraphs) {
				one = paragraphs[i]
			}
			line(`<p style="margin:0 0 1em 0;font-family:Arial,Helvetica,sans-serif;font-size:14px">`)
			for _, l := range one {
				line(l)
			}
			line(fmt.Sprintf(`<a href="https://www.example.org/news/%d?id=%016x">%s</a></p>`, p.random.IntN(1000), p.random.Uint64(), p.words[p.zipf.Uint64()]))
		}
		line("</body></html>")
	}
	line("\r\n--part--")
	return to
}
