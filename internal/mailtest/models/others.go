package models

import "time"

// dovecotCaps are those of Dovecot 2.3 after a login.
const dovecotCaps = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT THREAD=REFERENCES MULTIAPPEND UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 " +
	"CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SPECIAL-USE LITERAL+"

const personal = `(("" "/")) NIL NIL`

// english are the names that most servers give role folders.
func english() map[string]map[string]string {
	return map[string]map[string]string{"en": roles("", "Drafts", "Sent", "Junk", "Trash", "Archive")}
}

// yahoo shows the newest messages of a folder only, unless UIDONLY is enabled, and does a
// part of a command without refusing it.
func yahoo() *Model {
	return &Model{
		Name: "yahoo", Title: "Yahoo", Host: "imap.mail.yahoo.com",
		Greeting: "IMAP4rev1 Hello",
		Before:   "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER ID MOVE NAMESPACE XYMHIGHESTMODSEQ UIDPLUS LITERAL+ CHILDREN UNSELECT X-MSG-EXT OBJECTID IDLE ENABLE UIDONLY X-ALL-MAIL X-UIDONLY LIST-EXTENDED LIST-STATUS SPECIAL-USE PARTIAL APPENDLIMIT=41697280",
		After:    "IMAP4rev1 ID MOVE NAMESPACE UIDPLUS LITERAL+ CHILDREN UNSELECT OBJECTID IDLE ENABLE CONDSTORE UIDONLY LIST-EXTENDED LIST-STATUS SPECIAL-USE PARTIAL MESSAGELIMIT=1000 APPENDLIMIT=41697280",
		ID:       `("vendor" "Yahoo! Inc." "support-url" "https://help.yahoo.com/")`, Namespace: personal, Sep: "/", Attributes: true,
		Roles:  map[string]map[string]string{"en": roles("", "Draft", "Sent", "Bulk", "Trash", "Archive")},
		Limits: Limits{Connections: 10, TooMany: "[LIMIT] Too many simultaneous connections", PerCommand: 1000, Newest: 10000, Message: 41697280, MessageText: "NO [TOOBIG] Message too large"},
		Facts: []Fact{
			{"capabilities before a login", "github.com/zone-eu/wildduck/pull/943", "2025-12", "transcript"},
			{"MESSAGELIMIT=1000, UIDONLY, PARTIAL", "senders.yahooinc.com/developer/documentation", "2026-08", "documentation"},
			{"the 10,000 newest messages are shown without UIDONLY", "github.com/rustmailer/bichon/issues/144", "2026-08", "reports"},
			{"OK to a part of a command, with MESSAGELIMIT", "RFC 9738; github.com/djc/imap-proto/pull/198", "2026-07", "reports"},
			{"names of the role folders in LIST", "imapsync's FAQ", "2026-08", "reports"},
		},
	}
}

func icloud() *Model {
	return &Model{
		Name: "icloud", Title: "iCloud", Host: "imap.mail.me.com",
		Greeting: "[CAPABILITY XAPPLEPUSHSERVICE IMAP4 IMAP4rev1 SASL-IR AUTH=ATOKEN AUTH=PLAIN] iSCREAM ready to rumble (1.0)",
		Before:   "XAPPLEPUSHSERVICE IMAP4 IMAP4rev1 SASL-IR AUTH=ATOKEN AUTH=PLAIN",
		After:    "XAPPLEPUSHSERVICE IMAP4 IMAP4rev1 CONDSTORE ENABLE QRESYNC QUOTA XAPPLELITERAL NAMESPACE UIDPLUS CHILDREN UNSELECT ID",
		ID:       `("name" "iCloud")`, Namespace: personal, Sep: "/", Attributes: true,
		Roles:  map[string]map[string]string{"en": roles("", "Drafts", "Sent Messages", "Junk", "Deleted Messages", "Archive")},
		Limits: Limits{Connections: 48, TooMany: "[LIMIT] Too many connections", Message: 20 << 20, MessageText: "NO Message too large"},
		Facts: []Fact{
			{"capabilities: no MOVE, LITERAL+, MULTIAPPEND, SPECIAL-USE; LIST shows roles all the same", "github.com/s1t5/mail-archiver/issues/414 and others", "2026-08", "reports"},
			{"20 MB a message", "support.apple.com/en-ca/102198", "2026-08", "documentation"},
			{"at least 48 connections were accepted", "a measurement of another program's author", "2026-08", "reports"},
		},
	}
}

