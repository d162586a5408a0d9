// Package hubserver is a NATS server with JetStream inside this process, as "imaphaul hub"
// runs it (docs/hub.md). It knows neither rows nor mail: what is kept in
// it is internal/hub's affair.
package hubserver

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// Options say how a hub is served.
type Options struct {
	// Listen is host:port; port 0 takes a free one. Beyond this machine it needs TLS and
	// a token or nkeys.
	Listen string
	// Store is the directory in which everything is kept.
	Store string
	// CertFile and KeyFile are PEM files, "" for no TLS.
	CertFile, KeyFile string
	// CAFile has the certificates that sign those of the other servers of a cluster.
	CAFile string
	// Token is what clients have to show, "" for none; NKeys are public keys of which
	// one has to sign.
	Token string
	NKeys []string
	// Name is the server's own in a cluster; Cluster is host:port for the others, Join
	// where they listen.
	Name    string
	Cluster string
	Join    []string
	// Say is told what the server warns of; nil for nobody.
	Say func(string)
}

// Server is a running hub.
type Server struct {
	s    *server.Server
	lock *flock.Flock
	log  *logger
}

const (
	// readyTime bounds the start, after which the store may still be read.
	readyTime = 30 * time.Second
	// readyLook is how often it is asked whether the server has given up, as it does when
	// another one has its port.
	readyLook = 100 * time.Millisecond
	// syncInterval is how long what was written may be in the system's memory only. A
	// machine that loses power loses so much of states: rows are then run again, which
	// costs a listing.
	syncInterval = 10 * time.Second
)

// Check says what is wrong with the options.
func (o *Options) Check() error {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return fmt.Errorf("--listen %q: give host:port, as in 127.0.0.1:4222", o.Listen)
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		return errors.New("--tlscert and --tlskey belong together: give both")
	}
	if o.Token != "" && len(o.NKeys) > 0 {
		return errors.New("--tokenfile beside --nkey: give one of them")
	}
	for _, k := range o.NKeys {
		if !nkeys.IsValidPublicUserKey(k) { // it might be a seed, so it is not shown
			return errors.New("--nkey holds no public key of a user: give the key that begins with U, not the seed that belongs to it")
		}
	}
	if !loopback(host) {
		switch {
		case o.CertFile == "":
			return fmt.Errorf("--listen %s is beyond this machine and there is no TLS: give --tlscert and --tlskey, or listen on 127.0.0.1", o.Listen)
		case o.Token == "" && len(o.NKeys) == 0:
			return fmt.Errorf("--listen %s is beyond this machine, and anybody could command the workers: give --tokenfile or --nkey", o.Listen)
		}
	}
	if o.Cluster == "" {
		if len(o.Join) > 0 {
			return errors.New("--join needs --clusterlisten, at which the others reach this server")
		}
		return nil
	}
	chost, _, err := net.SplitHostPort(o.Cluster)
	switch {
	case err != nil:
		return fmt.Errorf("--clusterlisten %q: give host:port, as in 127.0.0.1:6222", o.Cluster)
	case o.Name == "":
		return errors.New("--clusterlisten needs --name, another one for each server")
	case !loopback(chost) && (o.CertFile == "" || o.CAFile == ""):
		return fmt.Errorf("--clusterlisten %s is beyond this machine: give --tlscert, --tlskey and --tlsca, by which the servers know each other", o.Cluster)
	}
	for _, j := range o.Join {
		if _, _, err := net.SplitHostPort(j); err != nil {
			return fmt.Errorf("--join %q: give host:port of another server's --clusterlisten", j)
		}
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Start serves until Close.
func Start(o Options) (*Server, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Store, 0o700); err != nil {
		return nil, fmt.Errorf("--store %q cannot be made: %w", o.Store, errors.Unwrap(err))
	}
	so, err := o.server()
	if err != nil {
		return nil, err
	}
	// Two hubs on one store would each grant the same lease.
	lock := flock.New(filepath.Join(o.Store, "hub.lock"))
	got, err := lock.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("--store %q cannot be locked: %w", o.Store, err)
	case !got:
		return nil, fmt.Errorf("--store %q is in use by another hub: give each hub its own", o.Store)
	}
	s, err := server.NewServer(so)
	if err != nil {
		_ = lock.Close() // the process ends, or tries again
		return nil, fmt.Errorf("the hub cannot be started: %w", err)
	}
	log := &logger{say: o.Say, broken: make(chan string, 1)}
	s.SetLoggerV2(log, false, false, false)
	s.Start()
	if !ready(s, log) {
		(&Server{s, lock, log}).Close()
		return nil, fmt.Errorf("the hub does not come up: %s", log.last())
	}
	return &Server{s, lock, log}, nil
}

