package hub

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// noStorage is the hub's code for "insufficient storage resources available"
// (JSStorageResourcesExceededErr of nats-server's errors.json).
const noStorage = 10047

// Reason says why something could not be done with the hub, in words for people.
func Reason(err error) error {
	api := new(jetstream.APIError)
	switch {
	case errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrDisconnected), errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrNoResponders):
		return errors.New("the hub is away")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return errors.New("the hub does not answer in time")
	case errors.As(err, &api) && api.ErrorCode == noStorage:
		return errors.New("the disk of the hub's --store has too little room: keep 200 MB free, and start the hub again")
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthRevoked):
		return errors.New("the hub does not let this program in: give --hubtokenfile the token of the hub's --tokenfile, or --hubnkeyfile the seed of a key of its --nkey")
	case errors.Is(err, nats.ErrSecureConnRequired):
		return errors.New("the hub wants TLS: write tls:// in place of nats:// in --hub")
	case errors.Is(err, nats.ErrSecureConnWanted):
		return errors.New("the hub has no TLS: start it with --tlscert and --tlskey, or write nats:// in place of tls:// in --hub on its own machine")
	}
	if untrusted := certificateReason(err); untrusted != nil {
		return untrusted
	}
	return err
}

// certificateReason says what is wrong with the hub's certificate, and what helps; nil if
// it is not that.
func certificateReason(err error) error {
	var invalid x509.CertificateInvalidError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		if c := invalid.Cert; time.Now().Before(c.NotBefore) {
			return fmt.Errorf("the hub's certificate is valid from %s on only: look at the clock of this machine", c.NotBefore.UTC().Format(time.DateTime))
		}
		return fmt.Errorf("the hub's certificate has expired on %s: make a new one, and start the hub again with it (--tlscert, --tlskey)", invalid.Cert.NotAfter.UTC().Format(time.DateTime))
	case errors.As(err, &authority):
		return errors.New("nobody whom this machine trusts has signed the hub's certificate: give --hubca the certificate of its authority (PEM)")
	case errors.As(err, &name):
		return fmt.Errorf("the hub's certificate is for another name (%w): write a name that it has in --hub", name)
	}
	return nil
}
