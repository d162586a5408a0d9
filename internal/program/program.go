// Package program is which program this is: its version, the name it was called by,
// whether it runs in a container.
package program

import (
	"os"
	"runtime/debug"
	"strings"
)

// version is set by the build (-ldflags "-X .../internal/program.version=...").
var version string

// Version is the version of the build, from the build itself when nothing was said to
// the linker.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return "0.0.0-dev"
}

// InDocker reports whether the program runs in a container, as imapsync finds
// it out.
func InDocker() bool {
	_, err := os.Stat("/.dockerenv")
	return err == nil
}
