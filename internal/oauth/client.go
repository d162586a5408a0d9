package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/oauth2/google"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// Client is an application as a provider knows it. The secret of a program that
// runs on users' machines is none in truth (RFC 8252 section 8.5), but some
// providers ask for it.
type Client struct {
	ID     string
	Secret secret.Secret
}

// Ids of whoever builds the program, set with
//
//	-ldflags "-X github.com/imaphaul/imaphaul/internal/oauth.googleClientID=..."
//
// They are empty here: no id is borrowed from other programs.
var googleClientID, googleClientSecret, microsoftClientID string

// FindClient looks for the client id of a provider: id and secretFile as options
// give them, the environment (IMAPHAUL_GOOGLE_CLIENT, IMAPHAUL_MICROSOFT_CLIENT,
// IMAPHAUL_OAUTH_CLIENT for another one, each with _SECRET for its secret), the
// configuration file, the build. An id that is the name of a readable .json file
// is read from there, as the Google console gives it to download. getenv gives a
// variable, "" for none.
func FindClient(provider, id, secretFile string, getenv func(string) string) (Client, error) {
	c, err := givenClient(id, secretFile)
	if err != nil || c.ID != "" {
		return c, err
	}
	name := "IMAPHAUL_OAUTH_CLIENT"
	switch provider {
	case Google:
		name = "IMAPHAUL_GOOGLE_CLIENT"
	case Microsoft:
		name = "IMAPHAUL_MICROSOFT_CLIENT"
	}
	if id := getenv(name); id != "" {
		found := Client{ID: id, Secret: secret.New(getenv(name + "_SECRET"))}
		if c.Secret.IsSet() {
			found.Secret = c.Secret
		}
		return found, nil
	}
	configured, err := configuredClient(provider)
	if err != nil || configured.ID != "" {
		return configured, err
	}
	switch {
	case provider == Google && googleClientID != "":
		return Client{ID: googleClientID, Secret: secret.New(googleClientSecret)}, nil
	case provider == Microsoft && microsoftClientID != "":
		return Client{ID: microsoftClientID}, nil
	}
	file, err := ConfigFile()
	if err != nil {
		file = "the configuration file"
	}
	return Client{}, fmt.Errorf("no client id for %s: give --oauthclientid, set %s, or put it into %s; \"imaphaul login %s --setup\" says how to get one", provider, name, file, provider)
}

func givenClient(id, secretFile string) (c Client, err error) {
	if strings.HasSuffix(strings.ToLower(id), ".json") {
		b, err := os.ReadFile(id)
		if err != nil {
			return c, fmt.Errorf("--oauthclientid %s: %w", id, bare(err))
		}
		conf, err := google.ConfigFromJSON(b)
		if err != nil {
			return c, fmt.Errorf("--oauthclientid %s: it is no client file of the Google console (kind \"Desktop app\")", id)
		}
		return Client{conf.ClientID, secret.New(conf.ClientSecret)}, nil
	}
	c.ID = id
	if secretFile != "" {
		if c.Secret, err = SecretFile(secretFile); err != nil {
			return c, fmt.Errorf("--oauthsecretfile %s: %w", secretFile, err)
		}
	}
	return c, nil
}

// ConfigFile is the file with client ids: a JSON object with a key for each
// provider ("google", "microsoft", or the URL given to login), and client_id and
// client_secret in it.
func ConfigFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "imaphaul", "oauth.json"), nil
}

func configuredClient(provider string) (c Client, err error) {
	path, err := ConfigFile()
	if err != nil {
		return c, nil //nolint:nilerr // no directory, no file
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, bare(err))
	}
	var all map[string]struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if json.Unmarshal(b, &all) != nil {
		return c, fmt.Errorf("%s: it is no JSON of the form {\"google\": {\"client_id\": \"...\", \"client_secret\": \"...\"}}", path)
	}
	return Client{all[provider].ID, secret.New(all[provider].Secret)}, nil
}

// SecretFile reads the first line of a file that holds a secret.
func SecretFile(path string) (secret.Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return secret.Secret{}, bare(err)
	}
	defer f.Close() // only read
	b, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return secret.Secret{}, bare(err)
	}
	line, _, _ := bytes.Cut(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), []byte("\n"))
	if line = bytes.TrimSpace(line); len(line) == 0 {
		return secret.Secret{}, errors.New("its first line is empty")
	}
	return secret.New(string(line)), nil
}

// checkURL refuses an endpoint to which secrets would travel in the clear.
func checkURL(name, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("the %s is no URL of the form https://HOST/PATH", name)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
		return nil
	}
	return fmt.Errorf("the %s %s has to begin with https://: a secret would travel in the clear", name, u.Redacted())
}

// CheckURL is nil for an https URL, or an http one of this machine.
func CheckURL(text string) error { return checkURL("URL", text) }
