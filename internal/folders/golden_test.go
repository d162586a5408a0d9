package folders

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/mailtest/golden"
	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

// goldenRow is one run of imapsync 2.229 against two scripted servers.
type goldenRow struct {
	Label       string            `json:"label"`
	Options     []string          `json:"options"`
	Sep1        string            `json:"sep1"`
	Sep2        string            `json:"sep2"`
	Prefix1     string            `json:"prefix1"`
	Prefix2     string            `json:"prefix2"`
	Host1       []string          `json:"host1_folders"`
	Host2       []string          `json:"host2_folders"`
	SpecialUse1 map[string]string `json:"special_use1"`
	SpecialUse2 map[string]string `json:"special_use2"`
	NoSelect1   []string          `json:"noselect1"`
	NoSelect2   []string          `json:"noselect2"`
	LSub1       []string          `json:"lsub1"`
	Namespace1  string            `json:"namespace1"`
	Caps1       []string          `json:"caps1"`
	Caps2       []string          `json:"caps2"`
	Map         map[string]string `json:"map"`
	Order       []string          `json:"order"`
	Automap     map[string]string `json:"automap"`
	Extras      []string          `json:"host2_not_in_host1"`
	Exit        int               `json:"exit"`
	Used        map[string]string `json:"used"`
}

// deviations are the golden rows in which the safe way differs from imapsync's.
// map holds the folders whose name differs, with the name they get here; an
// empty map means that the run is refused before it maps anything.
var deviations = map[string]struct {
	why string
	to  map[string]string
}{
	"NAMESPACE personal NIL: shared prefix used": {
		"a prefix of other people's folders is not the user's",
		map[string]string{"Public/Sent": "Public/Sent"},
	},
	"NAMESPACE fails": {
		"the guessed prefix is used when NAMESPACE fails",
		map[string]string{"INBOX.a": "a"},
	},
	"f1f2 missing equal shifts the pairs": {
		"a --f1f2 without = is refused (exit 64) instead of shifting the other pairs", nil,
	},
	"f1f2h alone is overwritten": {
		"--f1f2h does what it says",
		map[string]string{"Sent": "S2"},
	},
	"subfolder2 '&AOk-' prefix INBOX.": {
		"the name is used as typed, not without its special characters",
		map[string]string{"INBOX": "INBOX.&AOk-.INBOX", "INBOX/c": "INBOX.&AOk-.INBOX.c", "Sent": "INBOX.&AOk-.Sent", "a/b": "INBOX.&AOk-.a.b"},
	},
	"subfolder2 'a@b' prefix INBOX.": {
		"the name is used as typed, not without its special characters",
		map[string]string{"INBOX": "INBOX.a@b.INBOX", "INBOX/c": "INBOX.a@b.INBOX.c", "Sent": "INBOX.a@b.Sent", "a/b": "INBOX.a@b.a.b"},
	},
	"subfolder2 'SUB/' no prefix slash": {
		"a separator at the end does not make a level without a name",
		map[string]string{"INBOX": "SUB/INBOX", "INBOX.Sent": "SUB/Sent", "INBOX.a.b": "SUB/a/b", "SUB.x": "SUB/SUB/x"},
	},
	"regextrans2 e flag": {
		"an expression must not run code", nil,
	},
}

