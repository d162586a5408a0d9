package oauth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"github.com/imaphaul/imaphaul/internal/secret"
)

const (
	// early is how long before its end a token is renewed. Of one that lives
	// shorter than five times as long, it is the last fifth.
	early = 5 * time.Minute
	// tries is how often a token is asked for when the failure may pass.
	tries = 3
	// holdOff is how long a failed renewal is not tried again while the old token
	// still lives.
	holdOff = 15 * time.Second
)

// fetcher asks for a new token. refused is one that a server did not take:
// anything but that will do. It is set only when there is one.
type fetcher func(ctx context.Context, refused secret.Secret) (*oauth2.Token, error)

// cache is a Source that keeps a token until it is to be renewed. It asks one
// question at a time, whoever wants to know.
type cache struct {
	what  string // for messages: "renew the token of a@example.org at ..."
	fetch fetcher
	// note takes a sentence about something that is not an error yet; it may be nil.
	note func(string)
	// hide are secrets that an answer might quote.
	hide []secret.Secret

	now   func() time.Time
	pause func(ctx context.Context, n int) error

	turn    chan struct{} // holds one element while somebody is at work below
	token   *oauth2.Token
	got     time.Time
	refused string // the token that a server did not take
	failed  time.Time
}

// newCache makes the source around a question.
func newCache(what string, note func(string), fetch fetcher) *cache {
	return &cache{
		what: what, fetch: fetch, note: note, now: time.Now, pause: pause,
		turn: make(chan struct{}, 1),
	}
}

func pause(ctx context.Context, n int) error {
	t := time.NewTimer(time.Second << (n - 1))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Token returns the token kept, or a new one.
func (c *cache) Token(ctx context.Context) (secret.Secret, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return secret.Secret{}, ctx.Err()
	}
	lives := c.lives()
	if lives && (c.fresh() || c.now().Sub(c.failed) < holdOff) {
		return secret.New(c.token.AccessToken), nil
	}
	var not secret.Secret
	if c.token != nil && c.refused == c.token.AccessToken {
		not = secret.New(c.refused)
	}
	token, err := c.ask(ctx, not, lives)
	switch {
	case err == nil:
		c.token, c.got, c.failed = token, c.now(), time.Time{}
		c.refused = ""
	case lives && ctx.Err() == nil:
		c.failed = c.now()
		if c.note != nil {
			c.note(fmt.Sprintf("%v; the old token is used, which is valid until %s", err, c.token.Expiry.Local().Format("15:04:05")))
		}
	default:
		return secret.Secret{}, err
	}
	return secret.New(c.token.AccessToken), nil
}

// ask fetches a token, more than once where that helps and no old one lives.
func (c *cache) ask(ctx context.Context, not secret.Secret, lives bool) (*oauth2.Token, error) {
	for n := 1; ; n++ {
		token, err := c.fetch(withClient(ctx), not)
		if err == nil && (token == nil || token.AccessToken == "") {
			err = &Error{What: c.what, Cause: "the answer holds no access token"}
		}
		if err == nil {
			return token, nil
		}
		err = explain(c.what, err, c.hide...)
		var e *Error
		if lives || n == tries || !errors.As(err, &e) || !e.Temporary || c.pause(ctx, n) != nil {
			return nil, err
		}
	}
}

// lives reports whether there is a token that may be used.
func (c *cache) lives() bool {
	t := c.token
	return t != nil && c.refused != t.AccessToken && (t.Expiry.IsZero() || c.now().Before(t.Expiry))
}

// fresh reports whether a token that lives is not to be renewed yet.
func (c *cache) fresh() bool {
	return fresh(c.token.Expiry, c.got, c.now())
}

// fresh reports whether a token that ends at expiry (zero: never) and was got
// at a time need not be renewed yet.
func fresh(expiry, got, now time.Time) bool {
	if expiry.IsZero() {
		return true
	}
	return now.Before(expiry.Add(-min(early, expiry.Sub(got)/5)))
}

// Refuse has the next Token bring another token than this one.
func (c *cache) Refuse(token secret.Secret) {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	if c.token != nil && c.token.AccessToken == token.Reveal() {
		c.refused = c.token.AccessToken
	}
}
