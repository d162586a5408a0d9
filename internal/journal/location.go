package journal

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The name of a journal tells which two accounts it is of, as digests, and the directory
// it is in is chosen by the one on host2. So a run that asks what others stored on its
// host2 opens their journals only, however many there are: a batch of thousands of
// accounts would otherwise read all of them in each of its runs.
//
//	ab/<account on host2>-<account on host1>-<pair>.journal
//
// Until November 2026 a journal was <pair>.journal in the directory itself. Such a file is
// moved by the next real run of its accounts; until then it is read by every run.

// fileSuffix is what the names of journals end with.
const fileSuffix = ".journal"

// How many hexadecimal digits there are of an account, of a pair, and in the name of a
// directory.
const accountDigits, pairDigits, shardDigits = 16, 32, 2

// location is where the journal of a pair is in a directory of journals.
func (p Pair) location() string {
	two := p.digest2()
	return filepath.Join(two[:shardDigits], two+"-"+p.digest1()+"-"+p.oldName())
}

// oldName is a digest: a user name may hold separators, "..", or more bytes than a file
// name can.
func (p Pair) oldName() string {
	sum := sha256.Sum256(p.encode())
	return hex.EncodeToString(sum[:pairDigits/2]) + fileSuffix
}

// digest1 stands for the account on host1.
func (p Pair) digest1() string {
	n := p.normal()
	return digest(n.Host1, n.User1, n.Port1)
}

// digest2 stands for the account on host2 without its host, as another name may lead to
// the same one (Other.Alias).
func (p Pair) digest2() string {
	n := p.normal()
	return digest("", n.User2, n.Port2)
}

func digest(host, user string, port int) string {
	var b []byte
	for _, s := range []string{host, user} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(binary.AppendVarint(b, int64(port)))
	return hex.EncodeToString(sum[:accountDigits/2])
}

// File is the name of a pair's journal in dir, whether or not there is one.
func File(dir string, p Pair) string {
	name := filepath.Join(dir, p.location())
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		if old := filepath.Join(dir, p.oldName()); isThere(old) {
			return old
		}
	}
	return name
}

// Name is the part of a journal's file name that tells it from all others, for people: a
// digest of the pair.
func Name(path string) string {
	stem := strings.TrimSuffix(filepath.Base(path), fileSuffix)
	return stem[strings.LastIndex(stem, "-")+1:]
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// makeDirs makes the directory of a journal in dir, for this user alone, so that it is
// there after a power cut.
func makeDirs(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	err := os.Mkdir(filepath.Dir(path), 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		err = syncDir(dir)
	}
	return err
}

// lockOld locks the place where the journal of a pair was until November 2026, if a version
// of before used it, for as long as this run holds the journal: such a version, started
// meanwhile, would find nothing there and store everything a second time. Whoever holds it
// is waited for as Open waits.
func lockOld(ctx context.Context, dir string, p Pair, wait time.Duration) (*fileLock, error) {
	old := filepath.Join(dir, p.oldName())
	if !isThere(old) && !isThere(old+".lock") {
		return nil, nil
	}
	return acquireLock(ctx, old+".lock", false, wait)
}

// moveOld moves the journal of a pair to path, from where it was until November 2026, if it
// is there. The locks of both places are held.
func moveOld(ctx context.Context, dir string, p Pair, path string, o *Options) error {
	old := filepath.Join(dir, p.oldName())
	if !isThere(old) || isThere(path) {
		return nil
	}
	if o.SharedTTL > 0 {
		shared, err := acquireShared(ctx, old+".lease", o.SharedTTL, o.LeaseClock, sleep)
		if err != nil {
			return err
		}
		defer func() { _ = shared.release() }() // nobody waits for it long
	}
	err := os.Rename(old, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // whoever held it removed it
	}
	if err == nil {
		err = errors.Join(syncDir(filepath.Dir(path)), syncDir(dir))
	}
	if err != nil {
		return fmt.Errorf("journal %s cannot be moved to %s: %w", old, path, err)
	}
	return nil
}

// named is what the name of a file tells of its journal.
type named struct {
	path string
	// two and one are the digests of the accounts, "" if the name does not tell them.
	two, one string
}

// readName takes the digests from the name of a file; ok is false for one that is no
// journal.
func readName(path string) (n named, ok bool) {
	stem, ok := strings.CutSuffix(filepath.Base(path), fileSuffix)
	n.path = path
	parts := strings.Split(stem, "-")
	if len(parts) == 3 && isDigest(parts[0], accountDigits) && isDigest(parts[1], accountDigits) && isDigest(parts[2], pairDigits) {
		n.two, n.one = parts[0], parts[1]
	}
	return n, ok
}

func isDigest(s string, digits int) bool {
	return len(s) == digits && strings.Trim(s, "0123456789abcdef") == ""
}

// journalsIn names the journals in dir: those of one account on host2 if two is its
// digest, all for "". A missing directory is empty.
func journalsIn(dir, two string) (all []named, err error) {
	top, err := namesIn(dir)
	if err != nil {
		return nil, err
	}
	shards := []string{}
	for _, name := range top {
		if isDigest(name, shardDigits) && (two == "" || strings.HasPrefix(two, name)) {
			shards = append(shards, name)
		} else if n, ok := readName(filepath.Join(dir, name)); ok {
			all = append(all, n)
		}
	}
	for _, shard := range shards {
		names, err := namesIn(filepath.Join(dir, shard))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if n, ok := readName(filepath.Join(dir, shard, name)); ok {
				all = append(all, n)
			}
		}
	}
	return all, nil
}

// namesIn lists a directory in order, nothing if it is missing.
func namesIn(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}
