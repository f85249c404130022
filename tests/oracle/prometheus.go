package main

import (
	"encoding/json"
	"fmt"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What a Prometheus does to all its scrapes is drawn from this grammar.
//
//	class      = relabelings metricRelabelings          up to 3 rules in total
//	rule       = harmless 6 | of the grammar of pipelines, about labels that a proof may rely on 1
//	copied     = podTargetLabels, mostly harmless
//	enforced   = none 6 | namespace 2 | another label 1  sometimes with exceptions

// assumed are labels that the proofs about a monitor may rely on, since the operator's own rules, or
// Prometheus' defaults, write them.
var assumed = []weighted[string]{
	{2, "endpoint"}, {2, "job"}, {2, "pod"}, {2, "service"}, {2, "container"}, {1, "node"}, {2, "instance"},
	{2, "namespace"}, {2, "exported_namespace"}, {1, "__meta_kubernetes_namespace"},
	{1, "__meta_kubernetes_pod_name"}, {1, "__tmp_x"}, {1, "__address__"}, {1, "__metrics_path__"},
	{1, "__param_target"}, {1, "team"},
}

// harmlessLabels are none of them.
var harmlessLabels = []string{"team", "cluster", "region", "prometheus", "__tmp_scrape_class"}

func randomPrometheus(r random) *monitoringv1.Prometheus {
	p := &monitoringv1.Prometheus{
		TypeMeta:   metav1.TypeMeta{APIVersion: group + "/v1", Kind: "Prometheus"},
		ObjectMeta: metav1.ObjectMeta{Name: "dev", Namespace: "monitoring-dev"},
	}
	p.Labels = map[string]string{"release": "monitoring-dev"}
	s := &p.Spec
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"release": "monitoring-dev"}}
	s.ServiceMonitorSelector, s.PodMonitorSelector = selector, selector
	s.ProbeSelector, s.ScrapeConfigSelector, s.RuleSelector = selector, selector, selector
	s.Version = pickWeighted(r, []weighted[string]{
		{6, ""}, {1, "v3.5.0"}, {2, lastBefore3}, {1, "v2.45.0"},
	})
	switch r.IntN(6) {
	case 0, 1:
		s.ScrapeClasses = []monitoringv1.ScrapeClass{randomClass(r, "usual", true)}
	case 2:
		s.ScrapeClasses = []monitoringv1.ScrapeClass{randomClass(r, "special", false)}
	case 3:
		s.ScrapeClasses = []monitoringv1.ScrapeClass{
			randomClass(r, "usual", true), randomClass(r, "special", false),
		}
	}
	for range pickWeighted(r, []weighted[int]{{6, 0}, {2, 1}, {1, 2}}) {
		s.PodTargetLabels = append(s.PodTargetLabels, randomCopied(r))
	}
	s.EnforcedNamespaceLabel = pickWeighted(r, []weighted[string]{
		{12, ""}, {4, "namespace"}, {1, "exported_namespace"}, {1, "pod"}, {1, "team"},
	})
	if s.EnforcedNamespaceLabel != "" && r.chance(0.3) {
		s.ExcludedFromEnforcement = []monitoringv1.ObjectReference{{
			Group:     group,
			Resource:  pick(r, []string{"servicemonitors", "podmonitors"}),
			Namespace: pick(r, []string{"shop-dev", "monitoring-dev", "kube-system"}),
			Name:      pick(r, []string{"", "m", "other"}),
		}}
	}
	s.IgnoreNamespaceSelectors = r.chance(0.1)
	s.OverrideHonorLabels = r.chance(0.05)
	s.OverrideHonorTimestamps = r.chance(0.2)
	s.ArbitraryFSAccessThroughSMs.Deny = r.chance(0.2)
	return p
}

func randomCopied(r random) string {
	if r.chance(0.6) {
		return pick(r, append([]string{"app.kubernetes.io/version"}, harmlessLabels[:4]...))
	}
	return pickWeighted(r, append([]weighted[string]{{1, "exported-namespace"}}, assumed...))
}

func randomClass(r random, name string, isDefault bool) monitoringv1.ScrapeClass {
	class := monitoringv1.ScrapeClass{Name: name}
	if isDefault {
		class.Default = new(true)
	}
	if r.chance(0.2) {
		class.AttachMetadata = &monitoringv1.AttachMetadata{Node: new(true)}
	}
	for range pickWeighted(r, []weighted[int]{{2, 0}, {4, 1}, {2, 2}, {1, 3}}) {
		rules := &class.Relabelings
		if r.chance(0.4) {
			rules = &class.MetricRelabelings
		}
		*rules = append(*rules, classRule(r))
	}
	return class
}

