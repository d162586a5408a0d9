package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The tests of this package stand for the program, which go test starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == spend {
		os.Exit(startTests(os.Args[2], os.Args[3:]...))
	}
	os.Exit(m.Run())
}

// module writes a module with one package of tests and returns its directory.
func module(t *testing.T, tests string) string {
	t.Helper()
	dir := t.TempDir()
	for file, text := range map[string]string{"go.mod": "module example.org/m\n\ngo 1.22\n", "m_test.go": "package m\n" + tests} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// play runs the tests of a module.
func play(t *testing.T, dir string, args ...string) (code int, text string, err error) {
	t.Helper()
	var out, errout bytes.Buffer
	code, err = run(append(args, "-C", dir, "--", "./..."), &out, &errout)
	return code, out.String() + errout.String(), err
}

func TestRun(t *testing.T) {
	const two = `import ("testing"; "time")
func TestGood(t *testing.T) { t.Log("nobody reads this"); time.Sleep(30*time.Millisecond) }
func TestSkipped(t *testing.T) { t.Skip("not here") }
`
	const bad = `
func TestBad(t *testing.T) { t.Run("part", func(t *testing.T) { t.Error("what went wrong") }) }
`
	for _, tc := range []struct {
		name, tests string
		code        int
		want, not   []string
	}{
		{"passes", two, 0, []string{"ok  \texample.org/m", "1 tests and parts of tests passed, 0 failed, 1 were skipped", "s  example.org/m TestGood", "1 took longer than 20ms", "Processor time: ", " s  .\n", "SKIPPED, so not tested:\n  example.org/m TestSkipped: m_test.go:4: not here\n"}, []string{"nobody reads"}},
		{"fails", two + bad, 1, []string{"what went wrong", "--- FAIL: TestBad/part", "FAIL\texample.org/m", "2 failed"}, []string{"nobody reads", "=== RUN"}},
		{"does not compile", two + "func broken() { x }", 1, []string{"undefined: x", "[build failed]"}, nil},
		{"panics", two + `func TestPanic(t *testing.T) { panic("all is lost") }`, 1, []string{"all is lost", "FAIL\texample.org/m"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			code, text, err := play(t, module(t, tc.tests), "-slow", "20ms")
			if code != tc.code || err != nil {
				t.Errorf("exit code %d, error %v", code, err)
			}
			for _, w := range tc.want {
				if !strings.Contains(text, w) {
					t.Errorf("it does not say %q", w)
				}
			}
			for _, w := range tc.not {
				if strings.Contains(text, w) {
					t.Errorf("it says %q", w)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}

// A test that hangs ends the run and is named; one that takes longer in all, but
// moves on, is not.
func TestSilenceEndsTheRun(t *testing.T) {
	dir := module(t, `import ("testing"; "time")
func TestSlow(t *testing.T) { for range 60 { t.Run("", func(*testing.T) { time.Sleep(100*time.Millisecond) }) } }
func TestHangs(t *testing.T) { t.Run("here", func(*testing.T) { for { time.Sleep(time.Hour) } }) }
`)
	code, text, err := play(t, dir, "-silence", "4s")
	if code == 0 || err == nil {
		t.Errorf("exit code %d, error %v", code, err)
	}
	_, told, _ := strings.Cut(text, "NO PROGRESS for 4s; running are\n")
	if !strings.Contains(told, "example.org/m TestHangs/here\n") || strings.Contains(told, "TestSlow#") {
		t.Error("it does not name the test that hangs, and that alone")
	}
	if !strings.Contains(told, "goroutine ") {
		t.Error("the goroutines are not shown")
	}
	if t.Failed() {
		t.Log(text)
	}
}

// Two lists show what a change has lost; where in a dialogue a fault struck does not
// count.
func TestLists(t *testing.T) {
	const test = `import "testing"
func TestStays(t *testing.T) { t.Run("cut 12 of 345", func(*testing.T) {}); t.Run("cut 16 of 345", func(*testing.T) {}) }
`
	lists := t.TempDir()
	before, after := filepath.Join(lists, "before"), filepath.Join(lists, "after")
	dir := module(t, test+`func TestGoes(t *testing.T) {}
func TestIsSkipped(t *testing.T) {}
`)
	if code, text, err := play(t, dir, "-list", before); code != 0 || err != nil {
		t.Fatalf("exit code %d, error %v\n%s", code, err, text)
	}
	list, err := os.ReadFile(before)
	const want = "1 example.org/m TestGoes\n1 example.org/m TestIsSkipped\n1 example.org/m TestStays\n2 example.org/m TestStays/cut_N_of_N\n"
	if err != nil || string(list) != want {
		t.Errorf("error %v, the list is\n%swant\n%s", err, list, want)
	}
	dir = module(t, strings.Replace(test, "12 of 345", "7 of 346", 1)+`func TestIsSkipped(t *testing.T) { t.Skip() }
`)
	code, text, err := play(t, dir, "-list", after, "-before", before)
	if code != 0 || err != nil {
		t.Fatalf("exit code %d, error %v\n%s", code, err, text)
	}
	for _, w := range []string{"-1 example.org/m TestGoes\n", "-1 example.org/m TestIsSkipped\n", "+1 skipped: example.org/m TestIsSkipped\n", "\n2 fewer and 1 more than in ", "TestIsSkipped: m_test.go:4:"} {
		if !strings.Contains(text, w) {
			t.Errorf("it does not say %q:\n%s", w, text)
		}
	}
	if code, _, err := play(t, dir, "-before", before); code != 2 || err == nil {
		t.Errorf("-before without -list: exit code %d, error %v", code, err)
	}
}

func TestBadOption(t *testing.T) {
	var out, errout bytes.Buffer
	if code, _ := run([]string{"-nonsense"}, &out, &errout); code != 2 || !strings.Contains(errout.String(), "-nonsense") {
		t.Errorf("exit code %d: %s", code, errout.String())
	}
}
