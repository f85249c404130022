package main

import (
	"maps"
	"regexp"

	"github.com/prometheus/prometheus/model/labels"
)

// trial is a scrape configuration of a monitor, with what it is tried with and judged by.
type trial struct {
	monitor     monitor
	environment environment
	scrape      scrape
	isTarget    func(namespace string) bool
	// exported tells whether `exported_namespace` is judged as well.
	exported bool
	// fixed are labels without which no target would be scraped, and of a sample its name.
	fixed, fixedExposed assignment
	builder             *labels.Builder
}

var unsafeInLabelName = regexp.MustCompile(`[^a-zA-Z0-9_]`)

func newTrial(m monitor, s scrape) *trial {
	return &trial{
		monitor:      m,
		environment:  environmentOf(m),
		scrape:       s,
		isTarget:     discovered(m),
		exported:     !s.honorLabels && (isClusterWide(m) || s.readsExported()),
		fixed:        fixedLabels(m),
		fixedExposed: assignment{"__name__": "x"},
		builder:      labels.NewBuilder(labels.EmptyLabels()),
	}
}

// fixedLabels are those that the operator's rules select the monitor's targets by, and the address,
// which every target has.
func fixedLabels(m monitor) assignment {
	fixed := assignment{"__address__": "10.0.0.1:8080"}
	for key, value := range m.matchLabels() {
		name := unsafeInLabelName.ReplaceAllString(key, "_")
		for _, object := range []string{"service", "pod"} {
			fixed["__meta_kubernetes_"+object+"_label_"+name] = value
			fixed["__meta_kubernetes_"+object+"_labelpresent_"+name] = "true"
		}
	}
	if port := m.port(); port != "" {
		for _, object := range []string{"endpoint", "endpointslice", "pod_container"} {
			fixed["__meta_kubernetes_"+object+"_port_name"] = port
		}
	}
	return fixed
}

// observer is told of a namespace that came through where it must not.
type observer func(k kind, namespace string)

// scrapeTarget relabels a target that is discovered in the namespace.
func (t *trial) scrapeTarget(namespace string, discovered []labels.Label, see observer) (target, bool) {
	scraped, kept := t.scrape.scrapeTarget(t.builder, discovered)
	if kept {
		t.judge(viaTarget, namespace, see)
		t.judge(viaTarget, scraped.labels.Get("namespace"), see)
	}
	return scraped, kept
}

// ingest merges and relabels a sample of the target.
func (t *trial) ingest(scraped target, exposed assignment, see observer) {
	made, kept := t.scrape.ingest(t.builder, scraped, labels.FromMap(exposed))
	if !kept {
		return
	}
	t.judge(viaSample, made.merged, see)
	t.judge(viaSample, made.final, see)
	if t.exported {
		t.judge(viaExported, made.exported, see)
	}
}

func (t *trial) judge(k kind, namespace string, see observer) {
	if t.environment.forbids(namespace) {
		see(k, namespace)
	}
}

// ordersReplayed is in how many orders the labels of an example are set. All of them may happen.
const ordersReplayed = 24

// replay tells whether an input makes the namespace come through in one of these ways.
func (t *trial) replay(r random, input example, isShown func(kind, string) bool) *leak {
	namespace := input.Target["__meta_kubernetes_namespace"]
	if !t.isTarget(namespace) {
		return nil
	}
	complete := func(given map[string]string, fixed assignment) assignment {
		all := maps.Clone(fixed)
		maps.Copy(all, given)
		return all
	}
	discovered := complete(input.Target, t.fixed)
	exposed := complete(input.Exposed, t.fixedExposed)
	var shown *leak
	see := func(k kind, namespace string) {
		if shown == nil && isShown(k, namespace) {
			shown = &leak{k.String(), namespace, input.Target, input.Exposed, k}
		}
	}
	for range ordersReplayed {
		if scraped, kept := t.scrapeTarget(namespace, discovered.list(r), see); kept {
			t.ingest(scraped, exposed, see)
		}
		if shown != nil {
			return shown
		}
	}
	return nil
}
