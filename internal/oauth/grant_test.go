package oauth

import (
	"context"
	"encoding/base64"
	"slices"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/secret"
)

type fixed string

func (f fixed) Token(context.Context) (secret.Secret, error) { return secret.New(string(f)), nil }
func (fixed) Refuse(secret.Secret)                           {}

func TestGrantOf(t *testing.T) {
	jwt := func(claims string) fixed {
		return fixed("e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".x")
	}
	asked := []string{"asked"}
	tests := []struct {
		name    string
		token   fixed
		scopes  []string
		granted bool
		expires int64
	}{
		{"of a user", jwt(`{"scp":"IMAP.AccessAsUser.All openid","exp":1800000000}`), []string{"IMAP.AccessAsUser.All", "openid"}, true, 1800000000},
		{"of an application", jwt(`{"roles":["IMAP.AccessAsApp"]}`), []string{"IMAP.AccessAsApp"}, true, 0},
		{"RFC 9068", jwt(`{"scope":"mail"}`), []string{"mail"}, true, 0},
		{"without scopes", jwt(`{"exp":1800000000}`), asked, false, 1800000000},
		{"opaque", "ya29.abc", asked, false, 0},
		{"three parts that are none", "a.!!.c", asked, false, 0},
		{"of another type", jwt(`{"scp":7}`), asked, false, 0},
		{"an absurd end", jwt(`{"exp":1e300}`), asked, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := GrantOf(t.Context(), tt.token, asked)
			var want time.Time
			if tt.expires != 0 {
				want = time.Unix(tt.expires, 0)
			}
			if !slices.Equal(g.Scopes, tt.scopes) || g.Granted != tt.granted || !g.Expires.Equal(want) {
				t.Errorf("%+v", g)
			}
		})
	}
}
