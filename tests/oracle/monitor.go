package main

import (
	"encoding/json"
	"errors"
	"fmt"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// monitor is what asks for a scrape: a ServiceMonitor or a PodMonitor with exactly one endpoint, a
// Probe, or a ScrapeConfig.
type monitor struct {
	service *monitoringv1.ServiceMonitor
	pod     *monitoringv1.PodMonitor
	probe   *monitoringv1.Probe
	config  *monitoringv1alpha1.ScrapeConfig
}

// newMonitor makes an empty one of this kind.
func newMonitor(kind string) (monitor, error) {
	var m monitor
	of := func(version string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: group + "/" + version, Kind: kind}
	}
	switch kind {
	case "ServiceMonitor":
		m.service = &monitoringv1.ServiceMonitor{TypeMeta: of("v1")}
		m.service.Spec.Endpoints = make([]monitoringv1.Endpoint, 1)
	case "PodMonitor":
		m.pod = &monitoringv1.PodMonitor{TypeMeta: of("v1")}
		m.pod.Spec.PodMetricsEndpoints = make([]monitoringv1.PodMetricsEndpoint, 1)
	case "Probe":
		m.probe = &monitoringv1.Probe{TypeMeta: of("v1")}
	case "ScrapeConfig":
		m.config = &monitoringv1alpha1.ScrapeConfig{TypeMeta: of("v1alpha1")}
	default:
		return m, fmt.Errorf("no monitor: %q", kind)
	}
	return m, nil
}

func parseMonitor(r request) (monitor, error) {
	m, err := newMonitor(r.Kind.Kind)
	if err != nil {
		return m, err
	}
	_, object := m.object()
	if err := json.Unmarshal(r.Object, object); err != nil {
		return m, err
	}
	if m.service != nil && len(m.service.Spec.Endpoints) != 1 ||
		m.pod != nil && len(m.pod.Spec.PodMetricsEndpoints) != 1 {
		return m, errors.New("not exactly one endpoint")
	}
	m.metadata().Namespace = r.Namespace
	return m, nil
}

const group = "monitoring.coreos.com"

// object returns what is sent to the API server.
func (m monitor) object() (groupKind, any) {
	switch {
	case m.service != nil:
		return groupKind{group, "v1", "ServiceMonitor"}, m.service
	case m.pod != nil:
		return groupKind{group, "v1", "PodMonitor"}, m.pod
	case m.probe != nil:
		return groupKind{group, "v1", "Probe"}, m.probe
	default:
		return groupKind{group, "v1alpha1", "ScrapeConfig"}, m.config
	}
}

func (m monitor) metadata() *metav1.ObjectMeta {
	switch {
	case m.service != nil:
		return &m.service.ObjectMeta
	case m.pod != nil:
		return &m.pod.ObjectMeta
	case m.probe != nil:
		return &m.probe.ObjectMeta
	default:
		return &m.config.ObjectMeta
	}
}

// isEndpoint tells whether the operator discovers its targets by a selector of its own.
func (m monitor) isEndpoint() bool { return m.service != nil || m.pod != nil }

// namespaceSelector is empty where there is none.
func (m monitor) namespaceSelector() *monitoringv1.NamespaceSelector {
	switch {
	case m.service != nil:
		return &m.service.Spec.NamespaceSelector
	case m.pod != nil:
		return &m.pod.Spec.NamespaceSelector
	case m.probe != nil && m.probe.Spec.Targets.Ingress != nil:
		return &m.probe.Spec.Targets.Ingress.NamespaceSelector
	default:
		return &monitoringv1.NamespaceSelector{}
	}
}

// selector is empty where there is none.
func (m monitor) selector() *metav1.LabelSelector {
	switch {
	case m.service != nil:
		return &m.service.Spec.Selector
	case m.pod != nil:
		return &m.pod.Spec.Selector
	case m.probe != nil && m.probe.Spec.Targets.Ingress != nil:
		return &m.probe.Spec.Targets.Ingress.Selector
	default:
		return &metav1.LabelSelector{}
	}
}

// scrapeClass is the name of the one that it asks for, if any.
func (m monitor) scrapeClass() string {
	var named *string
	switch {
	case m.service != nil:
		named = m.service.Spec.ScrapeClassName
	case m.pod != nil:
		named = m.pod.Spec.ScrapeClassName
	case m.probe != nil:
		named = m.probe.Spec.ScrapeClassName
	default:
		named = m.config.Spec.ScrapeClassName
	}
	if named == nil {
		return ""
	}
	return *named
}

func (m monitor) kind() string {
	kind, _ := m.object()
	return kind.Kind
}

// nameScrapeClass makes it ask for the one of this name.
func (m monitor) nameScrapeClass(name string) {
	if m.service != nil {
		m.service.Spec.ScrapeClassName = &name
	} else if m.pod != nil {
		m.pod.Spec.ScrapeClassName = &name
	}
}

// job is what the operator calls its scrape configuration.
func (m monitor) job() string {
	of := m.metadata().Namespace + "/" + m.metadata().Name
	switch {
	case m.service != nil:
		return "serviceMonitor/" + of + "/0"
	case m.pod != nil:
		return "podMonitor/" + of + "/0"
	case m.probe != nil:
		return "probe/" + of
	default:
		return "scrapeConfig/" + of
	}
}

// rules returns the two lists of relabelings, to be read and changed.
func (m monitor) rules() (relabelings, metricRelabelings *[]monitoringv1.RelabelConfig) {
	switch {
	case m.service != nil:
		e := &m.service.Spec.Endpoints[0]
		return &e.RelabelConfigs, &e.MetricRelabelConfigs
	case m.pod != nil:
		e := &m.pod.Spec.PodMetricsEndpoints[0]
		return &e.RelabelConfigs, &e.MetricRelabelConfigs
	case m.probe != nil:
		// Of static targets and ingresses the operator takes the former.
		targets := m.probe.Spec.Targets
		if targets.StaticConfig != nil {
			return &targets.StaticConfig.RelabelConfigs, &m.probe.Spec.MetricRelabelConfigs
		}
		if targets.Ingress != nil {
			return &targets.Ingress.RelabelConfigs, &m.probe.Spec.MetricRelabelConfigs
		}
		return &[]monitoringv1.RelabelConfig{}, &m.probe.Spec.MetricRelabelConfigs
	default:
		return &m.config.Spec.RelabelConfigs, &m.config.Spec.MetricRelabelConfigs
	}
}
