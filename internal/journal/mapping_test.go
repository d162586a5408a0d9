package journal

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

func TestMappingIsKept(t *testing.T) {
	dir := t.TempDir()
	set := func(j *Journal, m map[string]Mapped) {
		t.Helper()
		if err := j.SetMapping(m); err != nil {
			t.Error(err)
		}
	}
	j := openMode(t, dir, ReadWrite)
	if m := j.Mapping(); len(m) != 0 {
		t.Errorf("a new journal knows %v", m)
	}
	set(j, map[string]Mapped{"Old": {To: "Old"}})
	want := map[string]Mapped{"Sent": {To: "Sent Items", ByRole: true}, "A/B": {To: "A.B"}, "": {}}
	set(j, want)
	want["Late"] = Mapped{To: "not stored"} // the journal keeps no caller's map
	delete(want, "Late")
	for _, mode := range []Mode{ReadOnly, DryRun, ReadWrite} {
		j = reopenMode(t, j, dir, mode)
		switch mode {
		case ReadOnly:
			if err := j.SetMapping(nil); !errors.Is(err, ErrReadOnly) {
				t.Error(err)
			}
		case DryRun:
			set(j, nil)
		case ReadWrite:
			set(j, want)
		}
		if d := cmp.Diff(want, j.Mapping()); d != "" {
			t.Errorf("mode %d: %s", mode, d)
		}
	}
}

func reopenMode(t *testing.T, j *Journal, dir string, m Mode) *Journal {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return openMode(t, dir, m)
}

func TestMappingThatIsDamagedIsNotBelieved(t *testing.T) {
	for _, value := range [][]byte{{5, 'a'}, {1, 'a', 1, 'b'}, {0xff}} {
		j := openMode(t, t.TempDir(), ReadWrite)
		err := j.update(func(tx *bbolt.Tx) (func(), error) {
			return func() {}, tx.Bucket(metaBucket).Put(mappingKey, seal(mappingKey, value))
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := j.db.View(j.loadMapping); !errors.Is(err, ErrDamaged) {
			t.Errorf("%v: %v", value, err)
		}
	}
}
