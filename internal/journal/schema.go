package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
)

// schemaVersion is what this program writes.
const schemaVersion = 2

// oldestReadable is the oldest schema that a run which writes nothing reads as it is.
const oldestReadable = 1

var (
	metaBucket    = []byte("journal")
	foldersBucket = []byte("folders")
	doubtBucket   = []byte("doubt")
	flagsBucket   = []byte("flags")
	trafficBucket = []byte("traffic")

	schemaKey = []byte("schema")
	pairKey   = []byte("pair")
)

func allBuckets() [][]byte {
	return [][]byte{
		metaBucket, foldersBucket, entries.bucket, extras.bucket,
		delivered.bucket, doubtBucket, flagsBucket, trafficBucket,
	}
}

// migrations[v] turns schema v into v+1, inside the transaction that also writes
// the new version: a file is of one schema or of the next, never between.
var migrations = map[uint32]func(*bbolt.Tx) error{1: claimNothing}

// claimNothing is the step from schema 1, which did not tell extras whose host1
// message had left host1 from those whose folder on host1 had been rebuilt. What a
// folder's first run found is not known of an old file; the next run notes it.
func claimNothing(tx *bbolt.Tx) error {
	return tx.Bucket(foldersBucket).ForEach(func(k, sealed []byte) error {
		rec, err := decodeRecord(k, sealed)
		if err != nil {
			return err
		}
		return extras.change(tx, rec.id, (*Entry).unclaim)
	})
}

// NewerSchemaError says that a later version of the program wrote the journal.
type NewerSchemaError struct {
	Path         string
	Found, Known uint32
}

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("journal %s has schema %d, this version knows up to %d: "+
		"use the newer imaphaul, or another --cachedir; without its journal a run only takes longer",
		e.Path, e.Found, e.Known)
}

// WrongPairError says that the file belongs to other accounts.
type WrongPairError struct{ Path string }

func (e *WrongPairError) Error() string {
	return fmt.Sprintf("journal %s belongs to another pair of accounts: it was copied or renamed; move it away", e.Path)
}

// initialise fills a new, empty database.
func initialise(tx *bbolt.Tx, p Pair, version uint32) error {
	for _, name := range allBuckets() {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	if err := putVersion(tx, version); err != nil {
		return err
	}
	return tx.Bucket(metaBucket).Put(pairKey, seal(pairKey, p.encode()))
}

func putVersion(tx *bbolt.Tx, v uint32) error {
	return tx.Bucket(metaBucket).Put(schemaKey, seal(schemaKey, binary.LittleEndian.AppendUint32(nil, v)))
}

// decodeVersion reads the sealed schema version.
func decodeVersion(sealed []byte) (uint32, error) {
	v, err := unseal(schemaKey, sealed)
	if err != nil {
		return 0, fmt.Errorf("schema version: %w", err)
	}
	if len(v) != 4 {
		return 0, fmt.Errorf("schema version of %d bytes", len(v))
	}
	return binary.LittleEndian.Uint32(v), nil
}

// migrate brings an older file to schemaVersion.
func migrate(tx *bbolt.Tx, path string) error {
	v, err := decodeVersion(tx.Bucket(metaBucket).Get(schemaKey))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if v > schemaVersion {
		return &NewerSchemaError{Path: path, Found: v, Known: schemaVersion}
	}
	if v == schemaVersion {
		return nil
	}
	for ; v < schemaVersion; v++ {
		step, ok := migrations[v]
		if !ok {
			return fmt.Errorf("%w: schema %d was never in use", ErrDamaged, v)
		}
		if err := step(tx); err != nil {
			return fmt.Errorf("journal %s: from schema %d to %d: %w", path, v, v+1, err)
		}
	}
	return putVersion(tx, v)
}

// checkContents looks for what later code takes for granted.
func checkContents(tx *bbolt.Tx, path string, p Pair) error {
	for _, name := range allBuckets() {
		if tx.Bucket(name) == nil {
			return fmt.Errorf("%w: no bucket %s", ErrDamaged, name)
		}
	}
	got, err := unseal(pairKey, tx.Bucket(metaBucket).Get(pairKey))
	if err != nil {
		return fmt.Errorf("%w: account pair: %w", ErrDamaged, err)
	}
	if !bytes.Equal(got, p.encode()) {
		return &WrongPairError{Path: path}
	}
	return nil
}
