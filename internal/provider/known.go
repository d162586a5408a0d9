package provider

import (
	"slices"
	"strings"
)

// Setting is an option that is right for one side of a provider.
type Setting struct {
	// Option is its name without dashes; N in it stands for the side.
	Option string
	// Value is what it is set to, "" for a switch that is turned on.
	Value string
}

// Known is a provider that a user can name.
type Known struct {
	// Name is what --providerN takes, Title what people call it.
	Name, Title string
	// Host is its server, "" where every customer has another one.
	Host string
	// From and To are what is right where it is the source and the destination.
	From, To []Setting
	// Source and Date say where sizes and limits come from, and when that was read.
	Source, Date string

	aliases []string
	// profile is the name of its Profile, "" for that of an unknown server.
	profile string
}

var (
	automap = Setting{"automap", ""}
	// exchangeItems are folders of Exchange that hold no mail, in its languages. Names
	// that people use for folders of their own are not among them.
	exchangeItems = Setting{"exclude", `^(Calendar|Contacts|Tasks|Suggested Contacts|Files|Kalender|Kontakte|Aufgaben|Calendrier|Calendario|Contactos|Tareas|Contatti|Agenda|Contactpersonen|Taken)(/|$)`}
)

// size is the largest message that a provider stores.
func size(bytes string) Setting { return Setting{"maxsize", bytes} }

