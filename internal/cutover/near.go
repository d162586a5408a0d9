package cutover

import (
	"context"
	"slices"

	"github.com/imaphaul/imaphaul/internal/guard"
)

// where tells which of the two servers a name belongs to.
type where int

const (
	elsewhere where = iota
	atHost1
	atHost2
	atBoth // one organisation has both, and neither name nor address decides
)

// servers are both hosts with their addresses.
type servers struct {
	host1, host2   string
	addrs1, addrs2 []string
}

// nearness says how surely a name is the host: by its name, by an address, or because
// one organisation has both; 0 is not at all.
func nearness(name string, addrs []string, host string, hostAddrs []string) int {
	switch {
	case host == "":
		return 0
	case name == host:
		return 3
	case slices.ContainsFunc(addrs, func(a string) bool { return slices.Contains(hostAddrs, a) }):
		return 2
	case guard.SameOwner(name, host):
		return 1
	}
	return 0
}

// of says whose a name is; the addresses are asked for when the name does not tell.
func (s *servers) of(ctx context.Context, o *Options, name string) where {
	var addrs []string
	if name != s.host1 && name != s.host2 {
		addrs = o.addresses(ctx, name)
	}
	return s.ofBoth(name, addrs)
}

// ofBoth is of for addresses that are known.
func (s *servers) ofBoth(name string, addrs []string) where {
	n1, n2 := nearness(name, addrs, s.host1, s.addrs1), nearness(name, addrs, s.host2, s.addrs2)
	switch {
	case n1 == 0 && n2 == 0:
		return elsewhere
	case n1 > n2:
		return atHost1
	case n2 > n1:
		return atHost2
	}
	return atBoth
}
