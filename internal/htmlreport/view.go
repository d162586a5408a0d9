package htmlreport

import (
	"cmp"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/units"
)

// view is a page with everything bounded and made safe, as the template takes it.
type view struct {
	Policy, Kind, Title, Short, State, From, To, When string
	Verdict                                           []string
	Figures, Versions                                 []Fact
	Tree                                              []row
	TreeHead                                          []string
	TreeTitle, TreeFirst, TreeSecond                  string
	TreeAll, TreeLeft                                 int
	Chart                                             *chartView
	Lists                                             []listView
	Errors                                            []Fault
	ErrorsAll, ErrorsLeft                             int
	Differences                                       []Difference
	DifferencesAll, DifferencesLeft                   int64
	DifferencesCounted, DifferencesExplained          int64
	Command                                           string
}

type row struct {
	Node
	Label string
	Depth int // 0 to 9
	Bar   int // 0 to 100
	Size  string
}

type listView struct {
	Title, Note string
	Lines       []string
	All, Left   int64
}

// view bounds every list by rows.
func (p *Page) view(rows int) *view {
	v := &view{
		Policy: policy, Kind: p.Kind, Title: shown(p.Title), Short: cut(shown(p.Title), 60), State: p.State, From: shown(p.From), To: shown(p.To), When: shown(p.When),
		Verdict: shownAll(p.Verdict, max(rows/20, 20)), Figures: facts(p.Figures, 200), Versions: facts(p.Versions, 50),
		TreeTitle: cmp.Or(p.TreeTitle, "Folders"), TreeFirst: cmp.Or(p.TreeFirst, "Folder of host1"), TreeSecond: cmp.Or(p.TreeSecond, "Folder of host2"),
		TreeHead: p.TreeHead, Command: cut(display.Text(p.Command), 20000), Chart: p.Chart.view(),
		ErrorsAll: p.ErrorsAll, DifferencesAll: p.DifferencesAll,
		DifferencesCounted: p.DifferencesCounted, DifferencesExplained: max(0, p.DifferencesAll-p.DifferencesCounted),
	}
	v.tree(p, rows)
	for _, l := range p.Lists {
		if len(l.Lines) == 0 && l.Note == "" {
			continue
		}
		lines := shownAll(l.Lines, max(rows/4, 5))
		v.Lists = append(v.Lists, listView{shown(l.Title), shown(l.Note), lines, l.All, max(l.All, int64(len(l.Lines))) - int64(len(lines))})
	}
	for _, e := range p.Errors[:min(len(p.Errors), max(rows/4, 5))] {
		v.Errors = append(v.Errors, Fault{shown(e.Text), shown(e.Where), shown(e.Hint)})
	}
	v.ErrorsLeft = max(p.ErrorsAll, len(p.Errors)) - len(v.Errors)
	for _, d := range p.Differences[:min(len(p.Differences), rows/2)] {
		v.Differences = append(v.Differences, Difference{d.Mark, d.Counts, shown(d.Where), shown(d.Message), shown(d.What), shown(d.Reason), shown(d.Remedy)})
	}
	v.DifferencesLeft = max(p.DifferencesAll, int64(len(p.Differences))) - int64(len(v.Differences))
	return v
}

func facts(list []Fact, most int) []Fact {
	out := make([]Fact, 0, min(len(list), most))
	for _, f := range list[:min(len(list), most)] {
		out = append(out, Fact{shown(f.Name), shown(f.Value)})
	}
	return out
}

// tree takes the folders with trouble and then the largest, and puts them back into
// the order of their names.
func (v *view) tree(p *Page, rows int) {
	list := p.Tree
	if len(list) > rows {
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(a, b Node) int {
			switch {
			case a.Bad && !b.Bad:
				return -1
			case b.Bad && !a.Bad:
				return 1
			}
			return cmp.Compare(b.Bytes, a.Bytes)
		})
		list = list[:rows]
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Node) int { return cmp.Or(a.Order-b.Order, cmp.Compare(sortName(a), sortName(b))) })
	v.TreeAll = max(p.TreeTotal, len(p.Tree))
	v.TreeLeft = v.TreeAll - len(list)
	most := int64(1)
	for _, n := range list {
		most = max(most, n.Bytes)
	}
	for _, n := range list {
		r := row{Node: n, Label: n.From, Size: units.Bytes(n.Bytes)}
		if n.Sep != "" {
			r.Depth = min(strings.Count(n.From, n.Sep), 9)
		}
		if n.Bytes > 0 {
			r.Bar = int(max(1, float64(n.Bytes)/float64(most)*100))
		}
		r.Label, r.To, r.Why, r.State = shown(n.From), shown(n.To), shown(n.Why), shown(n.State)
		r.Columns = shownAll(n.Columns, 8)
		v.Tree = append(v.Tree, r)
	}
}

// sortName puts INBOX first, and what lies below a folder behind it.
func sortName(n Node) string {
	name := n.From
	if strings.EqualFold(name, "INBOX") {
		return ""
	}
	if n.Sep != "" {
		name = strings.ReplaceAll(name, n.Sep, "\x00")
	}
	return name
}
