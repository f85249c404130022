package main

import (
	"cmp"
	"slices"
	"strings"
)

// claim is a namespace that is said to leak.
type claim struct {
	Namespace string
	// Kinds are how; any of them will do.
	Kinds []kind
	// Example is the input by which it leaks, where one is given.
	Example *example
}

// example is an input: the labels of a target as it is discovered, and those of a sample as it is
// exposed. An empty value of the latter is exposed empty.
type example struct {
	Target  map[string]string `json:"target"`
	Exposed map[string]string `json:"exposed,omitempty"`
}

// claimsOf returns what the violations name, each by itself, even if two name the same. A violation
// of the samples' rules, or of a whole endpoint, is about samples; one of the targets' rules about
// targets; and one of an address about where it stands.
func claimsOf(violations []violation) []claim {
	var all []claim
	for _, v := range violations {
		if v.Witness == nil {
			continue
		}
		kinds := []kind{viaSample, viaExported}
		list, _, _ := strings.Cut(v.Field[strings.LastIndex(v.Field, ".")+1:], "[")
		switch list {
		case "relabelings", "relabelingConfigs":
			kinds = []kind{viaTarget, viaHost}
		case "targets", "url", "static", "names", "staticConfigs", "staticConfig", "prober":
			kinds = append(kinds, viaHost)
		}
		all = append(all, claim{*v.Witness, kinds, v.Example})
	}
	return all
}

// isShownBy tells whether this namespace, which came through so, is the one that is claimed.
func (c claim) isShownBy(k kind, namespace string) bool {
	return c.Namespace == namespace && slices.Contains(c.Kinds, k)
}

// effort is how something is tried.
type effort struct {
	// rounds is how often a search goes on before it gives up.
	rounds int
	// isAnyPath tells whether an endpoint is taken for a cluster-wide exporter by its path even where a
	// rule gives its targets another one.
	isAnyPath bool
	// seen gets samples that came through, if it is there.
	seen *sightings
}

// try returns the leaks that show the claims, by their index, and any leak if one is found. One of
// the scrape configurations has to show it, with targets of one of their sources. A claim that comes
// with an example is shown by that and by nothing else.
func try(r random, m monitor, scrapes []scrape, claims []claim, with effort) (proven []*leak, found *leak) {
	proven = make([]*leak, len(claims))
	var trials []*trial
	for _, s := range scrapes {
		for _, from := range s.sources {
			t := newTrial(m, s, from)
			t.isAnyPath = with.isAnyPath
			trials = append(trials, t)
		}
	}
	isOpen := func(index int) bool { return proven[index] == nil }
	for index, c := range claims {
		for _, t := range trials {
			if c.Example == nil || !isOpen(index) {
				break
			}
			if l := t.replay(r, *c.Example, c.isShownBy); l != nil {
				proven[index] = l
				found = cmp.Or(found, l)
			}
		}
	}
	for _, t := range trials {
		mustSearch := found == nil
		for index, c := range claims {
			mustSearch = mustSearch || c.Example == nil && isOpen(index)
		}
		if !mustSearch {
			break
		}
		result := search(r, t, claims, with.rounds, with.seen)
		if found == nil {
			found = result.any()
		}
		for index, l := range result.proven {
			if isOpen(index) {
				proven[index] = l
			}
		}
	}
	return proven, found
}
