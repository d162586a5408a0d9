package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// maxRecord bounds a token file, bytes.
const maxRecord = 1 << 20

// lockPoll is how often another process that renews the same token is waited for.
const lockPoll = 50 * time.Millisecond

// Dir is where logins are stored: $XDG_CONFIG_HOME/imaphaul/tokens, or what the
// system has for it (os.UserConfigDir).
func Dir() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("no directory for tokens: %w; give a file with --tokenfile", err)
	}
	return filepath.Join(dir, "imaphaul", "tokens"), nil
}

// DefaultFile is the token file of a user at a provider.
func DefaultFile(provider, user string) (string, error) {
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, recordName(provider, user)+".json"), nil
}

// Load reads a token file, without the tokens that are in a keyring. Errors name
// neither tokens nor the file's contents. On Unix a file that others can read or
// write is refused.
func Load(path string) (*Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close() // only read
	if st, err := f.Stat(); err == nil && runtime.GOOS != "windows" && st.Mode().IsRegular() && st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("other users of the machine can read or change it (mode %04o); make it yours alone with chmod 600, and log in again if somebody may have read it", st.Mode().Perm())
	}
	b, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	if err != nil {
		return nil, bare(err)
	}
	if len(b) > maxRecord {
		return nil, fmt.Errorf("it is larger than %d bytes", maxRecord)
	}
	return parseRecord(b)
}

func bare(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}

// StoredLogin is the name of a token file beside what it holds.
type StoredLogin struct {
	File   string
	Record *Record
	// Err is why the file cannot be used; Record is nil then.
	Err error
}

// List reads all stored logins, in the order of their file names.
func List() ([]StoredLogin, error) {
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []StoredLogin
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") || e.IsDir() {
			continue
		}
		l := StoredLogin{File: filepath.Join(dir, e.Name())}
		l.Record, l.Err = Load(l.File)
		if l.Err != nil {
			l.Record = nil
		}
		all = append(all, l)
	}
	return all, nil
}

// Find looks for the stored login of a user whose tokens are for an IMAP host.
// The result is the name of its file, empty when there is none. Files that
// cannot be used are passed over.
func Find(user, host string) string {
	logins, err := List()
	if err != nil {
		return ""
	}
	i := slices.IndexFunc(logins, func(l StoredLogin) bool {
		return l.Record != nil && strings.EqualFold(l.Record.User, user) && HostIn(host, l.Record.Hosts)
	})
	if i < 0 {
		return ""
	}
	return logins[i].File
}

// lock keeps other processes from renewing the same token; release ends it.
func lock(ctx context.Context, path string) (release func(), err error) {
	l := flock.New(path+".lock", flock.SetPermissions(0o600))
	ok, err := l.TryLockContext(ctx, lockPoll)
	if err != nil || !ok {
		if err == nil {
			err = errors.New("somebody else holds it")
		}
		return nil, fmt.Errorf("lock the token file %s: %w", path, err)
	}
	return func() { _ = l.Close() }, nil // closing unlocks
}

// save writes the record, and its secrets into the keyring if that is where they
// are. The lock is held.
func (r *Record) save(path string) error {
	onDisk := *r
	if r.Keyring {
		if err := keep(r); err != nil {
			return err
		}
		onDisk.AccessToken, onDisk.RefreshToken, onDisk.ClientSecret = "", "", ""
	}
	b, err := json.MarshalIndent(&onDisk, "", "  ")
	if err != nil {
		return errors.New("the token cannot be written as JSON") // the error might quote it
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(append(b, '\n'))
	if err == nil {
		err = tmp.Sync()
	}
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// Save writes a new login to path and makes its directory.
func (r *Record) Save(ctx context.Context, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	release, err := lock(ctx, path)
	if err != nil {
		return err
	}
	defer release()
	if err := r.save(path); err != nil {
		return fmt.Errorf("store the login: %w", err)
	}
	return nil
}

// full is the record with its secrets, wherever they are.
func full(path string) (*Record, error) {
	r, err := Load(path)
	if err == nil && r.Keyring {
		err = recallSecrets(r)
	}
	return r, err
}

// Delete removes a stored login and what the keyring holds of it.
func Delete(ctx context.Context, path string) error {
	release, err := lock(ctx, path)
	if err != nil {
		return err
	}
	defer release()
	if r, err := Load(path); err == nil && r.Keyring {
		if err := forget(r); err != nil {
			return err
		}
	}
	return os.Remove(path) // the lock file stays: somebody may wait for it
}

// secrets are what an answer about this record must not show.
func (r *Record) secrets() []secret.Secret {
	return []secret.Secret{secret.New(r.AccessToken), secret.New(r.RefreshToken), secret.New(r.ClientSecret)}
}
