package guard

import "time"

// RecentDays is how recent a host2-only message must be to look like new mail
// that was delivered after the MX was switched.
const RecentDays = 30

// LooksLikeNewMail reports whether a host2-only message with this INTERNALDATE
// seems to have been delivered to host2 itself, after the MX was switched: newer
// than everything on host1, and recent.
func LooksLikeNewMail(f Facts, arrived time.Time) bool {
	if arrived.IsZero() {
		return true // a date that cannot be read protects
	}
	return arrived.After(f.NewestSource) && arrived.After(f.Now.AddDate(0, 0, -RecentDays))
}
