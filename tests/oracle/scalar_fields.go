package main

import (
	"regexp"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// scalarObject is what a text is written into: a monitor, or the Prometheus that scrapes it.
type scalarObject struct {
	monitor monitor
	// prometheus is nil where the text is in the monitor.
	prometheus *monitoringv1.Prometheus
}

// scalarField is a place for a text. Without it nothing leaks through the object.
type scalarField struct {
	kind string
	// path is where the text is in the object.
	path string
	// action is that of the rule which the text is in.
	action string
	// all tells whether it is tried with all texts. What the operator writes by the same lines as
	// another field is not.
	all bool
	// marker is a text that comes through unharmed, and is like nothing else in the configuration.
	// There is none where the operator takes no other text than the default.
	marker string
	// omitted tells whether an empty text is as good as none.
	omitted bool
	// written is what the operator makes of the text.
	written func(string) string
	// required tells whether the API server refuses the empty text (`minLength`), and isEnum whether
	// it refuses all but a few.
	required, isEnum bool
	build            func(text string) scalarObject
}

// schema is why the API server lets no such text in; it is empty where it does.
func (f scalarField) schema(text string) string {
	switch {
	case f.isEnum && (text != "" || !f.omitted):
		return "enum"
	case f.required && text == "":
		return "minLength"
	default:
		return ""
	}
}

func (f scalarField) name() string {
	return strings.TrimSpace(f.kind + " " + f.path + " " + f.action)
}

const marker = "zqx"

func scalarFields() []scalarField {
	var all []scalarField
	for index, list := range ruleLists {
		for _, part := range ruleParts {
			isFirst := index < 2
			if isFirst || part.isMain && (!list.isElsewhere || part.field == "regex") {
				all = append(all, list.field(part, isFirst))
			}
		}
	}
	return append(all, singleFields...)
}

var singleFields = []scalarField{
	{
		kind: "ServiceMonitor", path: "spec.endpoints[0].port", all: true, marker: marker, omitted: true,
		build: endpointWith(func(e *monitoringv1.Endpoint, text string) { e.Port = text }),
	},
	{
		kind: "ServiceMonitor", path: "spec.endpoints[0].targetPort", all: true, marker: marker, omitted: true,
		build: endpointWith(func(e *monitoringv1.Endpoint, text string) { e.TargetPort = new(intstr.FromString(text)) }),
	},
	{
		kind: "ServiceMonitor", path: "spec.endpoints[0].path", all: true, marker: marker, omitted: true,
		build: endpointWith(func(e *monitoringv1.Endpoint, text string) { e.Path = text }),
	},
	{
		kind: "ServiceMonitor", path: "spec.selector.matchLabels.app", all: true, marker: marker,
		build: serviceMonitorWith(func(s *monitoringv1.ServiceMonitorSpec, text string) {
			s.Selector.MatchLabels = map[string]string{"app": text}
		}),
	},
	{
		kind: "ServiceMonitor", path: "spec.selector.matchLabels", all: true, marker: marker, written: sanitized,
		build: serviceMonitorWith(func(s *monitoringv1.ServiceMonitorSpec, text string) {
			s.Selector.MatchLabels = map[string]string{text: "x"}
		}),
	},
	{
		kind: "ServiceMonitor", path: "spec.selector.matchExpressions[0].values[1]", action: "In", marker: marker,
		build: serviceMonitorWith(func(s *monitoringv1.ServiceMonitorSpec, text string) {
			s.Selector = expression("tier", metav1.LabelSelectorOpIn, "a", text)
		}),
	},
	{
		kind: "ServiceMonitor", path: "spec.selector.matchExpressions[0].values[0]", action: "NotIn", marker: marker,
		build: serviceMonitorWith(func(s *monitoringv1.ServiceMonitorSpec, text string) {
			s.Selector = expression("tier", metav1.LabelSelectorOpNotIn, text, "a")
		}),
	},
	{
		kind: "ServiceMonitor", path: "spec.selector.matchExpressions[0].key", marker: marker, written: sanitized,
		build: serviceMonitorWith(func(s *monitoringv1.ServiceMonitorSpec, text string) {
			s.Selector = expression(text, metav1.LabelSelectorOpExists)
		}),
	},
	{
		kind: "ServiceMonitor", path: "spec.selector.matchLabels.app", action: "RoleSelector", marker: marker,
		build: serviceMonitorWith(func(s *monitoringv1.ServiceMonitorSpec, text string) {
			s.Selector.MatchLabels = map[string]string{"app": text}
			s.SelectorMechanism = new(monitoringv1.SelectorMechanismRole)
		}),
	},
	{
		kind: "ServiceMonitor", path: "spec.namespaceSelector.matchNames[1]", all: true, marker: marker,
		build: serviceMonitorWith(func(s *monitoringv1.ServiceMonitorSpec, text string) {
			s.NamespaceSelector.MatchNames = []string{"shop-dev", text}
			s.Endpoints[0].RelabelConfigs = rules{confineTargets}
		}),
	},
	{
		kind: "ServiceMonitor", path: "spec.targetLabels[0]", all: true, marker: marker, written: sanitized,
		build: serviceMonitorWith(func(s *monitoringv1.ServiceMonitorSpec, text string) { s.TargetLabels = []string{text} }),
	},
	{
		kind: "ServiceMonitor", path: "spec.podTargetLabels[0]", marker: marker, written: sanitized,
		build: serviceMonitorWith(func(s *monitoringv1.ServiceMonitorSpec, text string) { s.PodTargetLabels = []string{text} }),
	},
	{
		kind: "ServiceMonitor", path: "spec.jobLabel", all: true, marker: marker, omitted: true, written: sanitized,
		build: serviceMonitorWith(func(s *monitoringv1.ServiceMonitorSpec, text string) { s.JobLabel = text }),
	},
	{
		kind: "PodMonitor", path: "spec.podMetricsEndpoints[0].port", all: true, marker: marker, omitted: true,
		build: podEndpointWith(func(e *monitoringv1.PodMetricsEndpoint, text string) { e.Port = &text }),
	},
	{
		kind: "PodMonitor", path: "spec.podMetricsEndpoints[0].targetPort", marker: marker, omitted: true,
		build: podEndpointWith(func(e *monitoringv1.PodMetricsEndpoint, text string) {
			//nolint:staticcheck // Deprecated, but read.
			e.TargetPort = new(intstr.FromString(text))
		}),
	},
	{
		kind: "PodMonitor", path: "spec.podMetricsEndpoints[0].path", marker: marker, omitted: true,
		build: podEndpointWith(func(e *monitoringv1.PodMetricsEndpoint, text string) { e.Path = text }),
	},
	{
		kind: "PodMonitor", path: "spec.selector.matchLabels.app", marker: marker,
		build: podMonitorWith(func(s *monitoringv1.PodMonitorSpec, text string) {
			s.Selector.MatchLabels = map[string]string{"app": text}
		}),
	},
	{
		kind: "PodMonitor", path: "spec.selector.matchLabels", marker: marker, written: sanitized,
		build: podMonitorWith(func(s *monitoringv1.PodMonitorSpec, text string) {
			s.Selector.MatchLabels = map[string]string{text: "x"}
		}),
	},
	{
		kind: "PodMonitor", path: "spec.namespaceSelector.matchNames[1]", marker: marker,
		build: podMonitorWith(func(s *monitoringv1.PodMonitorSpec, text string) {
			s.NamespaceSelector.MatchNames = []string{"shop-dev", text}
			s.PodMetricsEndpoints[0].RelabelConfigs = rules{confineTargets}
		}),
	},
	{
		kind: "PodMonitor", path: "spec.podTargetLabels[0]", marker: marker, written: sanitized,
		build: podMonitorWith(func(s *monitoringv1.PodMonitorSpec, text string) { s.PodTargetLabels = []string{text} }),
	},
	{
		kind: "PodMonitor", path: "spec.jobLabel", marker: marker, omitted: true, written: sanitized,
		build: podMonitorWith(func(s *monitoringv1.PodMonitorSpec, text string) { s.JobLabel = text }),
	},
	{
		kind: "Probe", path: "spec.prober.url", all: true, marker: marker, required: true,
		build: probeWith(func(s *monitoringv1.ProbeSpec, text string) { s.ProberSpec.URL = text }),
	},
	{
		kind: "Probe", path: "spec.prober.path", marker: marker,
		build: probeWith(func(s *monitoringv1.ProbeSpec, text string) { s.ProberSpec.Path = text }),
	},
	{
		kind: "Probe", path: "spec.module", marker: marker, omitted: true,
		build: probeWith(func(s *monitoringv1.ProbeSpec, text string) { s.Module = text }),
	},
	{
		kind: "Probe", path: "spec.jobName", all: true, marker: marker, omitted: true,
		build: probeWith(func(s *monitoringv1.ProbeSpec, text string) { s.JobName = text }),
	},
	{
		kind: "Probe", path: "spec.targets.staticConfig.static[0]", all: true, marker: marker,
		build: probeWith(func(s *monitoringv1.ProbeSpec, text string) { s.Targets.StaticConfig.Targets = []string{text} }),
	},
	{
		kind: "Probe", path: "spec.targets.staticConfig.labels", all: true, marker: marker,
		build: probeWith(func(s *monitoringv1.ProbeSpec, text string) {
			s.Targets.StaticConfig.Labels = map[string]string{text: "x"}
		}),
	},
	{
		kind: "Probe", path: "spec.targets.staticConfig.labels.team", all: true, marker: marker,
		build: probeWith(func(s *monitoringv1.ProbeSpec, text string) {
			s.Targets.StaticConfig.Labels = map[string]string{"team": text}
		}),
	},
	{
		kind: "Probe", path: "spec.targets.ingress.selector.matchLabels.app", all: true, marker: marker,
		build: ingressWith(func(s *monitoringv1.ProbeTargetIngress, text string) {
			s.Selector.MatchLabels = map[string]string{"app": text}
		}),
	},
	{
		kind: "Probe", path: "spec.targets.ingress.selector.matchLabels", all: true, marker: marker, written: sanitized,
		build: ingressWith(func(s *monitoringv1.ProbeTargetIngress, text string) {
			s.Selector.MatchLabels = map[string]string{text: "x"}
		}),
	},
	{
		kind: "Probe", path: "spec.targets.ingress.selector.matchExpressions[0].values[1]", action: "In", marker: marker,
		build: ingressWith(func(s *monitoringv1.ProbeTargetIngress, text string) {
			s.Selector = expression("tier", metav1.LabelSelectorOpIn, "a", text)
		}),
	},
	{
		kind: "Probe", path: "spec.targets.ingress.namespaceSelector.matchNames[1]", marker: marker,
		build: ingressWith(func(s *monitoringv1.ProbeTargetIngress, text string) {
			s.NamespaceSelector.MatchNames = []string{"shop-dev", text}
			s.RelabelConfigs = rules{confineTargets}
		}),
	},
	{
		kind: "ScrapeConfig", path: "spec.jobName", all: true, marker: marker, required: true,
		build: scrapeConfigWith(func(s *monitoringv1alpha1.ScrapeConfigSpec, text string) { s.JobName = &text }),
	},
	{
		kind: "ScrapeConfig", path: "spec.metricsPath", marker: marker, required: true,
		build: scrapeConfigWith(func(s *monitoringv1alpha1.ScrapeConfigSpec, text string) { s.MetricsPath = &text }),
	},
	{
		kind: "ScrapeConfig", path: "spec.staticConfigs[0].targets[0]", all: true, marker: marker, required: true,
		build: scrapeConfigWith(func(s *monitoringv1alpha1.ScrapeConfigSpec, text string) {
			s.StaticConfigs[0].Targets[0] = monitoringv1alpha1.Target(text)
		}),
	},
	{
		kind: "ScrapeConfig", path: "spec.staticConfigs[0].labels", all: true, marker: marker,
		build: scrapeConfigWith(func(s *monitoringv1alpha1.ScrapeConfigSpec, text string) {
			s.StaticConfigs[0].Labels[text] = "x"
		}),
	},
	{
		kind: "ScrapeConfig", path: "spec.staticConfigs[0].labels.team", all: true, marker: marker,
		build: scrapeConfigWith(func(s *monitoringv1alpha1.ScrapeConfigSpec, text string) {
			s.StaticConfigs[0].Labels["team"] = text
		}),
	},
	{
		kind: "ScrapeConfig", path: "spec.kubernetesSDConfigs[0].namespaces.names[1]", all: true, marker: marker,
		build: discoveryWith(func(d *monitoringv1alpha1.KubernetesSDConfig, text string) {
			d.Namespaces = &monitoringv1alpha1.NamespaceDiscovery{Names: []string{"shop-dev", text}}
		}),
	},
	{
		kind: "ScrapeConfig", path: "spec.kubernetesSDConfigs[0].selectors[0].label", marker: marker, required: true,
		build: discoveryWith(func(d *monitoringv1alpha1.KubernetesSDConfig, text string) {
			d.Selectors = []monitoringv1alpha1.K8SSelectorConfig{{Role: "Pod", Label: &text}}
		}),
	},
	{
		kind: "Prometheus", path: "spec.podTargetLabels[0]", all: true, marker: marker, written: sanitized,
		build: scrapingWith(func(s *monitoringv1.PrometheusSpec, text string) { s.PodTargetLabels = []string{text} }),
	},
	{
		kind: "Prometheus", path: "spec.alerting.alertmanagers[0].name", marker: marker, required: true,
		build: alertingWith(func(a *monitoringv1.AlertmanagerEndpoints, text string) { a.Name = text }),
	},
	{
		kind: "Prometheus", path: "spec.alerting.alertmanagers[0].port", marker: marker, omitted: true,
		build: alertingWith(func(a *monitoringv1.AlertmanagerEndpoints, text string) { a.Port = intstr.FromString(text) }),
	},
	{
		// It is dropped from alerts, by a rule of the operator's own.
		kind: "Prometheus", path: "spec.replicaExternalLabelName", marker: marker, omitted: true,
		written: regexp.QuoteMeta,
		build: func(text string) scalarObject {
			o := alerting(func(*monitoringv1.AlertmanagerEndpoints) {})
			o.prometheus.Spec.ReplicaExternalLabelName = &text
			return o
		},
	},
	{
		kind: "Prometheus", path: "spec.enforcedNamespaceLabel", all: true, marker: marker, omitted: true,
		build: scrapingWith(func(s *monitoringv1.PrometheusSpec, text string) { s.EnforcedNamespaceLabel = text }),
	},
}

// sanitized is what the operator makes of the name of a Kubernetes label.
func sanitized(name string) string { return unsafeInLabelName.ReplaceAllString(name, "_") }

func expression(key string, operator metav1.LabelSelectorOperator, values ...string) metav1.LabelSelector {
	return metav1.LabelSelector{
		MatchLabels: map[string]string{"app": "x"},
		MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: key, Operator: operator, Values: values},
		},
	}
}
