package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/event"
)

// --testslive PROVIDER moves from and to the model of a provider.
func TestRehearseProvider(t *testing.T) {
	for _, args := range [][]string{{"--testslive", "Google"}} {
		_, o := cli.Parse(cli.Input{Args: args})
		if o == nil || !o.Demo || o.Provider == "" {
			t.Fatalf("%v: %+v", args, o)
		}
		var out, errOut bytes.Buffer
		if code := demonstrate(o, &out, &errOut); code != event.ExitOK || strings.Count(out.String(), "different messages arrived") != 2 {
			t.Errorf("%v: exit code %d\n%s%s", args, code, out.String(), errOut.String())
		}
	}
}
