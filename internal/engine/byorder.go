package engine

import (
	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// tellByOrder tells of the messages that count as copied since nothing but the order of
// arrival told their copies: what this run sent when a connection ended, and what it
// settled of an earlier one. Somebody may have delivered these while the messages
// themselves did not arrive. Which of them are short is left to the next run: it need not
// be the pair of one that host2 has less of.
func (fs *folderSync) tellByOrder() {
	n := 0
	for i := range fs.copier.Messages {
		if t := &fs.copier.Messages[i]; t.Outcome == transfer.Copied && t.ByOrder() {
			n++
		}
	}
	if len(fs.interrupted.unproved) > 0 {
		for _, m := range fs.pairing.Present {
			if m.Trust == compare.Certain && fs.interrupted.unproved[fs.src.Recs[m.Src].UID] { // others are told where pairs are made
				n++
			}
		}
	}
	if n > 0 {
		fs.parts = true
		fs.run.emit(event.MessagesDoubtful{From: fs.from, To: fs.to, Count: int64(n)})
	}
}
