package transfer

import (
	"strings"
	"sync"
)

// passing are the words of refusals that were seen to pass: the message that met them
// was taken later as it was. Servers have more words for "not now" than any list.
type passing struct {
	mu    sync.Mutex
	texts map[string]struct{}
}

// maxPassing bounds the texts, passingText each of them, in bytes.
const (
	maxPassing  = 100
	passingText = 200
)

// learn notes that what r says passed.
func (p *passing) learn(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.texts == nil {
		p.texts = make(map[string]struct{})
	}
	if len(p.texts) < maxPassing {
		p.texts[sameWords(text)] = struct{}{}
	}
}

// has reports whether words like these passed before.
func (p *passing) has(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.texts[sameWords(text)]
	return ok
}

// sameWords leaves out of a text what may differ each time: numbers, and where they
// stand in hexadecimal, as in names of processes and queues, the word.
func sameWords(text string) string {
	var words []string
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		if strings.ContainsAny(word, "0123456789") {
			word = "#"
		}
		words = append(words, word)
	}
	text = strings.Join(words, " ")
	return text[:min(len(text), passingText)]
}
