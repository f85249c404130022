package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// settings are the default ones, except that a proof is all that is asked for.
const settings = `{"namespaceFilter":"proven"}`

func generateCommand(arguments []string) (bool, error) {
	flags := flag.NewFlagSet("generate", flag.ExitOnError)
	count := flags.Int("n", 1000, "how many requests")
	seed := flags.Uint64("seed", 1, "the seed of all choices")
	kind := flags.String("kind", monitors, kinds)
	grammar := flags.String("grammar", plainGrammar, grammars)
	_ = flags.Parse(arguments)

	out := bufio.NewWriter(os.Stdout)
	for i := range *count {
		lines, err := generate(*kind, *grammar, *seed, i)
		if err != nil {
			return false, err
		}
		for _, line := range lines {
			if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
				return false, err
			}
		}
	}
	return true, out.Flush()
}

// monitors are ServiceMonitors and PodMonitors.
const monitors = "Monitor"

// pairs are a Prometheus and a monitor that it scrapes.
const pairs = "Pair"

const kinds = "what asks for the scrapes: Monitor, Probe, ScrapeConfig, or Pair for a Prometheus and a monitor"

const (
	plainGrammar  = "plain"
	limitsGrammar = "limits"
	grammars      = "what the objects are drawn from: plain, or limits for what is large, repeated or odd"
)

var errKind = errors.New("the kind is none of Monitor, Probe, ScrapeConfig and Pair, or not of this grammar")

// randomOf makes one of the kind, which carries dev's release, so that no rule but the one about
// namespaces has anything to say.
func randomOf(kind string, r random) (monitor, error) {
	switch kind {
	case monitors:
		return randomMonitor(r), nil
	case "Probe":
		return randomProbe(r), nil
	case "ScrapeConfig":
		return randomScrapeConfig(r), nil
	default:
		return monitor{}, errKind
	}
}

// generate makes the request of this index, or both of a pair, whatever the others are.
func generate(kind, grammar string, seed uint64, index int) ([][]byte, error) {
	r := newRandom(seed, uint64(index))
	uid := fmt.Sprintf("%d-%d", seed, index)
	var (
		all []payload
		err error
	)
	if kind == pairs && grammar == plainGrammar {
		all, err = generatePair(r, uid)
	} else {
		var m monitor
		if m, err = randomOfGrammar(kind, grammar, r); err == nil {
			all = make([]payload, 1)
			all[0], err = m.payload(uid, json.RawMessage(settings))
		}
	}
	if err != nil {
		return nil, err
	}
	var lines [][]byte
	for _, p := range all {
		line, err := encode(p)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func randomOfGrammar(kind, grammar string, r random) (monitor, error) {
	switch grammar {
	case plainGrammar:
		return randomOf(kind, r)
	case limitsGrammar:
		return randomLimits(kind, r)
	default:
		return monitor{}, errKind
	}
}

func randomMetadata(r random) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: "m",
		Namespace: pickWeighted(r, []weighted[string]{
			{6, "shop-dev"}, {3, "monitoring-dev"}, {1, "dev"}, {2, "kube-system"},
		}),
		Labels: map[string]string{"release": "monitoring-dev"},
	}
}

func randomNamespaceSelector(r random) monitoringv1.NamespaceSelector {
	return pickWeighted(r, []weighted[monitoringv1.NamespaceSelector]{
		{20, monitoringv1.NamespaceSelector{}},
		{9, monitoringv1.NamespaceSelector{Any: true}},
		{2, monitoringv1.NamespaceSelector{MatchNames: []string{"shop-dev"}}},
		{2, monitoringv1.NamespaceSelector{MatchNames: []string{"shop-dev", "kube-system"}}},
		{2, monitoringv1.NamespaceSelector{MatchNames: []string{"shop-dev", "shop-prod"}}},
		{1, monitoringv1.NamespaceSelector{MatchNames: []string{"shop-prod"}}},
		{1, monitoringv1.NamespaceSelector{MatchNames: []string{"default", "dev"}}},
		{1, monitoringv1.NamespaceSelector{MatchNames: []string{""}}},
	})
}

// randomMonitor makes a ServiceMonitor or a PodMonitor.
func randomMonitor(r random) monitor {
	metadata := randomMetadata(r)
	selector := metav1.LabelSelector{MatchLabels: pickWeighted(r, []weighted[map[string]string]{
		{16, map[string]string{"app": "x"}},
		{2, nil},
		{1, map[string]string{"app.kubernetes.io/name": "kube-state-metrics"}},
		{1, map[string]string{"app.kubernetes.io/name": "web"}},
	})}
	namespaces := randomNamespaceSelector(r)
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
		made, _ := newMonitor("ServiceMonitor")
		m := made.service
		m.ObjectMeta = metadata
		m.Spec.Selector = selector
		m.Spec.NamespaceSelector = namespaces
		m.Spec.JobLabel = jobLabel
		m.Spec.TargetLabels = copied()
		m.Spec.PodTargetLabels = copied()
		endpoint := monitoringv1.Endpoint{Path: path, Port: port, HonorLabels: honor}
		endpoint.RelabelConfigs = relabelings
		endpoint.MetricRelabelConfigs = metricRelabelings
		m.Spec.Endpoints = []monitoringv1.Endpoint{endpoint}
		return made
	}
	made, _ := newMonitor("PodMonitor")
	m := made.pod
	m.ObjectMeta = metadata
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
	return made
}

