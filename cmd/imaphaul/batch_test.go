package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/batchrun"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// batchBench is two servers with accounts, and lists of them.
type batchBench struct {
	t        *testing.T
	from, to *mailtest.Server
	dir      string
	users    [][2]string
	boxes    []corpus.Mailbox
}

func newBatchBench(t *testing.T, n int) *batchBench { return newBatchBenchOf(t, n, 4) }

// newBatchBenchOf is newBatchBench with so many messages in each account.
func newBatchBenchOf(t *testing.T, n, messages int) *batchBench {
	t.Helper()
	b := &batchBench{t: t, from: mailtest.StartEmbedded(t, embedded.Options{}), to: mailtest.StartEmbedded(t, embedded.Options{}), dir: t.TempDir()}
	for i := range n {
		u1, _ := b.from.User(t)
		u2, _ := b.to.User(t)
		box := corpus.Generate(corpus.Options{Seed: uint64(i), Messages: messages, Folders: 2})
		mailtest.Fill(t, b.from, u1, box)
		b.users, b.boxes = append(b.users, [2]string{u1, u2}), append(b.boxes, box)
	}
	return b
}

// row is a line of imapsync's loops.
func (b *batchBench) row(i int, more string) string {
	u := b.users[i]
	return fmt.Sprintf("127.0.0.1;%s;%s;127.0.0.1;%s;%s;%s;", u[0], mailtest.Password(u[0]), u[1], mailtest.Password(u[1]), more)
}

// port is the option for a server that a row names itself.
func port(n, p int) string { return fmt.Sprintf("--port%d %d", n, p) }

func (b *batchBench) list(rows ...string) string {
	b.t.Helper()
	name := filepath.Join(b.dir, "users.csv")
	if err := os.WriteFile(name, []byte(strings.Join(rows, "\n")+"\n"), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return name
}

// call runs "imaphaul batch" and returns its exit code and what it printed.
func (b *batchBench) call(list string, options ...string) (int, string) {
	b.t.Helper()
	args := append([]string{"batch", list,
		"--port1", fmt.Sprint(b.from.Port), "--nossl1", "--notls1", "--port2", fmt.Sprint(b.to.Port), "--nossl2", "--notls2",
		"--logdir", filepath.Join(b.dir, "log"), "--cachedir", filepath.Join(b.dir, "journal"), "--pidfile", filepath.Join(b.dir, "pid")}, options...)
	_, out := cli.Parse(cli.Input{Args: args, Now: time.Now()})
	if out.Batch == nil {
		return out.Code, out.Stdout + out.Stderr
	}
	var said bytes.Buffer
	code, _ := batchrun.Run(out.Batch, nil, &said, &said)
	if strings.Contains(said.String(), mailtest.Password("u1")) {
		b.t.Errorf("a password is printed: %s", &said)
	}
	return code, said.String()
}

// moved checks that a row's mail is on host2, each message once.
func (b *batchBench) moved(i int) {
	b.t.Helper()
	want := mailtest.Snapshot(b.t, b.from, b.users[i][0])
	got := mailtest.Snapshot(b.t, b.to, b.users[i][1])
	if d := mailtest.Diff(want, got, mailtest.Known(b.from, b.to)); len(d) > 0 {
		b.t.Errorf("row %d: %q", i+1, d)
	}
}

func (b *batchBench) results() []map[string]any {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, "users.result.json"))
	if err != nil {
		b.t.Fatal(err)
	}
	var rows []map[string]any
	if err := json.Unmarshal(data, &rows); err != nil {
		b.t.Fatal(err)
	}
	for _, r := range rows {
		if code := r["exit_code"]; code != nil && code != 0.0 && code != 6.0 && r["first_error"] == "" {
			b.t.Errorf("no word of why the row failed: %v", r)
		}
	}
	return rows
}

