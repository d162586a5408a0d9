package plan

import "time"

// imapDay is RFC 3501's date.
const imapDay = "2-Jan-2006"

// Search returns the user's own SEARCH criteria for side 1 or 2, "" for none, and
// whether the server there is to be searched at all.
func (s *Selection) Search(side int) (criteria string, able bool) {
	if side == 2 {
		return s.Search2, s.AbleToSearch2
	}
	return s.Search1, s.AbleToSearch1
}

// Criterion is the SEARCH key of side 1 or 2: the user's own criteria and the ages
// together; "" when everything is chosen. Ages are whole days of the Date header,
// as in imapsync (--minage, --maxage).
func (s *Selection) Criterion(side int) string {
	criteria, _ := s.Search(side)
	day := func(age float64) string { return s.before(age).Format(imapDay) }
	ages := ""
	switch {
	case s.MaxAge != nil && s.MinAge != nil && *s.MinAge > *s.MaxAge:
		ages = "OR SENTSINCE " + day(*s.MaxAge) + " SENTBEFORE " + day(*s.MinAge)
	case s.MaxAge != nil && s.MinAge != nil:
		ages = "SENTSINCE " + day(*s.MaxAge) + " SENTBEFORE " + day(*s.MinAge)
	case s.MaxAge != nil:
		ages = "SENTSINCE " + day(*s.MaxAge)
	case s.MinAge != nil:
		ages = "SENTBEFORE " + day(*s.MinAge)
	}
	switch {
	case ages == "":
		return criteria
	case criteria == "":
		return ages
	}
	return criteria + " " + ages
}

// InAges reports whether a message that arrived then is chosen by --maxage and
// --minage, to the second: the union when minage is above maxage.
func (s *Selection) InAges(arrived time.Time) bool {
	young := s.MaxAge == nil || !arrived.Before(s.before(*s.MaxAge))
	old := s.MinAge == nil || !arrived.After(s.before(*s.MinAge))
	if s.MaxAge != nil && s.MinAge != nil && *s.MinAge > *s.MaxAge {
		return young || old
	}
	return young && old
}

// before is so many days before the start of the run.
func (s *Selection) before(days float64) time.Time {
	return s.Now.Add(-time.Duration(days * float64(24*time.Hour)))
}
