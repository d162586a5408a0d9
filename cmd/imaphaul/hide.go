package main

import (
	"os"
	"strings"

	"github.com/imaphaul/imaphaul/internal/cli"
)

// stars are what the list of processes shows in place of a secret, whatever its
// length.
const stars = "****"

// hideArguments returns a copy of the arguments, and takes the secrets out of the
// list of processes as far as the system lets a process do so. It comes first of
// all, since until then everybody can read them.
func hideArguments() []string {
	args := make([]string, 0, len(os.Args))
	for _, a := range os.Args[1:] {
		args = append(args, strings.Clone(a))
	}
	_, posix := os.LookupEnv("POSIXLY_CORRECT")
	mem := newArgMemory()
	for i, from := range cli.SecretsIn(args, posix) {
		if from >= 0 && from < len(args[i]) {
			mem.overwrite(os.Args[i+1], from)
			os.Args[i+1] = args[i][:from] + stars
		}
	}
	return args
}
