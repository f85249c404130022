package main

import (
	"maps"
	"slices"
	"strings"
)

const (
	// triesPerRule is how many inputs a round tries out for each rule of the list, and some more.
	triesPerRule = 80
	// mostTries is how many it tries out at most.
	mostTries = 1000
	// roundsForAccepted and roundsForRejected are how often a search of an accepted or rejected
	// monitor goes on before it gives up.
	roundsForAccepted, roundsForRejected = 2, 25
	// roundsForLarge is for what is rejected without a witness because it is large or odd. Nobody counts
	// how much of that is imprecise, and a round takes long.
	roundsForLarge = 1
	// keptTargets is how many different targets samples are scraped from.
	keptTargets = 150
)

// findings are what a search found.
type findings struct {
	// leaks has the first one of each kind.
	leaks map[kind]*leak
	// proven has the leak that shows a claim, by the claim's index.
	proven []*leak
}

// any returns a leak, of targets rather than of samples.
func (f findings) any() *leak {
	for _, k := range []kind{viaTarget, viaHost, viaSample, viaExported} {
		if l := f.leaks[k]; l != nil {
			return l
		}
	}
	return nil
}

// searcher looks for leaks.
type searcher struct {
	*trial
	random
	// claims are looked for; those that come with an example are not, but their namespaces are
	// tried.
	claims  []claim
	found   findings
	targets []target
	known   map[uint64]bool
	seen    *sightings
}

// search tries inputs until a leak and all that is claimed are found, or it gives up.
func search(r random, t *trial, claims []claim, rounds int, seen *sightings) findings {
	e := searcher{
		trial:  t,
		random: r,
		claims: claims,
		found:  findings{map[kind]*leak{}, make([]*leak, len(claims))},
		known:  map[uint64]bool{},
		seen:   seen,
	}
	for round := 0; round < rounds && !e.done(); round++ {
		e.round(round)
	}
	return e.found
}

// isOpen tells whether the claim of this index is still to be found.
func (e *searcher) isOpen(index int) bool {
	return e.claims[index].Example == nil && e.found.proven[index] == nil
}

func (e *searcher) done() bool {
	for index := range e.claims {
		if e.isOpen(index) {
			return false
		}
	}
	return e.found.any() != nil
}

