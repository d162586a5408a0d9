package survey

// capacity is how many messages memory is set aside for before they come, when a
// server says that there are n: its word costs it nothing, and 4294967295 of them
// are more than any machine has.
func capacity(n int64) int { return int(max(0, min(n, 1<<16))) }
