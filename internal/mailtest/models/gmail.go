package models

import "time"

// gmail is Gmail and Google Workspace: folders are labels of one store of messages.
func gmail() *Model {
	const limits = "Account exceeded command or bandwidth limits."
	return &Model{
		Name: "gmail", Title: "Gmail, Google Workspace", Host: "imap.gmail.com",
		Greeting: "Gimap ready for requests from 192.0.2.1 x2mb241876667wmk",
		Before:   "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 XYZZY SASL-IR AUTH=XOAUTH2 AUTH=PLAIN AUTH=PLAIN-CLIENTTOKEN AUTH=OAUTHBEARER",
		After: "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS COMPRESS=DEFLATE ENABLE MOVE CONDSTORE ESEARCH UTF8=ACCEPT " +
			"LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584",
		ID:        `("name" "GImap" "vendor" "Google, Inc." "support-url" "https://support.google.com/mail" "version" "gmail_imap_220520.08_p0" "remote-host" "192.0.2.1")`,
		Namespace: `(("" "/")) NIL NIL`,
		Sep:       "/", Attributes: true, Labels: true, Recognises: true,
		Container: map[string]string{"en": "[Gmail]", "de": "[Google Mail]"},
		Roles: map[string]map[string]string{
			"en": roles("All Mail", "Drafts", "Sent Mail", "Spam", "Trash", "", "Starred", "Important"),
			"de": roles("Alle Nachrichten", "Entwürfe", "Gesendet", "Spam", "Papierkorb", "", "Markiert", "Wichtig"),
			"fr": roles("Tous les messages", "Brouillons", "Messages envoyés", "Spam", "Corbeille", "", "Suivis", "Important"),
			"ja": roles("すべてのメール", "下書き", "送信済みメール", "迷惑メール", "ゴミ箱", "", "スター付き", "重要"),
		},
		Edges: "[CANNOT] Folder contains excess whitespace (Failure)",
		Bad:   `^"\`, BadText: "[CANNOT] Invalid folder name (Failure)",
		Reserved: []string{"[Gmail]", "[Google Mail]"}, ReservedText: "[CANNOT] Folder name is not allowed. (Failure)",
		Limits: Limits{
			Connections: 15, TooMany: "[ALERT] Too many simultaneous connections. (Failure)",
			Down: 2500 << 20, Up: 500 << 20, DayText: "[OVERQUOTA] " + limits,
			Message: 35651584, MessageText: "NO [TOOBIG] Message too large. https://support.google.com/mail/answer/6584#limit (Failure)",
			Empty: 97, Throttled: 7,
			Idle: 24 * time.Hour,
		},
		Facts: []Fact{
			{"greeting, capabilities before and after a login, OK Success [THROTTLED]", "github.com/jstedfast/MailKit/issues/1396", "2026-08", "transcript"},
			{"answer to ID", "github.com/imapsync/imapsync/issues/338", "2022-06", "transcript"},
			{"X-GM-MSGID, X-GM-LABELS; one message behind many labels", "developers.google.com/workspace/gmail/imap/imap-extensions", "2026-08", "documentation"},
			{"2,500 MB down and 500 MB up a day", "support.google.com/a/answer/1071518", "2026-08", "documentation"},
			{"15 connections", "support.google.com/mail/answer/97150", "2026-08", "documentation"},
			{"OVERQUOTA with BYE when the day is over", "github.com/MicrosoftDocs/OfficeDocs-Exchange/issues/483", "2026-08", "transcript"},
			{"names with blanks at the ends, and with ^ \" \\, are refused", "imapsync.lamiral.info/FAQ.d/FAQ.Gmail.txt", "2026-08", "reports"},
			{"a body of {0} now and then", "imapsync.lamiral.info/FAQ.d/FAQ.Gmail.txt", "2026-08", "reports"},
			{"EXPUNGE in a folder takes the label off; in the trash and in spam the message", "common knowledge; the account's settings decide", "2026-08", "reports"},
			{"a message that is there already is recognised at APPEND", "imapsync.lamiral.info/FAQ.d/FAQ.Gmail.txt", "2026-08", "reports"},
		},
	}
}
