package folders

import (
	"fmt"
	"sort"
	"strings"
)

// Names is a sorted list of raw names that answers what lies below a name.
type Names []string

// NewNames sorts a copy of the names of a list.
func NewNames(list []Folder) Names {
	n := make(Names, len(list))
	for i, f := range list {
		n[i] = f.Name
	}
	sort.Strings(n)
	return n
}

// Below reports whether a name is below root; gone, which may be nil, tells of
// names that do not exist any more.
func (n Names) Below(root, sep string, gone func(string) bool) bool {
	if sep == "" {
		return false
	}
	for i := sort.SearchStrings(n, root+sep); i < len(n) && strings.HasPrefix(n[i], root+sep); i++ {
		if gone == nil || !gone(n[i]) {
			return true
		}
	}
	return false
}

// EmptyVerdict decides whether --delete1emptyfolders may remove a host1 folder. below says that the list has folders below
// it, exists and found are the counts of EXAMINE and of SEARCH ALL. why is "" when
// the folder may go.
//
// Unlike imapsync a listed child counts even where the server says
// \HasNoChildren, which some say of every folder.
func EmptyVerdict(f Folder, below bool, exists, found int) (remove bool, why string) {
	switch {
	case IsInbox(f.Name):
		return false, "it is INBOX"
	case below, !f.Has(`\NoInferiors`) && f.Has(`\HasChildren`):
		return false, "it has subfolders"
	case exists != 0 && found != 0:
		return false, fmt.Sprintf("it has messages: %d (search) %d (select)", found, exists)
	case exists != 0 || found != 0:
		return false, fmt.Sprintf("odd messages count: %d (search) %d (select)", found, exists)
	default:
		return true, ""
	}
}
