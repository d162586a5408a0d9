package doctor

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/mailread"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// sizeTime bounds the look at how much an account holds.
const sizeTime = 20 * time.Second

// trips is how many times a round trip is measured; the shortest counts.
const trips = 3

// look asks a connection that is logged in for everything that an account tells of
// itself. What is refused is left out and becomes a problem; the error is that of a
// connection that was lost.
func (x *examination) look(ctx context.Context, c *imapconn.Conn) error {
	s := x.side
	s.Capabilities, s.Others = capabilities(c, s.Side)
	for range trips {
		if err := c.Noop(ctx); err != nil {
			return err
		}
	}
	s.RoundTrip = c.RoundTrip()
	tree, err := mailread.TreeOn(ctx, c, s.ID)
	if err != nil {
		x.problem(Stop, codeErrors, fmt.Sprintf("the folders cannot be listed: %s", brief(err)), "nothing can be moved from or to an account whose folders are not known: ask the provider", "")
		x.refused(err)
		return lost(c)
	}
	x.tree = tree
	s.Tree = x.folders(tree)
	x.profile(tree)
	if err := x.quota(ctx, c); err != nil {
		return err
	}
	if err := x.appendLimit(ctx, c); err != nil {
		return err
	}
	return x.size(ctx, c)
}

// lost is why a connection is dead, nil while it lives.
func lost(c *imapconn.Conn) error { return c.Err() }

func (x *examination) profile(tree *mailread.Tree) {
	p := provider.Of(x.plan.Host, tree.Greeting, x.side.ID, tree.Side.Family)
	x.side.Profile = &Profile{Name: p.Name, Why: p.Why, Connections: p.Connections, Commands: p.Commands, PerAddress: p.PerAddress, Source: p.Source, Date: p.Date}
}

// folders describes namespaces, roles and what an interrupted test left.
func (x *examination) folders(tree *mailread.Tree) *Tree {
	var sep, prefix *string
	if x.side.Side == 1 {
		sep, prefix = x.all.Folders.Sep1, x.all.Folders.Prefix1
	} else {
		sep, prefix = x.all.Folders.Sep2, x.all.Folders.Prefix2
	}
	space := folders.Locate(tree.Side, sep, prefix)
	t := &Tree{Separator: space.Sep, Prefix: space.Prefix, Subscribed: len(tree.Side.Subscribed), Roles: []Role{}}
	for _, f := range tree.Side.Folders {
		if f.Name != "" && f.Selectable() {
			t.Count++
		}
		if leftover(f.Name, space) && len(t.Left) < few {
			t.Left = append(t.Left, f.Name)
		}
	}
	if ns := tree.Side.Namespace; ns != nil && !ns.Failed {
		t.Namespaces = namespaceWords(ns)
	}
	if table, err := folders.Map(folders.Options{}, tree.Side, folders.Side{}); err == nil {
		seen := make(map[string]bool) // a folder may be known by more than one sign
		for _, r := range table.Roles1 {
			if !r.Second && !seen[r.Name] && len(t.Roles) < few {
				seen[r.Name] = true
				t.Roles = append(t.Roles, Role{Role: r.Role, Folder: folders.Text(r.Name), Source: r.Source})
			}
		}
	}
	x.space = space
	return t
}

func namespaceWords(ns *folders.Namespace) string {
	var parts []string
	for _, class := range []struct {
		name string
		list []folders.NamespaceEntry
	}{{"personal", ns.Personal}, {"of other users", ns.Other}, {"shared", ns.Shared}} {
		var words []string
		for i, e := range class.list {
			if i == 5 {
				words = append(words, "and more")
				break
			}
			words = append(words, fmt.Sprintf("%q separated by %q", e.Prefix, e.Delim))
		}
		if len(words) > 0 {
			parts = append(parts, class.name+" "+strings.Join(words, ", "))
		}
	}
	return strings.Join(parts, "; ")
}

// quota asks what INBOX counts against. A refusal is none.
func (x *examination) quota(ctx context.Context, c *imapconn.Conn) error {
	if !c.Has(imap.CapQuota) {
		return nil
	}
	roots, err := c.GetQuotaRoot(ctx, "INBOX")
	if err != nil {
		x.refused(err)
		return lost(c)
	}
	for _, q := range roots {
		for _, r := range q.Resources {
			if len(x.side.Quotas) == few {
				return nil
			}
			one := Quota{Root: q.Root, Name: r.Name, Usage: r.Usage, Limit: r.Limit}
			if r.Name == "STORAGE" && r.Usage < 1<<50 && r.Limit < 1<<50 {
				one.Usage *= 1024
				if one.Limit >= 0 {
					one.Limit *= 1024
				}
			}
			x.side.Quotas = append(x.side.Quotas, one)
		}
	}
	return nil
}

