package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

// payload is what the policy is given: an admission request and its settings.
type payload struct {
	Request  request         `json:"request"`
	Settings json.RawMessage `json:"settings"`
}

type request struct {
	UID       string          `json:"uid"`
	Kind      groupKind       `json:"kind"`
	Name      string          `json:"name"`
	Namespace string          `json:"namespace"`
	Operation string          `json:"operation"`
	Object    json.RawMessage `json:"object"`
}

type groupKind struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

// answer is what the policy says to a payload.
type answer struct {
	Accepted         bool     `json:"accepted"`
	Message          string   `json:"message"`
	Warnings         []string `json:"warnings"`
	AuditAnnotations struct {
		Violations string `json:"violations"`
	} `json:"audit_annotations"`
}

// violation is one entry of the answer's audit annotation.
type violation struct {
	Rule    string  `json:"rule"`
	Field   string  `json:"field"`
	Message string  `json:"message"`
	Witness *string `json:"witness"`
	// Example is how the witness comes through.
	Example *example `json:"example"`
}

func (a answer) violations() ([]violation, error) {
	if a.AuditAnnotations.Violations == "" {
		return nil, nil
	}
	var all []violation
	err := json.Unmarshal([]byte(a.AuditAnnotations.Violations), &all)
	return all, err
}

// monitor is a ServiceMonitor or a PodMonitor with exactly one endpoint.
type monitor struct {
	service *monitoringv1.ServiceMonitor
	pod     *monitoringv1.PodMonitor
}

func parseMonitor(r request) (monitor, error) {
	var m monitor
	switch r.Kind.Kind {
	case "ServiceMonitor":
		m.service = &monitoringv1.ServiceMonitor{}
		if err := json.Unmarshal(r.Object, m.service); err != nil {
			return m, err
		}
		if len(m.service.Spec.Endpoints) != 1 {
			return m, errors.New("not exactly one endpoint")
		}
		m.service.Namespace = r.Namespace
	case "PodMonitor":
		m.pod = &monitoringv1.PodMonitor{}
		if err := json.Unmarshal(r.Object, m.pod); err != nil {
			return m, err
		}
		if len(m.pod.Spec.PodMetricsEndpoints) != 1 {
			return m, errors.New("not exactly one endpoint")
		}
		m.pod.Namespace = r.Namespace
	default:
		return m, fmt.Errorf("no monitor: %q", r.Kind.Kind)
	}
	return m, nil
}

func (m monitor) namespace() string {
	if m.service != nil {
		return m.service.Namespace
	}
	return m.pod.Namespace
}

func (m monitor) release() string {
	if m.service != nil {
		return m.service.Labels["release"]
	}
	return m.pod.Labels["release"]
}

func (m monitor) namespaceSelector() monitoringv1.NamespaceSelector {
	if m.service != nil {
		return m.service.Spec.NamespaceSelector
	}
	return m.pod.Spec.NamespaceSelector
}

func (m monitor) matchLabels() map[string]string {
	if m.service != nil {
		return m.service.Spec.Selector.MatchLabels
	}
	return m.pod.Spec.Selector.MatchLabels
}

func (m monitor) path() string {
	if m.service != nil {
		return m.service.Spec.Endpoints[0].Path
	}
	return m.pod.Spec.PodMetricsEndpoints[0].Path
}

func (m monitor) port() string {
	if m.service != nil {
		return m.service.Spec.Endpoints[0].Port
	}
	if port := m.pod.Spec.PodMetricsEndpoints[0].Port; port != nil {
		return *port
	}
	return ""
}

// rules returns the two lists of relabelings of the endpoint, to be read and changed.
func (m monitor) rules() (relabelings, metricRelabelings *[]monitoringv1.RelabelConfig) {
	if m.service != nil {
		e := &m.service.Spec.Endpoints[0]
		return &e.RelabelConfigs, &e.MetricRelabelConfigs
	}
	e := &m.pod.Spec.PodMetricsEndpoints[0]
	return &e.RelabelConfigs, &e.MetricRelabelConfigs
}

// payload returns the request to create the monitor.
func (m monitor) payload(uid string, settings json.RawMessage) (payload, error) {
	var (
		kind, name string
		object     any
	)
	if m.service != nil {
		kind, name, object = "ServiceMonitor", m.service.Name, m.service
	} else {
		kind, name, object = "PodMonitor", m.pod.Name, m.pod
	}
	text, err := encode(object)
	if err != nil {
		return payload{}, err
	}
	// What an API server would have set, or nobody writes.
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return payload{}, err
	}
	delete(fields, "status")
	if metadata, ok := fields["metadata"].(map[string]any); ok {
		delete(metadata, "creationTimestamp")
	}
	if text, err = encode(fields); err != nil {
		return payload{}, err
	}
	return payload{
		Request: request{
			UID:       uid,
			Kind:      groupKind{"monitoring.coreos.com", "v1", kind},
			Name:      name,
			Namespace: m.namespace(),
			Operation: "CREATE",
			Object:    text,
		},
		Settings: settings,
	}, nil
}

// encode is JSON on one line, with <, > and & as they are.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(text.Bytes(), "\n"), nil
}
