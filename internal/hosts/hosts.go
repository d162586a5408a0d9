// Package hosts tells which server an account lives on, and which names are one server.
package hosts

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// Two names may lead to one server: what two rows do with one mailbox must not depend on
// how they spell it.

// Server is where an account lives.
type Server struct {
	Host string // in lower case
	Port int    // 0 for the usual ones, which lead to the same mailboxes
	ask  bool   // the name may be looked up here: no proxy does that
}

// Key names a server, by which its connections are counted.
func Key(a *plan.Account) string { return plan.ServerName(a.Host) }

// Of is the server of an account.
func Of(a *plan.Account) Server {
	s := Server{Host: Key(a), Port: a.Port, ask: !a.Proxy.IsSet()}
	if s.Port == 143 || s.Port == 993 {
		s.Port = 0
	}
	return s
}

// String is how the options name the server.
func (s Server) String() string { return fmt.Sprintf("%s:%d", s.Host, s.Port) }

// In is the server's name where several names are one.
func (s Server) In(names map[string]string) string {
	if name, ok := names[s.Host]; ok {
		s.Host = name
	}
	return s.String()
}

// lookupWait is how long all names together may take, lookupsAtOnce how many are looked
// up at the same time.
const (
	lookupWait    = 10 * time.Second
	lookupsAtOnce = 16
)

// Same finds names that lead to one address, and gives them one name. A name that
// is not found stands for itself.
func Same(ctx context.Context, all [][2]Server) map[string]string {
	var names []string // in the order of the list
	seen := make(map[string]bool)
	for _, both := range all {
		for _, s := range both {
			if s.Host != "" && !seen[s.Host] {
				seen[s.Host] = true
				if s.ask {
					names = append(names, s.Host)
				}
			}
		}
	}
	if len(seen) < 2 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupWait)
	defer cancel()
	found := make([][]netip.Addr, len(names))
	slots := make(chan struct{}, lookupsAtOnce)
	var wait sync.WaitGroup
	for i, name := range names {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			found[i], _ = net.DefaultResolver.LookupNetIP(ctx, "ip", name) // without addresses it stands for itself
		})
	}
	wait.Wait()
	return merge(names, found)
}

// merge gives names with an address in common the first of these names.
func merge(names []string, found [][]netip.Addr) map[string]string {
	one := make(map[string]string, len(names))
	root := func(name string) string {
		for one[name] != name {
			one[name] = one[one[name]]
			name = one[name]
		}
		return name
	}
	at := make(map[netip.Addr]string)
	for i, name := range names {
		one[name] = name
		for _, a := range found[i] {
			a = a.Unmap()
			if a == netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
				a = netip.IPv6Loopback() // localhost is either
			}
			if other, ok := at[a]; ok {
				one[root(name)] = root(other)
			} else {
				at[a] = name
			}
		}
	}
	out := make(map[string]string, len(names))
	for _, name := range names {
		out[name] = root(name)
	}
	return out
}
