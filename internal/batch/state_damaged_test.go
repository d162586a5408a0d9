package batch

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A state that is damaged is refused with what to do, or read as far as it is sound; whatever
// stands in it, the process lives.
func TestDamagedStates(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sound")
	s, err := OpenState(path)
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]Record)
	for i := range 200 {
		rows[fmt.Sprint("row", i)] = Record{Next: StateDone, Account: strings.Repeat("a", 100)}
	}
	for range 2 { // so that there are free pages as well
		if err := s.PutAll(rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	refused := 0
	try := func(name string, data []byte) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenState(path)
		if err != nil {
			if refused++; !strings.Contains(err.Error(), "move it away") {
				t.Errorf("%s: %v", name, err)
			}
			return
		}
		for key := range rows {
			s.Get(key)
		}
		_ = s.Put("row1", Record{Next: StateUnfinished}) // with or without success
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for at := 0; at < len(sound); at += page {
		for name, damage := range map[string]func(b []byte){
			"zero":  func(b []byte) { clear(b) },
			"ones":  func(b []byte) { copy(b, bytes.Repeat([]byte{0xff}, page)) },
			"kind":  func(b []byte) { b[8] ^= 0x13 },
			"count": func(b []byte) { b[10] ^= 0x7f },
			"place": func(b []byte) { b[20] ^= 0x55 },
		} {
			b := bytes.Clone(sound)
			damage(b[at : at+page])
			try(fmt.Sprintf("%s at %d", name, at), b)
		}
		try(fmt.Sprintf("cut at %d", at+page/2), sound[:at+page/2])
	}
	if refused == 0 {
		t.Error("nothing was found")
	}
}
