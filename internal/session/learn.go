package session

import (
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// learn finds out what the server bears, and tells what that is and why. What would be
// right beyond that is for the user to say (--providerN); it is told as he would type it.
func (s *Account) learn(st *Story) {
	if s.Plan.NoProvider {
		s.Profile = provider.Unknown
		s.Profile.Why = "since --noprovider says so"
		s.Governor.Learn(s.Profile)
		st.add(event.Note{Text: s.profileText()})
		return
	}
	k, named := provider.Find(s.Plan.Provider)
	if named {
		s.Profile = k.Profile()
	} else {
		s.Profile = provider.Of(s.Plan.Host, s.Banner, s.id, s.Family)
	}
	s.Governor.Learn(s.Profile)
	st.add(event.Note{Text: s.profileText()})
	if named || s.spec.Preset {
		return
	}
	if k, ok := provider.OfProfile(s.Profile.Name); ok {
		var names [2]string
		names[s.N-1] = k.Name
		st.add(event.Note{Text: fmt.Sprintf("Host%d: --provider%d %s would set %s", s.N, s.N, k.Name, provider.Typed(provider.Settings(names, int(s.N))))})
	}
}