func TestBatchMovesAllAndGoesOn(t *testing.T) {
	b := newBatchBench(t, 7)
	rows := []string{"# accounts", ""}
	for i := range b.users {
		rows = append(rows, b.row(i, ""))
	}
	wrong := strings.Replace(rows[4], mailtest.Password(b.users[2][0]), "wrong", 1)
	right := rows[4]
	rows[4] = wrong
	list := b.list(rows...)
	code, said := b.call(list, "--jobs", "3")
	if code != 111 {
		t.Fatalf("code %d\n%s", code, said)
	}
	for i := range b.users {
		if i != 2 {
			b.moved(i)
		}
	}
	res := b.results()
	if len(res) != 7 || res[2]["exit_code"] != 161.0 || res[2]["outcome"] != "failed" || res[2]["tries"] != 1.0 || res[0]["outcome"] != "finished" {
		t.Errorf("%v", res)
	}
	failed, err := os.ReadFile(filepath.Join(b.dir, "users.failed.csv"))
	if err != nil || string(failed) != wrong+"\n" {
		t.Errorf("%q %v", failed, err)
	}
	// A wrong password is not tried again, whatever is run.
	code, said = b.call(list)
	if code != 111 || !strings.Contains(said, "0 rows to run") {
		t.Errorf("code %d\n%s", code, said)
	}
	rows[4] = right
	b.list(rows...)
	code, said = b.call(list, "--retryfailed")
	if code != 0 || !strings.Contains(said, "1 row to run") {
		t.Errorf("code %d\n%s", code, said)
	}
	for i := range b.users {
		b.moved(i)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "users.failed.csv")); err == nil {
		t.Error("a list of failed rows is left")
	}
	code, said = b.call(list, "--fresh", "--rows", "2-3,7", "--summary")
	if code != 0 || !strings.Contains(said, "3 rows to run") {
		t.Errorf("code %d\n%s", code, said)
	}
	b.moved(1)
	logs, err := filepath.Glob(filepath.Join(b.dir, "log", "*.txt"))
	if err != nil || len(logs) != 7+1+3 {
		t.Errorf("%d logs", len(logs))
	}
	for _, l := range logs {
		text, err := os.ReadFile(l)
		if err != nil || !bytes.Contains(text, []byte("Exiting with return value")) || bytes.Contains(text, []byte(mailtest.Password(b.users[0][0]))) {
			t.Errorf("%s: %v %s", l, err, text)
		}
	}
}

