package perlre

import (
	"fmt"
	"strings"
)

// AddCharset returns the character set named by the letters seen so far and
// one more. Perl takes one of a, aa, d, l, u.
func AddCharset(seen string, c byte) (Charset, error) {
	switch {
	case seen == "":
		return map[byte]Charset{'a': CharsetA, 'd': CharsetD, 'l': CharsetL, 'u': CharsetU}[c], nil
	case seen == "a" && c == 'a':
		return CharsetAA, nil
	case strings.IndexByte(seen, c) >= 0:
		return 0, fmt.Errorf("the modifier %c is repeated", c)
	}
	return 0, fmt.Errorf("the modifiers %s and %c exclude each other", seen, c)
}
