package main

import (
	"sort"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
)

// target is one that survived relabeling.
type target struct {
	discovered []labels.Label
	labels     labels.Labels
	// address and path are what it is scraped at.
	address, path string
	// isScrapable tells whether Prometheus scrapes it.
	isScrapable bool
	// isWritten tells whether somebody wrote down what it is discovered with.
	isWritten bool
	// isFree tells whether it may be discovered with any labels.
	isFree bool
}

// given tells whether a rule, or whoever wrote it down, gave the target this label; whoever gives any labels
// does, too.
func (t target) given(name string) bool {
	value := t.labels.Get(name)
	if t.isWritten || t.isFree {
		return value != ""
	}
	return value != "" && !t.discoveredWith(name, value)
}

// discoveredWith tells whether discovery gave it this label.
func (t target) discoveredWith(name, value string) bool {
	for _, l := range t.discovered {
		if l.Name == name && l.Value == value {
			return true
		}
	}
	return false
}

// mentions tells whether the text stands in a label that it was discovered with, in any case.
func (t target) mentions(text string) bool {
	for _, l := range t.discovered {
		if strings.Contains(strings.ToLower(l.Value), text) {
			return true
		}
	}
	return false
}

// scrapeTarget relabels a discovered target. Labels are set in the given order, which a labelmap
// sees; discovery's own order is random. The result has the labels that samples get.
func (s scrape) scrapeTarget(b *labels.Builder, discovered []labels.Label) (target, bool) {
	b.Reset(labels.EmptyLabels())
	for _, l := range discovered {
		b.Set(l.Name, l.Value)
	}
	for _, l := range s.defaults {
		if b.Get(l.Name) == "" {
			b.Set(l.Name, l.Value)
		}
	}
	if !relabel.ProcessBuilder(b, s.relabels...) {
		return target{}, false
	}
	made := target{
		discovered:  discovered,
		address:     b.Get(address),
		path:        b.Get(model.MetricsPathLabel),
		isScrapable: isScrapable(b),
	}
	if b.Get("instance") == "" {
		b.Set("instance", made.address)
	}
	b.Range(func(l labels.Label) {
		if strings.HasPrefix(l.Name, "__") {
			b.Del(l.Name)
		}
	})
	made.labels = b.Labels()
	return made, true
}

// merge puts the target's labels and those of an exposed sample together.
func (s scrape) merge(b *labels.Builder, t target, exposed labels.Labels) {
	b.Reset(exposed)
	var moved []labels.Label
	t.labels.Range(func(l labels.Label) {
		switch {
		case !s.honorLabels:
			if value := exposed.Get(l.Name); value != "" {
				moved = append(moved, labels.Label{Name: l.Name, Value: value})
			}
			b.Set(l.Name, l.Value)
		case !exposed.Has(l.Name):
			b.Set(l.Name, l.Value)
		}
	})
	sort.SliceStable(moved, func(i, j int) bool { return len(moved[i].Name) < len(moved[j].Name) })
	for _, l := range moved {
		name := "exported_" + l.Name
		for b.Get(name) != "" {
			name = "exported_" + name
		}
		b.Set(name, l.Value)
	}
}

// sample is what became of an exposed sample.
type sample struct {
	// merged is the label `namespace` after merging.
	merged string
	// exported is the label `exported_namespace` after merging; where a rule gave the target such a
	// label, or somebody wrote it down, the exposed namespace, which then has to make room once more;
	// written has the label besides.
	exported, written string
	// final is the label `namespace` at last.
	final string
	// labels are all of them at last.
	labels labels.Labels
}

func (s scrape) ingest(b *labels.Builder, t target, exposed labels.Labels) (sample, bool) {
	s.merge(b, t, exposed)
	made := sample{merged: b.Get("namespace"), exported: b.Get("exported_namespace")}
	if t.given("exported_namespace") {
		made.written = made.exported
		made.exported = exposed.Get("namespace")
	}
	if !relabel.ProcessBuilder(b, s.metricRelabels...) {
		return sample{}, false
	}
	made.final = b.Get("namespace")
	made.labels = b.Labels()
	return made, true
}

// readsExported tells whether one of the rules reads `exported_namespace`. The rules of the
// operator, which come first, do not.
func readsExported(lists ...[]*relabel.Config) bool {
	for _, rules := range lists {
		for _, rule := range rules {
			if reads(rule, "exported_namespace") {
				return true
			}
		}
	}
	return false
}

func reads(rule *relabel.Config, label string) bool {
	for _, source := range rule.SourceLabels {
		if string(source) == label {
			return true
		}
	}
	switch rule.Action {
	case relabel.KeepEqual, relabel.DropEqual:
		return rule.TargetLabel == label
	case relabel.LabelMap:
		return rule.Regex.MatchString(label)
	}
	return false
}