func TestBatchChecksAllFirst(t *testing.T) {
	b := newBatchBench(t, 2)
	for name, c := range map[string]struct {
		rows  []string
		args  []string
		wants []string
	}{
		"a password with a semicolon": {[]string{strings.TrimSuffix(b.row(0, ""), ";") + "-Mysecret"}, nil, []string{"row 1 (line 1): Its last column"}},
		"one with a blank as well":    {[]string{strings.TrimSuffix(b.row(0, ""), ";") + "--dry my " + mailtest.Password("u1")}, nil, []string{"row 1 (line 1): Its last column has words"}},
		"a list overwritten":          {[]string{b.row(0, "")}, []string{"--json", filepath.Join(b.dir, "users.csv")}, []string{"--json "}},
		"a state overwritten":         {[]string{b.row(0, "")}, []string{"--report", filepath.Join(b.dir, "users.csv.state")}, []string{"--report "}},
		"results overwritten":         {[]string{b.row(0, "")}, []string{"--json", filepath.Join(b.dir, "x"), "--report", filepath.Join(b.dir, "x")}, []string{"--json "}},
		"columns and options":         {[]string{b.row(0, "--nonsense 1"), "a;b", b.row(1, "--maxsize x")}, nil, []string{"row 1 (line 1): ", "row 2 (line 2): ", "row 3 (line 3): "}},
		"a column and a row":          {[]string{"user1,password1,user2,password2,hots1,maxsize", "u1,x,u1,y,z,big", "u2,x,u2"}, []string{"--host2", "127.0.0.1"}, []string{"column 5 of the first line", "row 1 (line 2): ", "2 faults"}},
		"two faults and a double":     {[]string{b.row(0, "--nonsense --maxsize x"), b.row(1, ""), b.row(0, "--nonsense --maxsize x")}, nil, []string{"row 1 (line 1): Its last", "row 1 (line 1): Value", "row 3 (line 3): Its last", "row 3 (line 3): Value", "row 3 (line 3): it does the same as row 1"}},
		"no host and no such option":  {[]string{"user1,host1,user2,options", "u1,127.0.0.1,u1,--nonsense"}, nil, []string{"Unknown option: nonsense", "it lacks --host2", "no password for user1", "no password for user2", "4 faults"}},
		"a circle with a fault":       {[]string{"user1,password1,user2,password2,maxsize", "u1,x,u2,x,big", "u2,x,u3,x,", "u3,x,u1,x,"}, []string{"--host1", "127.0.0.1", "--host2", "127.0.0.1", "--port1", "7143", "--port2", "7143"}, []string{"row 1 (line 2): Value", "row 1 (line 2): the accounts go in a circle", "2 faults"}},
		"commands":                    {[]string{b.row(0, "--pipemess cat"), b.row(1, "--logfile x")}, nil, []string{"--allowrowcommands"}},
		"the same twice":              {[]string{b.row(0, ""), b.row(1, ""), b.row(0, "")}, nil, []string{"row 3 (line 3): it does the same as row 1"}},
		"the same by another port":    {[]string{b.row(0, "--port2 143"), b.row(0, "--port2=993 --password2 x")}, nil, []string{"row 2 (line 2): it does the same as row 1"}},
		"one destination":             {[]string{b.row(0, ""), strings.Replace(b.row(1, ""), ";u2;"+mailtest.Password("u2")+";;", ";u1;"+mailtest.Password("u1")+";;", 1)}, []string{"--delete2"}, []string{"rows that share a destination"}},
		"by another name":             {[]string{b.row(0, ""), strings.Replace(b.row(1, ""), ";127.0.0.1;u2;"+mailtest.Password("u2")+";;", ";localhost;U1;"+mailtest.Password("u1")+";;", 1)}, []string{"--delete2"}, []string{"rows that share a destination"}},
		"one file":                    {[]string{b.row(0, "--skippedfile same.txt"), b.row(1, "--skippedfile ./same.txt")}, []string{"--allowrowcommands"}, []string{"row 2 (line 2): --skippedfile", "row 1 writes this file, too"}},
		"the list itself":             {[]string{b.row(0, "--skippedfile "+filepath.Join(b.dir, "users.csv.state"))}, []string{"--allowrowcommands"}, []string{"the batch itself writes this file"}},
		"of the batch":                {[]string{b.row(0, "--json x")}, nil, []string{"it belongs to the whole batch"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, said := b.call(b.list(c.rows...), c.args...)
			if code != 64 {
				t.Errorf("code %d", code)
			}
			for _, w := range c.wants {
				if !strings.Contains(said, w) {
					t.Errorf("no %q in\n%s", w, said)
				}
			}
			if strings.Contains(said, mailtest.Password("u1")) {
				t.Errorf("a password is shown: %s", said)
			}
			if got := mailtest.Snapshot(t, b.to, b.users[0][1]); got.Count() != 0 {
				t.Error("something was copied")
			}
		})
	}
	if code, said := b.call(filepath.Join(b.dir, "none.csv")); code != 66 || !strings.Contains(said, "none.csv") {
		t.Errorf("code %d: %s", code, said)
	}
	for _, choice := range [][]string{{"--rows", "3"}, {"--rows", "1,9-12"}, {"--only", "nobody"}} {
		if code, said := b.call(b.list(b.row(0, ""), b.row(1, "")), choice...); code != 64 || !strings.Contains(said, choice[0]) {
			t.Errorf("%v: code %d\n%s", choice, code, said)
		}
	}
	if code, _ := b.call(b.list(b.row(0, "")), "--logfile", "x"); code != 64 {
		t.Errorf("code %d", code)
	}
}

