package hub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Options say how a hub is reached.
type Options struct {
	// URL is nats://host:port on this machine, tls://host:port elsewhere; several with
	// commas are servers of one cluster.
	URL string
	// TokenFile has a token in its first line, NKeyFile the seed of an nkey; "" for
	// none.
	TokenFile, NKeyFile string
	// CAFile has the certificates that sign the hub's; "" for those of the system.
	CAFile string
	// Name is who connects, for the hub's own lists.
	Name string
	// Patient: a hub that is not there yet is waited for.
	Patient bool
	// RefusedEnds: with Patient, a hub that is there and refuses the token or key is an
	// error, for what has an end of its own. Without it the token may be about to change.
	RefusedEnds bool
	// Say is told when the hub goes away and comes back; nil for nobody.
	Say func(string)
	// Replicas is how many servers of a cluster keep everything; 0: nothing is made that
	// is missing, and the error is ErrNothing.
	Replicas int
}

// ErrNothing says that no list was loaded into the hub yet.
var ErrNothing = errors.New("no list was loaded into it yet")

// Names in the hub.
const (
	rowStream     = "imaphaul_rows"
	rowSubject    = "imaphaul.rows."
	eventStream   = "imaphaul_events"
	eventSubject  = "imaphaul.events."
	leaseBucket   = "imaphaul_lease"
	stateBucket   = "imaphaul_state"
	hostBucket    = "imaphaul_gov"
	journalBucket = "imaphaul_journal"
	consumerName  = "workers"
)

const (
	// opTime bounds one question to the hub.
	opTime = 5 * time.Second
	// history is how many states of a row are kept.
	history = 20
	// mostEvents bounds what is kept of events, bytes; eventAge how long.
	mostEvents = 64 << 20
	eventAge   = 14 * 24 * time.Hour
)

// Hub is a connection to a hub. Safe for concurrent use.
type Hub struct {
	nc       *nats.Conn
	js       jetstream.JetStream
	replicas int
	skew     atomic.Int64 // by how much its clock is ahead of this machine's, see measure

	rows     jetstream.Stream
	leases   jetstream.KeyValue
	states   jetstream.KeyValue
	hosts    jetstream.KeyValue
	journals jetstream.ObjectStore
}

// CheckURL refuses addresses to which what a hub knows would go in the clear, and secrets
// in an address, which every user of the machine can read.
func CheckURL(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil || u.Hostname() == "" {
			return errors.New("not a URL. Give one such as tls://hub.example.org:4222")
		}
		switch {
		case u.User != nil:
			return errors.New("it holds a user or a password, which every user of the machine can read. Give --hubtokenfile or --hubnkeyfile")
		case u.Scheme == "tls":
		case u.Scheme != "nats":
			return fmt.Errorf("the scheme %q is not known. Give tls://host:port, or nats://127.0.0.1:port on the hub's own machine", u.Scheme)
		case !loopback(u.Hostname()):
			return fmt.Errorf("nats://%s goes in the clear. Give tls://%s", u.Host, u.Host)
		}
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Connect reaches a hub.
func Connect(ctx context.Context, o Options) (*Hub, error) {
	if err := CheckURL(o.URL); err != nil {
		return nil, fmt.Errorf("--hub: %w", err)
	}
	opts, err := o.nats()
	if err != nil {
		return nil, err
	}
	if o.Patient && o.RefusedEnds {
		probe := opts[:len(opts):len(opts)]
		first, err := nats.Connect(o.URL, append(probe, nats.RetryOnFailedConnect(false))...)
		if errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthRevoked) {
			return nil, fmt.Errorf("the hub %s cannot be used: %w", o.URL, Reason(err))
		}
		if err == nil {
			first.Close()
		}
	}
	nc, err := nats.Connect(o.URL, opts...)
	if err != nil {
		return nil, fmt.Errorf("the hub %s cannot be reached: %w", o.URL, Reason(err))
	}
	h := &Hub{nc: nc, replicas: o.Replicas}
	if h.js, err = jetstream.New(nc); err == nil {
		err = h.prepare(ctx, o.Patient)
	}
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("the hub %s cannot be used: %w", o.URL, Reason(err))
	}
	return h, nil
}

