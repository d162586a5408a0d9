package doctor

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// maxProbed bounds the connections that are opened: no run uses more, and many are
// rude.
const maxProbed = 20

// probe opens connections until one is refused, and closes them all.
func (x *examination) probe(ctx context.Context) {
	p := new(Probe)
	x.side.Probe = p
	var open []*imapconn.Conn
	defer func() {
		for _, c := range open {
			logout(ctx, c)
		}
	}()
	for len(open) < maxProbed {
		c, _, err := x.account.Open(ctx)
		if err != nil {
			if ctx.Err() != nil {
				p.Refused = "interrupted"
				return
			}
			p.Refused = brief(err)
			x.refused(err)
			return
		}
		open = append(open, c)
		p.LetIn++
	}
}