// A batch that is refused, since another one works on the list, leaves the other one's pid
// file as it is: by that it is asked and ended.
func TestBatchRefusedLeavesThePidFile(t *testing.T) {
	b := newBatchBench(t, 1)
	list := b.list(b.row(0, ""))
	state, err := batch.OpenState(list + ".state")
	if err != nil {
		t.Fatal(err)
	}
	pid := filepath.Join(b.dir, "pid")
	if err := os.WriteFile(pid, []byte("12345\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, said := b.call(list); code != 8 || !strings.Contains(said, "another batch works on this list") {
		t.Errorf("code %d\n%s", code, said)
	}
	if text, err := os.ReadFile(pid); err != nil || string(text) != "12345\n" {
		t.Errorf("%v %q", err, text)
	}
	if err := state.Close(); err != nil {
		t.Fatal(err)
	}
	if code, said := b.call(list); code != 0 {
		t.Errorf("code %d\n%s", code, said)
	}
}

func TestBatchTriesLoginsFirst(t *testing.T) {
	b := newBatchBench(t, 3)
	rows := []string{b.row(0, ""), strings.Replace(b.row(1, ""), mailtest.Password(b.users[1][1])+";;", "wrong;;", 1), b.row(2, "")}
	var mu sync.Mutex
	told := ""
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		told += strings.Join(regexp.MustCompile(`"event":"\w+"|"row":\d+|"exit_code":\d+`).FindAllString(string(data), -1), " ") + "\n"
	}))
	defer hook.Close()
	page, lines := filepath.Join(b.dir, "page.html"), filepath.Join(b.dir, "lines")
	code, said := b.call(b.list(rows...), "--loginsfirst", "--webhook", hook.URL, "--report", page)
	if code != 111 || !strings.Contains(said, "1 of 3 rows failed. Nothing was copied") || !strings.Contains(said, "162") {
		t.Errorf("code %d\n%s", code, said)
	}
	mu.Lock()
	if want := "\"event\":\"row\" \"row\":2 \"exit_code\":162\n\"event\":\"batch\" \"exit_code\":111\n"; told != want {
		t.Errorf("the webhook was told %q", told)
	}
	mu.Unlock()
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "1 of 3 rows failed") || strings.Count(string(text), "not begun") != 2 {
		t.Errorf("%v: the page does not tell how it ended", err)
	}
	for i := range b.users {
		if got := mailtest.Snapshot(t, b.to, b.users[i][1]); got.Count() != 0 {
			t.Errorf("row %d was copied", i+1)
		}
	}
	// The wrong password is not tried once more, and what --loginsfirst promises holds.
	if code, said = b.call(b.list(rows...), "--loginsfirst"); code != 111 || strings.Contains(said, "waits for a person:") || !strings.Contains(said, "1 of 3 rows failed") {
		t.Errorf("code %d\n%s", code, said)
	}
	rows[1] = b.row(1, "")
	if code, said = b.call(b.list(rows...), "--loginsfirst", "--order", "small", "--retryfailed", "--json", lines); code != 0 {
		t.Errorf("code %d\n%s", code, said)
	}
	// What was done before its run is told apart from the run of a row.
	if got, want := exitsIn(t, lines), (map[string]int{"1.0 justfoldersizes 0": 1, "2.0 justfoldersizes 0": 1, "3.0 justfoldersizes 0": 1, "1.1  0": 1, "2.1  0": 1, "3.1  0": 1}); !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
	for i := range b.users {
		b.moved(i)
	}
}

