package batchrun

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/live"
)

// hookTries is how often a webhook is called until it answers, each time for at most
// hookWait. What it answers never changes the exit code.
const (
	hookTries = 3
	hookWait  = 10 * time.Second
)

// hooksAtOnce is how many rows are told of at the same time: connections to somebody who
// does not answer would otherwise take what the process may open from the rows.
const hooksAtOnce = 4

// HookRest is how long a batch stays for rows of which the webhook is not told yet when all
// have ended, HookPause how long it waits before the second try, and half of what it waits
// before the third. Variables for tests.
var (
	HookRest  = time.Minute
	HookPause = time.Second
)

// hookSlow is how long a batch waits for its webhook before it says so.
const hookSlow = 2 * time.Second

// hookHeader bounds what an answer may say of itself; its text is not read at all.
const hookHeader = 64 << 10

// hookTransport is the usual one with that bound.
func hookTransport() http.RoundTripper {
	usual, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t := usual.Clone()
	t.MaxResponseHeaderBytes = hookHeader
	return t
}

// hookClient follows no redirection: what is told goes to the address that was given.
var hookClient = &http.Client{
	Timeout:       hookWait,
	Transport:     hookTransport(),
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// hooks is what the webhook is still to be told. Safe for concurrent use.
type hooks struct {
	ctx     context.Context // ends when the batch is to end at once
	mu      sync.Mutex
	waiting [][]byte
	posting int           // of hooksAtOnce
	idle    chan struct{} // closed when nothing is left; nil: nobody waits for that
	failed  int           // how often it could not be told of a row
	why     string        // the first time
	over    bool          // what is under way does not count any more
}

// hook tells the webhook that a row has ended, in the order in which rows end as far as it
// answers in that order.
func (b *run) hook(r *rowResult, next batch.Next) {
	if b.Webhook == "" {
		return
	}
	x := r.record()
	x.Why, x.Log, x.Warn = "", "", "" // words of servers may hold subjects
	data, err := json.Marshal(map[string]any{"event": "row", "list": b.File, "again": next == batch.Wait || next == batch.AtEnd, "result": x})
	if err != nil {
		return // values of ours
	}
	h := &b.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting = append(h.waiting, data); h.posting < hooksAtOnce {
		h.posting++
		go b.tellHook()
	}
}

// tellHook posts what waits until nothing does.
func (b *run) tellHook() {
	h := &b.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.waiting) > 0 {
		data := h.waiting[0]
		h.waiting = h.waiting[1:]
		h.mu.Unlock()
		why := b.post(data)
		if why != "" && h.fail(why) {
			b.board.say(fmt.Sprintf("Warning: the webhook could not be told of a row: %s. How often comes in the end.", why))
		}
		h.mu.Lock()
	}
	if h.posting--; h.posting == 0 && h.idle != nil {
		close(h.idle)
		h.idle = nil
	}
}

// fail counts what the webhook was not told, and reports whether it is the first time.
func (h *hooks) fail(why string) (first bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return false
	}
	if h.failed++; h.failed == 1 {
		h.why = why
	}
	return h.failed == 1
}

// rest waits until the webhook was told of every row, at most for HookRest, and drops what
// is left then. say is told that it waits.
func (h *hooks) rest(say func(string)) {
	h.mu.Lock()
	var idle chan struct{}
	if h.posting > 0 {
		idle = make(chan struct{})
		h.idle = idle
	}
	h.mu.Unlock()
	if idle == nil {
		return
	}
	slow, rest := time.After(hookSlow), time.After(HookRest)
	for waits := true; waits; {
		select {
		case <-idle:
			return
		case <-slow:
			say(fmt.Sprintf("All rows have ended; the webhook is still to be told of some. That is waited for, at most for %s.", live.Span(HookRest)))
		case <-h.ctx.Done():
			waits = false
		case <-rest:
			waits = false
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed == 0 {
		h.why = "it does not answer as fast as rows end"
		if h.ctx.Err() != nil {
			h.why = theEnd
		}
	}
	h.failed += len(h.waiting) + h.posting
	h.waiting, h.over = nil, true
}

// hookAll tells it that all have ended, when it was told of every row.
func (b *run) hookAll(rows []*rowResult, code int, took time.Duration) {
	if b.Webhook == "" {
		return
	}
	b.hooks.rest(b.board.say)
	outcomes := make(map[string]int)
	for _, r := range rows {
		outcomes[r.outcome()]++
	}
	data, err := json.Marshal(map[string]any{"event": "batch", "list": b.File, "rows": len(rows), "outcomes": outcomes, "exit_code": code, "seconds": took.Truncate(time.Millisecond).Seconds()})
	if err != nil {
		return // values of ours
	}
	if why := b.post(data); why != "" {
		b.board.say(fmt.Sprintf("Warning: the webhook could not be told of the end: %s.", why))
	}
	b.hooks.mu.Lock()
	failed, why := b.hooks.failed, b.hooks.why
	b.hooks.mu.Unlock()
	if failed > 0 {
		b.board.say(fmt.Sprintf("Warning: the webhook could not be told of a row %d times: %s.", failed, why))
	}
}

// post sends one line, and returns why it could not. The address may hold a secret, so it
// is never shown, nor are words of who answers.
func (b *run) post(data []byte) (why string) {
	for try := range hookTries {
		if try > 0 {
			select {
			case <-time.After(time.Duration(try) * HookPause):
			case <-b.hooks.ctx.Done():
				return why
			}
		}
		ctx, cancel := context.WithTimeout(b.hooks.ctx, hookWait)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.Webhook, bytes.NewReader(data))
		if err != nil {
			cancel()
			return "it is no address"
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := hookClient.Do(req)
		cancel()
		if err != nil {
			why = noAnswer(err)
			continue
		}
		_ = resp.Body.Close() // not read
		switch resp.StatusCode / 100 {
		case 2:
			return ""
		case 3:
			why = fmt.Sprintf("it answers %d, and another address is not followed", resp.StatusCode)
		default:
			why = strings.TrimSpace(fmt.Sprintf("it answers %d %s", resp.StatusCode, http.StatusText(resp.StatusCode)))
		}
	}
	return why
}

const theEnd = "the batch was ended at once"

// noAnswer says why there is no answer.
func noAnswer(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var certificate *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError
	var lookup *net.DNSError
	var late net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return theEnd
	case errors.As(err, &unknown):
		return "its certificate is of an authority that is not known here (on Linux the environment variable SSL_CERT_FILE names a file of authorities)"
	case errors.As(err, &name):
		return "its certificate is for another name"
	case errors.As(err, &certificate):
		return "its certificate is not good, or not good any more"
	case errors.As(err, &noTLS), errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS"
	case strings.Contains(err.Error(), "response headers exceeded"): // it has no type
		return "the header of its answer is too long"
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return "its name is not found"
	case errors.As(err, &late) && late.Timeout():
		return fmt.Sprintf("it does not answer within %d seconds", int(hookWait.Seconds()))
	}
	return "nobody answers there"
}
