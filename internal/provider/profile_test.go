package provider

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/folders"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		host, greeting string
		id             map[string]string
		family         folders.Family
		name           string
		connections    int
	}{
		{host: "imap.gmail.com", name: "Gmail", connections: 15},
		{host: "192.0.2.1", family: folders.Gmail, name: "Gmail", connections: 15},
		{host: "notgmail.com", name: Unknown.Name, connections: 3},
		{host: "gmail.com.example.org", name: Unknown.Name, connections: 3},
		{host: "Outlook.Office365.com.", name: "Microsoft 365", connections: 10},
		{host: "mail.example.org", family: folders.Exchange, name: "Microsoft 365", connections: 10},
		{host: "export.imap.mail.yahoo.com", name: "Yahoo", connections: 5},
		{host: "imap.aol.com", family: folders.Dovecot, name: "Yahoo", connections: 5},
		{host: "imap.mail.me.com", name: "iCloud", connections: 5},
		{host: "imap.mail.eu-west-1.awsapps.com", name: "Amazon WorkMail", connections: 3},
		{host: "mail.example.org", family: folders.Zimbra, name: "Zimbra", connections: 2},
		{host: "mail.example.org", greeting: "* OK Stalwart IMAP4rev2 at your service.", name: "Stalwart", connections: 6},
		{host: "mail.example.org", id: map[string]string{"name": "Stalwart IMAP"}, name: "Stalwart", connections: 6},
		{host: "mail.example.org", family: folders.Courier, name: "Courier", connections: 4},
		{host: "mail.example.org", family: folders.Dovecot, name: "Dovecot", connections: 10},
		{host: "mail.example.org", family: folders.Cyrus, name: "Cyrus", connections: 10},
		{host: "mail.example.org", family: folders.Mox, name: "mox", connections: 30},
		{host: "", name: Unknown.Name, connections: 3},
	} {
		if p := Of(c.host, c.greeting, c.id, c.family); p.Name != c.name || p.Connections != c.connections {
			t.Errorf("%q, %q, %v, %q: %s with %d connections, want %s with %d", c.host, c.greeting, c.id, c.family, p.Name, p.Connections, c.name, c.connections)
		}
	}
}

// TestProfilesAreComplete: every number has its source, and every family one row.
func TestProfilesAreComplete(t *testing.T) {
	seen := make(map[folders.Family]string)
	for _, p := range append([]Profile{Unknown}, profiles...) {
		if p.Name == "" || p.Connections < 1 || p.Commands < 0 || p.Source == "" || p.Date == "" {
			t.Errorf("%+v", p)
		}
		if p.family == folders.Generic {
			continue
		}
		if other := seen[p.family]; other != "" {
			t.Errorf("%s and %s are both %q", other, p.Name, p.family)
		}
		seen[p.family] = p.Name
	}
	for _, f := range []folders.Family{
		folders.Dovecot, folders.Cyrus, folders.Courier, folders.Mox, folders.Gmail,
		folders.Exchange, folders.Yahoo, folders.ICloud, folders.Zimbra,
	} {
		if seen[f] == "" {
			t.Errorf("%q has no row", f)
		}
	}
}
