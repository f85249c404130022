package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus-operator/prometheus-operator/pkg/assets"
	"github.com/prometheus-operator/prometheus-operator/pkg/operator"
	operatorprometheus "github.com/prometheus-operator/prometheus-operator/pkg/prometheus"
	"github.com/prometheus-operator/prometheus-operator/pkg/prometheus/validation"
	clientprometheus "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/kubernetes"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	kuberneteslabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/cache"
)

// scalarCase is a text in a field.
type scalarCase struct {
	Field string     `json:"field"`
	Text  scalarText `json:"text"`
}

// reading is what Prometheus has read of an object.
type reading struct {
	// Refused is who refuses it: "validator", "generator" or "prometheus"; Error is what is said.
	Refused string `json:"refused,omitempty"`
	Error   string `json:"error,omitempty"`
	// Default is the regex of all rules that have none, from now on, in the whole process. Copies
	// tells whether such a rule still copies a label.
	Default string `json:"default"`
	Copies  bool   `json:"copies"`
	// Read is the configuration, as far as proofs read it.
	Read *readConfig `json:"read,omitempty"`
}

type readConfig struct {
	ScrapeConfigs []readScrape `json:"scrape_configs"`
	// Others are the rules for alerts, Alertmanagers and what is written to other places.
	Others [][]readRule `json:"others"`
}

type readScrape struct {
	JobName        string          `json:"job_name"`
	HonorLabels    bool            `json:"honor_labels"`
	MetricsPath    string          `json:"metrics_path"`
	Params         url.Values      `json:"params"`
	Static         []readTargets   `json:"static_configs"`
	Discoveries    []readDiscovery `json:"kubernetes_sd_configs"`
	Relabels       []readRule      `json:"relabel_configs"`
	MetricRelabels []readRule      `json:"metric_relabel_configs"`
}

type readTargets struct {
	Targets []map[string]string `json:"targets"`
	Labels  map[string]string   `json:"labels"`
}

type readDiscovery struct {
	Role       string   `json:"role"`
	Namespaces []string `json:"namespaces"`
	Selectors  []string `json:"selectors"`
}

type readRule struct {
	Action      string   `json:"action"`
	Sources     []string `json:"source_labels"`
	Separator   string   `json:"separator"`
	Regex       string   `json:"regex"`
	Modulus     uint64   `json:"modulus"`
	Target      string   `json:"target_label"`
	Replacement string   `json:"replacement"`
}

// scalarCommand reads one case, and writes what becomes of it. It is run in a process of its own for
// each, since what Prometheus reads may change what it reads afterwards.
func scalarCommand([]string) (bool, error) {
	var c scalarCase
	if err := json.NewDecoder(os.Stdin).Decode(&c); err != nil {
		return false, err
	}
	for _, f := range scalarFields() {
		if f.name() == c.Field {
			result := read(f.build(c.Text.String()))
			text, err := encode(result)
			if err != nil {
				return false, err
			}
			_, err = os.Stdout.Write(text)
			return true, err
		}
	}
	return false, fmt.Errorf("no field %q", c.Field)
}

func read(o scalarObject) reading {
	var r reading
	loaded, stage, err := load(o)
	if err != nil {
		r.Refused, r.Error = stage, err.Error()
	} else if err := relabeled(loaded); err != nil {
		r.Refused, r.Error = "prometheus", err.Error()
	} else {
		r.Read = readOf(loaded)
	}
	// Also what is refused may have done harm before.
	r.Default, r.Copies = defaultRule()
	return r
}

// load hands an object to the operator and its configuration to Prometheus. The stage is how far it came.
func load(o scalarObject) (loaded *config.Config, stage string, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
		}
	}()
	text, stage, err := generated(o)
	if err != nil {
		return nil, stage, err
	}
	stage = "prometheus"
	loaded, err = config.Load(reloaded(text), slog.New(slog.DiscardHandler))
	return loaded, stage, err
}

