package batchrun

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
)

// faultsOf are the faults of a list with such options.
func faultsOf(t *testing.T, name, list string, options ...string) (texts []string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	_, out := cli.Parse(cli.Input{Args: append([]string{"batch", name, "--host1", "192.0.2.1", "--host2", "192.0.2.2"}, options...), Now: time.Now()})
	if out.Batch == nil {
		t.Fatal(out.Stderr)
	}
	faults, err := newRun(out.Batch, nil, io.Discard, io.Discard).readList()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		texts = append(texts, f.Text)
	}
	return texts
}

// Where a cell is missing or a password is divided by a comma, passwords stand in columns of
// other things. What is wrong there is told without them.
func TestFaultsDoNotShowWhatMayBeAPassword(t *testing.T) {
	const columns = "host1,user1,password1,host2,user2,password2,port2,maxsize,exclude,authmech2,dry,options\n"
	cells := []string{"192.0.2.1", "a", "geheim", "192.0.2.2", "b", "geheim", "143", "7", "x", "LOGIN", "no", "--automap"}
	file := filepath.Join(t.TempDir(), "users.csv")
	for _, secret := range []string{"geheim", "x:geheim", "host:geheim", "geheim://x", "-geheim(", "[geheim", `""geheim""`, "geheim 'x", "ge heim", "geheim --x"} {
		for i := range cells {
			moved := append([]string(nil), cells...)
			moved[i] = secret
			for _, row := range [][]string{moved, append(append([]string(nil), moved[:i]...), moved[i+1:]...)} {
				for _, text := range faultsOf(t, file, columns+strings.Join(row, ",")+"\n") {
					if strings.Contains(text, "geheim") || strings.Contains(text, "heim") {
						t.Errorf("%q: %s", row, text)
					}
				}
			}
		}
	}
}

// The files with the secrets of rows lie beside the list or where its caller says.
func TestPassfilesOfAList(t *testing.T) {
	top := t.TempDir()
	for _, dir := range []string{"lists", "secrets"} {
		if err := os.Mkdir(filepath.Join(top, dir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, dir, "a"), []byte("p\nq\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, secrets := filepath.Join(top, "lists", "users.csv"), filepath.Join(top, "secrets")
	row := func(dir string) string {
		return "user1,passfile1,user2,passfile2\na," + filepath.Join(top, dir, "a") + ",b," + filepath.Join(top, dir, "a") + "\n"
	}
	for _, c := range []struct {
		rows    string
		options []string
		faults  int
	}{
		{row("lists"), nil, 0}, {row("secrets"), nil, 2}, {row("secrets"), []string{"--passfiledir", secrets}, 0},
		{row("secrets"), []string{"--allowrowcommands"}, 0}, {row("lists"), []string{"--passfiledir", filepath.Join(top, "none")}, 1},
	} {
		if faults := faultsOf(t, list, c.rows, c.options...); len(faults) != c.faults {
			t.Errorf("%q: %q", c.options, faults)
		}
	}
}