// classRule makes a rule that is harmless, or writes one of the labels that proofs rely on.
func classRule(r random) monitoringv1.RelabelConfig {
	sources := func(all ...string) []monitoringv1.LabelName {
		var names []monitoringv1.LabelName
		for _, name := range all {
			names = append(names, monitoringv1.LabelName(name))
		}
		return names
	}
	if r.chance(0.75) {
		return pick(r, []monitoringv1.RelabelConfig{
			{TargetLabel: "cluster", Replacement: new("one")},
			{Action: "replace", TargetLabel: pick(r, harmlessLabels), Replacement: new("x")},
			{SourceLabels: sources("__meta_kubernetes_pod_label_team"), TargetLabel: "team"},
			{SourceLabels: sources("__meta_kubernetes_namespace"), TargetLabel: "team"},
			{Action: "labeldrop", Regex: pick(r, []string{"id", "uid|pod_ip", "prometheus_replica"})},
			{Action: "drop", SourceLabels: sources("__name__"), Regex: "go_.*|up"},
			{Action: "keep", SourceLabels: sources("namespace"), Regex: pick(r, confining)},
			{Action: "drop", SourceLabels: sources("__meta_kubernetes_pod_phase"), Regex: "Pending"},
			{Action: "lowercase", SourceLabels: sources("team"), TargetLabel: "team"},
		})
	}
	written := pickWeighted(r, assumed)
	source := pickWeighted(r, assumed)
	switch r.IntN(6) {
	case 0:
		return monitoringv1.RelabelConfig{
			TargetLabel: written,
			Replacement: new(pick(r, []string{"x", "http", "shop-dev", "shop-prod", "", "$(X)"})),
		}
	case 1:
		return monitoringv1.RelabelConfig{SourceLabels: sources(source), TargetLabel: written}
	case 2:
		return monitoringv1.RelabelConfig{Action: "labeldrop", Regex: pick(r, []string{
			written, "(" + written + "|id)", "__.*|" + written, ".*" + written[max(0, len(written)-4):],
		})}
	case 3:
		return monitoringv1.RelabelConfig{Action: "labelmap", Regex: pick(r, []string{
			"__meta_kubernetes_pod_label_(.+)", "exported_(.+)", source,
		}), Replacement: new(pick(r, []string{"$1", written}))}
	case 4:
		return monitoringv1.RelabelConfig{
			Action: pick(r, []string{"lowercase", "uppercase"}), SourceLabels: sources(source), TargetLabel: written,
		}
	default:
		return rule(r, assumed)
	}
}

// requestOf is the request to create the Prometheus.
func requestOf(p *monitoringv1.Prometheus, uid string, settings json.RawMessage) (payload, error) {
	return payloadOf(groupKind{group, "v1", "Prometheus"}, p, &p.ObjectMeta, uid, settings)
}

func parsePrometheus(r request) (*monitoringv1.Prometheus, error) {
	p := &monitoringv1.Prometheus{}
	if err := json.Unmarshal(r.Object, p); err != nil {
		return nil, err
	}
	p.Namespace = r.Namespace
	return p, nil
}

// newCompilerOf makes a compiler for the Prometheus of the request.
func newCompilerOf(r request) (*compiler, error) {
	p, err := parsePrometheus(r)
	if err != nil {
		return nil, err
	}
	return newCompilerFor(p)
}

// simplifyPrometheus takes the step of this number, if there is one, and tells whether it changes
// anything.
func simplifyPrometheus(p *monitoringv1.Prometheus, step int) (isStep, isChange bool) {
	s := &p.Spec
	if step < len(s.ScrapeClasses) {
		s.ScrapeClasses = slices.Delete(s.ScrapeClasses, step, step+1)
		return true, true
	}
	step -= len(s.ScrapeClasses)
	for index := range s.ScrapeClasses {
		class := &s.ScrapeClasses[index]
		for _, rules := range []*[]monitoringv1.RelabelConfig{&class.Relabelings, &class.MetricRelabelings} {
			if step < len(*rules) {
				*rules = slices.Delete(*rules, step, step+1)
				return true, true
			}
			step -= len(*rules)
		}
	}
	if step < len(s.PodTargetLabels) {
		s.PodTargetLabels = slices.Delete(s.PodTargetLabels, step, step+1)
		return true, true
	}
	step -= len(s.PodTargetLabels)
	switch step {
	case 0:
		isChange = s.EnforcedNamespaceLabel != ""
		s.EnforcedNamespaceLabel = ""
	case 1:
		isChange = len(s.ExcludedFromEnforcement) > 0
		s.ExcludedFromEnforcement = nil
	case 2:
		isChange = s.IgnoreNamespaceSelectors
		s.IgnoreNamespaceSelectors = false
	case 3:
		isChange = s.OverrideHonorLabels
		s.OverrideHonorLabels = false
	case 4:
		isChange = s.OverrideHonorTimestamps
		s.OverrideHonorTimestamps = false
	case 5:
		isChange = s.ArbitraryFSAccessThroughSMs.Deny
		s.ArbitraryFSAccessThroughSMs.Deny = false
	case 6:
		isChange = s.Version != ""
		s.Version = ""
	default:
		return false, false
	}
	return true, isChange
}

// generatePair makes the requests of this index: of a Prometheus, and of a monitor that it scrapes.
func generatePair(r random, uid string) ([]payload, error) {
	p := randomPrometheus(r)
	granted, err := requestOf(p, uid+"-prometheus", json.RawMessage(settings))
	if err != nil {
		return nil, err
	}
	m := relyingMonitor(r)
	if len(p.Spec.ScrapeClasses) > 0 && r.chance(0.3) {
		m.nameScrapeClass(p.Spec.ScrapeClasses[r.IntN(len(p.Spec.ScrapeClasses))].Name)
	}
	asked, err := m.payload(uid, json.RawMessage(settings))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", uid, err)
	}
	return []payload{granted, asked}, nil
}