// relabeled does what is done at each scrape, which ends the process where an action is none.
func relabeled(loaded *config.Config) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
		}
	}()
	b := labels.NewBuilder(labels.FromStrings("env", "x"))
	for _, s := range loaded.ScrapeConfigs {
		for _, rule := range slices.Concat(s.RelabelConfigs, s.MetricRelabelConfigs) {
			relabel.ProcessBuilder(b, rule)
		}
	}
	for _, rule := range slices.Concat(otherRules(loaded)...) {
		relabel.ProcessBuilder(b, rule)
	}
	return nil
}

func otherRules(loaded *config.Config) [][]*relabel.Config {
	all := [][]*relabel.Config{loaded.AlertingConfig.AlertRelabelConfigs}
	for _, a := range loaded.AlertingConfig.AlertmanagerConfigs {
		all = append(all, a.RelabelConfigs, a.AlertRelabelConfigs)
	}
	for _, w := range loaded.RemoteWriteConfigs {
		all = append(all, w.WriteRelabelConfigs)
	}
	return all
}

// reloaded is what the config reloader makes of a configuration.
func reloaded(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(variable string) string {
		if variable == "$(SHARD)" {
			return "0"
		}
		return "value"
	})
}

// generated is the configuration that the operator makes, all its checks of the object included.
func generated(o scalarObject) (text, stage string, err error) {
	stage = "validator"
	p := o.prometheus
	if p == nil {
		p = harmlessPrometheus()
	}
	p.Spec.Version = operator.DefaultPrometheusVersion
	p.Spec.ScrapeInterval, p.Spec.EvaluationInterval = "30s", "30s"
	if p.Spec.ReplicaExternalLabelName == nil {
		// Its value is a placeholder, which is to be found where the text is only.
		p.Spec.ReplicaExternalLabelName = new("")
	}
	logger := slog.New(slog.DiscardHandler)
	store := assets.NewTestStoreBuilder()
	selector, err := operatorprometheus.NewResourceSelector(logger, p, store, nil,
		operator.NewMetrics(clientprometheus.NewRegistry()), operator.NewFakeRecorder(10, p))
	if err != nil {
		return "", stage, err
	}
	_, object := o.monitor.object()
	services, err := selected(selector.SelectServiceMonitors, o.monitor.service != nil, object)
	if err != nil {
		return "", stage, err
	}
	pods, err := selected(selector.SelectPodMonitors, o.monitor.pod != nil, object)
	if err != nil {
		return "", stage, err
	}
	probes, err := selected(selector.SelectProbes, o.monitor.probe != nil, object)
	if err != nil {
		return "", stage, err
	}
	configs, err := selected(selector.SelectScrapeConfigs, o.monitor.config != nil, object)
	if err != nil {
		return "", stage, err
	}
	generator, err := operatorprometheus.NewConfigGenerator(logger, p)
	if err != nil {
		return "", stage, err
	}
	if p.Spec.Alerting != nil {
		validator, err := validation.NewLabelConfigValidator(p)
		if err != nil {
			return "", stage, err
		}
		for _, a := range p.Spec.Alerting.Alertmanagers {
			if err := errors.Join(validator.Validate(a.RelabelConfigs), validator.Validate(a.AlertRelabelConfigs)); err != nil {
				return "", stage, err
			}
		}
	}
	if err := generator.AddRemoteWriteToStore(context.Background(), store, p.Namespace, p.Spec.RemoteWrite); err != nil {
		return "", stage, err
	}
	stage = "generator"
	made, err := generator.GenerateServerConfiguration(p, services, pods, probes, configs, store, nil, nil, nil, nil)
	return string(made), stage, err
}

// selected has the operator check an object of one kind.
func selected[T operator.ConfigurationResource](
	choose func(context.Context, operatorprometheus.ListAllByNamespaceFn) (operator.TypedResourcesSelection[T], error),
	isOne bool, object any,
) (map[string]T, error) {
	if !isOne {
		return nil, nil
	}
	list := func(_ string, _ kuberneteslabels.Selector, add cache.AppendFunc) error {
		add(object)
		return nil
	}
	found, err := choose(context.Background(), list)
	if err != nil {
		return nil, err
	}
	for _, one := range found {
		if condition := one.Conditions()[0]; condition.Status != monitoringv1.ConditionTrue {
			return nil, errors.New(condition.Message)
		}
	}
	return found.ValidResources(), nil
}