// randomAddresses are those of targets that stand in an object.
func randomAddresses(r random) []string {
	return pickWeighted(r, []weighted[[]string]{
		{3, []string{"a"}},
		{2, []string{"shop-dev.example.com", "api-dev.example.com:8080"}},
		{1, []string{"shop-dev.example.com", "shop-prod.example.com"}},
		{1, []string{"shop-prod"}},
		{1, []string{"dev"}},
		{1, nil},
	})
}

// randomLabels are those of targets that stand in an object.
func randomLabels(r random) map[string]string {
	return pickWeighted(r, []weighted[map[string]string]{
		{4, nil},
		{6, map[string]string{"namespace": "shop-dev"}},
		{1, map[string]string{"namespace": "shop-prod"}},
		{1, map[string]string{"namespace": ""}},
		{2, map[string]string{"env": "dev"}},
		{1, map[string]string{"env": "prod", "namespace": "dev"}},
		{1, map[string]string{"exported_namespace": "shop-dev", "namespace": "shop-dev"}},
		{1, map[string]string{"__meta_kubernetes_namespace": "shop-prod", "pod": "x-dev;y"}},
		{1, map[string]string{"namespace": "$(NAMESPACE)"}},
	})
}

func randomProbe(r random) monitor {
	made, _ := newMonitor("Probe")
	m := made.probe
	m.ObjectMeta = randomMetadata(r)
	m.Spec.JobName = pickWeighted(r, []weighted[string]{{5, ""}, {1, "prod"}})
	m.Spec.ProberSpec.URL = "blackbox-exporter:9115"
	m.Spec.ProberSpec.Path = pickWeighted(r, []weighted[string]{{10, ""}, {2, "/probe"}, {1, "/federate"}})
	relabelings, metricRelabelings := pipeline(r)
	m.Spec.MetricRelabelConfigs = metricRelabelings
	isStatic := r.chance(0.5)
	if isStatic {
		m.Spec.Targets.StaticConfig = &monitoringv1.ProbeTargetStaticConfig{
			Targets:        randomAddresses(r),
			Labels:         randomLabels(r),
			RelabelConfigs: relabelings,
		}
	}
	if !isStatic || r.chance(0.1) {
		m.Spec.Targets.Ingress = &monitoringv1.ProbeTargetIngress{
			Selector: pickWeighted(r, []weighted[metav1.LabelSelector]{
				{2, metav1.LabelSelector{}},
				{3, metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}},
			}),
			NamespaceSelector: randomNamespaceSelector(r),
			RelabelConfigs:    relabelings,
		}
	}
	return made
}

func randomScrapeConfig(r random) monitor {
	made, _ := newMonitor("ScrapeConfig")
	m := made.config
	m.ObjectMeta = randomMetadata(r)
	if r.chance(0.2) {
		m.Spec.JobName = new("prod")
	}
	if path := pickWeighted(r, []weighted[string]{{10, ""}, {2, "/metrics"}, {1, "/federate"}}); path != "" {
		m.Spec.MetricsPath = &path
	}
	if r.chance(0.6) {
		m.Spec.HonorLabels = new(r.chance(0.5))
	}
	m.Spec.RelabelConfigs, m.Spec.MetricRelabelConfigs = pipeline(r)
	for range pickWeighted(r, []weighted[int]{{8, 1}, {3, 2}}) {
		switch pickWeighted(r, []weighted[string]{
			{4, "static"}, {6, "kubernetes"}, {1, "http"}, {1, "file"}, {1, "dns"},
		}) {
		case "static":
			static := monitoringv1alpha1.StaticConfig{Labels: randomLabels(r)}
			for _, address := range randomAddresses(r) {
				static.Targets = append(static.Targets, monitoringv1alpha1.Target(address))
			}
			m.Spec.StaticConfigs = append(m.Spec.StaticConfigs, static)
		case "kubernetes":
			m.Spec.KubernetesSDConfigs = append(m.Spec.KubernetesSDConfigs, randomDiscovery(r))
		case "http":
			m.Spec.HTTPSDConfigs = []monitoringv1alpha1.HTTPSDConfig{{URL: "http://targets.example.com"}}
		case "file":
			files := []monitoringv1alpha1.SDFile{"/etc/targets.json"}
			m.Spec.FileSDConfigs = []monitoringv1alpha1.FileSDConfig{{Files: files}}
		case "dns":
			names := []string{"shop.example.com"}
			m.Spec.DNSSDConfigs = []monitoringv1alpha1.DNSSDConfig{{Names: names}}
		}
	}
	return made
}

func randomDiscovery(r random) monitoringv1alpha1.KubernetesSDConfig {
	named := func(own *bool, names ...string) *monitoringv1alpha1.NamespaceDiscovery {
		return &monitoringv1alpha1.NamespaceDiscovery{IncludeOwnNamespace: own, Names: names}
	}
	return monitoringv1alpha1.KubernetesSDConfig{
		Role: pickWeighted(r, []weighted[monitoringv1alpha1.KubernetesRole]{
			{4, "Pod"}, {2, "Service"}, {2, "EndpointSlice"}, {1, "Endpoints"}, {1, "Ingress"}, {1, "Node"},
		}),
		Namespaces: pickWeighted(r, []weighted[*monitoringv1alpha1.NamespaceDiscovery]{
			{3, nil},
			{1, named(nil)},
			{3, named(nil, "shop-dev")},
			{2, named(nil, "shop-dev", "kube-system")},
			{1, named(nil, "shop-dev", "shop-prod")},
			{2, named(new(true))},
			{1, named(new(true), "shop-prod")},
			{1, named(new(false), "")},
		}),
	}
}
