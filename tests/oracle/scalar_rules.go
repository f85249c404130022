package main

import (
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
)

// ruleList is a list of relabelings.
type ruleList struct {
	kind, path string
	// isElsewhere tells whether no proof reads the rules. Their regexes are read by the same process.
	isElsewhere bool
	// build puts a rule into a list of a harmless object, the last one of it.
	build func(rule monitoringv1.RelabelConfig) scalarObject
}

func (l ruleList) field(part rulePart, all bool) scalarField {
	f := scalarField{
		kind: l.kind, path: l.path + "." + part.field, action: part.action, all: all && part.isLikely, marker: marker,
		omitted: part.omitted,
		build:   func(text string) scalarObject { return l.build(part.build(text)) },
	}
	if part.marker != nil {
		f.marker = *part.marker
	}
	if part.field == "action" {
		f.written, f.isEnum = strings.ToLower, true
	}
	return f
}

// confine keeps dev's samples only.
var confine = monitoringv1.RelabelConfig{
	Action: "keep", SourceLabels: []monitoringv1.LabelName{"namespace"}, Regex: "dev|.*-dev|kube-system",
}

// confineTargets keeps dev's targets only.
var confineTargets = monitoringv1.RelabelConfig{
	Action:       "keep",
	SourceLabels: []monitoringv1.LabelName{"__meta_kubernetes_namespace"},
	Regex:        "dev|.*-dev|kube-system",
}

type rules = []monitoringv1.RelabelConfig

var ruleLists = []ruleList{
	{"ServiceMonitor", "spec.endpoints[0].relabelings[0]", false, func(rule monitoringv1.RelabelConfig) scalarObject {
		return serviceMonitor(func(s *monitoringv1.ServiceMonitorSpec) {
			s.Endpoints[0].RelabelConfigs = rules{rule}
		})
	}},
	{"ServiceMonitor", "spec.endpoints[0].metricRelabelings[1]", false, func(rule monitoringv1.RelabelConfig) scalarObject {
		return serviceMonitor(func(s *monitoringv1.ServiceMonitorSpec) {
			s.Endpoints[0].HonorLabels = true
			s.Endpoints[0].MetricRelabelConfigs = rules{confine, rule}
		})
	}},
	{"PodMonitor", "spec.podMetricsEndpoints[0].relabelings[0]", false, func(rule monitoringv1.RelabelConfig) scalarObject {
		return podMonitor(func(s *monitoringv1.PodMonitorSpec) {
			s.PodMetricsEndpoints[0].RelabelConfigs = rules{rule}
		})
	}},
	{"PodMonitor", "spec.podMetricsEndpoints[0].metricRelabelings[1]", false, func(rule monitoringv1.RelabelConfig) scalarObject {
		return podMonitor(func(s *monitoringv1.PodMonitorSpec) {
			s.PodMetricsEndpoints[0].MetricRelabelConfigs = rules{confine, rule}
		})
	}},
	{"Probe", "spec.targets.staticConfig.relabelingConfigs[0]", false, func(rule monitoringv1.RelabelConfig) scalarObject {
		return probe(func(s *monitoringv1.ProbeSpec) { s.Targets.StaticConfig.RelabelConfigs = rules{rule} })
	}},
	{"Probe", "spec.targets.ingress.relabelingConfigs[0]", false, func(rule monitoringv1.RelabelConfig) scalarObject {
		return ingressProbe(func(s *monitoringv1.ProbeTargetIngress) { s.RelabelConfigs = rules{rule} })
	}},
	{"Probe", "spec.metricRelabelings[1]", false, func(rule monitoringv1.RelabelConfig) scalarObject {
		return probe(func(s *monitoringv1.ProbeSpec) { s.MetricRelabelConfigs = rules{confine, rule} })
	}},
	{"ScrapeConfig", "spec.relabelings[0]", false, func(rule monitoringv1.RelabelConfig) scalarObject {
		return scrapeConfig(func(s *monitoringv1alpha1.ScrapeConfigSpec) { s.RelabelConfigs = rules{rule} })
	}},
	{"ScrapeConfig", "spec.metricRelabelings[1]", false, func(rule monitoringv1.RelabelConfig) scalarObject {
		return scrapeConfig(func(s *monitoringv1alpha1.ScrapeConfigSpec) {
			s.MetricRelabelConfigs = rules{confine, rule}
		})
	}},
	{"Prometheus", "spec.scrapeClasses[0].relabelings[0]", false, func(rule monitoringv1.RelabelConfig) scalarObject {
		return scraping(func(s *monitoringv1.PrometheusSpec) {
			s.ScrapeClasses = []monitoringv1.ScrapeClass{{Name: "c", Default: new(true), Relabelings: rules{rule}}}
		})
	}},
	{"Prometheus", "spec.scrapeClasses[0].metricRelabelings[0]", false, func(rule monitoringv1.RelabelConfig) scalarObject {
		return scraping(func(s *monitoringv1.PrometheusSpec) {
			s.ScrapeClasses = []monitoringv1.ScrapeClass{{Name: "c", Default: new(true), MetricRelabelings: rules{rule}}}
		})
	}},
	{"Prometheus", "spec.alerting.alertmanagers[0].relabelings[0]", true, func(rule monitoringv1.RelabelConfig) scalarObject {
		return alerting(func(a *monitoringv1.AlertmanagerEndpoints) { a.RelabelConfigs = rules{rule} })
	}},
	{"Prometheus", "spec.alerting.alertmanagers[0].alertRelabelings[0]", true, func(rule monitoringv1.RelabelConfig) scalarObject {
		return alerting(func(a *monitoringv1.AlertmanagerEndpoints) { a.AlertRelabelConfigs = rules{rule} })
	}},
	{"Prometheus", "spec.remoteWrite[0].writeRelabelConfigs[0]", false, func(rule monitoringv1.RelabelConfig) scalarObject {
		return scraping(func(s *monitoringv1.PrometheusSpec) {
			s.RemoteWrite = []monitoringv1.RemoteWriteSpec{{
				URL: "http://remote.example.com", WriteRelabelConfigs: rules{rule},
			}}
		})
	}},
}