// argv reads the options of a golden row, as the command line does.
func argv(r goldenRow) (Options, DeleteOptions, error) {
	o := Options{FixSlash2: true, FixInbox: true, CheckExist: true, MixFolders: true}
	o.Vars = perlexpr.Vars{"user1": "u", "user2": "u"}
	var d DeleteOptions
	var preset []string
	var gmail1, gmail2, office1, office2, domino1, domino2, noExclude, noF1F2 bool
	noAutomap := false
	expr := func(k perlexpr.Kind, list *[]*perlexpr.Expr, text string) error {
		e, err := perlexpr.Compile(k, text)
		*list = append(*list, e)
		return err
	}
	for i := 0; i < len(r.Options); i++ {
		opt, val := r.Options[i], ""
		switch opt {
		case "--regextrans2", "--subfolder1", "--subfolder2", "--f1f2", "--f1f2h", "--sep1", "--sep2", "--include", "--exclude",
			"--folder", "--folderrec", "--folderfirst", "--folderlast", "--prefix1", "--prefix2":
			i++
			val = r.Options[i]
		}
		var err error
		switch opt {
		case "--automap":
			o.Automap = true
		case "--noautomap":
			noAutomap = true
		case "--regextrans2":
			err = expr(perlexpr.Trans, &o.Trans, val)
		case "--include":
			err = expr(perlexpr.Include, &o.Include, val)
		case "--exclude":
			err = expr(perlexpr.Exclude, &o.Exclude, val)
		case "--subfolder1":
			o.Subfolder1 = val
		case "--subfolder2":
			o.Subfolder2 = val
		case "--f1f2", "--f1f2h":
			from, to, ok := strings.Cut(val, "=")
			if !ok {
				return o, d, fmt.Errorf("--f1f2 %q: no =", val)
			}
			o.Map = append(o.Map, Pair{from, to})
		case "--sep1":
			o.Sep1 = &val
		case "--sep2":
			o.Sep2 = &val
		case "--prefix1":
			o.Prefix1 = &val
		case "--prefix2":
			o.Prefix2 = &val
		case "--folder":
			o.Only = append(o.Only, val)
		case "--folderrec":
			o.Recursive = append(o.Recursive, val)
		case "--folderfirst":
			o.First = append(o.First, val)
		case "--folderlast":
			o.Last = append(o.Last, val)
		case "--subscribed":
			o.Subscribed = true
		case "--fixslash2":
		case "--nofixslash2":
			o.FixSlash2 = false
		case "--nofixInboxINBOX":
			o.FixInbox = false
		case "--gmail1":
			gmail1 = true
		case "--gmail2":
			gmail2 = true
		case "--office1":
			office1 = true
		case "--office2":
			office2 = true
		case "--domino1":
			domino1 = true
		case "--domino2":
			domino2 = true
		case "--noexclude":
			noExclude = true
		case "--nof1f2":
			noF1F2 = true
		default:
			return o, d, fmt.Errorf("the test does not know %s", opt)
		}
		if err != nil {
			return o, d, err
		}
	}
	empty, back := "", `\`
	switch {
	case gmail1 && gmail2:
		if err := expr(perlexpr.Exclude, &o.Exclude, `\[Gmail\]$`); err != nil {
			return o, d, err
		}
	case gmail1:
		preset = append(preset, `s,\[Gmail\].,,`)
	case gmail2:
		preset = append(preset, `s,\[Gmail\].,,`, `s,^ +| +$,,g`, `s,/ +| +/,/,g`, `s/['\^"]/_/g`)
		if !noExclude {
			if err := expr(perlexpr.Exclude, &o.Exclude, `\[Gmail\]$`); err != nil {
				return o, d, err
			}
		}
	}
	if gmail1 || gmail2 {
		o.Automap = !noAutomap
		o.Last = append(o.Last, "[Gmail]/All Mail")
	}
	if office1 && !noExclude {
		if err := expr(perlexpr.Exclude, &o.Exclude, `^Files$`); err != nil {
			return o, d, err
		}
	}
	if office2 && !noF1F2 {
		o.Map = append(o.Map, Pair{"Files", "Files_renamed_by_imapsync"})
	}
	if domino1 {
		o.Sep1, o.Prefix1 = &back, &empty
	}
	if domino2 {
		o.Sep2, o.Prefix2 = &back, &empty
		preset = append(preset, `s,^Inbox\\(.*),$1,i`)
	}
	for _, p := range preset {
		if err := expr(perlexpr.Trans, &o.Trans, p); err != nil {
			return o, d, err
		}
	}
	return o, d, nil
}

