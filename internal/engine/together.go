package engine

import "golang.org/x/sync/errgroup"

// atOnce bounds the goroutines of together.
const atOnce = 64

// together runs short jobs side by side and returns the first error.
func together(jobs []func() error) error {
	var g errgroup.Group
	g.SetLimit(atOnce)
	for _, job := range jobs {
		g.Go(job)
	}
	return g.Wait()
}