// small is a provider of which little is known beyond the software that it runs.
func small(name, title, host, greeting, caps string, facts ...Fact) *Model {
	return &Model{
		Name: name, Title: title, Host: host, Greeting: greeting, Before: "IMAP4rev1 SASL-IR ID AUTH=PLAIN LITERAL+", After: caps,
		ID: `("name" "IMAP")`, Namespace: personal, Sep: "/", Attributes: true, Roles: english(), Facts: facts,
	}
}

func reported(claim, source string) Fact { return Fact{claim, source, "2026-08", "reports"} }

// others are the smaller providers and the servers that people run themselves.
func others() []*Model {
	gmxCaps := "IMAP4rev1 CHILDREN ENABLE ID IDLE LIST-EXTENDED LIST-STATUS LITERAL+ MOVE NAMESPACE SASL-IR SORT SPECIAL-USE THREAD=ORDEREDSUBJECT UIDPLUS UNSELECT WITHIN AUTH=LOGIN AUTH=PLAIN"
	german := map[string]map[string]string{
		"en": roles("", "Drafts", "Sent", "Spam", "Trash"),
		"de": roles("", "Entwürfe", "Gesendet", "Spamverdacht", "Gelöscht"),
	}
	gmx := small("gmx", "GMX", "imap.gmx.net", "[CAPABILITY IMAP4rev1 CHILDREN ENABLE ID IDLE LITERAL+ STARTTLS] IMAP server ready H migmx001 0Mz7WT", gmxCaps,
		reported("greeting, capabilities, German names of folders", "reports in issues of mail programs"),
		reported("traffic or connections of an hour or a day are limited; the numbers are not published", "groupware-migration.io/faq"))
	gmx.Roles = german
	webde := small("webde", "WEB.DE", "imap.web.de", "[CAPABILITY IMAP4rev1 CHILDREN ENABLE ID IDLE LITERAL+ STARTTLS] IMAP server ready H miweb001 0Mz7WT", gmxCaps, reported("it is GMX's software", "reports"))
	webde.Roles = german

	online := small("t-online", "T-Online", "secureimap.t-online.de", "t-online.de IMAP4rev1 ready", dovecotCaps, reported("it behaves as Dovecot does, with names below INBOX", "reports"))
	inbox(online, ".")
	ionos := small("ionos", "IONOS", "imap.ionos.de", "[CAPABILITY IMAP4rev1 CHILDREN ENABLE ID IDLE LITERAL+ STARTTLS] IMAP server ready H mieue001", gmxCaps, reported("it is GMX's software", "reports"))
	ionos.Roles = map[string]map[string]string{"en": roles("", "Drafts", "Sent Items", "Spam", "Trash"), "de": roles("", "Entwürfe", "Gesendete Objekte", "Spam", "Papierkorb")}
	strato := small("strato", "Strato", "imap.strato.de", "RZmta imap server ready", "IMAP4rev1 ID IDLE UIDPLUS NAMESPACE CHILDREN UNSELECT LITERAL+ MOVE SPECIAL-USE",
		Fact{`ID: "name" "RZimapd" "vendor" "Strato GmbH"`, "github.com/umanamente/n8n-nodes-imap/issues/141", "2026-09", "transcript"})
	strato.ID = `("name" "RZimapd" "vendor" "Strato GmbH" "support-url" "mailto:postmaster@strato-rz.de")`
	strato.Roles = map[string]map[string]string{"en": roles("", "Drafts", "Sent Items", "Spam", "Trash")}

	zoho := small("zoho", "Zoho Mail", "imap.zoho.com", "IMAP4 Server (Zoho Mail IMAP4rev1 Server version 1.0)", "IMAP4rev1 UNSELECT CHILDREN XLIST NAMESPACE IDLE MOVE ID SASL-IR UIDPLUS ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE APPENDLIMIT=41943040",
		reported("greeting and capabilities", "reports"), reported("unusual activity blocks IMAP for a while, without a number", "www.zoho.com/mail/help/usage-policy.html"))
	zoho.Roles = map[string]map[string]string{"en": roles("", "Drafts", "Sent", "Spam", "Trash")}
	zoho.Limits = Limits{Message: 41943040, MessageText: "NO [TOOBIG] Message too large"}
	fastmail := small("fastmail", "Fastmail", "imap.fastmail.com", "IMAP4 ready", "IMAP4rev1 LITERAL+ ID UIDPLUS NAMESPACE CHILDREN BINARY UNSELECT MULTIAPPEND CONDSTORE QRESYNC ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE MOVE ENABLE OBJECTID IDLE QUOTA",
		Fact{"capabilities of Cyrus", "cyrus-imapd, imap/imapd.c", "2026-08", "source code"}, reported("fair use, without a number", "www.fastmail.com/help/account/limits.html"))
	zimbra := small("zimbra", "Zimbra", "mail.example.org", "mail.example.org Zimbra IMAP4rev1 server ready", "IMAP4rev1 BINARY CATENATE CHILDREN CONDSTORE ENABLE ESEARCH ESORT I18NLEVEL=1 ID IDLE LIST-EXTENDED LIST-STATUS LITERAL+ MULTIAPPEND NAMESPACE QRESYNC QUOTA SASL-IR SEARCHRES SORT UIDPLUS UNSELECT WITHIN XLIST",
		Fact{"25 CREATEs in a row, lines of 10,240 bytes", "LC.java, CreateCommand.throttle", "2026-08", "source code"})
	zimbra.ID = `("NAME" "Zimbra" "VERSION" "8.8.15_GA" "RELEASE" "20200101000000")`
	zimbra.Limits = Limits{Line: 10240, LineText: "maximum request size exceeded", Creates: 25, BADs: 5, BADText: "too many errors"}
	zimbra.Extra = []string{"Calendar", "Contacts"}
	qq := small("qq", "QQ Mail", "imap.qq.com", "[CAPABILITY IMAP4 IMAP4rev1 ID AUTH=PLAIN AUTH=LOGIN AUTH=XOAUTH2 NAMESPACE] QQMail XMIMAP4Server ready", "IMAP4 IMAP4rev1 XLIST MOVE IDLE XAPPLEPUSHSERVICE NAMESPACE CHILDREN ID UIDPLUS",
		Fact{"greeting", "github.com/Enough-Software/enough_mail/issues/159", "2021-06", "transcript"}, reported("ID is asked for before a folder is opened", "reports"))
	qq.Roles = map[string]map[string]string{"en": roles("", "Drafts", "Sent Messages", "Junk", "Deleted Messages")}
	qq.NeedsID = "[ALERT] Please send ID first"
	netease := small("163", "163, 126 (NetEase)", "imap.163.com", "Coremail System IMap Server Ready(163com)", "IMAP4rev1 XLIST SPECIAL-USE ID LITERAL+ STARTTLS APPENDLIMIT=71680000 XAPPLEPUSHSERVICE UIDPLUS X-CM-EXT-1 SASL-IR AUTH=XOAUTH2",
		Fact{"ID is asked for before a folder is opened (Unsafe Login)", "github.com/chatmail/provider-db/issues/236", "2022-06", "reports"})
	netease.NeedsID = "SELECT Unsafe Login. Please contact kefu@188.com for help"
	netease.Roles = map[string]map[string]string{"en": roles("", "Drafts", "Sent", "Junk", "Trash"), "zh": roles("", "草稿箱", "已发送", "垃圾邮件", "已删除")}
	yandex := small("yandex", "Yandex", "imap.yandex.com", "Yandex IMAP4rev1 at sas1 ready", "IMAP4rev1 CHILDREN UNSELECT LITERAL+ NAMESPACE XLIST UIDPLUS ENABLE ID IDLE MOVE",
		reported("capabilities; many logins look like an attack", "github.com/mscdex/node-imap/issues/782"))
	yandex.Sep, yandex.Namespace = "|", `(("" "|")) NIL NIL`
	yandex.Roles = map[string]map[string]string{"en": roles("", "Drafts", "Sent", "Spam", "Trash"), "ru": roles("", "Черновики", "Отправленные", "Спам", "Удаленные")}
	mailru := small("mailru", "Mail.ru", "imap.mail.ru", "Welcome", "IMAP4rev1 ID XLIST UIDPLUS UNSELECT MOVE LIST-STATUS", reported("capabilities", "reports"))
	mailru.Roles = map[string]map[string]string{"en": roles("", "Drafts", "Sent", "Spam", "Trash"), "ru": roles("", "Черновики", "Отправленные", "Спам", "Корзина")}

	domino := small("domino", "HCL Domino", "mail.example.org", "Domino IMAP4 Server Release 9.0 ready", "IMAP4rev1 LITERAL+ NAMESPACE QUOTA UIDPLUS CHILDREN", reported(`the separator is a backslash`, "imapsync 2.229, --domino1"))
	domino.ID, domino.Sep, domino.Attributes = "", `\`, false
	domino.Namespace = `(("" "\\")) NIL NIL`
	domino.Roles = map[string]map[string]string{"en": roles("", "Drafts", "Sent", "Junk Mail", "Trash")}
	hmail := small("hmailserver", "hMailServer", "mail.example.org", "IMAPrev1", "IMAP4 IMAP4rev1 CHILDREN IDLE QUOTA SORT ACL NAMESPACE RIGHTS=texk", reported("the separator is a dot, no UIDPLUS", "its source, as reported"))
	hmail.ID, hmail.Sep, hmail.Attributes, hmail.Namespace = "", ".", false, `(("" ".")) NIL NIL`
	mdaemon := small("mdaemon", "MDaemon", "mail.example.org", "mail.example.org IMAP4rev1 MDaemon 21.0 ready", "IMAP4rev1 NAMESPACE AUTH=LOGIN AUTH=PLAIN IDLE ACL UNSELECT UIDPLUS CONDSTORE ENABLE", reported("capabilities", "reports"))
	mdaemon.ID, mdaemon.Attributes = "", false
	mdaemon.Roles = map[string]map[string]string{"en": roles("", "Drafts", "Sent Items", "Junk E-mail", "Deleted Items")}
	kerio := small("kerio", "Kerio Connect", "mail.example.org", "Kerio Connect 9.4 IMAP4rev1 server ready", "IMAP4rev1 UIDPLUS LITERAL+ CHILDREN IDLE NAMESPACE QUOTA ACL UNSELECT SORT", reported("capabilities; calendars and contacts are folders", "reports"))
	kerio.ID, kerio.Attributes = "", false
	kerio.Roles = map[string]map[string]string{"en": roles("", "Drafts", "Sent Items", "Junk E-mail", "Deleted Items")}
	kerio.Extra = []string{"Calendar", "Contacts"}

	const tooMany = "[UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=20)"
	cpanel := small("cpanel", "cPanel", "mail.example.org", "[CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE NAMESPACE LITERAL+ STARTTLS AUTH=PLAIN AUTH=LOGIN] Dovecot ready.", dovecotCaps,
		Fact{"20 connections for a user and an address; names below INBOX", "docs.cpanel.net, Mailserver Configuration", "2026-08", "documentation"})
	inbox(cpanel, ".")
	cpanel.Limits = Limits{Connections: 20, TooMany: tooMany, Line: 65536, LineText: "Error in IMAP command: Too long argument.", BADs: 20, BADText: "Too many invalid IMAP commands."}
	plesk := small("plesk", "Plesk", "mail.example.org", "[CAPABILITY IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE ACL ACL2=UNION STARTTLS] Courier-IMAP ready. Copyright 1998-2011 Double Precision, Inc.  See COPYING for distribution information.", "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE ACL ACL2=UNION",
		Fact{"Courier as Plesk had it: names below INBOX, four connections", "courier-libs, imap/imapd.dist.in", "2026-08", "source code"})
	inbox(plesk, ".")
	plesk.ID, plesk.Attributes = "", false
	plesk.Limits = Limits{Connections: 4, TooMany: "[ALERT] Maximum connection limit exceeded"}
	direct := small("directadmin", "DirectAdmin", "mail.example.org", "[CAPABILITY IMAP4rev1 SASL-IR ID ENABLE IDLE LITERAL+ STARTTLS AUTH=PLAIN] Dovecot DA ready.", dovecotCaps,
		Fact{"Dovecot, names below INBOX", "DirectAdmin's dovecot.conf", "2026-08", "reports"})
	inbox(direct, ".")
	direct.Limits = Limits{Connections: 20, TooMany: tooMany}

	aol := yahoo()
	aol.Name, aol.Title, aol.Host = "aol", "AOL", "imap.aol.com"
	aol.Facts = []Fact{reported("it is Yahoo's software", "reports")}
	all := []*Model{aol, gmx, webde, online, ionos, strato, zoho, fastmail, zimbra, qq, netease, yandex, mailru, domino, hmail, mdaemon, kerio, cpanel, plesk, direct}
	for _, m := range all {
		if m.Limits.Idle == 0 {
			m.Limits.Idle, m.Limits.IdleText = 30*time.Minute, "Disconnected for inactivity."
		}
	}
	return all
}

// inbox puts all folders of a model below INBOX.
func inbox(m *Model, sep string) {
	m.Sep, m.Prefix = sep, "INBOX"+sep
	m.Namespace = `(("INBOX` + sep + `" "` + sep + `")) NIL NIL`
}
