package engine

// expectedMessages is how many messages there seem to be to copy, by the numbers of
// messages in the folders: with many of them more connections are dialled before the
// first folder is compared.
func (r *run) expectedMessages() int {
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
	return missing
}