// exitsIn counts the lines of --json with an exit code: row, try, what is done in place of
// copying, and the code.
func exitsIn(t *testing.T, file string) map[string]int {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	exits := make(map[string]int)
	for line := range strings.Lines(string(data)) {
		var m struct {
			Event, Only    string
			Row, Try, Code int
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Row == 0 {
			t.Fatalf("%v: %q", err, line)
		}
		if m.Event == "exit" {
			exits[fmt.Sprintf("%d.%d %s %d", m.Row, m.Try, m.Only, m.Code)]++
		}
	}
	return exits
}

// A wrong password is tried once in a call, also when mailboxes are counted first, and when
// several rows name the account.
//
// Rows that run at the same time count as well: here they read one account, so that nothing
// else has them wait for one another.
func TestBatchTriesAWrongPasswordOnce(t *testing.T) {
	b := newBatchBench(t, 8)
	var rows []string
	for i := range b.users {
		rows = append(rows, strings.Replace(b.row(i, ""), ";"+b.users[i][0]+";"+mailtest.Password(b.users[i][0]), ";"+b.users[0][0]+";wrong", 1))
	}
	lines := filepath.Join(b.dir, "lines")
	code, said := b.call(b.list(rows...), "--jobs", "8", "--json", lines)
	if exits := exitsIn(t, lines); len(exits) != len(rows) || exits["8.1  161"] != 1 {
		t.Errorf("%v", exits) // also of those that were not tried
	}
	if code != 111 || strings.Count(said, "waits for a person: ") != len(rows) || strings.Count(said, "not tried, since row") != len(rows)-1 {
		t.Errorf("code %d\n%s", code, said)
	}
	for _, options := range [][]string{nil, {"--order", "large"}, {"--loginsfirst"}} {
		b := newBatchBench(t, 3)
		wrong := func(i int) string {
			return strings.Replace(b.row(i, "--subfolder2 Archive"), ";"+b.users[i][1]+";"+mailtest.Password(b.users[i][1]), ";"+b.users[0][1]+";wrong", 1)
		}
		code, said := b.call(b.list(wrong(0), wrong(1), wrong(2)), append(options, "--jobs", "1")...)
		if code != 111 || strings.Count(said, "waits for a person: ") != 3 || strings.Count(said, "not tried, since row") != 2 {
			t.Errorf("%v: code %d\n%s", options, code, said)
		}
	}
}

// Both passwords of a row may be wrong: neither is tried for another row, however that writes
// the user.
func TestBatchTriesTwoWrongPasswordsOnce(t *testing.T) {
	b := newBatchBench(t, 3)
	row := func(from, password1, to, password2 string) string {
		return fmt.Sprintf("127.0.0.1;%s;%s;127.0.0.1;%s;%s;", from, password1, to, password2)
	}
	one, two, three := b.users[0], b.users[1], b.users[2]
	rows := []string{row(one[0], "wrong", one[1], "wrong"), row(two[0], mailtest.Password(two[0]), strings.ToUpper(one[1]), "wrong"), row(one[0], "wrong", three[1], mailtest.Password(three[1]))}
	for _, options := range [][]string{{"--retryfailed"}, {"--order", "small", "--retryfailed"}, {"--loginsfirst", "--retryfailed"}} {
		code, said := b.call(b.list(rows...), append(options, "--jobs", "1")...)
		if code != 111 || strings.Count(said, "waits for a person: ") != 3 || strings.Count(said, "not tried, since row 1") != 2 {
			t.Errorf("%q: code %d\n%s", options, code, said)
		}
		why, _ := b.results()[0]["first_error"].(string)
		if !strings.Contains(why, "Host1") || !strings.Contains(why, "Host2") {
			t.Errorf("%q: one of two wrong passwords is told: %q", options, why)
		}
	}
}

// So is the password of an administrator, which is one for all rows: it is not tried for
// each of them.
func TestBatchTriesAnAdministratorsWrongPasswordSomeTimes(t *testing.T) {
	b := newBatchBench(t, 6)
	var rows []string
	for i := range b.users {
		rows = append(rows, strings.Replace(b.row(i, ""), ";"+mailtest.Password(b.users[i][1])+";;", ";wrong;;", 1))
	}
	if code, said := b.call(b.list(rows...), "--authuser2", "admin"); code != 111 || strings.Count(said, "waits for a person: ") != 6 || strings.Count(said, "not tried, since 3 rows") != 3 {
		t.Errorf("code %d\n%s", code, said)
	}
}

// A mailbox that cannot be counted holds up nobody, whatever the order: its row comes last.
func TestBatchOrderOfMailboxesThatAreNotCounted(t *testing.T) {
	b := newBatchBenchOf(t, 3, 1)
	gone, release, err := mailtest.ReservePort()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	mailtest.Fill(t, b.from, b.users[1][0], corpus.Generate(corpus.Options{Seed: 5, Messages: 9, Folders: 1}))
	list := b.list(b.row(0, port(1, gone)), b.row(1, ""), b.row(2, ""))
	for order, want := range map[string]string{"small": "321", "large": "231"} {
		code, said := b.call(list, "--order", order, "--jobs", "1", "--fresh")
		counted, ran, _ := strings.Cut(said, "3 rows to run")
		if code != 111 || strings.Count(counted, "not counted") != 1 || strings.Contains(counted, "tried again") {
			t.Errorf("%s: code %d\n%s", order, code, said)
		}
		got := ""
		for line := range strings.Lines(ran) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == "row" && !strings.Contains(got, f[1]) {
				got += f[1]
			}
		}
		if got != want {
			t.Errorf("%s: the rows came as %s, not %s\n%s", order, got, want, ran)
		}
	}
}

