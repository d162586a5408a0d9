package batchrun

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
)

// hookTries is how often a webhook is called until it answers, each time for at most
// hookWait. What it answers never changes the exit code.
const (
	hookTries = 3
	hookWait  = 10 * time.Second
)

// hookClient follows no redirection: what is told goes to the address that was given.
var hookClient = &http.Client{
	Timeout:       hookWait,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// hook tells the webhook that a row has ended.
func (b *run) hook(r *rowResult, next batch.Next) {
	if b.Webhook == "" {
		return
	}
	x := r.record()
	x.Why, x.Log, x.Warn = "", "", "" // words of servers may hold subjects
	b.hooks.Go(func() {
		b.post(map[string]any{"event": "row", "list": b.File, "again": next == batch.Wait || next == batch.AtEnd, "result": x})
	})
}

// hookAll tells it that all have ended, when it was told of every row.
func (b *run) hookAll(rows []*rowResult, code int, took time.Duration) {
	if b.Webhook == "" {
		return
	}
	b.hooks.Wait()
	outcomes := make(map[string]int)
	for _, r := range rows {
		outcomes[r.outcome()]++
	}
	b.post(map[string]any{"event": "batch", "list": b.File, "rows": len(rows), "outcomes": outcomes, "exit_code": code, "seconds": took.Truncate(time.Millisecond).Seconds()})
}

// post sends one line. The address may hold a secret, so it is never shown.
func (b *run) post(what map[string]any) {
	data, err := json.Marshal(what)
	if err != nil {
		return // values of ours
	}
	last := ""
	for try := range hookTries {
		if try > 0 {
			time.Sleep(time.Duration(try) * time.Second)
		}
		ctx, cancel := context.WithTimeout(context.Background(), hookWait)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.Webhook, bytes.NewReader(data))
		if err != nil {
			cancel()
			last = "it is no address"
			break
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := hookClient.Do(req)
		cancel()
		switch {
		case err != nil:
			last = "nobody answers there"
			continue
		case resp.StatusCode/100 == 2:
			_ = resp.Body.Close() // not read
			return
		}
		_ = resp.Body.Close() // not read
		last = "it answers " + resp.Status
	}
	b.board.say(fmt.Sprintf("Warning: the webhook could not be told: %s.", last))
}
