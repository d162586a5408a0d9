// Package maildate reads and repairs the dates of messages: INTERNALDATE as
// servers send it, and the Date: field. Its functions are pure.
//
// Where this differs from imapsync 2.229: June,
// July, Sept, 12 PM, 12 AM, three-digit years and a leap second are understood; a
// date that is none is reported as such instead of being sent to be refused.
package maildate

import "time"

// Layout is RFC 3501's date-time, without its quotes.
const Layout = "02-Jan-2006 15:04:05 -0700"

// FixInternal turns an INTERNALDATE, as a server sent it without quotes, into a
// valid date-time for APPEND (Layout). Instant and zone stay; a missing zone is
// +0000. ok is false if it is no date in any known form: then send none and say
// so.
func FixInternal(raw string) (date string, ok bool) {
	if isPlain(raw) {
		return raw, true
	}
	// The day padded with a space is the other form RFC 3501 knows.
	if len(raw) > 0 && raw[0] == ' ' {
		if padded := "0" + raw[1:]; isPlain(padded) {
			return padded, true
		}
	}
	return fix(raw)
}

func isPlain(raw string) bool {
	_, _, ok := plain(raw)
	return ok
}

// FromHeader does the same for the value of a Date: field (--idatefromheader). If
// ok is false, use the INTERNALDATE.
func FromHeader(value string) (date string, ok bool) { return fix(value) }

// Parse gives the instant, in its zone, of a date that FixInternal or FromHeader
// gave.
func Parse(date string) (time.Time, bool) {
	t, err := time.Parse(Layout, date)
	return t, err == nil
}

// Read reads an INTERNALDATE in any form servers are known to send: seconds since
// 1970, and the zone in minutes east of UTC.
func Read(sent string) (seconds int64, zone int16, ok bool) {
	if seconds, zone, ok = plain(sent); ok {
		return seconds, zone, true
	}
	date, ok := FixInternal(sent)
	if !ok {
		return 0, 0, false
	}
	t, ok := Parse(date)
	if !ok {
		return 0, 0, false
	}
	_, off := t.Zone()
	return t.Unix(), int16(off / 60), true
}

// At is the time of seconds since 1970 in a zone of so many minutes east of UTC.
func At(seconds int64, zone int16) time.Time {
	return time.Unix(seconds, 0).In(time.FixedZone("", int(zone)*60))
}
