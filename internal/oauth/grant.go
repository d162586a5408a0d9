package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// Grant is what a token may do.
type Grant struct {
	Scopes []string
	// Granted: the provider said so, with the token or in it; otherwise Scopes are
	// those that were asked for.
	Granted bool
	// Expires is when the token ends, zero for unknown.
	Expires time.Time
}

// GrantOf tells what the present token of a source may do; asked are the scopes that
// were asked for. It is for people: nothing is proved, the server decides.
func GrantOf(ctx context.Context, src Source, asked []string) Grant {
	g := Grant{Scopes: slices.Clone(asked)}
	token, err := src.Token(ctx)
	if err != nil {
		return g
	}
	if c, ok := src.(*cache); ok {
		said, expires := c.said()
		g.Expires = expires
		if len(said) > 0 {
			g.Scopes, g.Granted = said, true
		}
	}
	scopes, expires := claims(token)
	if len(scopes) > 0 && !g.Granted {
		g.Scopes, g.Granted = scopes, true
	}
	if g.Expires.IsZero() {
		g.Expires = expires
	}
	return g
}

// said is what the provider said beside the token that the cache holds.
func (c *cache) said() (scopes []string, expires time.Time) {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	if c.token == nil {
		return nil, time.Time{}
	}
	scope, _ := c.token.Extra("scope").(string)
	return bounded(strings.Fields(scope)), c.token.Expiry
}

// maxToken bounds a token that is looked into, bytes.
const maxToken = 64 << 10

// claims reads scopes and end out of a token that is a JSON Web Token (RFC 7519): "scp"
// (Microsoft, of a user) or "scope" (RFC 9068), "roles" (Microsoft, of an application).
func claims(token secret.Secret) (scopes []string, expires time.Time) {
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 || len(parts[1]) > maxToken {
		return nil, time.Time{}
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil, time.Time{}
	}
	var c struct {
		Scp   string   `json:"scp"`
		Scope string   `json:"scope"`
		Roles []string `json:"roles"`
		Exp   float64  `json:"exp"`
	}
	if json.Unmarshal(b, &c) != nil {
		return nil, time.Time{}
	}
	scopes = append(strings.Fields(c.Scp+" "+c.Scope), c.Roles...)
	if c.Exp > 0 && c.Exp < 1e11 {
		expires = time.Unix(int64(c.Exp), 0)
	}
	return bounded(scopes), expires
}

// bounded keeps what a page can show.
func bounded(scopes []string) []string { return scopes[:min(len(scopes), 20)] }