// nats are the options of the library.
func (o *Options) nats() ([]nats.Option, error) {
	say := o.Say
	if say == nil {
		say = func(string) {}
	}
	last := "" // why the hub could not be reached; the library asks one after the other
	opts := []nats.Option{
		nats.Name(o.Name), nats.MaxReconnects(-1), nats.ReconnectWait(500 * time.Millisecond), nats.Timeout(opTime), nats.PingInterval(opTime), nats.MaxPingsOutstanding(2),
		// What is asked while the hub is away fails in its own time, and is not kept for later.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(nc *nats.Conn, err error) {
			if !nc.IsClosed() {
				say(fmt.Sprintf("The hub is away (%v); it is tried again", err))
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { say("The hub is back") }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) {
			if err == nil || errors.Is(err, syscall.ECONNREFUSED) {
				return // it is not there, which is waited for
			}
			if text := fmt.Sprintf("Warning: the hub cannot be reached: %v. It is tried again", Reason(err)); text != last {
				last = text
				say(text)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {}), // each question has its own answer
	}
	if o.Patient {
		// Also one that refuses the token: it may be about to be changed, and a connection
		// that the library closes for good would leave the worker without a hub silently.
		opts = append(opts, nats.RetryOnFailedConnect(true), nats.IgnoreAuthErrorAbort())
	}
	if strings.Contains(o.URL, "tls://") {
		c := &tls.Config{MinVersion: tls.VersionTLS12}
		if o.CAFile != "" {
			pem, err := os.ReadFile(o.CAFile)
			if err != nil {
				return nil, fmt.Errorf("--hubca %q cannot be read: %w", o.CAFile, errors.Unwrap(err))
			}
			c.RootCAs = x509.NewCertPool()
			if !c.RootCAs.AppendCertsFromPEM(pem) {
				return nil, fmt.Errorf("--hubca %q holds no certificate. Give a PEM file", o.CAFile)
			}
		}
		opts = append(opts, nats.Secure(c))
	} else { // servers of a cluster tell of others, perhaps beyond this machine
		opts = append(opts, nats.IgnoreDiscoveredServers())
	}
	if o.TokenFile != "" {
		token, err := FirstLine(o.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("--hubtokenfile %q: %w", o.TokenFile, err)
		}
		opts = append(opts, nats.Token(token))
	}
	if o.NKeyFile != "" {
		opt, err := nats.NkeyOptionFromSeed(o.NKeyFile)
		if err != nil {
			return nil, fmt.Errorf("--hubnkeyfile %q: %w", o.NKeyFile, err)
		}
		opts = append(opts, opt)
	}
	return opts, nil
}

// FirstLine is the first line of a file with a secret, without its line end.
func FirstLine(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("it cannot be read: %w", errors.Unwrap(err))
	}
	line, _, _ := strings.Cut(string(b), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", errors.New("its first line is empty")
	}
	return line, nil
}

// prepare makes what is missing in the hub. A patient one waits for it.
func (h *Hub) prepare(ctx context.Context, patient bool) error {
	for {
		err := h.make(ctx)
		if err == nil || !patient || ctx.Err() != nil || h.nc.IsClosed() {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

func (h *Hub) make(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 6*opTime)
	defer cancel()
	if err := h.usable(ctx); err != nil {
		return err
	}
	var err error
	h.rows, err = h.stream(ctx, jetstream.StreamConfig{
		Name: rowStream, Subjects: []string{rowSubject + "*"}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage, Replicas: h.replicas,
		// One of each row: what is loaded again is refused.
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true,
	})
	if err != nil {
		return err
	}
	if _, err = h.stream(ctx, jetstream.StreamConfig{
		Name: eventStream, Subjects: []string{eventSubject + "*"}, Storage: jetstream.FileStorage, MaxBytes: mostEvents, MaxAge: eventAge, Replicas: h.replicas,
	}); err != nil {
		return err
	}
	for _, b := range []struct {
		at   *jetstream.KeyValue
		name string
		keep uint8
	}{{&h.leases, leaseBucket, 1}, {&h.states, stateBucket, history}, {&h.hosts, hostBucket, 1}} {
		if *b.at, err = h.js.KeyValue(ctx, b.name); errors.Is(err, jetstream.ErrBucketNotFound) {
			*b.at, err = h.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: b.name, History: b.keep, Storage: jetstream.FileStorage, Replicas: h.replicas})
		}
		if errors.Is(err, jetstream.ErrBucketExists) { // somebody was faster
			*b.at, err = h.js.KeyValue(ctx, b.name)
		}
		if err != nil {
			return err
		}
	}
	if h.journals, err = h.js.ObjectStore(ctx, journalBucket); errors.Is(err, jetstream.ErrBucketNotFound) {
		h.journals, err = h.js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: journalBucket, Storage: jetstream.FileStorage, Replicas: h.replicas})
	}
	if errors.Is(err, jetstream.ErrBucketExists) {
		h.journals, err = h.js.ObjectStore(ctx, journalBucket)
	}
	return err
}

// usable says why the hub cannot be used as it is: nothing was loaded, and nothing is to
// be made, or it keeps another number of copies than is asked for.
func (h *Hub) usable(ctx context.Context) error {
	s, err := h.js.Stream(ctx, rowStream)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound) && h.replicas == 0:
		return ErrNothing
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return nil
	case err != nil:
		return err
	}
	if n := s.CachedInfo().Config.Replicas; h.replicas > 0 && n != h.replicas {
		return fmt.Errorf("%d of its servers keep everything, and --hubreplicas says %d. Give %d", n, h.replicas, n)
	}
	return nil
}

// stream finds a stream, or makes it.
func (h *Hub) stream(ctx context.Context, c jetstream.StreamConfig) (jetstream.Stream, error) {
	s, err := h.js.Stream(ctx, c.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		s, err = h.js.CreateStream(ctx, c)
	}
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		s, err = h.js.Stream(ctx, c.Name)
	}
	return s, err
}

// Close ends the connection.
func (h *Hub) Close() { h.nc.Close() }