// known are the providers in the order of docs/providers.md.
var known = []Known{
	{
		Name: "gmail", Title: "Gmail, Google Workspace", Host: "imap.gmail.com", aliases: []string{"google", "workspace", "googlemail"}, profile: "Gmail",
		From:   []Setting{automap, {"allmaillast", ""}, {"excluderole", "Flagged"}, {"excluderole", "Important"}, {"importantkeyword", ""}, {"maxbytesperdayN", "2300000000"}},
		To:     []Setting{automap, size("35651584"), {"maxbytesperdayN", "450000000"}},
		Source: "support.google.com/a/answer/1071518: 2,500 MB down and 500 MB up a day; 35,651,584 bytes are its APPENDLIMIT", Date: "2026-08",
	},
	{
		Name: "office365", Title: "Microsoft 365, Outlook.com", Host: "outlook.office365.com", aliases: []string{"microsoft365", "m365", "o365", "outlook", "hotmail", "exchangeonline"}, profile: "Microsoft 365",
		From: []Setting{automap, exchangeItems}, To: []Setting{automap, size("36700160")},
		Source: "Exchange Online limits: 35 MB a message unless the tenant allows more", Date: "2026-08",
	},
	{
		Name: "exchange", Title: "Exchange 2010 to 2019", aliases: []string{"exchange2010", "exchange2013", "exchange2016", "exchange2019"}, profile: "Microsoft 365",
		From: []Setting{automap, exchangeItems}, To: []Setting{automap, size("10485760")},
		Source: "Exchange 2013: MaxReceiveSize is 10 MB by default", Date: "2026-08",
	},
	{
		Name: "yahoo", Title: "Yahoo", Host: "imap.mail.yahoo.com", aliases: []string{"ymail"}, profile: "Yahoo",
		From: []Setting{automap}, To: []Setting{automap, size("41697280")},
		Source: "its APPENDLIMIT", Date: "2025-12",
	},
	{
		Name: "aol", Title: "AOL", Host: "imap.aol.com", profile: "Yahoo",
		From: []Setting{automap}, To: []Setting{automap, size("41697280")},
		Source: "its APPENDLIMIT, as Yahoo's", Date: "2025-12",
	},
	{
		Name: "icloud", Title: "iCloud", Host: "imap.mail.me.com", aliases: []string{"apple", "me"}, profile: "iCloud",
		From: []Setting{automap}, To: []Setting{automap, size("20971520")},
		Source: "support.apple.com/en-ca/102198: 20 MB a message", Date: "2026-08",
	},
	{Name: "gmx", Title: "GMX", Host: "imap.gmx.net", profile: "GMX and WEB.DE", From: []Setting{automap}, To: []Setting{automap}, Source: "no limits are published", Date: "2026-08"},
	{Name: "webde", Title: "WEB.DE", Host: "imap.web.de", aliases: []string{"web.de"}, profile: "GMX and WEB.DE", From: []Setting{automap}, To: []Setting{automap}, Source: "no limits are published", Date: "2026-08"},
	{Name: "t-online", Title: "T-Online", Host: "secureimap.t-online.de", aliases: []string{"tonline", "telekom"}, From: []Setting{automap}, To: []Setting{automap}, Source: "no limits are published", Date: "2026-08"},
	{Name: "ionos", Title: "IONOS", Host: "imap.ionos.de", aliases: []string{"1und1"}, From: []Setting{automap}, To: []Setting{automap}, Source: "no limits are published", Date: "2026-08"},
	{Name: "strato", Title: "Strato", Host: "imap.strato.de", From: []Setting{automap}, To: []Setting{automap}, Source: "no limits are published", Date: "2026-09"},
	{Name: "zoho", Title: "Zoho Mail", Host: "imap.zoho.com", profile: "Zoho", From: []Setting{automap}, To: []Setting{automap}, Source: "www.zoho.com/mail/help/usage-policy.html: unusual activity blocks IMAP for a while, without a number", Date: "2026-08"},
	{Name: "fastmail", Title: "Fastmail", Host: "imap.fastmail.com", profile: "Cyrus", From: []Setting{automap}, To: []Setting{automap}, Source: "www.fastmail.com/help/account/limits.html: fair use, without a number", Date: "2026-08"},
	{Name: "zimbra", Title: "Zimbra", profile: "Zimbra", From: []Setting{automap}, To: []Setting{automap}, Source: "LC.java", Date: "2026-08"},
	{Name: "qq", Title: "QQ Mail", Host: "imap.qq.com", profile: "QQ and 163", From: []Setting{automap, {"id", ""}}, To: []Setting{automap, {"id", ""}}, Source: "ID is asked for before a folder is opened", Date: "2026-08"},
	{Name: "163", Title: "163, 126 (NetEase)", Host: "imap.163.com", aliases: []string{"126", "netease"}, profile: "QQ and 163", From: []Setting{automap, {"id", ""}}, To: []Setting{automap, {"id", ""}}, Source: "ID is asked for before a folder is opened (Unsafe Login)", Date: "2026-08"},
	{Name: "yandex", Title: "Yandex", Host: "imap.yandex.com", profile: "Yandex", From: []Setting{automap}, To: []Setting{automap}, Source: "node-imap issue 782: many logins look like an attack", Date: "2026-08"},
	{Name: "mailru", Title: "Mail.ru", Host: "imap.mail.ru", aliases: []string{"mail.ru"}, profile: "Mail.ru", From: []Setting{automap}, To: []Setting{automap}, Source: "no limits are published", Date: "2026-08"},
	{Name: "domino", Title: "HCL Domino", aliases: []string{"notes", "lotus"}, From: []Setting{automap, {"sepN", `\`}, {"prefixN", ""}, {"messageidnodomain", ""}}, To: []Setting{automap, {"sepN", `\`}, {"prefixN", ""}, {"messageidnodomain", ""}}, Source: "imapsync 2.229, --domino1 and --domino2", Date: "2026-08"},
	{Name: "hmailserver", Title: "hMailServer", From: []Setting{automap}, To: []Setting{automap}, Source: "its source", Date: "2026-08"},
	{Name: "mdaemon", Title: "MDaemon", From: []Setting{automap}, To: []Setting{automap}, Source: "reports", Date: "2026-08"},
	{Name: "kerio", Title: "Kerio Connect", From: []Setting{automap}, To: []Setting{automap}, Source: "reports", Date: "2026-08"},
	{Name: "cpanel", Title: "cPanel", profile: "Dovecot", From: []Setting{automap}, To: []Setting{automap}, Source: "Dovecot with names below INBOX", Date: "2026-08"},
	{Name: "plesk", Title: "Plesk", profile: "Dovecot", From: []Setting{automap}, To: []Setting{automap}, Source: "Dovecot or Courier with names below INBOX", Date: "2026-08"},
	{Name: "directadmin", Title: "DirectAdmin", profile: "Dovecot", From: []Setting{automap}, To: []Setting{automap}, Source: "Dovecot", Date: "2026-08"},
}

// Names are what --providerN takes.
func Names() []string {
	out := make([]string, len(known))
	for i := range known {
		out[i] = known[i].Name
	}
	return out
}

// FindByHost is the provider whose server has this name, in any case; those of which each
// customer has another server are not found.
func FindByHost(host string) (Known, bool) {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for _, k := range known {
		if k.Host != "" && k.Host == host {
			return k, true
		}
	}
	return Known{}, false
}

// Find is the provider of a name, in any case.
func Find(name string) (Known, bool) {
	name = strings.ToLower(name)
	for _, k := range known {
		if k.Name == name || slices.Contains(k.aliases, name) {
			return k, true
		}
	}
	return Known{}, false
}

// Profile is what the provider bears.
func (k Known) Profile() Profile {
	for _, p := range profiles {
		if p.Name == k.profile {
			p.Why = "since --provider says so"
			return p
		}
	}
	p := Unknown
	p.Name, p.Why = k.Title, "since --provider says so; what it bears is not known"
	return p
}

// OfProfile is the provider that a recognised server belongs to; false where it is a
// kind of server that anybody can run, or unknown.
func OfProfile(name string) (Known, bool) {
	for _, k := range known {
		if k.profile == name && (k.Host != "" && name != "Cyrus" || name == "Zimbra") {
			return k, true
		}
	}
	return Known{}, false
}

// Settings are what is right for a side, with what both sides have to say: between two
// accounts with labels an important message stays one by its label.
func Settings(names [2]string, side int) []Setting {
	k, ok := Find(names[side-1])
	if !ok {
		return nil
	}
	list := k.From
	if side == 2 {
		list = k.To
	}
	other, _ := Find(names[2-side])
	out := make([]Setting, 0, len(list))
	for _, s := range list {
		if k.Name == "gmail" && other.Name == "gmail" && (s.Value == "Important" || s.Option == "importantkeyword") {
			continue
		}
		s.Option = strings.Replace(s.Option, "N", string(rune('0'+side)), 1)
		out = append(out, s)
	}
	return out
}

// Typed writes settings as one would type them in a shell.
func Typed(settings []Setting) string {
	words := make([]string, 0, len(settings))
	for _, s := range settings {
		w := "--" + s.Option
		if s.Value != "" || strings.HasPrefix(s.Option, "prefix") {
			v := s.Value
			if v == "" || strings.ContainsAny(v, `\^$()|*? '"`) {
				v = "'" + strings.ReplaceAll(v, "'", `'\''`) + "'"
			}
			w += " " + v
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}
