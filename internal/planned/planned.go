// Package planned says what a plan means in the words of the packages that carry it
// out: how folders are mapped, which keys identify messages, what is changed on the
// way, which flags are expected, which journal belongs to it. Pure functions of the
// plan.
package planned

import (
	"crypto/sha256"
	"fmt"
	"io"
	"strings"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/perlexpr"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// Vars are the variables that expressions may ask for.
func Vars(p *plan.Plan) perlexpr.Vars {
	return perlexpr.Vars{
		"user1": p.Host1.User, "user2": p.Host2.User,
		"host1": p.Host1.Host, "host2": p.Host2.Host,
		"subfolder1": p.Folders.Subfolder1, "subfolder2": p.Folders.Subfolder2,
	}
}

// Mapping is how folders are chosen and mapped, without what a journal knows of
// earlier mappings. same says that both sides are the same software.
func Mapping(p *plan.Plan, same bool) folders.Options {
	f := &p.Folders
	return folders.Options{
		Only: f.Only, Recursive: f.Recursive, Subscribed: f.Subscribed,
		Include: f.Include, Exclude: f.Exclude, First: f.First, Last: f.Last,
		Subfolder1: f.Subfolder1, Subfolder2: f.Subfolder2,
		Prefix1: f.Prefix1, Prefix2: f.Prefix2, Sep1: f.Sep1, Sep2: f.Sep2,
		Map: pairs(f.Map), MapFile: pairs(f.MapFilePairs),
		Automap: f.Automap, Trans: f.Trans,
		FixSlash2: f.FixSlash2, FixInbox: f.FixInbox, CheckExist: f.CheckExist, MixFolders: f.MixFolders,
		Vars:       Vars(p),
		SameServer: same && p.Host1.Host == p.Host2.Host,

		ExcludePresets: f.ExcludePresets, TransPresets: f.TransPresets, MapPresets: f.MapPresets,
		ExcludeRoles: f.ExcludeRoles, LastRole: lastRole(p),
	}
}

// lastRole is the role of the folder that comes last, "" for none.
func lastRole(p *plan.Plan) string {
	if p.Folders.AllMailLast {
		return `\All`
	}
	return ""
}

func pairs(list []plan.MapPair) []folders.Pair {
	out := make([]folders.Pair, len(list))
	for i, p := range list {
		out[i] = folders.Pair(p)
	}
	return out
}

// Identity is what identifies messages.
func Identity(p *plan.Plan) identity.Options {
	id := &p.Identity
	o := identity.Options{Headers: id.Headers, MessageIDNoDomain: id.MessageIDNoDomain, SizeInKey: id.SizeInKey}
	if id.SkipHeader != nil {
		o.SkipHeader = func(line string) (bool, error) { return id.SkipHeader.Match(line, nil) }
	}
	return o
}

// Changes are what is done to messages on their way.
func Changes(p *plan.Plan) *transform.Pipeline {
	t := &p.Transform
	out := &transform.Pipeline{
		Disarm: t.DisarmReadReceipts, PipeMess: t.PipeMess, AddHeader: p.Identity.AddHeader,
		TruncMess: t.TruncMess, MaxLineLength: t.MaxLineLength, MinMaxLineLength: t.MinMaxLineLength,
		MaxLineLengthCmd: t.MaxLineLengthCmd, Vars: Vars(p),
	}
	for _, e := range t.SkipMess {
		out.SkipMess = append(out.SkipMess, e)
	}
	for _, e := range t.RegexMess {
		out.RegexMess = append(out.RegexMess, e)
	}
	return out
}

// Flags are the rules by which host1's flags become host2's.
func Flags(p *plan.Plan) transform.FlagRules {
	f := &p.Flags
	out := transform.FlagRules{FilterBuggy: f.FilterBuggy, FlagsCase: f.FixCase, Filter: f.Filter, Vars: Vars(p), Valid: imapconn.ValidFlag}
	for _, e := range f.RegexFlag {
		out.RegexFlag = append(out.RegexFlag, e)
	}
	return out
}

// Journal names the journal that belongs to a plan: the accounts, and, when it is not
// the usual one, the way in which messages are identified, since keys made in different
// ways can not be compared.
func Journal(p *plan.Plan) journal.Pair {
	a, b := &p.Host1, &p.Host2
	pair := journal.Pair{
		Host1: strings.ToLower(a.Host), User1: a.User, Port1: a.Port,
		Host2: strings.ToLower(b.Host), User2: b.User, Port2: b.Port,
	}
	id := &p.Identity
	if len(id.Headers) > 0 || id.SkipHeader != nil || id.MessageIDNoDomain || id.SizeInKey || id.AddHeader || id.SyncDuplicates {
		way := fmt.Sprintf("%q %v %v %v %v", id.Headers, id.MessageIDNoDomain, id.SizeInKey, id.AddHeader, id.SyncDuplicates)
		if id.SkipHeader != nil {
			way += " " + id.SkipHeader.String()
		}
		sum := sha256.Sum256([]byte(way))
		pair.Way = fmt.Sprintf("%x", sum[:6])
	}
	return pair
}

// ReadMap reads a mapping of folders of folders (--mapfile), and what there is to say about it.
func ReadMap(r io.Reader) ([]plan.MapPair, []string, error) {
	pairs, notes, err := folders.ReadMapFile(r)
	out := make([]plan.MapPair, len(pairs))
	for i, p := range pairs {
		out[i] = plan.MapPair(p)
	}
	return out, notes, err
}
