package oauth

// Setup is how to register an application at a provider, step by step, so that
// there is a client id to log in with; empty for providers it knows nothing of.
func Setup(provider string) string {
	switch provider {
	case Google:
		return googleSetup
	case Microsoft:
		return microsoftSetup
	}
	return otherSetup
}

const googleSetup = `Google: a client id of your own (once; about ten minutes)

For yourself, or for a few people who log in one by one:
 1. Open https://console.cloud.google.com/ and create a project.
 2. APIs & Services, Library: enable "Gmail API".
 3. Google Auth Platform (OAuth consent screen), Get started: any name, your
    address. Audience: "Internal" when all mailboxes are in your own Workspace
    domain, else "External".
 4. "External" only: under Audience add every mailbox as a test user, and know
    that a login lasts 7 days while the project's status is "Testing". "Publish
    app" makes it last; users then see a warning that the app is not verified.
 5. Data Access, Add or remove scopes: add https://mail.google.com/
 6. Clients, Create client, application type "Desktop app". Download the JSON
    file: it holds client id and secret.
 7. imaphaul login google --user USER --oauthclientid client_secret_....json
    A browser opens; log in as USER and allow the access to mail.
 8. Migrate: imaphaul --host1 imap.gmail.com --user1 USER ...

For a whole Workspace domain, without logging in as each user:
 1. Steps 1 and 2 above.
 2. IAM & Admin, Service Accounts: create one; under Keys add a key of type JSON.
 3. As a super administrator open https://admin.google.com/, Security, Access and
    data control, API controls, Manage domain-wide delegation, Add new. Client
    ID: the number (unique id) of the service account. Scope, exactly:
    https://mail.google.com/
 4. imaphaul --host1 imap.gmail.com --user1 USER@DOMAIN --googlekey1 key.json ...

There is no device code for mail at Google.
`

const microsoftSetup = `Microsoft 365 and Outlook.com: a client id of your own (once; about ten minutes)

For yourself, or for people who log in one by one:
 1. Open https://entra.microsoft.com/, Identity, Applications, App registrations,
    New registration. Accounts: "any organizational directory and personal
    Microsoft accounts" unless all are in your own tenant.
 2. Authentication, Add a platform, "Mobile and desktop applications", redirect
    URI: http://localhost
 3. Authentication, "Allow public client flows": Yes (for device codes).
 4. API permissions, Add, "Microsoft Graph", Delegated permissions:
    IMAP.AccessAsUser.All and offline_access. Grant admin consent if your
    organisation wants that.
 5. imaphaul login microsoft --user USER --oauthclientid APPLICATION-ID
    (with --device where there is no browser; --mstenant TENANT when only your
    own tenant was chosen in step 1)
 6. Migrate: imaphaul --host1 outlook.office365.com --user1 USER ...

For a whole tenant, without logging in as each user:
 1. App registrations, New registration, your own tenant only.
 2. API permissions, Add, "APIs my organization uses", "Office 365 Exchange
    Online", Application permissions: IMAP.AccessAsApp. Grant admin consent.
 3. Certificates & secrets: a client secret, or better upload a certificate.
 4. In Exchange Online PowerShell, with the Object ID of the *enterprise
    application* (Enterprise applications, not App registrations):
      New-ServicePrincipal -AppId APPLICATION-ID -ObjectId OBJECT-ID
      Add-MailboxPermission -Identity USER -User OBJECT-ID -AccessRights FullAccess
    (the second line for each mailbox)
 5. imaphaul --host1 outlook.office365.com --user1 USER --msclientid1 APPLICATION-ID
      --mstenant1 TENANT --mssecretfile1 FILE ...
    or with --mscertfile1 CERTIFICATE.pem --mskeyfile1 KEY.pem

IMAP must be on for the mailbox: Set-CASMailbox -Identity USER -ImapEnabled $true
`

const otherSetup = `Another provider: ask it for a client id, the scope for IMAP, and either the URL
under which /.well-known/openid-configuration lies, or its endpoints. The
redirect is http://127.0.0.1 with any port.

  imaphaul login https://login.example.org --user USER --oauthclientid ID \
           --oauthscope SCOPE --oauthhost imap.example.org
  imaphaul login https://login.example.org --user USER --oauthclientid ID \
           --oauthscope SCOPE --oauthhost imap.example.org \
           --oauthauthurl URL --oauthtokenurl URL [--oauthdeviceurl URL]

Without a user (client credentials), straight in a migration:

  imaphaul ... --user1 USER --oauthclientid1 ID --oauthsecretfile1 FILE \
           --oauthtokenurl1 URL --oauthscope1 SCOPE
`
