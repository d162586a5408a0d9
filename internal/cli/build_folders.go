package cli

import (
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
	"github.com/imaphaul/imaphaul/internal/plan"
)

func (b *builder) folders() plan.Folders {
	v := b.v
	f := plan.Folders{
		Only:       v.list("folder"),
		Recursive:  v.list("folderrec"),
		Subscribed: v.flag("subscribed"),
		Include:    b.expressions(perlexpr.Include, v.list("include"), nil),
		Exclude:    b.expressions(perlexpr.Exclude, v.list("exclude"), b.add.exclude),
		First:      v.list("folderfirst"),
		Last:       append(v.list("folderlast"), b.add.folderLast...),

		Subfolder1: v.str("subfolder1"),
		Subfolder2: v.str("subfolder2"),
		Prefix1:    v.strPtr("prefix1"),
		Prefix2:    v.strPtr("prefix2"),
		Sep1:       v.strPtr("sep1"),
		Sep2:       v.strPtr("sep2"),
		Map:        b.f1f2(),
		Automap:    v.flag("automap"),
		Trans:      b.expressions(perlexpr.Trans, v.list("regextrans2"), b.add.trans),
		FixSlash2:  v.flag("fixslash2"),
		FixInbox:   v.flag("fixinboxinbox"),
		MixFolders: v.flag("mixfolders"),

		TransPresets: len(b.add.trans), ExcludePresets: len(b.add.exclude), MapPresets: len(b.add.f1f2),

		ExcludeRoles: b.roles(), AllMailLast: v.flag("allmaillast"),

		SkipEmpty:       v.flag("skipemptyfolders"),
		CheckExist:      v.flag("checkfoldersexist"),
		CheckSelectable: v.flagPtr("checkselectable"),
		Subscribe:       v.flag("subscribe"),
		SubscribeAll:    v.flag("subscribeall"),
		SyncACLs:        v.flag("syncacls"),

		Delete2Folders:      v.flag("delete2folders"),
		Delete2Only:         b.folderGuard("delete2foldersonly", perlexpr.Delete2Only),
		Delete2ButNot:       b.folderGuard("delete2foldersbutnot", perlexpr.Delete2ButNot),
		Delete1EmptyFolders: v.flag("delete1emptyfolders"),

		PrintMap: v.str("printmap"),
		MapFile:  v.str("mapfile"),

		GmailPreset1: v.flag("gmail1"), GmailPreset2: v.flag("gmail2"),
		OfficePreset1: v.flag("office1"), OfficePreset2: v.flag("office2"),
		ExchangePreset1: v.flag("exchange1"), ExchangePreset2: v.flag("exchange2"),
		DominoPreset1: v.flag("domino1"), DominoPreset2: v.flag("domino2"),
	}
	// Either expression asks for the deletion by itself.
	if v.given("delete2foldersonly") || v.given("delete2foldersbutnot") {
		if v.given("delete2folders") && !f.Delete2Folders {
			b.bad.add("--nodelete2folders and --delete2foldersonly or --delete2foldersbutnot: these ask for the deletion of folders. Drop one of them.")
		}
		f.Delete2Folders = true
	}
	just := v.flag("justfolders")
	f.SizesBefore = v.flagOr("foldersizes", !just || v.flag("justfoldersizes"))
	if v.flag("justfoldersizes") && !f.SizesBefore {
		b.note("--justfoldersizes with --nofoldersizes: no sizes are shown, as in imapsync.")
	}
	f.SizesAfter = v.flagOr("foldersizesatend", f.SizesBefore || just && !v.has("foldersizes"))

	switch f.PrintMap {
	case "", "tsv", "json":
	default:
		b.bad.add("--printmap %s: not a form of the mapping. Give tsv or json.", f.PrintMap)
	}
	if f.MapFile != "" {
		f.MapFilePairs = b.readMapFile(f.MapFile)
	}
	return f
}

// readMapFile reads a mapping that --printmap wrote, perhaps edited since.
func (b *builder) readMapFile(path string) []plan.MapPair {
	if b.in.ReadMap == nil {
		b.bad.add("--mapfile %s: mappings cannot be read here.", path)
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		b.bad.addCode(exitNoInput, "--mapfile %s: %v. Give a file that --printmap wrote.", path, unwrapPath(err))
		return nil
	}
	defer file.Close() // only read
	pairs, err := b.in.ReadMap(file)
	if err != nil {
		b.bad.add("--mapfile %s: %v. Give a file that --printmap wrote.", path, err)
	}
	return pairs
}

// f1f2 splits the pairs of --f1f2 at their first "=". imapsync drops a value
// without "=" and then mixes up all pairs behind it; here it is an error. --f1f2h
// means the same and has no effect in imapsync. The pairs of presets come first, so
// that the user's win.
func (b *builder) f1f2() []plan.MapPair {
	var pairs []plan.MapPair
	for _, s := range append(slices.Clone(b.add.f1f2), b.v.list("f1f2")...) {
		from, to, ok := strings.Cut(s, "=")
		if !ok {
			b.bad.add("--f1f2 '%s': no \"=\" is in it. Give FROM=TO, with the folder names of host1 and host2.", s)
			continue
		}
		pairs = append(pairs, plan.MapPair{From: from, To: to})
	}
	hash := b.v.hash("f1f2h")
	for _, from := range slices.Sorted(maps.Keys(hash)) {
		pairs = append(pairs, plan.MapPair{From: from, To: hash[from]})
	}
	return pairs
}

// folderGuard compiles an expression that decides which host2 folders may be
// deleted. An empty one is an error: it would protect nothing, or everything.
func (b *builder) folderGuard(name string, kind perlexpr.Kind) *perlexpr.Expr {
	if !b.v.given(name) {
		return nil
	}
	if e := b.expressions(kind, []string{b.v.str(name)}, nil); len(e) == 1 {
		return e[0]
	}
	return nil
}
