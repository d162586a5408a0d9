// Package provider is what is known of mail providers and servers that the
// protocol does not tell: how many connections and commands they bear, and what
// their refusals mean. It is data and pure functions; it talks to nobody.
package provider

import (
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/folders"
)

// Profile is what a provider or a kind of server bears.
type Profile struct {
	// Name is for people: "Gmail".
	Name string
	// Connections is how many to one account are safe.
	Connections int
	// Commands is how many may be in flight on one connection, 0 for as many as
	// the line carries.
	Commands int
	// BytesOut and BytesIn are how many bytes may be read, and stored, in 24 hours, 0
	// for unknown; BytesSource is where that is published, and when it was read.
	BytesOut, BytesIn int64
	BytesSource       string
	// PerAddress: connections are counted by the client's address, whoever logs
	// in.
	PerAddress bool
	// PerAccount: a pause it asks for is about the account that asked too much, and
	// no other one of the same server.
	PerAccount bool
	// Why tells by what the server was recognised, for people.
	Why string
	// Source and Date say where the numbers come from, and when that was read.
	Source, Date string

	// family, hosts and words are how it is recognised: by the kind of server, by
	// the end of its host name, by a word of its greeting or of its answer to ID.
	family folders.Family
	hosts  []string
	words  []string
}

// Unknown is the profile of every server that was not recognised: few enough
// for any server seen so far.
var Unknown = Profile{Name: "an unknown server", Why: "since nothing it says is known", Connections: 3, Source: "the smallest defaults of known servers are 2 to 4", Date: "2026-08"}

// profiles in the order in which they are tried. The number of a server that
// can be set up differently is its default.
var profiles = []Profile{
	{
		Name: "Gmail", Connections: 15, Commands: 4, family: folders.Gmail, hosts: []string{"gmail.com", "googlemail.com"},
		PerAccount: true, BytesOut: 2500e6, BytesIn: 500e6, BytesSource: "support.google.com/a/answer/1071518, 2026-11",
		Source: "support.google.com/mail/answer/97150; more commands in flight were seen to end in bandwidth limits", Date: "2026-08",
	},
	{
		Name: "Microsoft 365", Connections: 10, PerAccount: true, family: folders.Exchange,
		hosts:  []string{"outlook.office365.com", "outlook.office.com", "outlook.com", "hotmail.com"},
		Source: "MaxConnectionsPerUser is 16 on one's own Exchange; 10 to 20 are reported of the cloud", Date: "2026-08",
	},
	{
		Name: "Yahoo", Connections: 5, family: folders.Yahoo, hosts: []string{"mail.yahoo.com", "mail.yahoo.co.jp", "aol.com"},
		Source: "5 to 10 in manuals of other programs", Date: "2026-08",
	},
	{
		Name: "iCloud", Connections: 5, family: folders.ICloud, hosts: []string{"mail.me.com", "icloud.com"},
		Source: "about 5 in manuals of other programs; more were accepted in August 2026", Date: "2026-08",
	},
	{
		Name: "Amazon WorkMail", Connections: 3, hosts: []string{"awsapps.com"}, words: []string{"workmail"},
		Source: "offlineimap issue 666: slowed down from 4 on", Date: "2026-08",
	},
	{
		Name: "GMX and WEB.DE", Connections: 3, hosts: []string{"gmx.net", "gmx.com", "gmx.de", "gmx.at", "gmx.ch", "web.de"},
		Source: "groupware-migration.io: traffic or connections of an hour or a day are limited, without numbers", Date: "2026-08",
	},
	{
		Name: "Zoho", Connections: 3, hosts: []string{"zoho.com", "zoho.eu", "zoho.in", "zohocloud.ca"},
		Source: "unusual IMAP activity blocks the account, without a number (usage policy)", Date: "2026-08",
	},
	{
		Name: "QQ and 163", Connections: 3, hosts: []string{"qq.com", "163.com", "126.com", "yeah.net"},
		Source: "nothing is published", Date: "2026-08",
	},
	{
		Name: "Yandex", Connections: 2, hosts: []string{"yandex.com", "yandex.ru", "yandex.net"},
		Source: "node-imap issue 782: many logins look like an attack", Date: "2026-08",
	},
	{
		Name: "Mail.ru", Connections: 3, hosts: []string{"mail.ru", "inbox.ru", "bk.ru", "list.ru"},
		Source: "nothing is published", Date: "2026-08",
	},
	{
		Name: "Zimbra", Connections: 2, family: folders.Zimbra,
		Source: "imap_throttle_fetch: bodies of one account are read one at a time (ImapHandler.java)", Date: "2026-08",
	},
	{
		Name: "Stalwart", Connections: 6, words: []string{"stalwart"},
		Source: "default of its concurrency limit (capability.rs)", Date: "2026-08",
	},
	{
		Name: "Courier", Connections: 4, PerAddress: true, family: folders.Courier,
		Source: "MAXPERIP=4 (imapd.dist.in)", Date: "2026-08",
	},
	{
		Name: "Dovecot", Connections: 10, family: folders.Dovecot,
		Source: "mail_max_userip_connections=10 (login-settings.c)", Date: "2026-08",
	},
	{
		Name: "Cyrus", Connections: 10, family: folders.Cyrus,
		Source: "no limit by default; where there is one, its refusal tells the numbers (imapd.c)", Date: "2026-08",
	},
	{
		Name: "mox", Connections: 30, PerAddress: true, family: folders.Mox,
		Source: "30 for each address (imapserver/server.go)", Date: "2026-08",
	},
}

// Of recognises a server by the name of its host, its greeting, its answer to ID
// (keys in lower case, values as sent) and its family.
func Of(host, greeting string, id map[string]string, family folders.Family) Profile {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	said := strings.ToLower(id["name"] + " " + id["vendor"] + " " + greeting)
	for _, p := range profiles {
		for _, h := range p.hosts {
			if host == h || strings.HasSuffix(host, "."+h) {
				p.Why = "by its name, which is " + h + " or ends so"
				return p
			}
		}
	}
	for _, p := range profiles {
		for _, w := range p.words {
			if strings.Contains(said, w) {
				p.Why = fmt.Sprintf("by the word %q in its greeting or its answer to ID", w)
				return p
			}
		}
	}
	for _, p := range profiles {
		if family != folders.Generic && p.family == family {
			p.Why = "by its greeting, its answer to ID or its capabilities"
			return p
		}
	}
	return Unknown
}

// OpensForAppend reports whether a kind of server stores messages faster in a
// folder that is open on the same connection. Dovecot 2.3.19 on maildir reads a
// folder anew for each APPEND into one that is not: 8,000 messages in batches of
// a hundred took 0.51 s and 0.40 s with it open, 4,000 single ones 4.9 s and 1.7 s,
// and the former grows with the square; on its other formats it makes no
// difference beyond a tenth. Cyrus 3.6 is slower with it open (2.7 s and 4.2 s for
// 4,000 single ones), mox and Courier do not care. Measured in November 2026.
func OpensForAppend(family folders.Family) bool { return family == folders.Dovecot }
