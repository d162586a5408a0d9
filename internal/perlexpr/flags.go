package perlexpr

import (
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
	"github.com/imaphaul/imaphaul/internal/perlexpr/perlre"
)

// operatorFlags are the letters behind the last delimiter of an operator.
type operatorFlags struct {
	regex      perlre.Flags
	text       string
	global     bool // g
	eval       int  // how many e
	keep       bool // r: the subject stays as it is
	preserve   bool // p: fills ${^MATCH}
	complement bool // tr///c
	delete     bool // tr///d
	squeeze    bool // tr///s
}

// allowed flags per operator (perlop).
const (
	matchFlags = "msixxpodualngc"
	qrFlags    = "msixxpodualn"
	substFlags = matchFlags + "er"
	transFlags = "cdsr"
)

// parseOperatorFlags reads the flags of operator op out of text.
func parseOperatorFlags(op, text string) (operatorFlags, error) {
	f := operatorFlags{text: text}
	allowed := map[string]string{"m": matchFlags, "qr": qrFlags, "s": substFlags, "tr": transFlags}[op]
	charsets := ""
	for i := 0; i < len(text); i++ {
		c := text[i]
		if strings.IndexByte(allowed, c) < 0 {
			return f, fmt.Errorf("unknown modifier %s: after the last delimiter only the letters %s may stand", perllex.Show(text[i:i+1]), dedupe(allowed))
		}
		if op == "tr" {
			switch c {
			case 'c':
				f.complement = true
			case 'd':
				f.delete = true
			case 's':
				f.squeeze = true
			case 'r':
				f.keep = true
			}
			continue
		}
		switch c {
		case 'g':
			f.global = true
		case 'e':
			f.eval++
		case 'r':
			f.keep = true
		case 'p':
			f.preserve = true
		case 'i':
			f.regex.I = true
		case 'm':
			f.regex.M = true
		case 's':
			f.regex.S = true
		case 'n':
			f.regex.N = true
		case 'x':
			f.regex.XX = f.regex.X
			f.regex.X = true
		case 'a', 'd', 'l', 'u':
			cs, err := perlre.AddCharset(charsets, c)
			if err != nil {
				return f, err
			}
			charsets += string(rune(c))
			f.regex.Charset = cs
		}
	}
	return f, nil
}

func dedupe(s string) string {
	var out []byte
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(string(out), s[i]) < 0 {
			out = append(out, s[i])
		}
	}
	return string(out)
}
