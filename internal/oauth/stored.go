package oauth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/oauth2"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// Stored is the source of a login that was stored, see Login. Refresh tokens
// rotate: each renewal may bring a new one and end the old one. So the file is
// locked, read again, and renewed only if nobody else did so meanwhile; any
// number of processes may share it. note takes warnings, it may be nil.
func Stored(path string, note func(string)) (Source, *Record, error) {
	r, err := Load(path)
	if err != nil {
		return nil, nil, err
	}
	what := fmt.Sprintf("renew the token of %s at %s", r.User, r.Provider)
	s := &stored{path: path, what: what, note: note}
	c := newCache(what, note, s.fetch)
	s.now = func() time.Time { return c.now() }
	return c, r, nil
}

type stored struct {
	path, what string
	note       func(string)
	now        func() time.Time
	// unsaved is a record that could not be written: the file's refresh token is
	// worthless then.
	unsaved *Record
}

func (s *stored) fetch(ctx context.Context, refused secret.Secret) (*oauth2.Token, error) {
	release, err := lock(ctx, s.path)
	if err != nil {
		return nil, &Error{What: s.what, Cause: err.Error(), Temporary: errors.Is(err, context.DeadlineExceeded)}
	}
	defer release()
	r, err := full(s.path)
	if err != nil {
		return nil, &Error{What: s.what, Cause: fmt.Sprintf("the token file %s cannot be used: %v", s.path, err), Remedy: "log in again: imaphaul login google|microsoft|URL --user {user}"}
	}
	if s.unsaved != nil && s.unsaved.Obtained.After(r.Obtained) {
		r = s.unsaved
	}
	now := s.now()
	if r.AccessToken != "" && r.AccessToken != refused.Reveal() && fresh(r.Expiry, r.Obtained, now) {
		return r.token(), nil // another process was here
	}
	if r.RefreshToken == "" {
		return nil, &Error{What: s.what, Cause: "the provider gave no refresh token, and the access token has expired",
			Remedy: "log in again: imaphaul login google|microsoft|URL --user {user}"}
	}
	// Without an access token the library asks for a new one whatever its clock says.
	t, err := r.config().TokenSource(ctx, &oauth2.Token{RefreshToken: r.RefreshToken}).Token()
	if err != nil {
		return nil, explain(s.what, err, r.secrets()...)
	}
	r.take(t, now)
	if err := r.save(s.path); err != nil {
		s.unsaved = r
		if s.note != nil {
			s.note(fmt.Sprintf("the renewed token could not be stored in %s: %v. This run goes on; the next one may need a new login", s.path, bareLink(err)))
		}
	} else {
		s.unsaved = nil
	}
	return t, nil
}

func bareLink(err error) error {
	if le, ok := errors.AsType[*os.LinkError](err); ok {
		return le.Err
	}
	return bare(err)
}