// A last pass (--fresh) that ends while logins are tried or mailboxes are counted has run no
// row: the next call runs them, with what has arrived since.
func TestBatchFreshEndsBeforeItCopies(t *testing.T) {
	for _, options := range [][]string{{"--loginsfirst"}, {"--loginsfirst", "--order", "small"}} {
		b := newBatchBench(t, 3)
		rows := []string{b.row(0, ""), b.row(1, ""), b.row(2, "")}
		if code, said := b.call(b.list(rows...)); code != 0 {
			t.Fatalf("code %d\n%s", code, said)
		}
		for i := range b.users {
			mailtest.Fill(t, b.from, b.users[i][0], corpus.Generate(corpus.Options{Seed: 77 + uint64(i), Messages: 1, Folders: 1}))
		}
		wrong := strings.Replace(rows[1], mailtest.Password(b.users[1][1])+";;", "wrong;;", 1)
		if code, said := b.call(b.list(rows[0], wrong, rows[2]), append(options, "--fresh")...); code != 111 {
			t.Fatalf("%q: code %d\n%s", options, code, said)
		}
		for _, r := range b.results() {
			if o := r["outcome"]; o != "not begun" && o != "failed" {
				t.Errorf("%q: row %v is %v", options, r["row"], o)
			}
		}
		if code, said := b.call(b.list(rows...), append(options, "--retryfailed")...); code != 0 {
			t.Errorf("%q: code %d\n%s", options, code, said)
		}
		for i := range b.users {
			b.moved(i)
		}
	}
}

func TestBatchRehearses(t *testing.T) {
	b := newBatchBench(t, 2)
	list := b.list(b.row(0, ""), b.row(1, ""))
	code, said := b.call(list, "--dry")
	if code != 0 || !strings.Contains(said, "2 of 2 rows would end without errors") {
		t.Errorf("code %d\n%s", code, said)
	}
	if _, err := os.Stat(list + ".state"); err == nil {
		t.Error("a rehearsal wrote state")
	}
	if got := mailtest.Snapshot(t, b.to, b.users[0][1]); got.Count() != 0 {
		t.Error("a rehearsal copied")
	}
	if _, err := os.Stat(filepath.Join(b.dir, "users.result.json")); err == nil {
		t.Error("a rehearsal wrote what a migration came to")
	}
	if code, said = b.call(list); code != 0 || !strings.Contains(said, "2 rows to run") {
		t.Errorf("code %d\n%s", code, said)
	}
	b.moved(0)
	real := b.results()
	for _, option := range []string{"--dry", "--justlogin"} {
		if code, said = b.call(list, option); code != 0 {
			t.Errorf("code %d\n%s", code, said)
		}
	}
	if now := b.results(); !reflect.DeepEqual(now, real) || real[0]["outcome"] != "finished" {
		t.Errorf("%v, was %v", now, real)
	}
	// No row copies when the batch does not.
	u := b.users[0]
	list = b.list("user1,password1,user2,password2,dry,folder", fmt.Sprintf("%s,%s,%s,%s,no,INBOX", u[0], mailtest.Password(u[0]), u[1], mailtest.Password(u[1])))
	mailtest.Fill(t, b.from, u[0], corpus.Generate(corpus.Options{Seed: 9, Messages: 1, Folders: 1}))
	had := mailtest.Snapshot(t, b.to, u[1]).Count()
	if code, said = b.call(list, "--dry", "--host1", "127.0.0.1", "--host2", "127.0.0.1"); code != 0 || mailtest.Snapshot(t, b.to, u[1]).Count() != had {
		t.Errorf("code %d, copied\n%s", code, said)
	}
}

