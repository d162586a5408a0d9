package oauth

import (
	"strings"
	"testing"
)

// A command for a secret is asked once, and shows nothing of what it prints when
// it fails.
func TestFetchSecret(t *testing.T) {
	if got, err := FetchSecret("cmd", "printf 'pass word\\r\\nsecond\\n'; echo canary >&2"); got != "pass word" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, command := range []string{"echo canary; exit 3", "head -c 100000 /dev/zero"} {
		if got, err := FetchSecret("cmd", command); err == nil || got != "" || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %q, %v", command, got, err)
		}
	}
}
