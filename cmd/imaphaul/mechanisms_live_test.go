package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
)

// Real servers let in by the mechanisms that they alone have: SCRAM and an
// administrator at Cyrus, CRAM at Courier; in the clear on loopback and over TLS.
func TestMechanismsOfRealServers(t *testing.T) {
	servers := make(map[string]*mailtest.Server)
	for _, kind := range mailtest.Kinds(t, mailtest.Cyrus, mailtest.Courier) {
		servers[kind] = mailtest.Own(t, kind, "users=12")
	}
	for _, tc := range []struct {
		kind    string
		options []string // for both sides, N stands for the side
		used    string
		admin   bool
	}{
		{mailtest.Cyrus, []string{"--authmechN", "SCRAM-SHA-256"}, "[SCRAM-SHA-256", false},
		{mailtest.Cyrus, []string{"--authmechN", "SCRAM-SHA-1"}, "[SCRAM-SHA-1", false},
		{mailtest.Cyrus, []string{"--authmechN", "DIGEST-MD5"}, "[DIGEST-MD5]", false},
		{mailtest.Cyrus, []string{"--authuserN", "admin"}, "[PLAIN]", true},
		{mailtest.Courier, []string{"--authmechN", "CRAM-MD5"}, "[CRAM-MD5]", false},
	} {
		t.Run(tc.kind+" "+tc.options[1], func(t *testing.T) {
			s := servers[tc.kind]
			if s == nil {
				t.Skip(tc.kind + " is left out")
			}
			for _, secure := range []bool{false, true} {
				user, password := s.User(t)
				if tc.admin {
					password = mailtest.Password("admin")
				}
				port, tls := s.Port, "--notlsN"
				if secure {
					port, tls = s.TLSPort, "--insecureN"
				}
				var args []string
				for _, n := range []string{"1", "2"} {
					args = append(args, "--host"+n, s.Host, "--port"+n, strconv.Itoa(port), "--user"+n, user, "--password"+n, password)
					for _, o := range append([]string{tls}, tc.options...) {
						args = append(args, strings.ReplaceAll(o, "N", n))
					}
					if secure {
						args = append(args, "--ssl"+n)
					} else {
						args = append(args, "--nossl"+n)
					}
				}
				dir := t.TempDir()
				cmd := exec.Command(os.Args[0], append(args, "--justlogin", "--nolog", "--notrylogin", "--pidfile", "", "--tmpdir", dir)...)
				cmd.Args[0], cmd.Dir = "imaphaul", dir
				out, err := cmd.CombinedOutput()
				if err != nil || strings.Count(string(out), "auth "+tc.used) != 2 {
					t.Errorf("TLS %v: %v\n%s", secure, err, tail(string(out)))
				}
			}
		})
	}
}
