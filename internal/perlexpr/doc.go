// Package perlexpr compiles the Perl expressions of imapsync's command line
// and applies them to folder names, flags and messages, without Perl.
//
// # Values
//
// The values of --include and --exclude are bare patterns. All others are what
// Perl accepts behind $name =~ : m//, s///, tr///, y///, a pattern between
// slashes, a string or qr//, with any delimiters. A trailing semicolon, a
// trailing comment, and simple chains over the same text (and, or, &&, ||, if,
// unless, a second statement) are understood as well.
//
// Patterns are Perl 5.36's over byte strings: outside the u modifier the bytes
// 80-FF belong to no class and have no case, whatever character they are part
// of. An expression typed in UTF-8 therefore sees each character as two to
// four bytes. Interpolation, case operators, and the backslash that a
// delimiter consumes follow Perl's lexer.
//
// # Variables
//
// In a replacement $1, ${1}, \1, $&, $`, $', $+, $+{name} and, with the
// modifier p, ${^MATCH} and its kin; in a replacement of --regextrans2 also
// $h2_fold, the text before the rule, called $flags in --regexflag and $string
// in --regexmess. Everywhere but in bare patterns $sync->{key} with the keys
// that Vars names; --regextrans2 and --regexflag know it as $mysync too. No
// other variable is read, no password among them.
//
// # What differs from imapsync
//
// No code is ever run. The modifier e is refused but for the form
// defined($1) ? $1 : q(), whose results may be any group or quoted string.
// What Perl would read as an array, an element or one of its own variables is
// an error that names the remedy.
//
// Errors come from Compile, before any connection. imapsync finds some of them
// in the middle of a run.
//
// An empty pattern is really empty. Perl reuses the last pattern that matched
// anywhere in the program.
//
// The values of --delete2foldersonly and --delete2foldersbutnot must each be
// one plain match. imapsync takes a value that is no valid Perl, such as a bare
// word, for permission to delete every folder; here it is an error, and so are
// substitutions, transliterations, numbers and chains, which decide something
// else than they seem to.
//
// !/pattern/ is refused: in imapsync it does not negate.
//
// A code point above FF in a replacement becomes its UTF-8 bytes. imapsync
// dies when it sends such a name.
//
// Refused as well, since no rule in use has them: \G elsewhere than at the
// beginning, groups in a look-behind of variable length, possessive and atomic
// look-behinds, backtracking verbs other than (*FAIL), characters by name,
// Unicode boundaries and extended classes; recursion in options that work on
// messages. A back-reference under the i modifier ignores the case of the
// Latin-1 letters too.
//
// # Cost
//
// Patterns run on github.com/dlclark/regexp2, one rune for one byte. Fixed
// texts, runs of one class and transliterations run without it, and a text
// that lacks a part every match must contain is dismissed without it. An
// evaluation takes no longer than TimeLimit allows, give or take as much again
// where many matches are found; beyond, it fails with ErrTimeLimit. The engine
// keeps one goroutine that tells the time, until a second after the longest time
// limit that was asked for has passed.
package perlexpr