// What was done with other options is not done: no row is passed over with its mail
// still on host1.
func TestBatchDoneWithOtherOptions(t *testing.T) {
	for _, less := range [][]string{{"--justfolders"}, {"--justfoldersizes"}, {"--maxsize", "1"}, {"--folder", "INBOX"}} {
		b := newBatchBench(t, 2)
		list := b.list(b.row(0, ""), b.row(1, ""))
		if code, said := b.call(list, less...); code != 0 {
			t.Fatalf("%q: code %d\n%s", less, code, said)
		}
		if code, said := b.call(list); code != 0 || !strings.Contains(said, "2 rows to run") {
			t.Errorf("%q: code %d\n%s", less, code, said)
		}
		b.moved(0)
		b.moved(1)
		if code, said := b.call(list, "--summary", "--logdir", b.dir); code != 0 || !strings.Contains(said, "0 rows to run") {
			t.Errorf("%q: code %d\n%s", less, code, said)
		}
	}
}

// A row that ends early, or is found wanting in the end, without an error of the run says why
// as others do.
func TestBatchSaysWhyWithoutAnError(t *testing.T) {
	defer func(p func(time.Duration) time.Duration) { batchrun.RetryPause = p }(batchrun.RetryPause)
	batchrun.RetryPause = func(time.Duration) time.Duration { return 0 }
	b := newBatchBench(t, 3)
	mailtest.Fill(t, b.to, b.users[1][1], corpus.Generate(corpus.Options{Seed: 99, Messages: 1, Folders: 1}))
	const full = "/dev/full"
	rows := []string{b.row(0, "--maxbytesperday1 4k"), b.row(1, "--verify sizes --strict")}
	if _, err := os.Stat(full); err == nil {
		rows = append(rows, b.row(2, "--maxsize 1 --skippedfile "+full))
	}
	list := b.list(rows...)
	if code, said := b.call(list, "--allowrowcommands"); code != 111 {
		t.Errorf("code %d\n%s", code, said)
	}
	for i, want := range []struct {
		code float64
		why  string
	}{{118, "the limit of bytes a day"}, {180, "differences: 1"}, {1, full}} {
		if i == len(rows) {
			break
		}
		r := b.results()[i]
		if why, _ := r["first_error"].(string); r["exit_code"] != want.code || !strings.Contains(why, want.why) {
			t.Errorf("row %d: %v", i+1, r)
		}
	}
	if r := b.results()[1]; r["errors"] != 1.0 {
		t.Errorf("what the verification found is not counted: %v", r)
	}
}

func TestBatchTellsProgramsAndWebhooks(t *testing.T) {
	b := newBatchBench(t, 3)
	var mu sync.Mutex
	var told []map[string]any
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var m map[string]any
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		told = append(told, m)
		if len(told) == 1 {
			w.WriteHeader(http.StatusBadGateway) // it is told again
		}
	}))
	defer hook.Close()
	list := b.list(b.row(0, ""), b.row(1, ""), strings.Replace(b.row(2, ""), mailtest.Password(b.users[2][0]), "wrong", 1))
	code, said := b.call(list, "--json", "-", "--webhook", hook.URL+"/geheim")
	if code != 111 {
		t.Errorf("code %d", code)
	}
	exits := map[string]float64{}
	for line := range strings.Lines(said) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		if m["event"] == "exit" {
			exits[m["account"].(string)], _ = m["code"].(float64)
		}
	}
	if len(exits) != 3 {
		t.Errorf("%v", exits)
	}
	mu.Lock()
	defer mu.Unlock()
	last := told[len(told)-1]
	if len(told) != 5 || last["event"] != "batch" || last["exit_code"] != 111.0 {
		t.Errorf("%d: %v", len(told), last)
	}
}