// appendLimit finds the largest message that is taken (RFC 7889).
func (x *examination) appendLimit(ctx context.Context, c *imapconn.Conn) error {
	ask := false
	for name := range c.Caps() {
		value, ok := strings.CutPrefix(strings.ToUpper(string(name)), "APPENDLIMIT")
		if !ok {
			continue
		}
		if value == "" {
			ask = true
		} else if n, err := strconv.ParseInt(strings.TrimPrefix(value, "="), 10, 64); err == nil && n > 0 && n < 1<<60 { // larger ones are none
			x.side.AppendLimit = n
		}
	}
	if !ask || x.side.AppendLimit != 0 {
		return nil
	}
	data, err := c.Status(ctx, "INBOX", imap.StatusOptions{AppendLimit: true})
	if err != nil {
		x.refused(err)
		return lost(c)
	}
	if data.AppendLimit != nil {
		x.side.AppendLimit = int64(*data.AppendLimit)
	}
	return nil
}

// Bounds of the count: folders that are asked one by one, and messages whose sizes are
// read one by one.
const (
	maxAsked = 2000
	maxSized = 50000
)

// size counts messages and bytes. The time is bounded: what is missing is said.
func (x *examination) size(ctx context.Context, c *imapconn.Conn) error {
	until := time.Now().Add(sizeTime)
	s := &Size{Bytes: -1}
	x.side.Size = s
	told := c.Has(imap.CapStatusSize)
	names := x.selectable()
	asked, counted, bytes := 0, make(map[string]uint32), int64(0)
	const window = 50
	for len(names) > asked && asked < maxAsked && time.Now().Before(until) && ctx.Err() == nil {
		batch := names[asked:min(asked+window, len(names))]
		var pending []*imapconn.Pending[imap.StatusData]
		for _, name := range batch {
			p, err := c.StartStatus(ctx, name, imap.StatusOptions{NumMessages: true, Size: told})
			if err != nil {
				return err
			}
			pending = append(pending, p)
		}
		for i, p := range pending {
			data, err := p.Wait(ctx)
			if err != nil {
				if c.Err() != nil {
					return c.Err()
				}
				x.refused(err)
				continue
			}
			if data.NumMessages != nil {
				counted[batch[i]] = *data.NumMessages
				s.Messages += int64(*data.NumMessages)
			}
			if data.Size != nil && *data.Size > 0 {
				bytes += *data.Size
			}
		}
		asked += len(batch)
	}
	if len(counted) < len(names) {
		s.Incomplete = fmt.Sprintf("%d of %d folders", len(names)-len(counted), len(names))
	}
	switch {
	case told:
		s.Bytes, s.How = bytes, "as the server adds it up"
	case s.Messages <= maxSized:
		return x.sizes(ctx, c, counted, until)
	default:
		s.How = "not added up here: --justfoldersizes does"
	}
	x.sizeByQuota()
	return nil
}

// sizes adds up the sizes of messages.
func (x *examination) sizes(ctx context.Context, c *imapconn.Conn, counted map[string]uint32, until time.Time) error {
	s := x.side.Size
	sum, whole := int64(0), true
	for _, name := range x.selectable() {
		if counted[name] == 0 {
			continue
		}
		if whole = whole && time.Now().Before(until); !whole {
			break
		}
		if _, err := c.Examine(ctx, name, nil); err != nil {
			if c.Err() != nil {
				return c.Err()
			}
			whole = false
			continue
		}
		err := each(ctx, c, imapconn.FetchItems{UID: true, Size: true}, func(m *imapconn.Message) error {
			if m.HasSize && m.Size >= 0 {
				sum += m.Size
				s.Largest = max(s.Largest, m.Size)
			}
			return nil
		})
		if err != nil {
			if c.Err() != nil {
				return c.Err()
			}
			whole = false
		}
	}
	if whole && s.Incomplete == "" {
		s.Bytes, s.How = sum, "added up"
		return nil
	}
	s.Largest = 0
	s.How = "not added up here, since it takes long: --justfoldersizes does"
	x.sizeByQuota()
	return nil
}

// sizeByQuota takes the use of the quota for the size where nothing better is known.
func (x *examination) sizeByQuota() {
	for _, q := range x.side.Quotas {
		if x.side.Size.Bytes < 0 && q.Name == "STORAGE" {
			x.side.Size.Bytes, x.side.Size.How = q.Usage, "as the quota counts it"
		}
	}
}

// selectable are the folders that hold messages, by their raw names.
func (x *examination) selectable() []string {
	var out []string
	for _, f := range x.tree.Side.Folders {
		if f.Name != "" && f.Selectable() {
			out = append(out, f.Name)
		}
	}
	return out
}

// refused keeps the words of a refusal for the transcript.
func (x *examination) refused(err error) {
	var r *imapconn.Response
	if errors.As(err, &r) {
		x.record.refusal(r)
	}
}
