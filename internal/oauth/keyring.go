package oauth

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zalando/go-keyring"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// service is the name under which keyrings list what belongs to this program.
const service = "imaphaul"

// kept is what a keyring holds of a record.
type kept struct {
	AccessToken  string `json:"access_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
}

// keep puts the secrets of a record into the system's keyring: Secret Service on
// Linux, Keychain on macOS, Credential Manager on Windows.
func keep(r *Record) error {
	b, err := json.Marshal(kept{r.AccessToken, r.RefreshToken, r.ClientSecret})
	if err != nil {
		return errors.New("the token cannot be written as JSON")
	}
	if err := keyring.Set(service, r.name(), string(b)); err != nil {
		return noKeyring(err)
	}
	return nil
}

// recallSecrets reads back what keep stored.
func recallSecrets(r *Record) error {
	text, err := keyring.Get(service, r.name())
	if err != nil {
		return noKeyring(err)
	}
	var k kept
	if json.Unmarshal([]byte(text), &k) != nil {
		return errors.New("what the keyring holds for this login cannot be read; log in again")
	}
	r.AccessToken, r.RefreshToken, r.ClientSecret = k.AccessToken, k.RefreshToken, k.ClientSecret
	return nil
}

func forget(r *Record) error {
	if err := keyring.Delete(service, r.name()); err != nil && !errors.Is(err, keyring.ErrNotFound) {
		return noKeyring(err)
	}
	return nil
}

// FromKeyring reads a password that the user put into the keyring under the
// service "imaphaul" and a name of his own (--secretN keyring:NAME).
func FromKeyring(name string) (secret.Secret, error) {
	text, err := keyring.Get(service, name)
	if err != nil {
		return secret.Secret{}, noKeyring(err)
	}
	return secret.New(text), nil
}

func noKeyring(err error) error {
	if errors.Is(err, keyring.ErrNotFound) {
		return fmt.Errorf("the keyring of the system has no such entry of the service %q", service)
	}
	if errors.Is(err, keyring.ErrSetDataTooBig) {
		return errors.New("the keyring of the system cannot hold so much; log in without --keyring")
	}
	return fmt.Errorf("the keyring of the system cannot be used: %w (without --keyring the login is stored in a file that only you can read)", err)
}
