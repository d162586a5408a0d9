package provider

import "strings"

// Home is where a provider's accounts are reached by IMAP.
type Home struct {
	// Name is for people: "Gmail".
	Name string
	// Host takes TLS from the first byte on port 993; "" where there is no IMAP, and
	// Instead says what there is.
	Host, Instead string
	// Login is the word of "imaphaul login" for accounts that want a token, "" for
	// those that take a password.
	Login string

	domains []string // of addresses, whole
	mx      []string // ends of the names of mail exchangers
}

// homes are taken from what the providers tell their users about programs for mail;
// read in 2026-08. The names of mail exchangers are those of their own customers'
// domains.
var homes = []Home{
	{Name: "Gmail", Host: "imap.gmail.com", Login: "google", domains: []string{"gmail.com", "googlemail.com"}, mx: []string{"google.com", "googlemail.com"}},
	{Name: "Microsoft 365", Host: "outlook.office365.com", Login: "microsoft", domains: []string{"outlook.com", "hotmail.com", "live.com", "msn.com"}, mx: []string{"mail.protection.outlook.com", "olc.protection.outlook.com", "mx.microsoft"}},
	{Name: "AOL", Host: "imap.aol.com", domains: []string{"aol.com", "aim.com"}},
	{Name: "Yahoo", Host: "imap.mail.yahoo.com", domains: []string{"yahoo.com", "ymail.com", "rocketmail.com"}, mx: []string{"yahoodns.net"}},
	{Name: "iCloud", Host: "imap.mail.me.com", domains: []string{"icloud.com", "me.com", "mac.com"}, mx: []string{"mail.icloud.com"}},
	{Name: "Fastmail", Host: "imap.fastmail.com", domains: []string{"fastmail.com", "fastmail.fm"}, mx: []string{"messagingengine.com"}},
	{Name: "GMX", Host: "imap.gmx.net", domains: []string{"gmx.net", "gmx.de", "gmx.at", "gmx.ch"}},
	{Name: "GMX", Host: "imap.gmx.com", domains: []string{"gmx.com"}},
	{Name: "WEB.DE", Host: "imap.web.de", domains: []string{"web.de"}},
	{Name: "T-Online", Host: "secureimap.t-online.de", domains: []string{"t-online.de"}},
	{Name: "mailbox.org", Host: "imap.mailbox.org", domains: []string{"mailbox.org"}, mx: []string{"mailbox.org"}},
	{Name: "Posteo", Host: "posteo.de", domains: []string{"posteo.de", "posteo.net"}, mx: []string{"posteo.de"}},
	{Name: "Zoho", Host: "imap.zoho.com", domains: []string{"zoho.com", "zohomail.com"}},
	{Name: "Zoho", Host: "imappro.zoho.com", mx: []string{"zoho.com"}},
	{Name: "Zoho", Host: "imappro.zoho.eu", mx: []string{"zoho.eu"}},
	{Name: "Yandex", Host: "imap.yandex.com", domains: []string{"yandex.com", "yandex.ru", "ya.ru"}, mx: []string{"yandex.net", "yandex.ru"}},
	{Name: "Mail.ru", Host: "imap.mail.ru", domains: []string{"mail.ru", "inbox.ru", "list.ru", "bk.ru"}},
	{Name: "IONOS", Host: "imap.ionos.de", mx: []string{"kundenserver.de"}},
	{Name: "IONOS", Host: "imap.ionos.com", mx: []string{"ionos.com", "perfora.net"}},
	{Name: "OVH", Host: "ssl0.ovh.net", mx: []string{"mail.ovh.net"}},
	{Name: "Hostinger", Host: "imap.hostinger.com", mx: []string{"hostinger.com"}},
	{Name: "Rackspace", Host: "secure.emailsrvr.com", mx: []string{"emailsrvr.com"}},
	{Name: "Gandi", Host: "mail.gandi.net", mx: []string{"mail.gandi.net"}},
	{Name: "Infomaniak", Host: "mail.infomaniak.com", mx: []string{"infomaniak.ch", "infomaniak.com"}},
	{
		Name: "Proton Mail", Instead: "Proton Mail has no IMAP of its own: install Proton Mail Bridge, and give the host and port that it shows",
		domains: []string{"proton.me", "protonmail.com", "pm.me"}, mx: []string{"protonmail.ch"},
	},
	{Name: "Tuta", Instead: "Tuta has no IMAP: export the mail there", domains: []string{"tuta.com", "tutanota.com"}, mx: []string{"tutanota.de"}},
}

// HomeOfDomain finds the provider whose own addresses end in a domain.
func HomeOfDomain(domain string) (Home, bool) {
	domain = fold(domain)
	for _, h := range homes {
		for _, d := range h.domains {
			if domain == d {
				return h, true
			}
		}
	}
	return Home{}, false
}

// HomeOfMX finds the provider to which a mail exchanger belongs.
func HomeOfMX(host string) (Home, bool) {
	host = fold(host)
	if region, ok := workMail(host); ok {
		return Home{Name: "Amazon WorkMail", Host: "imap.mail." + region + ".awsapps.com"}, true
	}
	for _, h := range homes {
		for _, m := range h.mx {
			if host == m || strings.HasSuffix(host, "."+m) {
				return h, true
			}
		}
	}
	return Home{}, false
}

// HomeAt finds the provider that a host for IMAP belongs to.
func HomeAt(host string) (Home, bool) {
	host = fold(host)
	for _, h := range homes {
		if h.Host != "" && h.Host == host {
			return h, true
		}
	}
	return Home{}, false
}

// workMail takes the region out of inbound-smtp.REGION.amazonaws.com.
func workMail(host string) (region string, ok bool) {
	rest, ok := strings.CutPrefix(host, "inbound-smtp.")
	if !ok {
		return "", false
	}
	region, ok = strings.CutSuffix(rest, ".amazonaws.com")
	return region, ok && region != "" && !strings.Contains(region, ".")
}

func fold(host string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(host), "."))
}
