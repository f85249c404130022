package main

import (
	"regexp"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
)

// Monitors that leak, were it not for what the operator's own rules make of a label, are drawn from this
// grammar. What a Prometheus writes there besides takes their proofs away.
//
//	monitor    = of the grammar of pipelines 1 | relying 3
//	relying    = reliance, sometimes with rules of the grammar of pipelines around it
//	           | a Probe or ScrapeConfig of static targets, with a rule about a label that they have
//	reliance   = a rule that drops the only value that a label has
//	           | a rule that compares a label with what it is copied from
//	           | a keep of some values and, after merging, a drop of the same ones

// copies are labels that the operator copies, by the kind of monitor, and what from.
var copies = map[string][][2]string{
	"ServiceMonitor": {
		{"namespace", metaNamespace}, {"service", "__meta_kubernetes_service_name"},
		{"pod", "__meta_kubernetes_pod_name"}, {"container", "__meta_kubernetes_pod_container_name"},
		{"job", "__meta_kubernetes_service_name"}, {"job", "service"},
	},
	"PodMonitor": {
		{"namespace", metaNamespace}, {"pod", "__meta_kubernetes_pod_name"},
		{"container", "__meta_kubernetes_pod_container_name"},
	},
}

// relyingMonitor makes one, mostly a ServiceMonitor or a PodMonitor.
func relyingMonitor(r random) monitor {
	if r.chance(0.15) {
		return relyingOnStatic(r)
	}
	m := randomMonitor(r)
	if r.chance(0.25) {
		return m
	}
	relabelings, metricRelabelings := m.rules()
	around := [2][]monitoringv1.RelabelConfig{*relabelings, *metricRelabelings}
	*relabelings, *metricRelabelings = nil, nil
	if r.chance(0.6) {
		*m.namespaceSelector() = monitoringv1.NamespaceSelector{Any: true}
	}
	// Without labels that it copies itself, but for some.
	if m.service != nil {
		m.service.Spec.TargetLabels, m.service.Spec.PodTargetLabels, m.service.Spec.JobLabel = nil, nil, ""
		if r.chance(0.2) {
			m.service.Spec.TargetLabels = []string{"team"}
		}
		m.service.Spec.Endpoints[0].Port = "http"
	} else {
		m.pod.Spec.PodTargetLabels, m.pod.Spec.JobLabel = nil, ""
		m.pod.Spec.PodMetricsEndpoints[0].Port = new("http")
	}
	reliance(r, m)
	if r.chance(0.3) {
		*relabelings = append(*relabelings, around[0]...)
	}
	if r.chance(0.3) {
		*metricRelabelings = append(*metricRelabelings, around[1]...)
	}
	if len(*metricRelabelings) == 0 && r.chance(0.5) {
		*metricRelabelings = []monitoringv1.RelabelConfig{{
			SourceLabels: []monitoringv1.LabelName{"exported_namespace"},
			Regex:        "(.+)",
			TargetLabel:  "namespace",
		}}
	}
	return m
}

// relyingOnStatic makes a Probe or a ScrapeConfig that drops, or does not keep, its static targets.
func relyingOnStatic(r random) monitor {
	label := pick(r, append([]string{"team", "env", "job", "instance"}, harmlessLabels...))
	written := map[string]string{label: "x", "namespace": pick(r, []string{"shop-dev", "shop-prod"})}
	rules := []monitoringv1.RelabelConfig{pick(r, []monitoringv1.RelabelConfig{
		filter("drop", "x", label), filter("keep", "y|", label), filter("drop", ".+", label),
	})}
	kind := pick(r, []string{"Probe", "ScrapeConfig"})
	m, err := newMonitor(kind)
	if err != nil {
		panic(err)
	}
	*m.metadata() = randomMetadata(r)
	if m.probe != nil {
		m.probe.Spec.ProberSpec.URL, m.probe.Spec.ProberSpec.Path = "blackbox-exporter:9115", "/probe"
		m.probe.Spec.Targets.StaticConfig = &monitoringv1.ProbeTargetStaticConfig{
			Targets: []string{"a"}, Labels: written, RelabelConfigs: rules,
		}
		return m
	}
	m.config.Spec.StaticConfigs = []monitoringv1alpha1.StaticConfig{{
		Targets: []monitoringv1alpha1.Target{"a:80"}, Labels: written,
	}}
	m.config.Spec.HonorLabels = new(r.chance(0.5))
	m.config.Spec.RelabelConfigs = rules
	return m
}

func reliance(r random, m monitor) {
	relabelings, metricRelabelings := m.rules()
	of := func(action, label, regex string) monitoringv1.RelabelConfig {
		return monitoringv1.RelabelConfig{
			Action: action, SourceLabels: []monitoringv1.LabelName{monitoringv1.LabelName(label)}, Regex: regex,
		}
	}
	// Either list sees the target's labels where those win.
	list := relabelings
	if r.chance(0.35) {
		list = metricRelabelings
	}
	known := copies[m.kind()]
	if m.service != nil && len(m.service.Spec.TargetLabels) > 0 && r.chance(0.8) {
		*relabelings = append(*relabelings,
			filter("keep", ".+", "__meta_kubernetes_service_label_team"),
			monitoringv1.RelabelConfig{
				Action: "dropequal", SourceLabels: named("__meta_kubernetes_service_label_team"), TargetLabel: "team",
			})
		return
	}
	switch r.IntN(5) {
	case 0:
		*list = append(*list, pick(r, []monitoringv1.RelabelConfig{
			of("drop", "endpoint", "http"), of("drop", "endpoint", ".+"), of("keep", "endpoint", "other"),
			of("drop", "endpoint", "h.*"),
			{
				Action:       "drop",
				SourceLabels: []monitoringv1.LabelName{"endpoint", "team"},
				Regex:        "http;.*",
			},
		}))
	case 1:
		constant := "http"
		label := "endpoint"
		if m.pod != nil && r.chance(0.7) {
			label, constant = "job", m.metadata().Namespace+"/"+m.metadata().Name
		}
		*list = append(*list, of("drop", label, pick(r, []string{constant, regexp.QuoteMeta(constant)})))
	case 2:
		one := pick(r, known)
		c := monitoringv1.RelabelConfig{
			Action: "dropequal", SourceLabels: []monitoringv1.LabelName{monitoringv1.LabelName(one[1])}, TargetLabel: one[0],
		}
		if r.chance(0.3) {
			c.SourceLabels[0], c.TargetLabel = monitoringv1.LabelName(one[0]), one[1]
		}
		*relabelings = append(*relabelings, c)
	case 3:
		// An equality that no target has.
		*relabelings = append(*relabelings,
			monitoringv1.RelabelConfig{TargetLabel: "__tmp_other", Replacement: new("other")},
			monitoringv1.RelabelConfig{
				Action: "keepequal", SourceLabels: []monitoringv1.LabelName{"__tmp_other"}, TargetLabel: "endpoint",
			})
	default:
		label := pickWeighted(r, slices.DeleteFunc(slices.Clone(assumed), func(w weighted[string]) bool {
			return w.item[0] == '_'
		}))
		regex := pick(r, []string{"web-.*", ".+", "x", ".*-dev", "shop-dev|monitoring-dev"})
		*relabelings = append(*relabelings, of("keep", label, regex))
		*metricRelabelings = append(*metricRelabelings, of("drop", label, regex))
	}
}
