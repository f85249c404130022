package main

import (
	"regexp"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
)

// claim is a namespace that the policy says leaks.
type claim struct {
	namespace string
	// target tells whether it is said of targets, and not of samples.
	target bool
}

// findings are what a search found.
type findings struct {
	leaks  map[kind]*leak
	proven map[claim]*leak
}

func (f findings) any() *leak {
	for _, k := range []kind{viaTarget, viaSample, viaExported} {
		if l := f.leaks[k]; l != nil {
			return l
		}
	}
	return nil
}

const (
	// triesPerRule is how many inputs a round tries out for each rule of the list, and some more.
	triesPerRule = 80
	// roundsForAccepted and roundsForRejected are how often a search goes on before it gives up.
	roundsForAccepted, roundsForRejected = 2, 25
	// keptTargets is how many different targets samples are scraped from.
	keptTargets = 150
)

// searcher looks for leaks of one scrape configuration.
type searcher struct {
	random
	monitor     monitor
	environment environment
	scrape      scrape
	isTarget    func(string) bool
	exported    bool
	claims      []claim
	found       findings
	builder     *labels.Builder
	targets     []target
	seen        map[uint64]bool
	fixed       assignment
}

var unsafeInLabelName = regexp.MustCompile(`[^a-zA-Z0-9_]`)

// search tries inputs until a leak and all that is claimed are found, or it gives up.
func search(r random, m monitor, s scrape, claims []claim, rounds int) findings {
	e := searcher{
		random:      r,
		monitor:     m,
		environment: environmentOf(m),
		scrape:      s,
		isTarget:    discovered(m),
		exported:    !s.honorLabels && (isClusterWide(m) || s.readsExported()),
		claims:      claims,
		found:       findings{map[kind]*leak{}, map[claim]*leak{}},
		builder:     labels.NewBuilder(labels.EmptyLabels()),
		seen:        map[uint64]bool{},
		fixed:       assignment{"__address__": "10.0.0.1:8080"},
	}
	for key, value := range m.matchLabels() {
		name := unsafeInLabelName.ReplaceAllString(key, "_")
		for _, object := range []string{"service", "pod"} {
			e.fixed["__meta_kubernetes_"+object+"_label_"+name] = value
			e.fixed["__meta_kubernetes_"+object+"_labelpresent_"+name] = "true"
		}
	}
	for round := 0; round < rounds && !e.done(); round++ {
		e.round(round)
	}
	return e.found
}

func (e *searcher) done() bool {
	return len(e.found.proven) == len(e.claims) && e.found.any() != nil
}

// open returns a claim that is not proven yet; any of them.
func (e *searcher) open(target bool) string {
	var all []string
	for _, c := range e.claims {
		if e.found.proven[c] == nil && (c.target || !target) {
			all = append(all, c.namespace)
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
		all = append(all, c.namespace)
	}
	return all
}

func (e *searcher) round(round int) {
	// The operator's rules set the label `namespace`, whatever it was.
	fixed := map[string]bool{"__meta_kubernetes_namespace": true, "namespace": true}
	for name := range e.fixed {
		fixed[name] = true
	}
	own := e.monitor.namespace()
	p := newPool(e.random, e.scrape.relabels, nil, fixed, e.witnesses(), own)
	var namespaces []string
	for _, name := range p.namespaces {
		if e.isTarget(name) {
			namespaces = append(namespaces, name)
		}
	}
	for _, name := range e.monitor.namespaceSelector().MatchNames {
		if e.isTarget(name) {
			namespaces = append(namespaces, name)
		}
	}
	relabelings, metricRelabelings := e.monitor.rules()
	for try := range triesPerRule*(len(*relabelings)+1)/2 + 2*len(namespaces) {
		if e.done() || len(namespaces) == 0 {
			return
		}
		namespace := namespaces[try%len(namespaces)]
		p.favourite = ""
		if round > 0 {
			p.favourite = e.open(false)
			if e.isTarget(p.favourite) && e.chance(0.6) {
				namespace = p.favourite
			}
		}
		e.tryTarget(p, fixed, namespace)
	}
	if len(e.targets) == 0 {
		return
	}
	fixed = map[string]bool{}
	also := []string{"namespace", "exported_namespace", "__name__"}
	p = newPool(e.random, e.scrape.metricRelabels, also, fixed, e.witnesses(), own)
	for try := range triesPerRule * (len(*metricRelabelings) + 1) {
		if e.done() {
			return
		}
		p.favourite = ""
		if round > 0 || try%4 == 0 {
			p.favourite = e.open(false)
		}
		e.trySample(p)
	}
}

func (e *searcher) tryTarget(p *pool, fixed map[string]bool, namespace string) {
	chosen := assignment{"__meta_kubernetes_namespace": namespace, "namespace": namespace}
	for name, value := range e.fixed {
		chosen[name] = value
	}
	p.fill(e.random, chosen, fixed)
	t, kept := e.scrape.scrapeTarget(e.builder, chosen.list(e.random))
	if !kept {
		return
	}
	for _, name := range []string{namespace, t.labels.Get("namespace")} {
		e.note(viaTarget, name, func() *leak {
			return &leak{Target: chosen, Scraped: t.labels.Map()}
		})
	}
	if hash := t.labels.Hash(); !e.seen[hash] {
		e.seen[hash] = true
		if len(e.targets) < keptTargets {
			e.targets = append(e.targets, t)
		} else {
			e.targets[e.IntN(keptTargets)] = t
		}
	}
}

func (e *searcher) trySample(p *pool) {
	chosen := assignment{}
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
	t := pick(e.random, e.targets)
	made, kept := e.scrape.ingest(e.builder, t, labels.FromMap(chosen))
	if !kept {
		return
	}
	describe := func() *leak {
		target := map[string]string{}
		for _, l := range t.discovered {
			target[l.Name] = l.Value
		}
		return &leak{
			Target: target, Scraped: t.labels.Map(), Exposed: chosen,
			Result: e.builder.Labels().Map(),
		}
	}
	e.note(viaSample, made.merged, describe)
	e.note(viaSample, made.final, describe)
	if e.exported {
		e.note(viaExported, made.exported, describe)
	}
}

// note takes down what came through, if it must not.
func (e *searcher) note(k kind, namespace string, describe func() *leak) {
	if !e.environment.forbids(namespace) {
		return
	}
	c := claim{namespace, k == viaTarget}
	isClaimed := false
	for _, claimed := range e.claims {
		isClaimed = isClaimed || claimed == c
	}
	isNews := e.found.leaks[k] == nil
	if !isNews && (!isClaimed || e.found.proven[c] != nil) {
		return
	}
	l := describe()
	l.kind, l.Kind, l.Namespace = k, k.String(), namespace
	if isNews {
		e.found.leaks[k] = l
	}
	if isClaimed {
		e.found.proven[c] = l
	}
}

// claimsOf returns what the violations name.
func claimsOf(violations []violation) []claim {
	var all []claim
	seen := map[claim]bool{}
	for _, v := range violations {
		if v.Witness == nil {
			continue
		}
		c := claim{*v.Witness, strings.HasSuffix(v.Field, ".relabelings")}
		if !seen[c] {
			seen[c] = true
			all = append(all, c)
		}
	}
	return all
}
