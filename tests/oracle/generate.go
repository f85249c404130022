package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// settings are the default ones, except that a proof is all that is asked for.
const settings = `{"namespaceFilter":"proven"}`

func generateCommand(arguments []string) (bool, error) {
	flags := flag.NewFlagSet("generate", flag.ExitOnError)
	count := flags.Int("n", 1000, "how many requests")
	seed := flags.Uint64("seed", 1, "the seed of all choices")
	_ = flags.Parse(arguments)

	out := bufio.NewWriter(os.Stdout)
	for i := range *count {
		line, err := generate(*seed, i)
		if err != nil {
			return false, err
		}
		if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
			return false, err
		}
	}
	return true, out.Flush()
}

// generate makes the request of this index, whatever the others are.
func generate(seed uint64, index int) ([]byte, error) {
	r := newRandom(seed, uint64(index))
	p, err := randomMonitor(r).payload(fmt.Sprintf("%d-%d", seed, index), json.RawMessage(settings))
	if err != nil {
		return nil, err
	}
	return encode(p)
}

// randomMonitor makes a monitor that carries dev's release, so that no rule but the one about
// namespaces has anything to say.
func randomMonitor(r random) monitor {
	metadata := metav1.ObjectMeta{
		Name: "m",
		Namespace: pickWeighted(r, []weighted[string]{
			{6, "shop-dev"}, {3, "monitoring-dev"}, {1, "dev"}, {2, "kube-system"},
		}),
		Labels: map[string]string{"release": "monitoring-dev"},
	}
	selector := metav1.LabelSelector{MatchLabels: pickWeighted(r, []weighted[map[string]string]{
		{16, map[string]string{"app": "x"}},
		{2, nil},
		{1, map[string]string{"app.kubernetes.io/name": "kube-state-metrics"}},
		{1, map[string]string{"app.kubernetes.io/name": "web"}},
	})}
	namespaces := pickWeighted(r, []weighted[monitoringv1.NamespaceSelector]{
		{20, monitoringv1.NamespaceSelector{}},
		{9, monitoringv1.NamespaceSelector{Any: true}},
		{2, monitoringv1.NamespaceSelector{MatchNames: []string{"shop-dev"}}},
		{2, monitoringv1.NamespaceSelector{MatchNames: []string{"shop-dev", "kube-system"}}},
		{2, monitoringv1.NamespaceSelector{MatchNames: []string{"shop-dev", "shop-prod"}}},
		{1, monitoringv1.NamespaceSelector{MatchNames: []string{"shop-prod"}}},
		{1, monitoringv1.NamespaceSelector{MatchNames: []string{"default", "dev"}}},
		{1, monitoringv1.NamespaceSelector{MatchNames: []string{""}}},
	})
	path := pickWeighted(r, []weighted[string]{
		{16, ""}, {2, "/metrics"}, {1, "/metrics/cadvisor"}, {1, "/metrics/probes"}, {1, "/federate"},
	})
	copied := func() []string {
		return pickWeighted(r, []weighted[[]string]{
			{20, nil}, {1, []string{"namespace"}}, {1, []string{"env"}}, {1, []string{"env", "tmp"}},
			{1, []string{"exported_namespace"}},
		})
	}
	honor := r.chance(0.4)
	port := pickWeighted(r, []weighted[string]{{3, ""}, {1, "web"}})
	jobLabel := pickWeighted(r, []weighted[string]{{10, ""}, {1, "env"}})
	relabelings, metricRelabelings := pipeline(r)
	if r.chance(0.5) {
		m := &monitoringv1.ServiceMonitor{
			TypeMeta:   metav1.TypeMeta{APIVersion: "monitoring.coreos.com/v1", Kind: "ServiceMonitor"},
			ObjectMeta: metadata,
		}
		m.Spec.Selector = selector
		m.Spec.NamespaceSelector = namespaces
		m.Spec.JobLabel = jobLabel
		m.Spec.TargetLabels = copied()
		m.Spec.PodTargetLabels = copied()
		endpoint := monitoringv1.Endpoint{Path: path, Port: port, HonorLabels: honor}
		endpoint.RelabelConfigs = relabelings
		endpoint.MetricRelabelConfigs = metricRelabelings
		m.Spec.Endpoints = []monitoringv1.Endpoint{endpoint}
		return monitor{service: m}
	}
	m := &monitoringv1.PodMonitor{
		TypeMeta:   metav1.TypeMeta{APIVersion: "monitoring.coreos.com/v1", Kind: "PodMonitor"},
		ObjectMeta: metadata,
	}
	m.Spec.Selector = selector
	m.Spec.NamespaceSelector = namespaces
	m.Spec.JobLabel = jobLabel
	m.Spec.PodTargetLabels = copied()
	endpoint := monitoringv1.PodMetricsEndpoint{Path: path, HonorLabels: honor}
	if port != "" {
		endpoint.Port = &port
	}
	endpoint.RelabelConfigs = relabelings
	endpoint.MetricRelabelConfigs = metricRelabelings
	m.Spec.PodMetricsEndpoints = []monitoringv1.PodMetricsEndpoint{endpoint}
	return monitor{pod: m}
}
