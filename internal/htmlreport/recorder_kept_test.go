package htmlreport

import "testing"

// However many differences are explained, those that count are on the page.
func TestExplainedDifferencesHideNone(t *testing.T) {
	var r Recorder
	for range 2 * keptDiffs {
		r.Difference(Difference{Where: "explained"})
	}
	r.Difference(Difference{Where: "counted", Counts: true})
	if d := r.differences(); d[0].Where != "counted" || r.diffCounted != 1 || r.diffAll != 2*keptDiffs+1 {
		t.Errorf("%+v first of %d", d[0], len(d))
	}
}
