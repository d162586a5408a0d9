package program

import (
	"os"
	"path/filepath"
	"strings"
)

// comparedVersion is the version of imapsync that this program was compared with.
// It goes by it when it is called by that name, since wrappers read the version.
const comparedVersion = "2.229"

// asImapsync reports whether the program was called by the name imapsync: by a
// link or a copy of that name.
func asImapsync() bool {
	base := strings.TrimSuffix(strings.ToLower(filepath.Base(os.Args[0])), ".exe")
	return base == "imapsync"
}

// CalledAs is the name and version to go by, "" for the program's own.
func CalledAs() string {
	if asImapsync() {
		return "imapsync " + comparedVersion
	}
	return ""
}

// ShownVersion is what --version prints.
func ShownVersion() string {
	if asImapsync() {
		return comparedVersion
	}
	return Version()
}
