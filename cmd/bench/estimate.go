package main

// samples are the mailboxes that stand for "small" where a program would take
// too long for all of it.
var samples = [2]string{"sample100", "sample300"}

// estimate is what a program takes for two samples of a mailbox: the difference
// tells what a message costs, so that what a run costs by itself is not counted
// for each of them.
type estimate struct{ short, long figures }

// perMessage is in seconds.
func (e estimate) perMessage() float64 {
	return (e.long.wall - e.short.wall).Seconds() / float64(e.long.messages-e.short.messages)
}

// whole is the time for so many messages, in seconds.
func (e estimate) whole(messages int) float64 {
	return e.long.wall.Seconds() + e.perMessage()*float64(messages-e.long.messages)
}
