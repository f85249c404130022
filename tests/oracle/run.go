package main

import (
	"sort"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
)

// target is one that survived relabeling.
type target struct {
	discovered []labels.Label
	labels     labels.Labels
	// isWritten tells whether somebody wrote down what it is discovered with.
	isWritten bool
}

// given tells whether a rule, or whoever wrote it down, gave the target this label.
func (t target) given(name string) bool {
	value := t.labels.Get(name)
	if t.isWritten {
		return value != ""
	}
	for _, l := range t.discovered {
		if l.Name == name && l.Value == value {
			return false
		}
	}
	return value != ""
}

// scrapeTarget relabels a discovered target. Labels are set in the given order, which a labelmap
// sees; discovery's own order is random. The result has the labels that samples get.
func (s scrape) scrapeTarget(b *labels.Builder, discovered []labels.Label) (target, bool) {
	b.Reset(labels.EmptyLabels())
	for _, l := range discovered {
		b.Set(l.Name, l.Value)
	}
	if !relabel.ProcessBuilder(b, s.relabels...) {
		return target{}, false
	}
	if b.Get("instance") == "" {
		b.Set("instance", b.Get("__address__"))
	}
	b.Range(func(l labels.Label) {
		if strings.HasPrefix(l.Name, "__") {
			b.Del(l.Name)
		}
	})
	return target{discovered: discovered, labels: b.Labels()}, true
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
	// label, the exposed namespace, which then has to make room once more.
	exported string
	// final is the label `namespace` at last.
	final string
}

func (s scrape) ingest(b *labels.Builder, t target, exposed labels.Labels) (sample, bool) {
	s.merge(b, t, exposed)
	made := sample{merged: b.Get("namespace"), exported: b.Get("exported_namespace")}
	if t.given("exported_namespace") {
		made.exported = exposed.Get("namespace")
	}
	if !relabel.ProcessBuilder(b, s.metricRelabels...) {
		return sample{}, false
	}
	made.final = b.Get("namespace")
	return made, true
}

// readsExported tells whether one of the rules reads `exported_namespace`. The rules of the
// operator, which come first, do not.
func (s scrape) readsExported() bool {
	for _, rules := range [][]*relabel.Config{s.relabels, s.metricRelabels} {
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
