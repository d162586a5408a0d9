package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/folders"
)

// cases are texts that servers sent.
var cases = []struct {
	family folders.Family
	reply  Reply
	want   Verdict
}{
	// Gmail.
	{folders.Gmail, Reply{"AUTHENTICATE", "NO", "ALERT", "Too many simultaneous connections. (Failure)"}, Verdict{Action: Full}},
	{folders.Gmail, Reply{"", "BYE", "OVERQUOTA", "Account exceeded command or bandwidth limits."}, Verdict{Action: DayStop}},
	{folders.Gmail, Reply{"APPEND", "NO", "OVERQUOTA", "Account exceeded command or bandwidth limits."}, Verdict{Action: DayStop}},
	{folders.Gmail, Reply{"UID FETCH", "NO", "ALERT", "Account exceeded command or bandwidth limits. (Failure)"}, Verdict{Action: DayStop}},
	{folders.Gmail, Reply{"UID FETCH", "OK", "", "Success [THROTTLED]"}, Verdict{Action: Slower}},
	{folders.Gmail, Reply{"UID FETCH", "OK", "THROTTLED", "Success"}, Verdict{Action: Slower}},
	{folders.Gmail, Reply{"UID FETCH", "OK", "", "Success"}, Verdict{}},
	{folders.Gmail, Reply{"", "BYE", "", "Session expired, please login again"}, Verdict{Action: Reauth}},
	{folders.Gmail, Reply{"UID FETCH", "NO", "UNAVAILABLE", "Temporary System Problem (Failure)"}, Verdict{Action: Again}},
	{folders.Gmail, Reply{"LOGIN", "NO", "ALERT", "Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754 (Failure)"}, Verdict{}},
	{folders.Gmail, Reply{"LOGIN", "NO", "ALERT", "Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)"}, Verdict{}},
	{folders.Gmail, Reply{"LOGIN", "NO", "AUTHENTICATIONFAILED", "Invalid credentials (Failure)"}, Verdict{Action: Reauth}},
	{folders.Gmail, Reply{"APPEND", "BAD", "", "Message too large. https://support.google.com/mail/answer/6584#limit"}, Verdict{Action: TooBig}},
	{folders.Gmail, Reply{"CREATE", "NO", "CANNOT", "Folder contains excess whitespace (Failure)"}, Verdict{}},
	{folders.Gmail, Reply{"SELECT", "NO", "NONEXISTENT", "Unknown Mailbox: [Gmail] (now in authenticated state) (Failure)"}, Verdict{}},
	// Microsoft.
	{folders.Exchange, Reply{"UID FETCH", "BAD", "", "Request is throttled. Suggested Backoff Time: 299187 milliseconds"}, Verdict{Action: Pause, For: 299187 * time.Millisecond}},
	{folders.Exchange, Reply{"APPEND", "NO", "", "Request is throttled. Suggested Backoff Time: 89117 milliseconds"}, Verdict{Action: Pause, For: 89117 * time.Millisecond}},
	{folders.Exchange, Reply{"APPEND", "NO", "", "Request is throttled. Suggested Backoff Time: 999999999999 milliseconds"}, Verdict{Action: Pause, For: MaxPause}},
	{folders.Exchange, Reply{"", "BYE", "", "Connection closed. 14"}, Verdict{Action: Pause}},
	{folders.Exchange, Reply{"SELECT", "NO", "", "Server Unavailable. 15"}, Verdict{Action: Pause}},
	{folders.Exchange, Reply{"SELECT", "BAD", "", "User is authenticated but not connected."}, Verdict{Action: Full}},
	{folders.Exchange, Reply{"LOGIN", "NO", "", "LOGIN failed."}, Verdict{Action: Reauth}},
	{folders.Dovecot, Reply{"LOGIN", "NO", "", "LOGIN failed."}, Verdict{}},
	{folders.Exchange, Reply{"AUTHENTICATE", "NO", "", "AUTHENTICATE failed. AccessTokenExpired"}, Verdict{Action: Reauth}},
	{folders.Exchange, Reply{"UID FETCH", "BAD", "", "Command Argument Error. 11"}, Verdict{}},
	{folders.Exchange, Reply{"APPEND", "NO", "", "Maximum size of appendable message has been exceeded."}, Verdict{Action: TooBig}},
	{folders.Exchange, Reply{"CREATE", "NO", "", "Folder name is reserved."}, Verdict{}},
	{folders.Exchange, Reply{"APPEND", "NO", "", "Mailbox is full"}, Verdict{Action: MailboxFull}},
	// Yahoo and AOL.
	{folders.Yahoo, Reply{"UID FETCH", "NO", "UNAVAILABLE", "UID FETCH Server error while fetching messages"}, Verdict{Action: Again}},
	{folders.Yahoo, Reply{"SELECT", "NO", "UNAVAILABLE", "SELECT Server error - Please try again later"}, Verdict{Action: Again}},
	{folders.Yahoo, Reply{"CAPABILITY", "NO", "LIMIT", "CAPABILITY Rate limit hit."}, Verdict{Action: Pause}},
	{folders.Yahoo, Reply{"LOGIN", "NO", "LIMIT", "Too many simultaneous connections"}, Verdict{Action: Full}},
	{folders.Yahoo, Reply{"", "BYE", "", "IMAP4rev1 Server logging out"}, Verdict{}},
	{folders.Yahoo, Reply{"APPEND", "BAD", "CLIENTBUG", "APPEND Additional arguments found after last expected argument"}, Verdict{}},
	// iCloud, Yandex.
	{folders.ICloud, Reply{"UID FETCH", "NO", "", "Service temporarily unavailable"}, Verdict{Action: Pause}},
	{folders.Generic, Reply{"UID SEARCH", "NO", "UNAVAILABLE", "UID SEARCH Backend error. sc=abc"}, Verdict{Action: Again}},
	// Dovecot, Cyrus, Courier, mox.
	{folders.Dovecot, Reply{"LOGIN", "NO", "UNAVAILABLE", "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=16)"}, Verdict{Action: Full, Limit: 16}},
	{folders.Dovecot, Reply{"LOGIN", "NO", "ALERT", "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)"}, Verdict{Action: Full, Limit: 10}},
	{folders.Dovecot, Reply{"", "BYE", "", "Too many invalid IMAP commands."}, Verdict{}},
	{folders.Dovecot, Reply{"APPEND", "NO", "OVERQUOTA", "Quota exceeded (mailbox for user is full)"}, Verdict{Action: MailboxFull}},
	{folders.Dovecot, Reply{"CREATE", "NO", "OVERQUOTA", "Too many mailboxes"}, Verdict{Action: MailboxFull}},
	{folders.Dovecot, Reply{"APPEND", "NO", "", "Not enough disk quota"}, Verdict{Action: MailboxFull}},
	{folders.Dovecot, Reply{"SELECT", "NO", "INUSE", "Timeout while waiting for lock"}, Verdict{Action: Again}},
	{folders.Dovecot, Reply{"UID FETCH", "NO", "SERVERBUG", "Internal error occurred. Refer to server log for more information."}, Verdict{}},
	{folders.Dovecot, Reply{"LOGIN", "NO", "SERVERBUG", "Internal error occurred. Refer to server log for more information."}, Verdict{Action: Again}},
	{folders.Dovecot, Reply{"UID STORE", "NO", "LIMIT", "Too many keywords"}, Verdict{}},
	{folders.Dovecot, Reply{"LOGIN", "NO", "UNAVAILABLE", "Temporary authentication failure."}, Verdict{Action: Again}},
	{folders.Cyrus, Reply{"LOGIN", "NO", "", "Too many open connections (16 of 15 from 192.0.2.1, 9 of 8 for alice)"}, Verdict{Action: Full, Limit: 8}},
	{folders.Cyrus, Reply{"LOGIN", "NO", "", "Too many open connections (16 of 15 from 192.0.2.1, 3 of 8 for alice)"}, Verdict{Action: Full, Limit: 15}},
	{folders.Courier, Reply{"APPEND", "NO", "ALERT", "You exceeded your mail quota."}, Verdict{Action: MailboxFull}},
	{folders.Mox, Reply{"", "BYE", "", "connection rate from your ip or network too high, slow down please"}, Verdict{Action: Pause}},
	{folders.Zimbra, Reply{"UID COPY", "NO", "", "COPY rejected, too many items in copy request"}, Verdict{}},
	// What anybody may say.
	{folders.Generic, Reply{"APPEND", "NO", "TOOBIG", "no"}, Verdict{Action: TooBig}},
	{folders.Generic, Reply{"APPEND", "NO", "", "a virus was found"}, Verdict{Action: Virus}},
	{folders.Generic, Reply{"LOGIN", "NO", "", "Too many failures"}, Verdict{Action: Again}},
	{folders.Generic, Reply{"APPEND", "BAD", "", "invalid date"}, Verdict{}},
	{folders.Generic, Reply{"UID FETCH", "NO", "", "Temporary failure"}, Verdict{Action: Again}},
	{folders.Generic, Reply{"EXAMINE", "NO", "", "Mailbox busy"}, Verdict{Action: Again}},
	{folders.Generic, Reply{"CREATE", "NO", "ALERT", "The store is overloaded, come back later"}, Verdict{Action: Again}},
	{folders.Generic, Reply{"UID STORE", "NO", "", "Try again in a minute"}, Verdict{Action: Again}},
	{folders.Generic, Reply{"SELECT", "NO", "NONEXISTENT", "No such mailbox, create it and try again"}, Verdict{}},
	{folders.Generic, Reply{"SELECT", "BAD", "", "Syntax error, try again"}, Verdict{}},
	{folders.Generic, Reply{"UID STORE", "NO", "", "Invalid keyword"}, Verdict{}},
	{folders.Generic, Reply{"", "NO", "", "The disk is busy"}, Verdict{}},
	{folders.Generic, Reply{"APPEND", "NO", "", "Temporary failure"}, Verdict{}},
	{folders.Generic, Reply{"APPEND", "NO", "TRYCREATE", "no such mailbox"}, Verdict{}},
}

