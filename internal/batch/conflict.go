package batch

import (
	"fmt"
	"sort"
)

// Accounts is what a row reads and writes, by names that are equal for one account.
type Accounts struct {
	From, To string
	// Whole names what is done with them beside the accounts (folders, prefix), so
	// that only rows which do the same are duplicates.
	Whole string
	// Deletes1: it may delete in From; Deletes2: it may delete in To what is not of
	// From.
	Deletes1, Deletes2 bool
}

// CheckAccounts finds rows that do the same, that go in a circle, or that would
// delete one another's mail.
func CheckAccounts(rows []Row, a []Accounts) []Fault {
	var faults []Fault
	fault := func(i int, format string, args ...any) {
		faults = append(faults, Fault{Row: rows[i].Number, Line: rows[i].Line, Text: fmt.Sprintf(format, args...)})
	}
	into := make(map[string][]int) // by To
	same := make(map[Accounts]int)
	for i, x := range a {
		if x.To == "" {
			continue
		}
		x.Deletes1, x.Deletes2 = false, false
		if j, ok := same[x]; ok {
			fault(i, "it does the same as row %d (line %d)", rows[j].Number, rows[j].Line)
			continue
		}
		same[x] = i
		into[x.To] = append(into[x.To], i)
	}
	for i, x := range a {
		if x.Deletes2 && len(into[x.To]) > 1 {
			for _, j := range into[x.To] {
				if j != i {
					fault(i, "it may delete on host2 what row %d (line %d) stores there: rows that share a destination cannot use --delete2, --delete2folders or --delete2duplicates", rows[j].Number, rows[j].Line)
					break
				}
			}
		}
	}
	for _, circle := range circles(a) {
		i := circle[0]
		if len(circle) == 1 {
			continue // one account to itself is a row's own affair
		}
		fault(i, "the accounts go in a circle with row %d (line %d): what one row writes another one reads", rows[circle[1]].Number, rows[circle[1]].Line)
	}
	sort.SliceStable(faults, func(i, j int) bool { return faults[i].Row < faults[j].Row })
	return faults
}

// SharedSources names, for each row that reads an account in which another one may delete,
// such a row: by indexes, the deleting one first.
func SharedSources(a []Accounts) (pairs [][2]int) {
	deleting := make(map[string][2]int) // the first two rows that delete in an account
	seen := make(map[string]int)
	for i, x := range a {
		if x.Deletes1 && x.From != "" {
			if seen[x.From]++; seen[x.From] == 1 {
				deleting[x.From] = [2]int{i, i}
			} else if seen[x.From] == 2 {
				deleting[x.From] = [2]int{deleting[x.From][0], i}
			}
		}
	}
	for i, x := range a {
		of, ok := deleting[x.From]
		switch {
		case !ok:
		case of[0] != i:
			pairs = append(pairs, [2]int{of[0], i})
		case of[1] != i:
			pairs = append(pairs, [2]int{of[1], i})
		}
	}
	return pairs
}

// circles finds sets of rows whose accounts lead back to themselves, each in the
// order of the list.
func circles(a []Accounts) [][]int {
	index := make(map[string]int)
	var names []string
	id := func(s string) int {
		if n, ok := index[s]; ok {
			return n
		}
		index[s] = len(names)
		names = append(names, s)
		return len(names) - 1
	}
	type edge struct{ to, row int }
	var out [][]edge
	for i, x := range a {
		if x.To == "" || x.From == "" || x.From == x.To {
			continue
		}
		f, t := id(x.From), id(x.To)
		for len(out) < len(names) {
			out = append(out, nil)
		}
		out[f] = append(out[f], edge{t, i})
	}
	comp := components(len(names), func(v int) []int {
		to := make([]int, 0, len(out[v]))
		for _, e := range out[v] {
			to = append(to, e.to)
		}
		return to
	})
	rowsOf := make(map[int][]int)
	for v := range out {
		for _, e := range out[v] {
			if comp[v] == comp[e.to] {
				rowsOf[comp[v]] = append(rowsOf[comp[v]], e.row)
			}
		}
	}
	var found [][]int
	for _, rows := range rowsOf {
		sort.Ints(rows)
		found = append(found, rows)
	}
	sort.Slice(found, func(i, j int) bool { return found[i][0] < found[j][0] })
	return found
}

// components numbers the strongly connected components of a graph of n nodes
// (Tarjan's algorithm, without recursion: a list may be one long chain).
func components(n int, next func(int) []int) []int {
	const unseen = -1
	order, low, comp := make([]int, n), make([]int, n), make([]int, n)
	for i := range order {
		order[i], comp[i] = unseen, unseen
	}
	type frame struct {
		v    int
		next []int
	}
	var stack []int
	var frames []frame
	count, made := 0, 0
	enter := func(v int) {
		order[v], low[v] = count, count
		count++
		stack = append(stack, v)
		frames = append(frames, frame{v, next(v)})
	}
	for root := range n {
		if order[root] != unseen {
			continue
		}
		enter(root)
		for len(frames) > 0 {
			f := &frames[len(frames)-1]
			if len(f.next) > 0 {
				w := f.next[0]
				f.next = f.next[1:]
				switch {
				case order[w] == unseen:
					enter(w)
				case comp[w] == unseen:
					low[f.v] = min(low[f.v], order[w])
				}
				continue
			}
			v := f.v
			frames = frames[:len(frames)-1]
			if len(frames) > 0 {
				p := frames[len(frames)-1].v
				low[p] = min(low[p], low[v])
			}
			if low[v] == order[v] {
				for {
					w := stack[len(stack)-1]
					stack = stack[:len(stack)-1]
					comp[w] = made
					if w == v {
						break
					}
				}
				made++
			}
		}
	}
	return comp
}

// apart reports whether two rows may not run at the same time: one of them changes
// an account that the other uses.
func apart(a, b Accounts) bool {
	changes := func(x, y Accounts) bool {
		return x.To != "" && (x.To == y.To || x.To == y.From) || x.Deletes1 && x.From != "" && (x.From == y.From || x.From == y.To)
	}
	return changes(a, b) || changes(b, a)
}
