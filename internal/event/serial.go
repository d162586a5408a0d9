package event

import "sync"

// Serial gives one Sink that hands every event to all sinks in their order. It
// may be called from several goroutines: the engine's events and those of
// signals then arrive one after the other.
func Serial(sinks ...Sink) Sink {
	var mu sync.Mutex
	return func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		for _, s := range sinks {
			s(e)
		}
	}
}
