package transfer

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/provider"
)

// enter has host2 open the folder that is appended to next, where that saves it
// work (provider.OpensForAppend). It costs no round trip: the command goes ahead
// of the APPEND, and nobody waits for its answer. EXAMINE does as well as SELECT,
// and leaves \Recent to the user's next session.
func (d *appender) enter(ctx context.Context, c *Folder) error {
	if d.entered == c || !provider.OpensForAppend(d.v.run.dst.Family) {
		return nil
	}
	d.entered = c
	name := c.To.Raw
	if m := d.conn.Mailbox(); m != nil && m.Name == name && d.conn.InFlight() == 0 {
		return nil
	}
	// What is selected from here on is nobody's business but the appender's.
	d.v.conns.Dst.Forget()
	_, err := d.conn.StartExamine(ctx, name, nil)
	return err
}
