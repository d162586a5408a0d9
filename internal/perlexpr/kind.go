package perlexpr

import "fmt"

// Kind says which command-line option a value was given to. The option decides
// the grammar (a bare pattern or a Perl operator), which variables may be
// interpolated, and what the result means.
type Kind int

// The options that take Perl expressions.
const (
	Include       Kind = iota // --include: bare pattern, true selects the folder
	Exclude                   // --exclude: bare pattern, true drops the folder
	Trans                     // --regextrans2: rewrites a folder name
	Mess                      // --regexmess: rewrites a whole message
	Flag                      // --regexflag: rewrites the flags of a message
	Skip                      // --skipmess: true leaves the message out
	Delete2Only               // --delete2foldersonly: only matching folders may be deleted
	Delete2ButNot             // --delete2foldersbutnot: matching folders are never deleted
)

var kindOptions = [...]string{
	Include:       "--include",
	Exclude:       "--exclude",
	Trans:         "--regextrans2",
	Mess:          "--regexmess",
	Flag:          "--regexflag",
	Skip:          "--skipmess",
	Delete2Only:   "--delete2foldersonly",
	Delete2ButNot: "--delete2foldersbutnot",
}

// String returns the name of the option, with its dashes.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindOptions) {
		return fmt.Sprintf("perlexpr.Kind(%d)", int(k))
	}
	return kindOptions[k]
}

// bare reports whether the whole value is a pattern, without operator,
// delimiters or interpolation.
func (k Kind) bare() bool { return k == Include || k == Exclude }

// deletes reports whether the value decides about deleting folders.
func (k Kind) deletes() bool { return k == Delete2Only || k == Delete2ButNot }

// matches reports whether the value answers yes or no instead of rewriting.
func (k Kind) matches() bool { return k.bare() || k.deletes() || k == Skip }

// onMessages reports whether the subject is a whole message.
func (k Kind) onMessages() bool { return k == Mess || k == Skip }

// subject returns the name, without its dollar sign, of the Perl variable that
// holds the text under work, or "" where the value cannot name it.
func (k Kind) subject() string {
	switch k {
	case Trans:
		return "h2_fold"
	case Flag:
		return "flags"
	case Mess, Skip:
		return "string"
	default:
		return ""
	}
}
