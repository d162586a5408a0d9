package plan

import (
	"net/netip"
	"strings"
)

// ServerName is the name of a host by which its connections are counted, one for all
// spellings: case, a dot at the end, and the forms of an address make no difference.
func ServerName(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().String()
	}
	return host
}
