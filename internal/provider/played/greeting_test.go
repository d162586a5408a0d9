package played

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/mailtest/models"
)

// What a run learned of a server that greets in other words each time (Exchange names the
// machine behind it, in base64) is known to the next run and to a verification.
func TestGreetingsThatChange(t *testing.T) {
	cache := inMemory(t)
	synctest.Test(t, func(t *testing.T) {
		m, _ := models.Find("office365")
		from, to := start(t, models.Ordinary(), "en"), start(t, m, "en")
		from.fill(t, 30)
		var rules []meddle.Rule
		for i := range 26 { // each of them strikes one greeting
			rules = append(rules, fault(meddle.Replace, `\[RABC\S+`, "["+strings.Repeat(string(rune('A'+i)), 8)+"==]", 1))
		}
		to.front = meddle.Between(rules...)
		t.Cleanup(to.front.Close)
		sides := [2]*side{from, to}
		options := []string{"--cachedir", cache}
		known := [2]int{}
		for i := range known {
			from.put(t, fmt.Sprint("new ", i), 3000, map[string]string{"INBOX": ""})
			run(t.Context(), t, sides, nil, options...)
			rows, habits := verified(t, sides, options...)
			if _, err := fmt.Sscanf(strings.Join(habits, "; "), "adds received (seen %d times);", &known[i]); err != nil || len(rows) > 0 {
				t.Errorf("%d differences count; the verification knows: %q", len(rows), habits)
			}
		}
		if known[1] <= known[0] {
			t.Errorf("the second run knows %d cases, the first one knew %d", known[1], known[0])
		}
	})
}
