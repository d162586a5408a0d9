package transfer

import (
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// doubtKey of a task is the key it was sent with.
func (c *Folder) doubtKey(t *Message) identity.Key {
	if key := t.overrides().sentKey; key != nil {
		return key.Base()
	}
	return c.Src.Recs[t.Src].Key.Base()
}

// Altering reports whether messages may be sent with other bytes than they have
// on host1, so that the key of each is known only when it is sent.
func (r *Copier) Altering() bool { return r.Pipeline.Active() || r.Pipeline.AddHeader }

// sign finds out under which key host2 will list the altered bytes of a message.
func (c *Folder) sign(it *item, msg []byte) error {
	header, _ := transform.SplitHeader(msg)
	hasher := identity.NewHasher(c.run.Identity)
	key, outcome, err := hasher.FromFields(header, int64(len(msg)))
	p := &c.run.Plan.Identity
	if err == nil && outcome != identity.Identified && !p.HeadersGiven && p.WholeHeaderIfNeeded {
		key, outcome, err = hasher.FromHeader(header, int64(len(msg)))
	}
	if err != nil {
		return err
	}
	t := it.t
	content := identity.ContentOf(msg)
	o := t.override()
	o.sentContent = &content
	switch {
	case outcome != identity.Identified && p.HeadersGiven:
		return nil // it will have no identity there
	case outcome != identity.Identified:
		key = content.Key()
	}
	if o.sentKey == nil && key == c.Src.Recs[t.Src].Key || o.sentKey != nil && key == *o.sentKey {
		return nil
	}
	o.sentKey, it.signed = &key, true
	return nil
}
