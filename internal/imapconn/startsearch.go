package imapconn

import (
	"context"
	"strings"
)

// StartUIDSearch searches without waiting, for servers with ESEARCH: its answers carry the
// tag of the question (RFC 4731 section 3.1), so that several may be under way. All are the
// UIDs found. What is not the whole answer to this very question is Untold; nothing is
// asked again.
// State: selected.
func (c *Conn) StartUIDSearch(ctx context.Context, criteria string) (*Pending[SearchData], error) {
	cmd := &Command{name: "UID SEARCH"}
	d := &SearchData{Untold: true}
	broken := false
	cmd.take = func(v any) bool {
		r, ok := v.(esearchReply)
		if !ok || !strings.EqualFold(r.tag, cmd.tag) {
			return false
		}
		if broken = broken || !d.Untold || !r.uids || r.data.partial || r.data.withholds(nil) || len(r.data.All) > maxRanges; broken {
			*d = SearchData{Untold: true}
			return true
		}
		*d = r.data
		return true
	}
	cmd.finish = func(*Response) {
		if cmd.part != nil {
			*d = SearchData{Untold: true}
		}
	}
	return start(ctx, c, d, cmd, Raw("RETURN (ALL)"), Raw(criteria))
}
