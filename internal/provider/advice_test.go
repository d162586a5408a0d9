package provider

import (
	"strings"
	"testing"
)

// Each text leads to its own cause, wherever it stands in a reply.
func TestAdvise(t *testing.T) {
	const exchange = "* OK The Microsoft Exchange IMAP4 service is ready. outlook.office365.com"
	for _, tc := range []struct{ where, text, cause, remedy string }{
		{exchange, "T1 NO LOGIN failed.", "basic authentication", "imaphaul login microsoft --user a@example.org"},
		{"* OK Dovecot ready.", "T1 NO LOGIN failed.", "", ""},
		{exchange, "NO AUTHENTICATE failed.", "the token is not accepted", "ImapEnabled"},
		{exchange, "BAD User is authenticated but not connected.", "another user", "--user2"},
		{"mail.example.org", "NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)", "second factor", "app password"},
		{"", "NO [WEBALERT https://x] Web login required. (Failure)", "browser", "browser"},
		{"", "NO [ALERT] Please log in via your web browser: https://example.org", "browser", "browser"},
		{"", "NO [ALERT] Your account is not enabled for IMAP use. Please visit", "switched off", "switch IMAP on"},
		{"", "NO mailbox is unlicensed", "licence", "licence"},
		{"imap.gmail.com", "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", "app passwords", "imaphaul login google"},
		{"", "invalid_grant: Token has been expired or revoked.", "7 days", "clock"},
		{"", "unauthorized_client: Client is unauthorized", "may not ask", "Domain-wide delegation"},
		{"", "invalid_scope: Some requested scopes were invalid", "does not know the scope", "--oauthscope2"},
		{"", "invalid_scope: Invalid device flow scope", "no device code", "browser"},
		{"", "invalid_grant: AADSTS65001: The user or administrator has not consented", "consented", "adminconsent"},
		{"", "AADSTS65006: x", "does not exist any more", "IMAP.AccessAsApp"},
		{"", "invalid_client: AADSTS7000218: The request body must contain", "public client", "Allow public client flows"},
		{"", "unauthorized_client: AADSTS700016: Application with identifier", "client id", "--msclientid2"},
		{"", "invalid_request: AADSTS90002: Tenant 'x' not found", "no such tenant", "--mstenant2"},
		{"", "invalid_grant: AADSTS50076: Due to a configuration change", "second factor", "browser"},
		{"", "AADSTS53003: Access has been blocked", "conditional access", "administrator"},
		{"", "invalid_client: AADSTS7000222: The provided client secret keys are expired", "expired", "new client secret"},
		{"", "invalid_client: AADSTS7000215: Invalid client secret provided", "wrong", "not its id"},
		{"", "invalid_grant: AADSTS70043: The refresh token has expired", "expired", "log in again"},
		{"", "AADSTS700431: something else", "", ""},
		{"", "NO [AUTHENTICATIONFAILED] Authentication failed.", "", ""},
	} {
		got, ok := Advise(tc.where, tc.text)
		if ok != (tc.cause != "") || !strings.Contains(got.Cause, tc.cause) || !strings.Contains(got.For("2", "a@example.org"), tc.remedy) {
			t.Errorf("%q: %v %+v", tc.text, ok, got)
		}
	}
}

// Every row has words and a remedy, and no placeholder survives.
func TestAdviceRows(t *testing.T) {
	for _, row := range adviceRows {
		if row.Cause == "" || row.Remedy == "" || len(row.texts) == 0 {
			t.Errorf("incomplete row %+v", row)
		}
		for _, text := range append(row.texts, row.from...) {
			if text != strings.ToLower(text) {
				t.Errorf("%q is not in lower case, so that it never fits", text)
			}
		}
		if got := row.For("1", "u"); strings.ContainsAny(got, "{}") {
			t.Errorf("a placeholder is left in %q", got)
		}
	}
}