func goldenSide(names []string, sep, prefix string, use map[string]string, noselect []string, caps []string, ns string) Side {
	var s Side
	listed := map[string]bool{}
	for _, n := range append(append([]string{}, noselect...), names...) {
		if listed[n] {
			continue
		}
		listed[n] = true
		f := Folder{Name: n, Delim: sep}
		for _, x := range noselect {
			if x == n {
				f.Attrs = append(f.Attrs, `\Noselect`)
			}
		}
		for role, x := range use {
			if x == n {
				f.Attrs = append(f.Attrs, role)
			}
		}
		s.Folders = append(s.Folders, f)
	}
	for _, c := range caps {
		if c == "IMAP4rev1" && len(caps) == 1 { // no NAMESPACE, no usable delimiter either
			for i := range s.Folders {
				s.Folders[i].Delim = ""
			}
			return s
		}
	}
	switch ns {
	case "":
		s.Namespace = &Namespace{Personal: []NamespaceEntry{{prefix, sep}}}
	case "FAIL":
		s.Namespace = &Namespace{Failed: true}
		for i := range s.Folders {
			s.Folders[i].Delim = ""
		}
	default:
		s.Namespace = parseNamespace(ns)
	}
	return s
}

var (
	nsClass = regexp.MustCompile(`NIL|\((?:\("[^"]*" "[^"]*"\))+\)`)
	nsPair  = regexp.MustCompile(`\("([^"]*)" "([^"]*)"\)`)
)

func parseNamespace(s string) *Namespace {
	var ns Namespace
	for i, class := range nsClass.FindAllString(s, 3) {
		var list []NamespaceEntry
		for _, p := range nsPair.FindAllStringSubmatch(class, -1) {
			list = append(list, NamespaceEntry{p[1], p[2]})
		}
		switch i {
		case 0:
			ns.Personal = list
		case 1:
			ns.Other = list
		case 2:
			ns.Shared = list
		}
	}
	return &ns
}

func (r goldenRow) sides() (Side, Side) {
	s1 := goldenSide(r.Host1, r.Sep1, r.Prefix1, r.SpecialUse1, r.NoSelect1, r.Caps1, r.Namespace1)
	s1.Subscribed = r.LSub1
	return s1, goldenSide(r.Host2, r.Sep2, r.Prefix2, r.SpecialUse2, r.NoSelect2, r.Caps2, "")
}