func TestClassify(t *testing.T) {
	for _, c := range cases {
		if diff := cmp.Diff(c.want, Classify(c.family, c.reply)); diff != "" {
			t.Errorf("%q %+v (-want +got):\n%s", c.family, c.reply, diff)
		}
	}
}

// TestCrowded: what nobody has judged is told from a wrong password, which is not tried
// twice.
func TestCrowded(t *testing.T) {
	for _, c := range []struct {
		reply Reply
		want  bool
	}{
		{Reply{"LOGIN", "NO", "LIMIT", "no"}, true},
		{Reply{"AUTHENTICATE", "NO", "UNAVAILABLE", "Temporary authentication failure"}, true},
		{Reply{"LOGIN", "NO", "INUSE", "mailbox in use"}, true},
		{Reply{"LOGIN", "NO", "", "Maximum number of connections from user+IP exceeded"}, true},
		{Reply{"LOGIN", "NO", "ALERT", "Too many simultaneous connections. (Failure)"}, true},
		{Reply{"LOGIN", "NO", "", "The limit of 5 concurrent connections was reached"}, true},
		{Reply{"LOGIN", "BAD", "", "Too many sessions for this user"}, true},
		{Reply{"LOGIN", "NO", "AUTHENTICATIONFAILED", "Authentication failed."}, false},
		{Reply{"LOGIN", "NO", "AUTHENTICATIONFAILED", "Too many failed logins"}, false},
		{Reply{"LOGIN", "NO", "", "Invalid login, please try again later"}, false},
		{Reply{"LOGIN", "NO", "", "Wrong password or too many connections"}, false},
		{Reply{"LOGIN", "NO", "LIMIT", "Invalid credentials"}, false},
		{Reply{"LOGIN", "NO", "", "User is authenticated but not connected."}, false},
		{Reply{"LOGIN", "OK", "LIMIT", "in"}, false},
		{Reply{"LOGIN", "NO", "", ""}, false},
	} {
		if got := Crowded(c.reply); got != c.want {
			t.Errorf("%+v: %v", c.reply, got)
		}
	}
}

