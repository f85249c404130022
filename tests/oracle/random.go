package main

import "math/rand/v2"

// random makes choices; the same ones for the same seed.
type random struct{ *rand.Rand }

func newRandom(seed, stream uint64) random {
	return random{rand.New(rand.NewPCG(seed, stream))}
}

// chance is true in this part of all cases.
func (r random) chance(part float64) bool { return r.Float64() < part }

// pick chooses one of the items, each as often as the others.
func pick[T any](r random, items []T) T { return items[r.IntN(len(items))] }

// weighted is an item and how often it is chosen, compared with the others.
type weighted[T any] struct {
	weight int
	item   T
}

func pickWeighted[T any](r random, items []weighted[T]) T {
	sum := 0
	for _, w := range items {
		sum += w.weight
	}
	at := r.IntN(sum)
	for _, w := range items {
		if at -= w.weight; at < 0 {
			return w.item
		}
	}
	panic("unreachable: the weights add up")
}
