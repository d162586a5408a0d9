package perlre

// endless reports whether a group can recurse into itself before it has
// matched a byte. Perl dies of that while matching.
func endless(bodies map[int]*node) bool {
	first := map[int]map[int]bool{}
	for g, body := range bodies {
		targets := map[int]bool{}
		body.leadingRecursions(targets)
		first[g] = targets
	}
	for g := range bodies {
		seen := map[int]bool{}
		todo := []int{g}
		for len(todo) > 0 {
			next := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			for t := range first[next] {
				if t == g {
					return true
				}
				if !seen[t] {
					seen[t] = true
					todo = append(todo, t)
				}
			}
		}
	}
	return false
}

// leadingRecursions collects the groups that n can recurse into before it has
// matched a byte, and reports whether n can match nothing at all.
func (n *node) leadingRecursions(targets map[int]bool) (nullable bool) {
	least, _ := n.lengths()
	switch n.op {
	case opRecurse:
		targets[n.num] = true
	case opSeq:
		for _, k := range n.kids {
			if !k.leadingRecursions(targets) {
				return false
			}
		}
	case opRepeat:
		if n.max > 0 {
			n.kids[0].leadingRecursions(targets)
		}
	default:
		for _, k := range n.kids {
			k.leadingRecursions(targets)
		}
	}
	return least == 0
}