func TestThrottled(t *testing.T) {
	for a := Nothing; a <= Virus; a++ {
		want := a == Slower || a == Pause || a == Full
		if got := (Verdict{Action: a}).Throttled(); got != want {
			t.Errorf("%v: %v", a, got)
		}
	}
	if got := Action(200).String(); got != "Action(200)" {
		t.Error(got)
	}
}

// FuzzClassify: whatever a server says, numbers stay within bounds, letters of
// either case mean the same, and success never asks for more than to be slower.
func FuzzClassify(f *testing.F) {
	for _, c := range cases {
		f.Add(string(c.family), c.reply.Command, c.reply.Status, c.reply.Code, c.reply.Text)
	}
	f.Fuzz(func(t *testing.T, family, command, status, code, text string) {
		r := Reply{command, status, code, text}
		v := Classify(folders.Family(family), r)
		if v.For < 0 || v.For > MaxPause || v.Limit < 0 || v.Action > Virus {
			t.Errorf("%+v: %+v", r, v)
		}
		if v.For > 0 && v.Action != Pause || v.Limit > 0 && v.Action != Full {
			t.Errorf("%+v: %+v", r, v)
		}
		if strings.EqualFold(status, "OK") && v.Action > Slower {
			t.Errorf("%+v: %v", r, v.Action)
		}
		for _, b := range []byte(command + status + code + text) {
			if b >= 0x80 {
				return // letters beyond ASCII have more than two cases
			}
		}
		loud := Reply{strings.ToUpper(command), strings.ToUpper(status), strings.ToUpper(code), strings.ToUpper(text)}
		if w := Classify(folders.Family(family), loud); w != v {
			t.Errorf("%+v: %+v, in capitals %+v", r, v, w)
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Classify(folders.Dovecot, Reply{"APPEND", "NO", "", "Invalid internal date."})
	}
}
