//go:build linux || freebsd

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// names is what stands between the commands of a page and the servers of its test: a
// SOCKS 5 proxy (RFC 1928) that knows the servers of the pages by the names they have
// there, and speaks TLS for them with certificates of its own authority. So the pages
// name imap.gmail.com, the program checks its certificate, and nothing leaves this
// machine.
type names struct {
	ln   net.Listener
	done sync.WaitGroup
	cert tls.Certificate
	ca   []byte

	mu    sync.Mutex
	plain map[string]string // name -> address of the server, in clear
	open  map[net.Conn]bool
	ended bool
}

func newNames(t *testing.T) *names {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{ln: ln, plain: make(map[string]string), open: make(map[net.Conn]bool)}
	if n.cert, n.ca, err = authority("imap.gmail.com", "outlook.office365.com", "*.example.org", "*.old.example.org", "*.new.example.org", "*.example.net"); err != nil {
		t.Fatal(err)
	}
	n.done.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			n.done.Go(func() { n.serve(conn) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		n.mu.Lock()
		n.ended = true
		for c := range n.open {
			c.Close()
		}
		n.mu.Unlock()
		n.done.Wait()
	})
	return n
}

// authority makes an authority and a certificate of it for some names.
func authority(hosts ...string) (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of the pages"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "a server of the pages"}, DNSNames: hosts,
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	above, err1 := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	below, err2 := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{below, above}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: above}), errors.Join(err1, err2)
}

// add gives a server its name.
func (n *names) add(name, addr string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.plain[name] = addr
}

// keep notes an open connection, which is closed when the test ends; false: it has.
func (n *names) keep(c net.Conn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open[c] = !n.ended
	return !n.ended
}

func (n *names) serve(client net.Conn) {
	defer client.Close()
	if !n.keep(client) {
		return
	}
	name, port, err := askedFor(client)
	if err != nil {
		return
	}
	n.mu.Lock()
	addr := n.plain[name]
	n.mu.Unlock()
	var server net.Conn
	if addr != "" && (port == 993 || port == 143) {
		server, err = net.Dial("tcp", addr)
	}
	reply := []byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 0}
	if server == nil || err != nil || !n.keep(server) {
		reply[1] = 5 // refused
	}
	if _, err := client.Write(reply); err != nil || reply[1] != 0 {
		return
	}
	defer server.Close()
	if port == 993 {
		client = tls.Server(client, &tls.Config{Certificates: []tls.Certificate{n.cert}, MinVersion: tls.VersionTLS12})
	}
	n.done.Go(func() {
		_, _ = io.Copy(server, client) // ends with either side
		server.Close()
	})
	_, _ = io.Copy(client, server)
}

// askedFor is the host and port of a client's CONNECT.
func askedFor(c net.Conn) (name string, port int, err error) {
	head := make([]byte, 2)
	if _, err = io.ReadFull(c, head); err == nil {
		_, err = io.CopyN(io.Discard, c, int64(head[1]))
	}
	if err == nil {
		_, err = c.Write([]byte{5, 0})
	}
	ask := make([]byte, 5)
	if err == nil {
		_, err = io.ReadFull(c, ask)
	}
	if err != nil || !bytes.Equal(ask[:2], []byte{5, 1}) || ask[3] != 3 {
		return "", 0, fmt.Errorf("SOCKS: %x, %w", ask, err)
	}
	rest := make([]byte, int(ask[4])+2)
	if _, err := io.ReadFull(c, rest); err != nil {
		return "", 0, err
	}
	return string(rest[:ask[4]]), int(binary.BigEndian.Uint16(rest[ask[4]:])), nil
}
