package main

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
)

// trial is a scrape configuration of a monitor, with what it is tried with and judged by.
type trial struct {
	monitor     monitor
	environment environment
	scrape      scrape
	source      source
	// exported tells whether `exported_namespace` is judged as well, wherever a target is scraped.
	exported bool
	// isAnyPath tells whether the path that is configured counts even where a rule gives the target
	// another one.
	isAnyPath bool
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
		exported:     selectsClusterWide(m) || s.readsExported || m.config != nil && from.isOfAll && !asksForSomethingElse(s),
		fixed:        fixedLabels(m),
		fixedExposed: assignment{"__name__": "x"},
		builder:      labels.NewBuilder(labels.EmptyLabels()),
	}
}

// fixedLabels are those that the operator's rules select the monitor's targets by, and the address,
// which every target has. There are no others: a target of a service need not have a pod.
func fixedLabels(m monitor) assignment {
	fixed := assignment{address: "10.0.0.1:8080"}
	of := map[string]string{"ServiceMonitor": "service", "PodMonitor": "pod", "Probe": "ingress"}[m.kind()]
	selected := func(key, value string) {
		name := unsafeInLabelName.ReplaceAllString(key, "_")
		fixed["__meta_kubernetes_"+of+"_label_"+name] = value
		fixed["__meta_kubernetes_"+of+"_labelpresent_"+name] = "true"
	}
	for key, value := range m.selector().MatchLabels {
		selected(key, value)
	}
	for _, requirement := range m.selector().MatchExpressions {
		switch {
		case requirement.Operator == "In" && len(requirement.Values) > 0:
			selected(requirement.Key, requirement.Values[0])
		case requirement.Operator == "Exists":
			selected(requirement.Key, "x")
		}
	}
	switch {
	case m.service != nil:
		endpoint := m.service.Spec.Endpoints[0]
		if endpoint.Port != "" {
			fixed["__meta_kubernetes_endpoint_port_name"] = endpoint.Port
		} else if endpoint.TargetPort != nil {
			fixed["__meta_kubernetes_pod_container_port_name"] = endpoint.TargetPort.String()
			fixed["__meta_kubernetes_pod_container_port_number"] = endpoint.TargetPort.String()
		}
	case m.pod != nil && m.pod.Spec.PodMetricsEndpoints[0].Port != nil:
		fixed["__meta_kubernetes_pod_container_port_name"] = *m.pod.Spec.PodMetricsEndpoints[0].Port
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
		scraped.isFree = t.source.isFree
		if t.source.isTarget != nil {
			t.judge(viaTarget, chosen[metaNamespace], see)
		}
		t.judge(viaTarget, scraped.labels.Get("namespace"), see)
		for _, name := range t.source.names {
			t.judge(viaHost, namespaceOfHost(name), see)
		}
		// Discovery may find targets anywhere; what counts is what is written in the object.
		if host := namespaceOfHost(scraped.address); host != "" && (scraped.isWritten || !scraped.mentions(host)) {
			t.judge(viaHost, host, see)
		}
	}
	return scraped, kept
}

// judgesExported tells whether `exported_namespace` is judged of the samples of the target. A path that
// was discovered does not count either.
func (t *trial) judgesExported(scraped target) bool {
	if t.scrape.honorLabels || t.exported {
		return !t.scrape.honorLabels
	}
	if t.isAnyPath && (routedTo(takenFor(t.scrape.path)) != "" || routedTo(takenFor(scraped.path)) != "") {
		return true
	}
	known := strings.TrimPrefix(routedTo(cmp.Or(scraped.path, t.scrape.path)), "/")
	return known != "" && (scraped.isWritten || !scraped.mentions(known))
}

// ingest merges and relabels a sample of the target, and tells whether it is kept.
func (t *trial) ingest(scraped target, exposed assignment, see observer) bool {
	made, kept := t.scrape.ingest(t.builder, scraped, labels.FromMap(exposed))
	if !kept {
		return false
	}
	t.judge(viaSample, made.merged, see)
	t.judge(viaSample, made.final, see)
	if t.judgesExported(scraped) {
		t.judge(viaExported, made.exported, see)
		t.judge(viaExported, made.written, see)
	}
	return true
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
			shown = &leak{
				Kind: k.String(), Namespace: namespace, Target: input.Target, Exposed: input.Exposed,
				Before3: t.scrape.before3, kind: k,
			}
		}
	}
	exposed := merged(t.fixedExposed, input.Exposed)
	for _, isModel := range []bool{false, true} {
		// The model knows targets without the labels that Prometheus gives each.
		tried := *t
		if isModel {
			tried.scrape.defaults = nil
		}
		for _, discovered := range t.source.complete(input.Target, t.fixed) {
			for range ordersReplayed {
				scraped, kept := tried.scrapeTarget(discovered, discovered.list(r), see)
				if kept {
					tried.ingest(scraped, exposed, see)
				}
				if shown != nil {
					shown.isUnreal = !scraped.isScrapable
					for name, value := range discovered {
						shown.isUnreal = shown.isUnreal || !t.source.carries(name, value) || !t.source.mayName(name)
					}
					if !shown.isUnreal && !t.scrape.before3 {
						shown.sighting = &sighting{t.scrape, discovered, exposed}
					}
					return shown
				}
			}
		}
	}
	return nil
}