// TestGoldenMap runs every golden row with automap confined to imapsync's
// table. Names, order, automap pairs and host2's extras have to be the same,
// but for the rows named in deviations.
func TestGoldenMap(t *testing.T) {
	seen := map[string]bool{}
	for i, r := range golden.Rows[goldenRow](t, "folder-map.jsonl", 200) {
		t.Run(fmt.Sprintf("%d %s", i, r.Label), func(t *testing.T) {
			dev, isDev := deviations[r.Label]
			seen[r.Label] = true
			o, _, err := argv(r)
			var table *Table
			if err == nil {
				o.TableOnly = true
				s1, s2 := r.sides()
				table, err = Map(o, s1, s2)
			}
			if r.Exit != 0 || isDev && dev.to == nil {
				if err == nil {
					t.Fatalf("no error, but imapsync exits %d", r.Exit)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for from, to := range r.Map {
				want[from] = to
			}
			for from, to := range dev.to {
				if want[from] == to {
					t.Errorf("%q -> %q is no deviation", from, to)
				}
				want[from] = to
			}
			got, order, auto := map[string]string{}, []string{}, map[string]string{}
			for _, row := range table.Rows {
				got[row.From] = row.Ruled
				order = append(order, row.From)
				if row.Why == WhyAutomap {
					auto[row.From] = row.Ruled
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("map (-imapsync +here):\n%s", d)
			}
			if d := cmp.Diff(r.Order, order); d != "" {
				t.Errorf("order (-imapsync +here):\n%s", d)
			}
			if d := cmp.Diff(r.Automap, auto); d != "" && len(o.Map) == 0 {
				t.Errorf("automap (-imapsync +here):\n%s", d)
			}
			if d := cmp.Diff(r.Extras, append([]string{}, table.Extras...)); d != "" {
				t.Errorf("extras (-imapsync +here):\n%s", d)
			}
			if !isDev && len(r.Used) > 0 {
				used := map[string]string{"sep1": table.Space1.Sep, "sep2": table.Space2.Sep, "prefix1": table.Space1.Prefix, "prefix2": table.Space2.Prefix}
				if d := cmp.Diff(r.Used, used); d != "" {
					t.Errorf("separators and prefixes (-imapsync +here):\n%s", d)
				}
			}
		})
	}
	for label := range deviations {
		if !seen[label] {
			t.Errorf("the deviation %q is in no golden row", label)
		}
	}
}

// TestGoldenMapExtended runs the golden rows as users do, with every sign of a
// role. The only differences allowed are folders that imapsync's automap does
// not know and that now reach the folder host2 has for their role.
func TestGoldenMapExtended(t *testing.T) {
	more := map[string]string{}
	for _, r := range golden.Rows[goldenRow](t, "folder-map.jsonl", 200) {
		o, _, err := argv(r)
		if err != nil || r.Exit != 0 {
			continue
		}
		s1, s2 := r.sides()
		table, err := Map(o, s1, s2)
		if err != nil {
			t.Errorf("%s: %v", r.Label, err)
			continue
		}
		dev := deviations[r.Label].to
		for _, row := range table.Rows {
			want := r.Map[row.From]
			if to, ok := dev[row.From]; ok {
				want = to
			}
			if row.Ruled == want {
				continue
			}
			if row.Why == WhyAutomap && strings.Contains(row.Detail, "webmails use") && row.Ruled == strings.TrimPrefix(strings.SplitN(row.Detail, ":", 2)[0], `\`) {
				continue // a role that host2 has no folder for, and cannot be told
			}
			if row.Why == WhyAutomap && strings.HasPrefix(row.Detail, `\Important: `+fromAttr+" to "+fromAttr) {
				continue // RFC 8457, which imapsync's automap does not know (docs/differences.md)
			}
			if row.Why != WhyAutomap || !strings.Contains(row.Detail, fromWords) {
				t.Errorf("%s: %q becomes %q (%s %s), imapsync says %q", r.Label, row.From, row.Ruled, row.Why, row.Detail, want)
				continue
			}
			if !row.Exists && !strings.Contains(row.Detail, "webmails use") {
				t.Errorf("%s: %q is sent to %q, which does not exist", r.Label, row.From, row.Ruled)
			}
			more[row.From] = strings.Fields(row.Detail)[0]
		}
	}
	want := map[string]string{
		"&AMk-l&AOk-ments supprim&AOk-s": `\Trash:`, "Brouillons": `\Drafts:`, "Courrier ind&AOk-sirable": `\Junk:`,
		"Entw&APw-rfe": `\Drafts:`, "Gel&APY-schte Elemente": `\Trash:`, "Junk-E-Mail": `\Junk:`,
		"Borradores": `\Drafts:`, "Elementos eliminados": `\Trash:`, "Bozze": `\Drafts:`, "Posta eliminata": `\Trash:`,
		"INBOX/Sent Items": `\Sent:`,
		"Bulk Mail":        `\Junk:`, "Draft": `\Drafts:`, "Junk Mail": `\Junk:`, "SENT": `\Sent:`, "sent": `\Sent:`,
	}
	if d := cmp.Diff(want, more); d != "" {
		t.Errorf("folders recognised beyond imapsync (-want +got):\n%s", d)
	}
}
