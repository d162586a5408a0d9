package cli

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRowsOfAHubCommandNobody: every option of the table that reads or writes a file, runs
// a command, changes how servers are reached, or holds a secret is refused.
func TestRowsOfAHubCommandNobody(t *testing.T) {
	never := []string{
		"file", "cmd", "dir", "insecure", "proxy1", "proxy2", "sslargs", "ssl1", "tls1", "tlsmin", "password", "oauth", "google", "msclient", "pipe", "logfile", "metrics", "json",
		"report", "manifest", "against", "transcript", "fingerprint", "pid", "sig", "abort", "printmap", "follow", "debug", "showpass", "sslcheck", "emailreport",
	}
	for i := range Table {
		o := &Table[i]
		if o.Status == NoEffect {
			continue
		}
		arg := "--" + o.key()
		if o.Kind.TakesValue() {
			arg += "=7"
		}
		if o.Kind == Hash {
			arg += "=7"
		}
		refused := len(ReadHubRow([]string{arg}).Problems) > 0
		harmful := o.Secret || slices.ContainsFunc(never, func(w string) bool { return strings.Contains(o.key(), w) })
		if strings.HasPrefix(o.key(), "proxyauth") || o.key() == "debugcrossduplicates" || strings.HasPrefix(o.key(), "secret") {
			continue
		}
		if harmful && !refused {
			t.Errorf("%s may stand in a row of a hub", arg)
		}
	}
	r := ReadHubRow([]string{"--host1=a", "--user1=u", "--secret1=alice.old", "--host2", "b", "--user2=v", "--secret2=alice.new", "--automap", "--maxbytespersecond=1048576", "--delete2"})
	if len(r.Problems) > 0 || r.Secrets != [2]string{"alice.old", "alice.new"} || !reflect.DeepEqual(r.Args, []string{"--host1=a", "--user1=u", "--host2=b", "--user2=v", "--automap", "--maxbytespersecond=1048576", "--delete2"}) {
		t.Errorf("%+v", r)
	}
	for _, arg := range []string{"--secret1=cmd:cat /etc/passwd", "--secret1=file:/etc/passwd", "--secret2=env:HOME", "--secret2=keyring:x", "--secret1=../x", "--secret1=", "loose", "--nonsense", "--passfile1=x", "--password2=x", "--insec1"} {
		if r := ReadHubRow([]string{arg}); len(r.Problems) == 0 || strings.Contains(strings.Join(r.Problems, ""), "/etc/passwd") {
			t.Errorf("%s: %q", arg, r.Problems)
		}
	}
}

func TestHubArguments(t *testing.T) {
	parse := func(args ...string) *Outcome {
		_, out := Parse(Input{Args: args, Now: time.Unix(1e9, 0)})
		return out
	}
	x := parse("worker", "--hub", "tls://h:1", "--jobs=7", "--secrets=s", "--insecure1", "--lease", "60", "--hubtokenfile=t", "--timeout=9").Worker
	if x == nil || x.Jobs != 7 || x.Lease != 60 || x.URL != "tls://h:1" || x.TokenFile != "t" || !reflect.DeepEqual(x.Args, []string{"--insecure1", "--timeout=9"}) {
		t.Errorf("%+v", x)
	}
	y := parse("batch", "l.csv", "--hub=nats://127.0.0.1:4222", "--hostconnections2=50", "--automap").Batch
	if y == nil || y.Hub == nil || y.Hub.Most != [2]int{0, 50} || y.Hub.Replicas != 1 {
		t.Errorf("%+v", y)
	}
	if s := parse("status", "--hub=tls://h:1", "--format", "JSON").HubStatus; s == nil || s.Format != "json" {
		t.Errorf("%+v", s)
	}
	if s := parse("status", "17"); s.Status != "17" {
		t.Errorf("%+v", s)
	}
	if h := parse("hub", "--listen", "127.0.0.1:1").Hub; !reflect.DeepEqual(h, []string{"--listen", "127.0.0.1:1"}) {
		t.Error(h)
	}
	for _, args := range [][]string{
		{"worker", "--jobs=2"}, {"worker", "--hub=tls://h:1", "--jobs=0"}, {"worker", "--hub=tls://h:1", "--passfile1=x"}, {"worker", "--hub=tls://h:1", "--host1=x"}, {"worker", "--hub=tls://h:1", "--lease=1"},
		{"worker", "--hub=tls://h:1", "--googlekey1=x"}, {"worker", "--hub=tls://h:1", "--dry"}, {"worker", "--hub=tls://h:1", "loose"}, {"batch", "l", "--hostconnections1=3"}, {"batch", "l", "--hub=tls://h:1", "--jobs=3"},
		{"batch", "l", "--hub=tls://h:1", "--hubreplicas=9"}, {"batch", "l", "--hub=tls://h:1", "--hostconnections1=0"}, {"status", "--format=json"}, {"status", "--hub=tls://h:1", "--format=xml"}, {"status", "--what"},
	} {
		if out := parse(args...); out.Code != exitUsage || out.Stderr+out.Stdout == "" {
			t.Errorf("%q: %+v", args, out)
		}
	}
}