// rulePart is a field of a relabeling.
type rulePart struct {
	field, action string
	// isMain tells whether it is tried in every list, and isLikely whether with all texts.
	isMain, isLikely bool
	omitted          bool
	// marker is the text that comes through unharmed, unless it is the usual one.
	marker *string
	build  func(text string) monitoringv1.RelabelConfig
}

var ruleParts = []rulePart{
	regexOf("keep", true), regexOf("drop", true), regexOf("replace", true), regexOf("labelmap", false),
	regexOf("labeldrop", false), regexOf("labelkeep", false), regexOf("hashmod", false), regexOf("lowercase", false),
	regexOf("uppercase", false), regexOf("keepequal", false), regexOf("dropequal", false),
	{field: "separator", action: "keep", isMain: true, isLikely: true, build: func(text string) monitoringv1.RelabelConfig {
		rule := ruleOf("keep")
		rule.SourceLabels = append(rule.SourceLabels, "team")
		rule.Separator = &text
		return rule
	}},
	{field: "separator", action: "replace", build: func(text string) monitoringv1.RelabelConfig {
		rule := ruleOf("replace")
		rule.SourceLabels = append(rule.SourceLabels, "team")
		rule.Separator = &text
		return rule
	}},
	{field: "replacement", action: "replace", isMain: true, isLikely: true, build: func(text string) monitoringv1.RelabelConfig {
		rule := ruleOf("replace")
		rule.Replacement = &text
		return rule
	}},
	{field: "replacement", action: "labelmap", isLikely: true, build: func(text string) monitoringv1.RelabelConfig {
		rule := ruleOf("labelmap")
		rule.Replacement = &text
		return rule
	}},
	targetOf("replace", true), targetOf("hashmod", false), targetOf("lowercase", false), targetOf("keepequal", false),
	sourceOf("keep", true), sourceOf("replace", false), sourceOf("dropequal", false),
	{
		field: "action", omitted: true, marker: new("uppercase"),
		build: func(text string) monitoringv1.RelabelConfig {
			rule := ruleOf("uppercase")
			rule.Action = text
			return rule
		},
	},
}

// ruleOf makes a harmless rule of the action.
func ruleOf(action string) monitoringv1.RelabelConfig {
	rule := monitoringv1.RelabelConfig{Action: action}
	switch action {
	case "labelmap":
		rule.Regex = "(team)_.+"
		return rule
	case "labeldrop", "labelkeep":
		rule.Regex = "team_.+"
		return rule
	}
	rule.SourceLabels = []monitoringv1.LabelName{"env"}
	switch action {
	case "keep", "drop":
		rule.Regex = "x.*"
	default:
		rule.TargetLabel = "team"
	}
	if action == "hashmod" {
		rule.Modulus = 8
	}
	return rule
}

func regexOf(action string, isMain bool) rulePart {
	part := rulePart{field: "regex", action: action, isMain: isMain, isLikely: true, omitted: true}
	switch action {
	case "keepequal", "dropequal":
		part.marker = new("")
		fallthrough
	case "hashmod", "lowercase", "uppercase":
		part.isLikely = false
	}
	part.build = func(text string) monitoringv1.RelabelConfig {
		rule := ruleOf(action)
		rule.Regex = text
		if action == "labelmap" {
			rule.Replacement = new("copied_$1")
		}
		return rule
	}
	return part
}

func targetOf(action string, isMain bool) rulePart {
	return rulePart{field: "targetLabel", action: action, isMain: isMain, isLikely: true, build: func(text string) monitoringv1.RelabelConfig {
		rule := ruleOf(action)
		rule.TargetLabel = text
		if action == "replace" {
			rule.Regex = "(a|b).*"
			rule.Replacement = new("shop-dev")
		}
		return rule
	}}
}

func sourceOf(action string, isMain bool) rulePart {
	return rulePart{field: "sourceLabels[0]", action: action, isMain: isMain, isLikely: isMain, build: func(text string) monitoringv1.RelabelConfig {
		rule := ruleOf(action)
		rule.SourceLabels[0] = monitoringv1.LabelName(text)
		return rule
	}}
}
