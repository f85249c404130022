package main

import (
	"slices"
	"strings"
)

// claim is a namespace that is said to leak.
type claim struct {
	namespace string
	// kinds are how; any of them will do.
	kinds []kind
	// example is the input by which it leaks, where one is given.
	example *example
}

// example is an input: the labels of a target as it is discovered, and those of a sample as it is
// exposed. An empty value of the latter is exposed empty.
type example struct {
	Target  map[string]string `json:"target"`
	Exposed map[string]string `json:"exposed,omitempty"`
}

// claimsOf returns what the violations name, each by itself, even if two name the same. A violation
// of the targets' rules is about targets, any other one about samples.
func claimsOf(violations []violation) []claim {
	var all []claim
	for _, v := range violations {
		if v.Witness == nil {
			continue
		}
		kinds := []kind{viaSample, viaExported}
		list := v.Field[strings.LastIndex(v.Field, ".")+1:]
		if list == "relabelings" || list == "relabelingConfigs" {
			kinds = []kind{viaTarget}
		}
		all = append(all, claim{*v.Witness, kinds, v.Example})
	}
	return all
}

// isShownBy tells whether this namespace, which came through so, is the one that is claimed.
func (c claim) isShownBy(k kind, namespace string) bool {
	return c.namespace == namespace && slices.Contains(c.kinds, k)
}

// try returns the leaks that show the claims, by their index, and any leak if one is found. One of
// the scrape configurations has to show it, with targets of one of their sources. A claim that comes with an example is shown by that and
// by nothing else.
func try(r random, m monitor, scrapes []scrape, claims []claim, rounds int) (proven []*leak, found *leak) {
	proven = make([]*leak, len(claims))
	mustSearch := false
	var trials []*trial
	for _, s := range scrapes {
		for _, from := range s.sources {
			trials = append(trials, newTrial(m, s, from))
		}
	}
	for _, t := range trials {
		for index, c := range claims {
			if c.example == nil {
				mustSearch = true
			} else if l := t.replay(r, *c.example, c.isShownBy); l != nil {
				proven[index], found = l, l
			}
		}
	}
	if found != nil && !mustSearch {
		return proven, found
	}
	for _, t := range trials {
		result := search(r, t, claims, rounds)
		if found == nil {
			found = result.any()
		}
		for index, l := range result.proven {
			if proven[index] == nil {
				proven[index] = l
			}
		}
	}
	return proven, found
}
