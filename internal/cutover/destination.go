package cutover

import (
	"strings"

	"github.com/imaphaul/imaphaul/internal/guard"
)

// destination is what a host asks for in the DNS of its customers' domains. The words
// are those of the hosts' own help pages: Google Workspace Admin Help "MX record
// values" and "Set up SPF", Microsoft Learn "External DNS records required for
// Microsoft 365", Apple Support "custom email domain with iCloud Mail", Fastmail Help
// "Manual DNS configuration".
type destination struct {
	title string
	// under are domains of its IMAP hosts.
	under []string
	mx    func(domain string) string
	spf   string
	// selectors are those of DKIM; the record is made by the host's own pages.
	selectors    []string
	autodiscover string
}

var destinations = []destination{
	{
		title: "Google Workspace", under: []string{"gmail.com", "googlemail.com", "google.com"},
		mx: func(string) string { return "smtp.google.com" }, spf: "include:_spf.google.com", selectors: []string{"google"},
	},
	{
		title: "Microsoft 365", under: []string{"office365.com", "outlook.com"},
		mx: func(domain string) string {
			return strings.ReplaceAll(domain, ".", "-") + ".mail.protection.outlook.com, or the name that the admin centre shows"
		},
		spf: "include:spf.protection.outlook.com", selectors: []string{"selector1", "selector2"}, autodiscover: "autodiscover.outlook.com",
	},
	{
		title: "iCloud Mail", under: []string{"mail.me.com", "icloud.com"},
		mx: func(string) string { return "mx01.mail.icloud.com, mx02.mail.icloud.com" }, spf: "include:icloud.com", selectors: []string{"sig1"},
	},
	{
		title: "Fastmail", under: []string{"fastmail.com", "messagingengine.com"},
		mx:  func(string) string { return "in1-smtp.messagingengine.com, in2-smtp.messagingengine.com" },
		spf: "include:spf.messagingengine.com", selectors: []string{"fm1", "fm2", "fm3"},
	},
}

// destinationOf is what is known of a host, nil for nothing.
func destinationOf(host string) *destination {
	for i := range destinations {
		for _, d := range destinations[i].under {
			if guard.Within(host, d) {
				return &destinations[i]
			}
		}
	}
	return nil
}

// usualSelectors of DKIM are asked for beside those of the destination.
var usualSelectors = []string{"default", "dkim", "mail", "google", "selector1", "selector2", "k1", "s1"}