// What the webhook is told goes to that address alone, over TLS that is checked; whatever it
// answers, the exit code is that of the rows, and it is said why it was not told.
func TestBatchWebhookThatIsNotTold(t *testing.T) {
	defer func(d time.Duration) { batchrun.HookPause = d }(batchrun.HookPause)
	batchrun.HookPause = 0
	b := newBatchBenchOf(t, 1, 1)
	list := b.list(b.row(0, ""))
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("told to another address") }))
	defer elsewhere.Close()
	told := 0
	hook := func(start func(http.Handler) *httptest.Server, answer int) string {
		s := start(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			told++
			w.Header().Set("Location", elsewhere.URL)
			if answer == http.StatusOK {
				w.Header().Set("X-Much", strings.Repeat("x", 100<<10))
			}
			w.WriteHeader(answer)
		}))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		t.Cleanup(s.Close)
		return s.URL
	}
	clear, much, sealed := hook(httptest.NewServer, http.StatusTemporaryRedirect), hook(httptest.NewServer, http.StatusOK), hook(httptest.NewTLSServer, http.StatusNoContent)
	for _, c := range []struct{ url, why string }{
		{sealed + "/geheim", "an authority that is not known here"},
		{strings.Replace(clear, "http:", "https:", 1) + "/geheim", "it does not speak TLS"},
		{much + "/geheim", "the header of its answer is too long"},
		{clear + "/geheim", "it answers 307, and another address is not followed"},
	} {
		told = 0
		code, said := b.call(list, "--fresh", "--webhook", c.url)
		if code != 0 || strings.Count(said, c.why) != 3 || strings.Contains(said, "geheim") {
			t.Errorf("%s: code %d\n%s", c.url, code, said)
		}
		if answers := strings.HasPrefix(c.url, "http:"); answers && told != 6 || !answers && told > 0 {
			t.Errorf("%s: told %d times", c.url, told)
		}
	}
	if code, said := b.call(list, "--fresh", "--webhook", "http://192.0.2.1/"); code != 64 || !strings.Contains(said, "in the clear") {
		t.Errorf("code %d\n%s", code, said)
	}
}

// Who does not answer takes nothing from the rows, however many end: few of them are told of
// at the same time, and the batch does not stay for the rest.
func TestBatchWebhookThatHangs(t *testing.T) {
	defer func(d time.Duration) { batchrun.HookRest = d }(batchrun.HookRest)
	batchrun.HookRest = 0
	b := newBatchBenchOf(t, 12, 1)
	var rows []string
	for i := range b.users {
		rows = append(rows, b.row(i, ""))
	}
	var mu sync.Mutex
	open, most := 0, 0
	ended := make(chan struct{})
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if strings.Contains(string(data), `"event":"batch"`) {
			close(ended)
			return
		}
		mu.Lock()
		open++
		most = max(most, open)
		mu.Unlock()
		<-ended
	}))
	defer hook.Close()
	code, said := b.call(b.list(rows...), "--webhook", hook.URL)
	if code != 0 || strings.Count(said, "webhook could not be told") != 1 || !strings.Contains(said, "told of a row 12 times") {
		t.Errorf("code %d\n%s", code, said)
	}
	mu.Lock()
	defer mu.Unlock()
	if most > 4 {
		t.Errorf("%d connections to the webhook at the same time", most)
	}
}

// --metrics counts all rows together, while they run.
func TestBatchServesMetrics(t *testing.T) {
	b := newBatchBench(t, 2)
	free, release, err := mailtest.ReservePort()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	address := fmt.Sprintf("127.0.0.1:%d", free)
	var page []byte
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		resp, err := http.Get("http://" + address + "/metrics") //nolint:noctx // it is this process
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		page, err = io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
	}))
	defer hook.Close()
	if code, said := b.call(b.list(b.row(0, ""), b.row(1, "")), "--jobs", "1", "--metrics", address, "--webhook", hook.URL); code != 0 {
		t.Errorf("code %d\n%s", code, said)
	}
	want := 0
	for i := range b.users {
		want += mailtest.Snapshot(t, b.to, b.users[i][1]).Count()
	}
	if line := fmt.Sprintf("imaphaul_messages_total{result=\"copied\"} %d\n", want); !strings.Contains(string(page), line) {
		t.Errorf("no %q in\n%s", line, page)
	}
}
