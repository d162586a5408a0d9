package models

import (
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// microsoft365 is Exchange Online and Outlook.com.
func microsoft365() *Model {
	return &Model{
		Name: "office365", Title: "Microsoft 365, Outlook.com", Host: "outlook.office365.com",
		Greeting:  "The Microsoft Exchange IMAP4 service is ready. [RABCADIAMQAwAA==]",
		Before:    "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+",
		After:     "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CLIENTACCESSRULES CLIENTNETWORKPRESENCELOCATION BACKENDAUTHENTICATE CHILDREN IDLE NAMESPACE LITERAL+",
		ID:        `("name" "Microsoft.Exchange.Imap4.Imap4Server" "version" "15.20")`,
		Namespace: `(("" "/")) NIL NIL`,
		Sep:       "/", Attributes: true,
		Roles:     exchangeNames(),
		Extra:     []string{"Calendar", "Contacts"},
		OnlyFlags: []string{"$MDNSent", "$Forwarded"},
		Stored: []unsound.Change{
			unsound.AddAbove("Received: from AM0EX01.example.org (2001:db8::1) by\r\n AM0EX02.example.org with HTTPS; Mon, 1 Jan 2024 10:00:00 +0000\r\n"),
			unsound.AddBelow("X-MS-Exchange-Organization-SCL: -1\r\n"),
		},
		SizeOff:  311,
		Reserved: []string{"Files"}, ReservedText: "Folder name is reserved.",
		Limits: Limits{
			Connections: 16, TooMany: "User is authenticated but not connected.",
			Line: 10240, LineText: "Command Error. 10",
			Message: 36 << 20, MessageText: "NO Maximum size of appendable message has been exceeded.",
			BADs: 10, BADText: "Connection closed. 14",
			Per: 1500, Span: 5 * time.Minute, Pause: 89117 * time.Millisecond,
			ThrottleText: "BAD Request is throttled. Suggested Backoff Time: %d milliseconds", ThrottleBYE: "Connection closed. 14",
			PerMebibyte: 2 * time.Second, SlowFrom: 25 << 20,
			Idle: 30 * time.Minute, IdleText: "Connection is closed. 13",
		},
		Facts: []Fact{
			{"greeting", "github.com/simonrob/email-oauth2-proxy/issues/109", "2022-12", "transcript"},
			{"capabilities before and after a login; no CONDSTORE, SPECIAL-USE, ESEARCH, MULTIAPPEND", "github.com/jstedfast/MailKit/issues/2016, 1282, 1437", "2026-09", "transcript"},
			{"Request is throttled. Suggested Backoff Time, then BYE Connection closed. 14", "github.com/simonrob/email-oauth2-proxy/issues/191", "2026-08", "transcript"},
			{"command lines up to 10,240 bytes, 16 connections", "learn.microsoft.com set-connection-limits-for-imap4 (Exchange 2013)", "2026-08", "documentation"},
			{"about ten BADs close the connection", "imapsync.lamiral.info/FAQ.d/FAQ.Office365.txt", "2026-08", "reports"},
			{"keywords other than $MDNSent and $Forwarded are dropped", "rainloop issue 686, mu issue 1384", "2026-08", "reports"},
			{"header lines are added, RFC822.SIZE is not the size", "imapsync.lamiral.info/FAQ.d/FAQ.Office365.txt", "2026-08", "reports"},
			{"items of calendar and contacts cannot be read as messages", "imapsync.lamiral.info/FAQ.d/FAQ.Exchange.txt", "2026-08", "reports"},
			{"a folder Files is reserved", "imapsync 2.229, --office2", "2026-08", "reports"},
			{"how many messages it takes until it throttles (1,500 in five minutes) is an assumption: Microsoft publishes no number", "none", "2026-11", "reports"},
		},
	}
}

// exchange is Exchange 2010 to 2019 on one's own machine.
func exchange() *Model {
	m := microsoft365()
	m.Name, m.Title, m.Host = "exchange", "Exchange 2010 to 2019", "mail.example.org"
	m.Greeting = "The Microsoft Exchange IMAP4 service is ready."
	m.Before = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=NTLM AUTH=GSSAPI UIDPLUS CHILDREN IDLE NAMESPACE LITERAL+"
	m.After = m.Before
	m.ID = ""
	m.Attributes = false
	m.Limits.Message, m.Limits.Per = 10<<20, 0
	m.Facts = []Fact{
		{"capabilities: no MOVE, no ID, no roles in LIST", "imapsync issues; testdata/golden/server-replies.jsonl has what Exchange says", "2026-08", "reports"},
		{"10 MB a message by default", "imapsync 2.229, --exchange2", "2026-08", "reports"},
		{"command lines up to 10,240 bytes, 16 connections", "learn.microsoft.com set-connection-limits-for-imap4 (Exchange 2013)", "2026-08", "documentation"},
	}
	return m
}

func exchangeNames() map[string]map[string]string {
	return map[string]map[string]string{
		"en": roles("", "Drafts", "Sent Items", "Junk Email", "Deleted Items", "Archive"),
		"de": roles("", "Entwürfe", "Gesendete Elemente", "Junk-E-Mail", "Gelöschte Elemente", "Archiv"),
		"fr": roles("", "Brouillons", "Éléments envoyés", "Courrier indésirable", "Éléments supprimés", "Archive"),
		"es": roles("", "Borradores", "Elementos enviados", "Correo no deseado", "Elementos eliminados", "Archivo"),
	}
}
