package main

import (
	"regexp"

	"github.com/prometheus/prometheus/model/labels"
)

// trial is a scrape configuration of a monitor, with what it is tried with and judged by.
type trial struct {
	monitor     monitor
	environment environment
	scrape      scrape
	source      source
	// exported tells whether `exported_namespace` is judged as well.
	exported bool
	// fixed are labels without which no target would be scraped, and of a sample its name.
	fixed, fixedExposed assignment
	builder             *labels.Builder
}

var unsafeInLabelName = regexp.MustCompile(`[^a-zA-Z0-9_]`)

func newTrial(m monitor, s scrape, from source) *trial {
	return &trial{
		monitor:      m,
		environment:  environmentOf(m),
		scrape:       s,
		source:       from,
		exported:     !s.honorLabels && (isClusterWide(m) || s.readsExported()),
		fixed:        fixedLabels(m),
		fixedExposed: assignment{"__name__": "x"},
		builder:      labels.NewBuilder(labels.EmptyLabels()),
	}
}

// fixedLabels are those that the operator's rules select the monitor's targets by, and the address,
// which every target has.
func fixedLabels(m monitor) assignment {
	fixed := assignment{address: "10.0.0.1:8080"}
	for key, value := range m.matchLabels() {
		name := unsafeInLabelName.ReplaceAllString(key, "_")
		for _, object := range []string{"service", "pod", "ingress"} {
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

// scrapeTarget relabels a target, whose labels are listed in the order in which they are set.
func (t *trial) scrapeTarget(chosen assignment, discovered []labels.Label, see observer) (target, bool) {
	scraped, kept := t.scrape.scrapeTarget(t.builder, discovered)
	if kept {
		scraped.isWritten = t.source.isWritten
		if t.source.isTarget != nil {
			t.judge(viaTarget, chosen[metaNamespace], see)
		}
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
	var shown *leak
	see := func(k kind, namespace string) {
		if shown == nil && isShown(k, namespace) {
			shown = &leak{k.String(), namespace, input.Target, input.Exposed, k}
		}
	}
	exposed := merged(t.fixedExposed, input.Exposed)
	for _, discovered := range t.source.complete(input.Target, t.fixed) {
		for range ordersReplayed {
			if scraped, kept := t.scrapeTarget(discovered, discovered.list(r), see); kept {
				t.ingest(scraped, exposed, see)
			}
			if shown != nil {
				return shown
			}
		}
	}
	return nil
}
