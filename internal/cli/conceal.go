package cli

import "strings"

// SecretsIn finds secrets in an argument list (without the program's name), in
// every spelling, right or wrong: for each argument the offset from which it is
// secret, -1 for none. posix is whether POSIXLY_CORRECT is set.
func SecretsIn(args []string, posix bool) []int {
	at := make([]int, len(args))
	masked := scan(tableVocabulary(), args, posix).masked
	for i, arg := range args {
		at[i] = -1
		if masked[i] == arg {
			continue
		}
		at[i] = 0
		if name, ok := strings.CutSuffix(masked[i], "="+maskedText); ok && strings.HasPrefix(arg, name+"=") {
			at[i] = len(name) + 1
		}
	}
	return at
}
