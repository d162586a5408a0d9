package engine

import (
	"context"
	"fmt"
	"math"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/uidset"
	"github.com/imaphaul/imaphaul/internal/units"
)

// sizeLimit is the largest message that is copied, bytes: --maxsize or what
// host2 takes. 0 is no limit.
func (r *run) sizeLimit() int64 {
	limit := r.appendLimit()
	if m := r.p.Selection.MaxSize; m != nil && (limit == 0 || *m < limit) {
		limit = *m
	}
	return limit
}

// tooBigFor2 reports whether it is host2's limit that a message is above, and not --maxsize.
func (r *run) tooBigFor2(size int64) bool {
	limit, most := r.appendLimit(), r.p.Selection.MaxSize
	return limit > 0 && size > limit && (most == nil || size <= *most)
}

// tellTooBig tells before the first copy how many messages are larger than what
// will be copied. Unchanged folders are not asked. It only informs: each message is
// told of, and listed in --skippedfile, when its folder's turn comes.
func (r *run) tellTooBig(ctx context.Context) error {
	big, err := r.tooBig(ctx, (*folderSync).unchanged)
	if err != nil || big.Messages == 0 {
		return err
	}
	r.warn(fmt.Sprintf("Host1: %d messages, %s, will not fit: each is larger than %d bytes, the biggest has %d; --skippedfile FILE lists them and --savedir DIR keeps them",
		big.Messages, units.Bytes(big.Bytes), r.sizeLimit(), big.Biggest))
	return nil
}

// tooBig counts the chosen messages of host1 that are larger than what will be
// copied. Folders that are smaller than that as a whole are not asked, nor those of
// which leave says so. Nothing is counted where host1 cannot be asked.
func (r *run) tooBig(ctx context.Context, leave func(*folderSync) bool) (total event.Size, err error) {
	limit := r.sizeLimit()
	s := &r.p.Selection
	if limit <= 0 || limit > math.MaxUint32 || !s.AbleToSearch1 {
		return total, nil // SEARCH knows 32 bits; no message is larger
	}
	search := s.Criterion(1)
	if search != "" {
		search += " "
	}
	search += fmt.Sprintf("LARGER %d", limit)
	for i := range r.table.Rows {
		row := &r.table.Rows[i]
		fs := &folderSync{run: r, conns: r.main, row: row, from: folderName(row.From), to: folderName(row.To)}
		if st := r.src.status[row.From]; st != nil && st.Size != nil && *st.Size <= limit || leave(fs) {
			continue
		}
		if r.stopping() {
			return total, errStopped
		}
		opened, err := r.main.src.Open(ctx, row.From, false)
		if err != nil && !isRefusal(err) {
			return total, err
		}
		if err != nil || opened.Exists == 0 {
			continue // the folder loop tells of what can not be selected
		}
		err = r.main.src.Do(ctx, func(c *imapconn.Conn) error {
			uids, err := c.UIDSearch(ctx, search)
			if err != nil || len(uids) == 0 {
				return err
			}
			var folder event.Size
			err = c.FetchEach(ctx, uidset.Sorted(uids), imapconn.FetchItems{UID: true, Size: true, HeaderFields: []string{messageID}}, func(m *imapconn.Message) error {
				if m.Size > limit && !isReport(m.Header) {
					add(&folder, event.Size{Messages: 1, Bytes: m.Size, Biggest: m.Size})
				}
				return nil
			})
			if err == nil {
				add(&total, folder)
			}
			return err
		})
		if err != nil && isConnError(err) {
			return total, err
		}
	}
	return total, nil
}

// willNotGo is how many bytes of host1 are too large to be copied, asked only when
// host2's quota looks too small with them.
func (r *run) willNotGo(ctx context.Context, t *event.SizesTotal) (int64, error) {
	q := r.dst.Quota
	if q.Limit <= 0 || q.Used+t.Total1.Bytes-t.Total2.Bytes <= q.Limit {
		return 0, nil
	}
	big, err := r.tooBig(ctx, func(*folderSync) bool { return false })
	return big.Bytes, err
}

// appendLimit is the largest message host2 takes, bytes; 0 for no limit.
func (r *run) appendLimit() int64 {
	if l := r.p.Selection.AppendLimit; l != nil {
		return *l
	}
	if r.dst == nil {
		return 0
	}
	return r.dst.MaxSize
}

// tellSizeLimit tells the largest message that will be sent.
func (r *run) tellSizeLimit() {
	e := event.SizeLimit{AppendLimit: r.appendLimit(), Effective: r.appendLimit()}
	if m := r.p.Selection.MaxSize; m != nil {
		e.MaxSize = *m
		if e.Effective == 0 || *m < e.Effective {
			e.Effective = *m
		}
	}
	r.emit(e)
}
