package folders

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Names a server refuses are written with look-alikes that every server takes
// and that can be turned back (Restore):
//
//	a refused printable character   its full-width form    ^  ->  ＾
//	a blank at the end of a level   ␠
//	a control character             its picture            TAB -> ␉
//	a character beyond U+FFFF       _x1F600_
//	an empty level, a reserved word ＿ alone, or behind the word
//
// In a level that is changed, characters of the original that look like such a
// replacement get the mark ‛ before them. Only Unicode normalisation and
// shortening can not be turned back; the mapping table records them.
const (
	quoteMark = '\u201b' // ‛
	blankSign = '\u2420' // ␠
	delSign   = '\u2421' // ␡
	nothing   = '\uff3f' // ＿
)

// repair returns a raw name that the rules allow. prefix is left alone, the
// rest is treated level by level.
func repair(name, prefix, sep string, r nameRules) string {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		prefix, rest = "", name
	}
	bad := r.bad + r.badForSep[sep]
	levels := strings.Split(rest, sep)
	for i, raw := range levels {
		text := Decode(raw)
		fixed := repairLevel(text, bad, r, i == 0)
		if i == 0 && slices.Contains(r.reserved, strings.ToLower(fixed)) {
			fixed += string(nothing)
		}
		if fixed == "" && r.empty && len(levels) > 0 {
			fixed = string(nothing)
		}
		if r.maxLevel > 0 && utf8.RuneCountInString(fixed) > r.maxLevel || r.maxBytes > 0 && len(fixed) > r.maxBytes {
			fixed = shorten(fixed, r, raw)
		}
		if fixed != text || !IsValid(raw) {
			levels[i] = Encode(fixed)
		}
	}
	out := prefix + strings.Join(levels, sep)
	if r.maxName > 0 && len(out) > r.maxName {
		out = fit(prefix, levels, sep, r, name)
	}
	return out
}

func repairLevel(text, bad string, r nameRules, first bool) string {
	if !utf8.ValidString(text) {
		text = Decode(Encode(text)) // stray bytes as Latin-1
	}
	if r.nfc {
		text = norm.NFC.String(text)
	}
	if r.dots && (text == "." || text == "..") {
		bad += "."
	}
	runes := []rune(text)
	out := make([]rune, 0, len(runes))
	changed := false
	inner := strings.TrimLeft(text, " ")
	lead := len(text) - len(inner)
	tail := len(runes) - (len(inner) - len(strings.TrimRight(inner, " ")))
	for i, c := range runes {
		edge := r.edges && c == ' ' && (i < lead || i >= tail)
		switch {
		case edge:
			out, changed = append(out, blankSign), true
		case r.control && c < 0x20:
			out, changed = append(out, 0x2400+c), true
		case r.control && c == 0x7f:
			out, changed = append(out, delSign), true
		case r.control && c >= 0x80 && c < 0xa0, r.astral && c > 0xffff:
			out, changed = append(out, []rune(fmt.Sprintf("_x%X_", c))...), true
		case c > 0x20 && c < 0x7f && (strings.ContainsRune(bad, c) || first && i == 0 && strings.ContainsRune(r.badFirst, c)):
			out, changed = append(out, fullWidth(c)), true
		case replacement(runes, i):
			out = append(out, quoteMark, c)
		default:
			out = append(out, c)
		}
	}
	if !changed {
		return text
	}
	return string(out)
}

func fullWidth(c rune) rune { return c - 0x21 + 0xff01 }

// replacement reports whether the character at i could be taken for one that
// repair wrote.
func replacement(runes []rune, i int) bool {
	c := runes[i]
	return c == quoteMark || c >= 0xff01 && c <= 0xff5e || c >= 0x2400 && c <= 0x2421 ||
		c == '_' && i+1 < len(runes) && runes[i+1] == 'x'
}

// shorten cuts a level to what the rules allow and ends it with a sign made of
// the whole raw name, so that different long names stay different.
func shorten(text string, r nameRules, raw string) string {
	mark := "-" + sign(raw)
	chars, bytes := 0, 0
	end := 0
	for _, c := range text {
		chars++
		bytes += utf8.RuneLen(c)
		if r.maxLevel > 0 && chars > r.maxLevel-len(mark) || r.maxBytes > 0 && bytes > r.maxBytes-len(mark) {
			break
		}
		end = bytes
	}
	return strings.TrimRight(text[:end], " ") + mark
}

func sign(raw string) string {
	h := fnv.New64a()
	h.Write([]byte(raw))
	return fmt.Sprintf("%016x", h.Sum64())[:10]
}

// fit makes a whole name obey maxName and maxLevel: it keeps as many levels as fit and
// ends with the last level, shortened and signed.
func fit(prefix string, levels []string, sep string, r nameRules, raw string) string {
	n := r.maxName
	mark := "-" + sign(raw)
	last := []rune(Decode(levels[len(levels)-1]))
	most := n // a character takes one byte at least
	if r.maxLevel > 0 {
		most = min(most, r.maxLevel-len(mark))
	}
	last = last[:min(len(last), most)]
	room := n - len(prefix)
	kept := 0
	used := 0
	for kept < len(levels)-1 {
		next := used + len(levels[kept]) + len(sep)
		if next+len(mark)+24 > room {
			break
		}
		used = next
		kept++
	}
	head := prefix + strings.Join(append(slices.Clone(levels[:kept]), ""), sep)
	for cut := len(last); cut >= 0; cut-- {
		tail := Encode(strings.TrimRight(string(last[:cut]), " ") + mark)
		if len(head)+len(tail) <= n || cut == 0 {
			return head + tail
		}
	}
	return head + mark
}
