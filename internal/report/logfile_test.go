package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLogName(t *testing.T) {
	at := time.Date(2026, 11, 3, 4, 5, 6, 78_000_000, time.UTC)
	abs := filepath.Join(t.TempDir(), "x.log")
	tests := []struct {
		name string
		n    LogName
		want string
	}{
		{"both users", LogName{Dir: "LOG_imapsync", User1: "ann", User2: "bob@example.org"},
			filepath.Join("LOG_imapsync", "2026_11_03_04_05_06_078_ann_bob@example.org.txt")},
		{"abort", LogName{Dir: "d", User1: "a", User2: "b", Abort: true}, filepath.Join("d", "2026_11_03_04_05_06_078_a_b_abort.txt")},
		{"no users, no directory", LogName{}, "2026_11_03_04_05_06_078__.txt"},
		{"odd users", LogName{User1: `a/b*c|d?e:f"g<h>i'j k` + "\t\r\n", User2: `l\mé` + "\x01"},
			"2026_11_03_04_05_06_078_a_b_c_d_e_f_g_h_i_j_k____l_m___.txt"},
		{"users longer than a file name", LogName{User1: strings.Repeat("x", 80), User2: strings.Repeat("x", 300)},
			"2026_11_03_04_05_06_078_" + strings.Repeat("x", 80) + "_" + strings.Repeat("x", 71) + "_0d4e2ca9.txt"},
		{"climbing out", LogName{Dir: "d", User1: "../../etc/x"}, filepath.Join("d", "2026_11_03_04_05_06_078_.._.._etc_x_.txt")},
		{"file in directory", LogName{Dir: "d", File: "my.log"}, filepath.Join("d", "my.log")},
		{"file with path in directory", LogName{Dir: "d", File: "e/my.log"}, filepath.Join("d", "e", "my.log")},
		{"absolute file", LogName{Dir: "d", File: abs}, abs},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.n.Started = at
			if got := tt.n.Path(); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestOpenLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "run.txt")
	f, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("old"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := st.Mode().Perm(); got&0o077 != 0 {
		t.Errorf("mode %o: others can read the log", got)
	}
	if f, err = OpenLog(path); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || len(b) != 0 {
		t.Errorf("an old log is kept: %q, %v", b, err)
	}
	// A file where a directory should be, and a directory where the file should be.
	for _, bad := range []string{filepath.Join(path, "x.txt"), filepath.Dir(path)} {
		if _, err := OpenLog(bad); err == nil || !strings.Contains(err.Error(), "--logdir") || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestTee(t *testing.T) {
	tests := []struct {
		name            string
		outBad, logBad  bool
		wantOut, wantLg string
		fails           bool
	}{
		{name: "both", wantOut: "one\ntwo\n", wantLg: "one\ntwo\n"},
		{name: "terminal gone", outBad: true, wantLg: "one\nWarning: standard output is lost: disk full\ntwo\n"},
		{name: "log gone", logBad: true, wantOut: "one\nWarning: the log file is given up: disk full\ntwo\n"},
		{name: "both gone", outBad: true, logBad: true, fails: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, log bytes.Buffer
			tee := &Tee{Out: &out, Log: &log}
			if tt.outBad {
				tee.Out = failing{}
			}
			if tt.logBad {
				tee.Log = failing{}
			}
			var last error
			for _, s := range []string{"one\n", "two\n"} {
				_, last = tee.Write([]byte(s))
			}
			if out.String() != tt.wantOut || log.String() != tt.wantLg {
				t.Errorf("terminal %q, log %q", out.String(), log.String())
			}
			if (last != nil) != tt.fails {
				t.Errorf("last error %v", last)
			}
		})
	}
	var out bytes.Buffer
	if _, err := (&Tee{Out: &out}).Write([]byte("x")); err != nil || out.String() != "x" {
		t.Errorf("without a log: %v, %q", err, out.String())
	}
}
