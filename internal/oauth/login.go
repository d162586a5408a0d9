package oauth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// LoginOptions say how somebody logs in once, for runs that come later.
type LoginOptions struct {
	Provider Provider
	Client   Client
	// User is the mailbox; the provider suggests it to whoever logs in.
	User string
	// Device uses a device code instead of a redirect to this machine.
	Device bool
	// RedirectPort is where the browser is sent back to, 0 for any free port.
	RedirectPort int
	// Open shows a URL in the user's browser; nil or an error leaves it to the user.
	Open func(url string) error
	// Say tells the user something.
	Say func(format string, args ...any)
	// Keyring keeps the tokens in the system's keyring.
	Keyring bool
}

// loginTime is how long the user has for the provider's pages.
const loginTime = 15 * time.Minute

// Login has the user log in and returns what is to be stored (Record.Save).
func Login(ctx context.Context, o LoginOptions) (*Record, error) {
	ctx, cancel := context.WithTimeout(withClient(ctx), loginTime)
	defer cancel()
	r := newRecord(&o.Provider, o.Client, o.User)
	r.Keyring = o.Keyring
	for name, u := range map[string]string{"token URL": r.TokenURL, "authorization URL": r.AuthURL, "device URL": r.DeviceURL} {
		if u == "" && name != "token URL" {
			continue
		}
		if err := checkURL(name, u); err != nil {
			return nil, err
		}
	}
	ask := byRedirect
	if o.Device {
		if o.Provider.NoDevice != "" {
			return nil, errors.New(o.Provider.NoDevice)
		}
		if r.DeviceURL == "" {
			return nil, fmt.Errorf("%s has no device codes; log in with a browser", o.Provider.Name)
		}
		ask = byDevice
	} else if r.AuthURL == "" {
		return nil, fmt.Errorf("%s has no authorization URL; give --oauthauthurl, or --device for a device code", o.Provider.Name)
	}
	t, err := ask(ctx, &o, r.config())
	if err != nil {
		if ctx.Err() == context.DeadlineExceeded {
			return nil, fmt.Errorf("nobody logged in within %v", loginTime)
		}
		return nil, explain("log in at "+o.Provider.Name, err, o.Client.Secret)
	}
	if lacking := missingScope(t, r.Scopes); lacking != "" {
		return nil, fmt.Errorf("the permission %s was not granted; log in again and leave its box ticked", lacking)
	}
	r.take(t, time.Now())
	if r.RefreshToken == "" {
		o.Say("Warning: the provider gave no refresh token. The login is good until %s only.", r.Expiry.Local().Format("15:04"))
	}
	return r, nil
}

// missingScope is a scope that was asked for and not granted, where the provider
// says what it granted (RFC 6749 section 3.3). Microsoft names those of its
// resource in another case, and does not name offline_access.
func missingScope(t *oauth2.Token, wanted []string) string {
	granted, _ := t.Extra("scope").(string)
	if granted == "" {
		return ""
	}
	have := strings.Fields(strings.ToLower(granted))
	for _, w := range wanted {
		w = strings.ToLower(w)
		if w == "offline_access" || w == "openid" {
			continue
		}
		found := false
		for _, h := range have {
			// Outlook's two names of one resource.
			if h == w || strings.HasPrefix(w, "https://outlook.office") && lastPart(h) == lastPart(w) {
				found = true
			}
		}
		if !found {
			return w
		}
	}
	return ""
}

func lastPart(scope string) string { return scope[strings.LastIndexByte(scope, '/')+1:] }

// byDevice lets the user log in on any other machine (RFC 8628).
func byDevice(ctx context.Context, o *LoginOptions, conf *oauth2.Config) (*oauth2.Token, error) {
	answer, err := conf.DeviceAuth(ctx)
	if err != nil {
		return nil, err
	}
	o.Say("Open %s in a browser on any machine, log in as %s, and enter the code %s", printable(answer.VerificationURI, 300, nil), o.User, printable(answer.UserCode, 50, nil))
	if u := answer.VerificationURIComplete; u != "" {
		o.Say("or open this address, which holds the code: %s", printable(u, 500, nil))
	}
	o.Say("Waiting for you...")
	return conf.DeviceAccessToken(ctx, answer)
}

// Revoke takes a stored login back at the provider, where that has an endpoint
// for it (RFC 7009); told is false where it has none. The record is not deleted.
func Revoke(ctx context.Context, path string) (told bool, err error) {
	r, err := full(path)
	if err != nil {
		return false, err
	}
	if r.RevokeURL == "" {
		return false, nil
	}
	token := or(r.RefreshToken, r.AccessToken)
	if token == "" {
		return false, nil
	}
	return true, explain("revoke the login of "+r.User, revoke(withClient(ctx), r, token), append(r.secrets(), secret.New(token))...)
}