// ready waits until the server takes connections; false: it cannot, or not in time.
func ready(s *server.Server, log *logger) bool {
	for until := time.Now().Add(readyTime); !s.ReadyForConnections(readyLook); {
		if log.gaveUp() || time.Now().After(until) {
			return false
		}
	}
	return true
}

// server are the options of the library.
func (o *Options) server() (*server.Options, error) {
	host, port, err := split(o.Listen)
	if err != nil {
		return nil, err
	}
	so := &server.Options{
		Host: host, Port: port, ServerName: o.Name, JetStream: true, StoreDir: o.Store, NoSigs: true, Authorization: o.Token, SyncInterval: syncInterval,
		DisableJetStreamBanner: true, MaxPayload: 1 << 20,
	}
	for _, k := range o.NKeys {
		so.Nkeys = append(so.Nkeys, &server.NkeyUser{Nkey: k})
	}
	if o.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("--tlscert and --tlskey: %w", err)
		}
		if err := o.valid(cert.Leaf, time.Now()); err != nil {
			return nil, err
		}
		so.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
		so.TLS, so.TLSTimeout = true, 10
	}
	if o.Cluster == "" {
		return so, nil
	}
	chost, cport, err := split(o.Cluster)
	if err != nil {
		return nil, err
	}
	so.Cluster = server.ClusterOpts{Name: "imaphaul", Host: chost, Port: cport, TLSTimeout: 10}
	if o.CertFile != "" && o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--tlsca %q cannot be read: %w", o.CAFile, errors.Unwrap(err))
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--tlsca %q holds no certificate. Give a PEM file", o.CAFile)
		}
		so.Cluster.TLSConfig = &tls.Config{
			MinVersion: tls.VersionTLS12, Certificates: so.TLSConfig.Certificates, RootCAs: pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		}
	}
	for _, j := range o.Join {
		so.Routes = append(so.Routes, &url.URL{Scheme: "nats-route", Host: j})
	}
	return so, nil
}

// soon is how long before its end a certificate is warned of.
const soon = 14 * 24 * time.Hour

// valid refuses a certificate with which no worker would come in, and warns of one that is
// so soon.
func (o *Options) valid(c *x509.Certificate, now time.Time) error {
	switch {
	case c == nil:
		return nil
	case now.Before(c.NotBefore):
		return fmt.Errorf("--tlscert %q is valid from %s on only: look at the clock of this machine", o.CertFile, c.NotBefore.UTC().Format(time.DateTime))
	case now.After(c.NotAfter):
		return fmt.Errorf("--tlscert %q has expired on %s: make a new certificate", o.CertFile, c.NotAfter.UTC().Format(time.DateTime))
	case now.Add(soon).After(c.NotAfter) && o.Say != nil:
		o.Say(fmt.Sprintf("Warning: --tlscert %s expires on %s, and no worker comes in then. Make a new one, and start the hub again with it: workers wait for it.", o.CertFile, c.NotAfter.UTC().Format(time.DateTime)))
	}
	return nil
}

func split(address string) (string, int, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("%q is no port: give a number from 0 to 65535", text)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// Addr is where the hub listens.
func (s *Server) Addr() string { return s.s.Addr().String() }

// URL is its address for clients of this machine.
func (s *Server) URL() string { return s.s.ClientURL() }

// Broken gets what the server says when its store cannot be written, as when the disk is
// full: it takes nothing any more until it is started again.
func (s *Server) Broken() <-chan string { return s.log.broken }

// Close ends the hub; what is in its store is there when it starts again.
func (s *Server) Close() {
	s.s.Shutdown()
	s.s.WaitForShutdown()
	_ = s.lock.Close() // the system does it, too
}
