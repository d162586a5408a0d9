package cli

import (
	"testing"
	"time"
)

// BenchmarkRow is the reading of one row of a batch.
func BenchmarkRow(b *testing.B) {
	in := Input{Now: time.Now(), Version: "test"}
	o := RowOptions{All: []string{"--automap", "--nossl1", "--notls1", "--nossl2", "--notls2", "--port1=1143", "--port2=1144"}}
	row := []string{"--host1=imap.old.example.org", "--user1=alice", "--password1=a", "--host2=imap.new.example.org", "--user2=alice", "--password2=b"}
	for b.Loop() {
		if r := ParseRow(in, o, row); r.Plan == nil {
			b.Fatal(r.Problems)
		}
	}
}
