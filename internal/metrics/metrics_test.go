package metrics_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/jsonout"
	"github.com/imaphaul/imaphaul/internal/metrics"
)

func scrape(t *testing.T, s *metrics.Server) string {
	t.Helper()
	resp, err := http.Get("http://" + s.Addr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", resp.Status, err)
	}
	return string(b)
}

func served(t *testing.T) (*metrics.Metrics, *metrics.Server) {
	t.Helper()
	m := metrics.New()
	s, err := m.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return m, s
}

func TestCounts(t *testing.T) {
	m, s := served(t)
	one, two := m.Run(), m.Run()
	for _, e := range []event.Event{
		event.MessageCopied{Bytes: 100}, event.MessageCopied{Bytes: 20}, event.MessageCopied{Bytes: 7, Dry: true},
		event.MessagesPresent{Count: 3, Bytes: 30}, event.MessageSkipped{Side: 1, Bytes: 5}, event.MessageSkipped{Side: 2, Bytes: 500},
		event.Error{Class: event.ErrAppend}, event.Error{Class: event.ErrAppend}, event.Error{Class: event.ErrFetch},
		event.Throttled{Side: 2, For: 40 * time.Second, Why: "host2 asks for it: [THROTTLED] alice@example.org, slow down"},
		event.Waiting{Side: 1, For: time.Second, Why: "--maxmessagespersecond"},
		event.Throttled{Side: 1, For: time.Second, Why: "--maxmessagespersecond", Over: true},
		event.Underway{Line: [3]int64{0, 1000, 500}, Commands: [3]int64{0, 7, 9}, RoundTrips: [3]int64{0, 2, 3}, Connections: [3]int{0, 1, 2}, Pending: 4},
		event.Underway{Line: [3]int64{0, 1500, 600}, Commands: [3]int64{0, 8, 9}, RoundTrips: [3]int64{0, 2, 4}, Connections: [3]int{0, 1, 2}, Pending: 2},
	} {
		one.Event(e)
	}
	two.Event(event.Underway{Line: [3]int64{0, 10, 0}, Connections: [3]int{0, 1, 1}, Pending: 1})
	got := scrape(t, s)
	for _, want := range []string{
		`imaphaul_messages_total{result="copied"} 2`, `imaphaul_message_bytes_total{result="copied"} 120`,
		`imaphaul_messages_total{result="would_copy"} 1`, `imaphaul_messages_total{result="present"} 3`, `imaphaul_messages_total{result="skipped"} 1`,
		`imaphaul_errors_total{class="ERR_APPEND"} 2`, `imaphaul_wait_seconds_total{cause="throttle",host="2"} 40`,
		`imaphaul_wait_seconds_total{cause="messages_limit",host="1"} 1`, `imaphaul_line_bytes_total{host="1"} 1510`, `imaphaul_line_bytes_total{host="2"} 600`,
		`imaphaul_commands_total{host="1"} 8`, `imaphaul_round_trips_total{host="2"} 4`, `imaphaul_lines{host="2"} 3`, `imaphaul_pending_messages 3`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	one.Event(event.Finished{Stopped: event.StopQuota})
	two.Event(event.Finished{})
	got = scrape(t, s)
	for _, want := range []string{`imaphaul_lines{host="1"} 0`, `imaphaul_pending_messages 0`, `imaphaul_runs_ended_total{stopped="quota"} 1`, `imaphaul_runs_ended_total{stopped=""} 1`} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

// Whatever events hold, labels have words of ours alone, and few of them.
func TestLabelsHoldNoNames(t *testing.T) {
	m, s := served(t)
	r := m.Run()
	for _, e := range jsonout.Events {
		r.Event(e)
	}
	for _, why := range []string{"before connecting again: BYE alice", "host1 asks for it: bob", "alice", ""} {
		r.Event(event.Throttled{Side: 9, For: -time.Second, Why: why})
		r.Event(event.Waiting{Side: -1, Why: why})
	}
	label := regexp.MustCompile(`(result|class|cause|host|stopped)="[A-Za-z0-9_ ]*"`)
	for _, line := range strings.Split(scrape(t, s), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if rest := label.ReplaceAllString(line, ""); strings.Contains(rest, `"`) || strings.Contains(line, "alice") || strings.Contains(line, "bob") {
			t.Errorf("%s", line)
		}
	}
}

func TestOnlyMetrics(t *testing.T) {
	_, s := served(t)
	for path, want := range map[string]int{"/": 404, "/debug/pprof/": 404, "/metrics": 200} {
		resp, err := http.Get("http://" + s.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	if _, err := metrics.New().Serve(s.Addr()); err == nil {
		t.Error("a busy port was taken")
	}
}
