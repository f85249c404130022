package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	"github.com/prometheus-operator/prometheus-operator/pkg/assets"
	"github.com/prometheus-operator/prometheus-operator/pkg/operator"
	operatorprometheus "github.com/prometheus-operator/prometheus-operator/pkg/prometheus"
	"github.com/prometheus-operator/prometheus-operator/pkg/prometheus/validation"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/relabel"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scrape is what Prometheus does with the endpoint of a monitor.
type scrape struct {
	sources        []source
	honorLabels    bool
	relabels       []*relabel.Config
	metricRelabels []*relabel.Config
}

// placeholder is what the operator's config reloader replaces by an environment variable.
var placeholder = regexp.MustCompile(`\$\(([a-zA-Z_0-9]+)\)`)

// substitutes are values of such variables that are tried out.
var substitutes = []string{"", ".*", "shop-prod", "namespace"}

// errRefused is why an object has no scrape configuration.
var errRefused = errors.New("refused")

// compiler makes scrape configurations of monitors. It is for one goroutine.
type compiler struct {
	prometheus *monitoringv1.Prometheus
	generator  *operatorprometheus.ConfigGenerator
	validator  *validation.LabelConfigValidator
	logger     *slog.Logger
}

// newCompiler makes one for a version of Prometheus; for the operator's own, if it is empty.
func newCompiler(version string) (*compiler, error) {
	p := &monitoringv1.Prometheus{
		ObjectMeta: metav1.ObjectMeta{Name: "dev", Namespace: "monitoring-dev"},
	}
	p.Spec.Version = cmp.Or(version, operator.DefaultPrometheusVersion)
	// Its value is a placeholder, which is to be found in a monitor's rules only.
	p.Spec.ReplicaExternalLabelName = new("")
	p.Spec.ScrapeInterval = "30s"
	p.Spec.EvaluationInterval = "30s"
	logger := slog.New(slog.DiscardHandler)
	generator, err := operatorprometheus.NewConfigGenerator(logger, p)
	if err != nil {
		return nil, err
	}
	validator, err := validation.NewLabelConfigValidator(p)
	if err != nil {
		return nil, err
	}
	return &compiler{p, generator, validator, logger}, nil
}

// compile returns the monitor's scrape configuration: one, or several where it depends on
// variables that are not known. The error is [errRefused] where the operator ignores the object, or
// Prometheus the configuration.
func (c *compiler) compile(m monitor) ([]scrape, error) {
	yaml, err := c.generate(m)
	if err != nil {
		return nil, err
	}
	variants := []string{yaml}
	if placeholder.MatchString(yaml) {
		variants = nil
		for _, value := range substitutes {
			variants = append(variants, placeholder.ReplaceAllLiteralString(yaml, value))
		}
	}
	var scrapes []scrape
	for _, variant := range variants {
		var loaded *config.Config
		if loaded, err = config.Load(variant, c.logger); err != nil {
			continue
		}
		if len(loaded.ScrapeConfigs) != 1 {
			return nil, fmt.Errorf("%d scrape configurations", len(loaded.ScrapeConfigs))
		}
		s := loaded.ScrapeConfigs[0]
		sources := sourcesOf(s.ServiceDiscoveryConfigs, environmentOf(m))
		scrapes = append(scrapes, scrape{sources, s.HonorLabels, s.RelabelConfigs, s.MetricRelabelConfigs})
	}
	if len(scrapes) == 0 {
		return nil, fmt.Errorf("%w: %w", errRefused, err)
	}
	return scrapes, nil
}

// generate returns the whole configuration that the operator makes of the monitor, in YAML. The error
// is [errRefused] where it ignores the object.
func (c *compiler) generate(m monitor) (string, error) {
	relabelings, metricRelabelings := m.rules()
	for _, rules := range [][]monitoringv1.RelabelConfig{*relabelings, *metricRelabelings} {
		if err := c.validator.Validate(rules); err != nil {
			return "", fmt.Errorf("%w: %w", errRefused, err)
		}
	}
	services := map[string]*monitoringv1.ServiceMonitor{}
	pods := map[string]*monitoringv1.PodMonitor{}
	probes := map[string]*monitoringv1.Probe{}
	configs := map[string]*monitoringv1alpha1.ScrapeConfig{}
	switch {
	case m.service != nil:
		services["m"] = m.service
	case m.pod != nil:
		pods["m"] = m.pod
	case m.probe != nil:
		// The generator writes into it.
		probes["m"] = m.probe.DeepCopy()
	default:
		configs["m"] = m.config
	}
	text, err := c.generator.GenerateServerConfiguration(
		c.prometheus, services, pods, probes, configs, &assets.StoreBuilder{}, nil, nil, nil, nil)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errRefused, err)
	}
	return strings.ReplaceAll(string(text), "$(SHARD)", "0"), nil
}
