package main

import (
	"os"
	"slices"
	"testing"
)

// Commands that the program starts inherit no password, wherever it came from.
func TestForgetSecrets(t *testing.T) {
	gone := []string{"IMAPSYNC_PASSWORD1", "IMAPSYNC_PASSWORD2", "IMAPHAUL_GOOGLE_CLIENT_SECRET", "MY_SECRET", "OTHER_SECRET",
		"IMAPHAUL_PASSWORD1", "IMAPHAUL_PASSWORD_2", "IMAPHAUL_OAUTHACCESSTOKEN1"}
	for _, name := range append(slices.Clone(gone), "STAYS") {
		t.Setenv(name, "canary")
	}
	forgetSecrets([]string{"--secret1", "env:MY_SECRET", "--secret2=env:OTHER_SECRET"}, os.Environ())
	for _, name := range gone {
		if _, ok := os.LookupEnv(name); ok {
			t.Errorf("%s is still there", name)
		}
	}
	if os.Getenv("STAYS") != "canary" {
		t.Error("more is gone than secrets")
	}
}
