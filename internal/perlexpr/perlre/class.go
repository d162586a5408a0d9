package perlre

import (
	"strings"
	"sync"
	"unicode"
)

// Charset is the character-set modifier in force: d (the default), a, aa, l
// or u. On byte strings it decides what \w \s \d, POSIX classes and case mean
// for the bytes from 0x80 up (perlre, "Character set modifiers").
type Charset byte

const (
	CharsetD  Charset = iota // bytes >= 0x80 belong to no class and have no case
	CharsetL                 // as d: the C locale
	CharsetA                 // classes ASCII, case by Latin-1
	CharsetAA                // as a
	CharsetU                 // classes and case by Latin-1
)

func (c Charset) latin1Classes() bool { return c == CharsetU }
func (c Charset) latin1Case() bool    { return c >= CharsetA }

// namedClass is a class with its ASCII members and the Latin-1 ones that join
// them under the u modifier.
type namedClass struct{ ascii, latin1 byteSet }

func (n namedClass) set(c Charset) byteSet {
	s := n.ascii
	if c.latin1Classes() {
		s.addSet(n.latin1)
	}
	return s
}

var (
	anyByte    = byteSet{}.negated()
	newline    = setOf("\n\n")
	notNewline = newline.negated()

	latin1Letters = setOf("\xaa\xaa\xb5\xb5\xba\xba\xc0\xd6\xd8\xf6\xf8\xff")
	latin1Lower   = setOf("\xaa\xaa\xb5\xb5\xba\xba\xdf\xf6\xf8\xff")
	latin1Upper   = setOf("\xc0\xd6\xd8\xde")

	wordClass  = namedClass{setOf("azAZ09__"), latin1Letters}
	digitClass = namedClass{setOf("09"), byteSet{}}
	spaceClass = namedClass{setOf("\t\r  "), setOf("\x85\x85\xa0\xa0")}

	// \h and \v do not depend on the modifiers.
	horizontal = setOf("\t\t  \xa0\xa0")
	vertical   = setOf("\n\r\x85\x85")
)

// posixClasses are the names allowed between [: and :].
var posixClasses = map[string]namedClass{
	"alpha":  {setOf("azAZ"), latin1Letters},
	"digit":  digitClass,
	"alnum":  {setOf("azAZ09"), latin1Letters},
	"upper":  {setOf("AZ"), latin1Upper},
	"lower":  {setOf("az"), latin1Lower},
	"space":  spaceClass,
	"blank":  {setOf("\t\t  "), setOf("\xa0\xa0")},
	"punct":  {setOf("!/:@[`{~"), setOf("\xa1\xa1\xa7\xa7\xab\xab\xb6\xb7\xbb\xbb\xbf\xbf")},
	"graph":  {setOf("!~"), setOf("\xa1\xff")},
	"print":  {setOf(" ~"), setOf("\xa0\xff")},
	"cntrl":  {setOf("\x00\x1f\x7f\x7f"), setOf("\x80\x9f")},
	"xdigit": {setOf("09afAF"), byteSet{}},
	"word":   wordClass,
	"ascii":  {setOf("\x00\x7f"), byteSet{}},
}

// propertyNames maps squeezed names of Unicode properties to the Latin-1 part
// of their tables.
var propertyNames = sync.OnceValue(func() map[string]byteSet {
	names := map[string]byteSet{}
	put := func(name string, s byteSet) { names[squeeze(name)] = s }
	fromTable := func(t *unicode.RangeTable) byteSet {
		var s byteSet
		for c := rune(0); c < 256; c++ {
			if unicode.Is(t, c) {
				s.add(byte(c))
			}
		}
		return s
	}
	for n, t := range unicode.Scripts {
		put(n, fromTable(t))
	}
	for n, t := range unicode.Properties {
		put(n, fromTable(t))
	}
	for n, t := range unicode.Categories {
		put(n, fromTable(t))
	}
	for alias, n := range unicode.CategoryAliases {
		if t, ok := unicode.Categories[n]; ok {
			put(alias, fromTable(t))
		}
	}
	cased := names["lu"]
	cased.addSet(names["ll"])
	cased.addSet(names["lt"])
	for _, n := range []string{"l&", "l_", "lc", "casedletter"} {
		names[n] = cased
	}
	for n, c := range posixClasses {
		all := c.set(CharsetU)
		put("posix"+n, c.ascii)
		put("xposix"+n, all)
		if n != "punct" { // \p{Punct} is the general category, without $+<=>^`|~
			put(n, all)
		}
	}
	xpunct := names["p"]
	xpunct.addSet(posixClasses["punct"].ascii)
	names["xposixpunct"] = xpunct
	put("Alphabetic", posixClasses["alpha"].set(CharsetU))
	put("Uppercase", posixClasses["upper"].set(CharsetU))
	put("Lowercase", posixClasses["lower"].set(CharsetU))
	cases := posixClasses["upper"].set(CharsetU)
	cases.addSet(posixClasses["lower"].set(CharsetU))
	put("Cased", cases)
	put("SpacePerl", spaceClass.set(CharsetU))
	put("PerlSpace", spaceClass.ascii)
	put("PerlWord", wordClass.ascii)
	put("HorizSpace", horizontal)
	put("VertSpace", vertical)
	put("Any", anyByte)
	put("All", anyByte)
	put("Assigned", anyByte)
	return names
})

// squeeze reduces a property name to what Perl compares: lower case, without
// blanks, dashes and underscores (an underscore that ends it is kept, L_).
func squeeze(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "l_" {
		return name
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '-', '_':
			return -1
		}
		return r
	}, name)
}

// caseClasses are the classes that tell the cases apart. Under the i modifier
// each of them matches letters of either case (perlrecharclass).
var caseClasses = map[string]string{
	"lu": "lc", "ll": "lc", "lt": "lc",
	"uppercaseletter": "lc", "lowercaseletter": "lc", "titlecaseletter": "lc",
	"upper": "cased", "lower": "cased", "uppercase": "cased", "lowercase": "cased",
	"xposixupper": "cased", "xposixlower": "cased",
	"posixupper": "posixalpha", "posixlower": "posixalpha",
}

// property resolves the text between the braces of \p{...}. With fold, the i
// modifier is in force.
func property(text string, fold bool) (byteSet, bool) {
	text = strings.TrimSpace(text)
	negate := false
	if rest, ok := strings.CutPrefix(text, "^"); ok {
		negate, text = true, rest
	}
	if i := strings.IndexAny(text, "=:"); i >= 0 {
		switch squeeze(text[:i]) {
		case "gc", "category", "generalcategory", "sc", "script", "scx", "scriptextensions":
			text = text[i+1:]
		default:
			return byteSet{}, false
		}
	}
	names := propertyNames()
	name := squeeze(text)
	if _, ok := names[name]; !ok {
		name = strings.TrimPrefix(name, "is")
	}
	if both, ok := caseClasses[name]; ok && fold {
		name = both
	}
	s, ok := names[name]
	if negate {
		s = s.negated()
	}
	return s, ok
}
