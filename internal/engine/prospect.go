package engine

// prospect begins to dial before the first folder is compared, when the numbers
// of messages in the folders show that there is much to copy.
func (r *run) prospect() {
	missing := 0
	for i := range r.table.Rows {
		row := &r.table.Rows[i]
		if _, known := r.j.Folder(row.From, row.To).State(); known {
			continue
		}
		n1, told := r.src.messages(row.From)
		n2, _ := r.dst.messages(row.To)
		if told && n1 > n2 {
			missing += int(n1 - n2)
		}
	}
	r.dialler.Ask(missing / sharePays)
}