// defaultRule is the regex of a rule that has none, and whether it does what it should.
func defaultRule() (regex string, copies bool) {
	regex = relabel.DefaultRelabelConfig.Regex.Regexp.String()
	loaded, err := config.Load(`
scrape_configs:
- job_name: x
  relabel_configs:
  - source_labels: [__meta_kubernetes_namespace]
    target_label: namespace
`, slog.New(slog.DiscardHandler))
	if err != nil {
		return regex, false
	}
	b := labels.NewBuilder(labels.FromStrings("__meta_kubernetes_namespace", "shop-prod"))
	kept := relabel.ProcessBuilder(b, loaded.ScrapeConfigs[0].RelabelConfigs...)
	return regex, kept && b.Get("namespace") == "shop-prod"
}

func readOf(loaded *config.Config) *readConfig {
	var r readConfig
	for _, s := range loaded.ScrapeConfigs {
		one := readScrape{
			JobName: s.JobName, HonorLabels: s.HonorLabels, MetricsPath: s.MetricsPath, Params: s.Params,
			Relabels: readRules(s.RelabelConfigs), MetricRelabels: readRules(s.MetricRelabelConfigs),
		}
		for _, d := range s.ServiceDiscoveryConfigs {
			switch d := d.(type) {
			case discovery.StaticConfig:
				for _, group := range d {
					targets := readTargets{Labels: textsOf(group.Labels)}
					for _, target := range group.Targets {
						targets.Targets = append(targets.Targets, textsOf(target))
					}
					one.Static = append(one.Static, targets)
				}
			case *kubernetes.SDConfig:
				discovery := readDiscovery{Role: string(d.Role), Namespaces: d.NamespaceDiscovery.Names}
				for _, s := range d.Selectors {
					discovery.Selectors = append(discovery.Selectors, string(s.Role), s.Label, s.Field)
				}
				one.Discoveries = append(one.Discoveries, discovery)
			}
		}
		r.ScrapeConfigs = append(r.ScrapeConfigs, one)
	}
	for _, rules := range otherRules(loaded) {
		r.Others = append(r.Others, readRules(rules))
	}
	return &r
}

func textsOf[K, V ~string](set map[K]V) map[string]string {
	texts := map[string]string{}
	for name, value := range set {
		texts[string(name)] = string(value)
	}
	return texts
}

func readRules(rules []*relabel.Config) []readRule {
	var all []readRule
	for _, rule := range rules {
		one := readRule{
			Action: string(rule.Action), Separator: rule.Separator, Modulus: rule.Modulus,
			Target: rule.TargetLabel, Replacement: rule.Replacement,
			// All of it, with what Prometheus puts around the pattern.
			Regex: rule.Regex.Regexp.String(),
		}
		for _, source := range rule.SourceLabels {
			one.Sources = append(one.Sources, string(source))
		}
		all = append(all, one)
	}
	return all
}

// isBlank tells whether there is nothing in a value.
func isBlank(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, member := range value {
			if !isBlank(member) {
				return false
			}
		}
		return true
	default:
		return value == nil || value == ""
	}
}

// transferred is the object as the API server hands it on.
func (o scalarObject) transferred() (namespace string, text json.RawMessage, err error) {
	if o.prometheus == nil {
		p, err := o.monitor.payload("", nil)
		return p.Request.Namespace, p.Request.Object, err
	}
	if text, err = encode(o.prometheus); err != nil {
		return "", nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return "", nil, err
	}
	delete(fields, "status")
	delete(fields["metadata"].(map[string]any), "creationTimestamp")
	maps.DeleteFunc(fields["spec"].(map[string]any), func(_ string, value any) bool { return isBlank(value) })
	text, err = encode(fields)
	return o.prometheus.Namespace, text, err
}
