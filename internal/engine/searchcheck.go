package engine

import (
	"context"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// checkSearch holds SEARCH ALL against the number of messages of INBOX on both
// sides, when --checknoabletosearch is given, with imapsync's words. Every folder is
// counted when it is listed, whether or not this was asked for.
func (r *run) checkSearch(ctx context.Context) error {
	if !r.p.Selection.CheckAbleToSearchGiven {
		return nil
	}
	r.note("Checking SEARCH ALL works on both accounts. To avoid that check, use --nochecknoabletosearch")
	good := true
	for i, k := range []*link{r.main.src, r.main.dst} {
		r.note(fmt.Sprintf("Host%d: checking if SEARCH ALL works on INBOX", i+1))
		opened, err := k.Open(ctx, "INBOX", false)
		if err != nil && isConnError(err) {
			return err
		}
		found := -1
		if err == nil {
			err = k.Do(ctx, func(c *imapconn.Conn) error {
				uids, err := c.UIDSearch(ctx, "ALL")
				found = len(uids)
				return err
			})
		}
		if err != nil {
			if isConnError(err) {
				return err
			}
			r.note(fmt.Sprintf("Host%d: SEARCH ALL on INBOX failed: %s", i+1, serverWords(err)))
			good = false
			continue
		}
		r.note(fmt.Sprintf("Host%d: folder [INBOX] has %d messages mentioned by SELECT", i+1, opened.Exists))
		r.note(fmt.Sprintf("Host%d: folder [INBOX] has %d messages found by SEARCH ALL", i+1, found))
		if int64(found) == int64(opened.Exists) {
			r.note(fmt.Sprintf("Host%d: folder [INBOX] has the same messages count (%d) by SELECT and SEARCH ALL", i+1, found))
			continue
		}
		r.warn(fmt.Sprintf("Host%d: folder [INBOX] has not the same count by SELECT (%d) and SEARCH ALL (%d)", i+1, opened.Exists, found))
		good = false
	}
	if good {
		r.note("Good! SEARCH ALL works on both accounts.")
	} else {
		r.note("At least one account can not SEARCH ALL. Messages are listed by FETCH, as with --noabletosearch")
	}
	return nil
}
