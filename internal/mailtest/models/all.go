package models

// All are the models, the large providers first.
func All() []*Model {
	return append([]*Model{gmail(), microsoft365(), exchange(), yahoo(), icloud()}, others()...)
}

// Ordinary is no provider: a server without oddities, as most hosts have one, for the
// other side of a rehearsal.
func Ordinary() *Model {
	const caps = "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE UIDPLUS UNSELECT MULTIAPPEND CONDSTORE QRESYNC ESEARCH LIST-EXTENDED LIST-STATUS MOVE SPECIAL-USE QUOTA"
	return &Model{
		Name: "ordinary", Title: "an ordinary server", Host: "mail.example.org",
		Greeting: "IMAP4rev1 server ready.", Before: "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE AUTH=PLAIN", After: caps,
		ID: `("name" "mail")`, Namespace: `(("" "/")) NIL NIL`, Sep: "/", Attributes: true,
		Roles: map[string]map[string]string{"en": roles("", "Drafts", "Sent", "Junk", "Trash", "Archive")},
	}
}
