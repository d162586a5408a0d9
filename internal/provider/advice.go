package provider

import "strings"

// Advice says in words what a refused login means and what to do about it. In
// Remedy, {N} stands for the side (1 or 2) and {user} for its login.
type Advice struct{ Cause, Remedy string }

// adviceRow is a row of the dictionary of refused logins: one of the texts, in
// lower case, must occur in the server's reply or in the error of a token
// endpoint; where from is given, one of its words must occur in the server's
// greeting or its host name.
type adviceRow struct {
	from  []string
	texts []string
	Advice
}

// exchangeOnline are words by which Microsoft's servers are known.
var exchangeOnline = []string{"microsoft exchange", "outlook.com", "office365.com", "office.com"}

// gmail are words by which Google's servers are known.
var gmail = []string{"gimap", "gmail.com", "googlemail.com", "google.com"}

// adviceRows is the dictionary; the first row that fits counts. Texts of IMAP
// servers come from public reports, the AADSTS numbers from Microsoft's list of
// error codes of Entra ID, the OAuth codes from RFC 6749 section 5.2.
var adviceRows = []adviceRow{
	// Microsoft Entra ID: the number says more than the OAuth code beside it.
	{texts: []string{"aadsts65001"}, Advice: Advice{
		"nobody has consented yet to this application reading the mailbox (AADSTS65001)",
		"log in again with \"imaphaul login microsoft\" and accept the page of permissions, or have an administrator open https://login.microsoftonline.com/TENANT/adminconsent?client_id=CLIENT-ID"}},
	{texts: []string{"aadsts65006"}, Advice: Advice{
		"the application asks for a permission that does not exist any more (AADSTS65006)",
		"in the Entra admin centre remove the old permission from the application, add IMAP.AccessAsUser.All (for one user) or IMAP.AccessAsApp (without a user), and grant admin consent"}},
	{texts: []string{"aadsts7000218"}, Advice: Advice{
		"the application is not registered as a public client (AADSTS7000218)",
		"set \"Allow public client flows\" to Yes under Authentication of the application, or give its secret (--mssecretfile{N}, or --oauthsecretfile for a login)"}},
	{texts: []string{"aadsts700016"}, Advice: Advice{
		"the tenant does not know this client id (AADSTS700016)",
		"compare --msclientid{N} or --oauthclientid with \"Application (client) ID\" in the Entra admin centre, and the tenant with that of the mailbox"}},
	{texts: []string{"aadsts90002"}, Advice: Advice{
		"there is no such tenant (AADSTS90002)",
		"give the domain or the Directory (tenant) ID of the organisation with --mstenant{N}"}},
	{texts: []string{"aadsts50076", "aadsts50079"}, Advice: Advice{
		"the account needs a second factor (AADSTS50076)",
		"log in with a browser: imaphaul login microsoft --user {user}"}},
	{texts: []string{"aadsts53003"}, Advice: Advice{
		"a conditional access policy of the organisation forbids this login (AADSTS53003)",
		"ask an administrator to let this application or this machine through, or log in with a browser on a machine that the policy accepts"}},
	{texts: []string{"aadsts7000222"}, Advice: Advice{
		"the secret of the application has expired (AADSTS7000222)",
		"make a new client secret in the Entra admin centre and put its value into the file of --mssecretfile{N}"}},
	{texts: []string{"aadsts7000215"}, Advice: Advice{
		"the secret of the application is wrong (AADSTS7000215)",
		"put the value of the client secret, not its id, into the file of --mssecretfile{N}"}},
	{texts: []string{"aadsts70043", "aadsts700082"}, Advice: Advice{
		"the stored login has expired: it was not used for too long, or the organisation limits how long one lasts (AADSTS70043)",
		"log in again: imaphaul login microsoft --user {user}"}},

	// Google's token endpoint.
	{texts: []string{"invalid device flow scope"}, Advice: Advice{
		"Google allows no device code for mail",
		"log in with a browser: imaphaul login google --user {user}"}},
	{texts: []string{"unauthorized_client"}, Advice: Advice{
		"the client may not ask for this kind of token or this scope",
		"for a Google service account: in the Google Admin console under Security, API controls, Domain-wide delegation, allow its client id exactly https://mail.google.com/; else check the client id and the kind of application"}},
	{texts: []string{"invalid_scope"}, Advice: Advice{
		"the token endpoint does not know the scope that was asked for",
		"check --oauthscope{N}: Google has https://mail.google.com/, Microsoft https://outlook.office.com/IMAP.AccessAsUser.All offline_access, or https://outlook.office365.com/.default without a user"}},
	{texts: []string{"invalid_client"}, Advice: Advice{
		"the token endpoint does not accept the client id, its secret or its certificate",
		"check client id and secret, and for a certificate that it was uploaded to the application"}},
	{texts: []string{"invalid_grant"}, Advice: Advice{
		"the stored login is not valid any more: it was revoked, it expired (after 7 days when a Google project is in status Testing), the password was changed, or the clock of this machine is wrong",
		"check the clock, then log in again: imaphaul login google|microsoft|URL --user {user}; for a service account check that {user} is a mailbox of the domain"}},
	{texts: []string{"access_denied"}, Advice: Advice{
		"the request was refused on the page of permissions",
		"log in again and accept, or ask an administrator to allow the application"}},

	// IMAP servers.
	{texts: []string{"authenticated but not connected"}, Advice: Advice{
		"the server knows who logs in, but not with this mailbox: the token belongs to another user, the application or delegate has no permission on the mailbox, the mailbox has no licence, or IMAP is switched off for it",
		"check that --user{N} is the mailbox that the token is for; else Add-MailboxPermission -AccessRights FullAccess for the application or delegate, a licence for the mailbox, Set-CASMailbox -ImapEnabled $true; and that not too many connections are open"}},
	{from: exchangeOnline, texts: []string{"login failed", "basicauthblocked", "basic authentication is disabled", "logondenied-basicauthblocked"}, Advice: Advice{
		"Microsoft 365 and Outlook.com have switched passwords off for IMAP (basic authentication)",
		"use a token: imaphaul login microsoft --user {user}; for a whole domain --msclientid{N}, --mstenant{N} and --mssecretfile{N} (docs/auth.md)"}},
	{from: exchangeOnline, texts: []string{"authenticate failed"}, Advice: Advice{
		"the token is not accepted: it was made for another resource or without an IMAP permission, IMAP is switched off for the mailbox, or the service principal was registered with the wrong object id",
		"check the scope (IMAP.AccessAsUser.All or IMAP.AccessAsApp of outlook.office.com), Set-CASMailbox -ImapEnabled $true, and New-ServicePrincipal with the object id of the enterprise application"}},
	{texts: []string{"basic authentication is disabled", "basicauthblocked"}, Advice: Advice{
		"the server does not accept passwords for IMAP",
		"use a token: imaphaul login google|microsoft|URL --user {user}"}},
	{texts: []string{"application-specific password required", "app password", "app-specific password"}, Advice: Advice{
		"the account has a second factor, so that its ordinary password does not work for IMAP",
		"make an app password in the security settings of the account and use it, or use a token: imaphaul login google --user {user}"}},
	{texts: []string{"log in via your web browser", "web login required", "weblogin"}, Advice: Advice{
		"the provider wants to see the user in a browser first",
		"log in to the mailbox in a browser, confirm that it was you, and run again; or use a token: imaphaul login google --user {user}"}},
	{texts: []string{"not enabled for imap", "imap access is disabled", "imap is disabled", "imap is not enabled", "enable imap"}, Advice: Advice{
		"IMAP is switched off for this mailbox",
		"switch IMAP on in the settings of the mailbox, or have an administrator allow it"}},
	{texts: []string{"no license", "no licence", "not licensed", "unlicensed", "mailboxnotenabledforrestapi"}, Advice: Advice{
		"the mailbox has no licence",
		"give the user a licence that includes a mailbox, and run again"}},
	{texts: []string{"accesstokenexpired", "token expired", "token has expired", "invalid_token", "tokenexpired"}, Advice: Advice{
		"the access token has expired or was revoked",
		"use a source that renews it: imaphaul login, or --oauthrefreshcmd{N} beside --oauthaccesstoken{N} FILE"}},
	{from: gmail, texts: []string{"invalid credentials"}, Advice: Advice{
		"Google does not accept this password or token: passwords work only as app passwords",
		"use an app password, or a token: imaphaul login google --user {user}"}},
}

// Advise finds what the text of a refused login, or of a refused request for a
// token, means. where is what is known of the server: its greeting and host name,
// empty for a token endpoint. false: the dictionary does not know the text.
func Advise(where, text string) (Advice, bool) {
	where, text = strings.ToLower(where), strings.ToLower(text)
	for i := range adviceRows {
		row := &adviceRows[i]
		if (len(row.from) == 0 || occurs(where, row.from)) && occurs(text, row.texts) {
			return row.Advice, true
		}
	}
	return Advice{}, false
}

// For is the remedy for one side and user.
func (a Advice) For(side, user string) string {
	return strings.NewReplacer("{N}", side, "{user}", user).Replace(a.Remedy)
}

// occurs reports whether one of the words is in s; "aadsts70043" is not in
// "aadsts700431".
func occurs(s string, words []string) bool {
	for _, w := range words {
		for rest := s; ; {
			i := strings.Index(rest, w)
			if i < 0 {
				break
			}
			end := i + len(w)
			last := w[len(w)-1]
			if last < '0' || last > '9' || end == len(rest) || rest[end] < '0' || rest[end] > '9' {
				return true
			}
			rest = rest[end:]
		}
	}
	return false
}
