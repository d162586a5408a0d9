package main

import (
	"os"
	"strings"

	"github.com/imaphaul/imaphaul/internal/cli"
)

// forgetSecrets takes passwords out of the environment, so that commands which
// the program starts do not inherit them.
func forgetSecrets(args, environ []string) {
	names := cli.SecretVariables(environ)
	for i, arg := range args {
		if name, ok := strings.CutPrefix(arg, "env:"); ok && i > 0 {
			names = append(names, name)
		} else if _, name, ok := strings.Cut(arg, "=env:"); ok {
			names = append(names, name)
		}
	}
	for _, name := range names {
		_ = os.Unsetenv(name) // a name that cannot be one is not set either
	}
}