// wanted returns a namespace that is claimed and was not found yet; any of them.
func (e *searcher) wanted() string {
	var all []string
	for index, c := range e.claims {
		if e.found.proven[index] == nil {
			all = append(all, c.Namespace)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return pick(e.random, all)
}

func (e *searcher) witnesses() []string {
	var all []string
	for _, c := range e.claims {
		all = append(all, c.Namespace)
	}
	return all
}

func (e *searcher) round(round int) {
	fixed := e.source.fixes()
	for name := range e.fixed {
		fixed[name] = name != address
	}
	own := e.monitor.metadata().Namespace
	also := []string{"namespace"}
	p := newPool(e.random, e.scrape.relabels, also, fixed, e.witnesses(), own)
	namespaces := e.namespaces(p)
	relabelings, metricRelabelings := e.monitor.rules()
	for try := range min(triesPerRule*(len(*relabelings)+1)/2, mostTries) + 2*len(namespaces) {
		if e.done() || len(namespaces) == 0 {
			return
		}
		namespace := namespaces[try%len(namespaces)]
		p.favourite = ""
		if round > 0 {
			p.favourite = e.wanted()
			if e.source.isTarget != nil && e.source.isTarget(p.favourite) && e.chance(0.6) {
				namespace = p.favourite
			}
		}
		e.tryTarget(p, fixed, namespace)
	}
	if len(e.targets) == 0 {
		return
	}
	fixed = map[string]bool{}
	also = []string{"namespace", "exported_namespace", "__name__"}
	p = newPool(e.random, e.scrape.metricRelabels, also, fixed, e.witnesses(), own)
	for try := range min(triesPerRule*(len(*metricRelabelings)+1), mostTries) {
		if e.done() {
			return
		}
		p.favourite = ""
		if round > 0 || try%4 == 0 {
			p.favourite = e.wanted()
		}
		e.trySample(p)
	}
}

// namespaces are those in which targets are tried; the empty one for targets that are in none.
func (e *searcher) namespaces(p *pool) []string {
	if e.source.isWritten && len(e.source.written) == 0 {
		return nil
	}
	if e.source.isTarget == nil {
		return []string{""}
	}
	all := append(slices.Clone(p.namespaces), e.monitor.namespaceSelector().MatchNames...)
	return slices.DeleteFunc(all, func(name string) bool { return !e.source.isTarget(name) })
}

func (e *searcher) tryTarget(p *pool, fixed map[string]bool, namespace string) {
	var chosen assignment
	if e.source.isWritten {
		chosen = maps.Clone(pick(e.random, e.source.written))
	} else {
		chosen = maps.Clone(e.fixed)
		if namespace != "" {
			chosen[metaNamespace] = namespace
		}
		p.fill(e.random, chosen, fixed)
		for name, value := range chosen {
			if !e.source.mayName(name) {
				delete(chosen, name)
			} else if !e.source.carries(name, value) {
				chosen[name] = strings.ReplaceAll(value, "\n", "")
			}
		}
		if chosen[address] == "" {
			chosen[address] = e.fixed[address]
		}
	}
	see := func(k kind, namespace string) {
		e.note(k, namespace, func() *leak { return &leak{Target: chosen} })
	}
	scraped, kept := e.scrapeTarget(chosen, chosen.list(e.random), see)
	if !kept {
		return
	}
	if hash := scraped.labels.Hash(); !e.known[hash] {
		e.known[hash] = true
		if len(e.targets) < keptTargets {
			e.targets = append(e.targets, scraped)
		} else {
			e.targets[e.IntN(keptTargets)] = scraped
		}
	}
}

func (e *searcher) trySample(p *pool) {
	chosen := maps.Clone(e.fixedExposed)
	fixed := map[string]bool{}
	for _, name := range []string{"namespace", "exported_namespace"} {
		switch x := e.Float64(); {
		case x < 0.15:
			fixed[name] = true
		case x < 0.22:
			fixed[name] = true
			chosen[name] = ""
		case x < 0.75:
			fixed[name] = true
			chosen[name] = pick(e.random, p.namespaces)
			if p.favourite != "" && e.chance(0.6) {
				chosen[name] = p.favourite
			}
		}
	}
	p.fill(e.random, chosen, fixed)
	if e.chance(0.5) {
		chosen["__name__"] = e.fixedExposed["__name__"]
	}
	if name := chosen["__name__"]; e.scrape.before3 && strings.Contains(name, "\n") {
		// Names are ASCII there.
		chosen["__name__"] = strings.ReplaceAll(name, "\n", "")
	}
	scraped := pick(e.random, e.targets)
	kept := e.ingest(scraped, chosen, func(k kind, namespace string) {
		e.note(k, namespace, func() *leak {
			discovered := map[string]string{}
			for _, l := range scraped.discovered {
				discovered[l.Name] = l.Value
			}
			return &leak{Target: discovered, Exposed: chosen}
		})
	})
	if kept {
		e.seen.add(e.random, e.trial, scraped, chosen)
	}
}

// note takes down what came through.
func (e *searcher) note(k kind, namespace string, describe func() *leak) {
	isNews := e.found.leaks[k] == nil
	var shown []int
	for index, c := range e.claims {
		if e.isOpen(index) && c.isShownBy(k, namespace) {
			shown = append(shown, index)
		}
	}
	if !isNews && len(shown) == 0 {
		return
	}
	l := describe()
	l.kind, l.Kind, l.Namespace, l.Before3 = k, k.String(), namespace, e.scrape.before3
	if isNews {
		e.found.leaks[k] = l
	}
	for _, index := range shown {
		e.found.proven[index] = l
	}
}
