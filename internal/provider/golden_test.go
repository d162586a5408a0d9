package provider

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/mailtest/scripted"
)

// statusLine finds status replies, tagged and untagged, in a row of the table.
var statusLine = regexp.MustCompile(`(?m)^(%T|\*) (OK|NO|BAD|BYE)(?: \[([A-Z-]+)[^]\r\n]*\])? ?([^\r\n]*)`)

// TestRecordedReplies: of the replies that real servers gave to all kinds of
// commands, only these say something about load, limits or room.
func TestRecordedReplies(t *testing.T) {
	rows, err := scripted.Load("../../testdata/golden/server-replies.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	commands := map[string]string{"login": "LOGIN", "auth": "AUTHENTICATE", "append": "APPEND", "appendlit": "APPEND"}
	got := make(map[string]string)
	replies := 0
	for _, row := range rows {
		for _, m := range statusLine.FindAllStringSubmatch(row.Reply+row.Greeting, -1) {
			replies++
			r := Reply{Status: m[2], Code: m[3], Text: m[4]}
			if m[1] != "*" {
				if r.Command = commands[row.Op]; r.Command == "" {
					r.Command = strings.ToUpper(row.Op)
				}
			}
			if v := Classify(folders.Generic, r); v.Action != Nothing {
				got[row.Key()] = v.Action.String()
			}
		}
	}
	if replies < 200 {
		t.Errorf("only %d status replies in the table", replies)
	}
	want := map[string]string{
		"append: NO [OVERQUOTA]":                 "mailbox full",
		"appendlit: NO [OVERQUOTA] instead of +": "mailbox full",
		"greeting: greeting BYE":                 "full", // too many connections
		"login: NO [CODE] text":                  "reauthenticate",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
