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
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scrape is what Prometheus does with the endpoint of a monitor.
type scrape struct {
	sources        []source
	honorLabels    bool
	relabels       []*relabel.Config
	metricRelabels []*relabel.Config
	// defaults are the labels that Prometheus gives a target that has none of the name.
	defaults []labels.Label
	// path is the one that is scraped, unless a rule says otherwise.
	path string
	// readsExported tells whether one of the monitor's own rules reads `exported_namespace`.
	readsExported bool
	// before3 tells whether it is a Prometheus 2 that scrapes.
	before3 bool
	// text is the configuration that it is from, and job what it is called there.
	text, job string
}

// placeholder is what the operator's config reloader replaces by an environment variable.
var placeholder = regexp.MustCompile(`\$\(([a-zA-Z_0-9]+)\)`)

// substitutes are values of such variables that are tried out.
var substitutes = []string{"", ".*", "shop-prod", "namespace", "/federate"}

// errRefused is why an object has no scrape configuration.
var errRefused = errors.New("refused")

// compiler makes scrape configurations of monitors. It is for one goroutine.
type compiler struct {
	prometheus *monitoringv1.Prometheus
	generator  *operatorprometheus.ConfigGenerator
	validator  *validation.LabelConfigValidator
	logger     *slog.Logger
	before3    bool
}

// newCompiler makes one for a version of Prometheus; for the operator's own, if it is empty.
func newCompiler(version string) (*compiler, error) {
	p := &monitoringv1.Prometheus{
		ObjectMeta: metav1.ObjectMeta{Name: "dev", Namespace: "monitoring-dev"},
	}
	p.Spec.Version = version
	return newCompilerFor(p)
}

// newCompilerFor makes one for a Prometheus. The error is [errRefused] where the operator makes no
// configuration for it.
func newCompilerFor(p *monitoringv1.Prometheus) (*compiler, error) {
	p = p.DeepCopy()
	p.Spec.Version = cmp.Or(p.Spec.Version, operator.DefaultPrometheusVersion)
	// Its value is a placeholder, which is to be found in a monitor's rules only.
	p.Spec.ReplicaExternalLabelName = new("")
	p.Spec.ScrapeInterval = "30s"
	p.Spec.EvaluationInterval = "30s"
	logger := slog.New(slog.DiscardHandler)
	generator, err := operatorprometheus.NewConfigGenerator(logger, p)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRefused, err)
	}
	validator, err := validation.NewLabelConfigValidator(p)
	if err != nil {
		return nil, err
	}
	return &compiler{p, generator, validator, logger, generator.Version().Major < 3}, nil
}

// compileAll returns the monitor's scrape configurations of all compilers. The error is [errRefused]
// where none makes any.
func compileAll(compilers []*compiler, m monitor, others ...monitor) ([]scrape, error) {
	var (
		all     []scrape
		problem error
	)
	for _, c := range compilers {
		scrapes, err := c.compile(m, others...)
		if err != nil && !errors.Is(err, errRefused) {
			return nil, err
		}
		problem = cmp.Or(problem, err)
		all = append(all, scrapes...)
	}
	if len(all) == 0 {
		return nil, problem
	}
	return all, nil
}

// compile returns the monitor's scrape configuration in one together with the others: one, or several
// where it depends on variables that are not known. The error is [errRefused] where the operator
// ignores the object, or Prometheus the configuration.
func (c *compiler) compile(m monitor, others ...monitor) ([]scrape, error) {
	yaml, err := c.generate(append(others, m)...)
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
		of, err := scrapeConfigOf(loaded, m)
		if err != nil {
			return nil, err
		}
		if c.before3 {
			asBefore3(of.RelabelConfigs)
			asBefore3(of.MetricRelabelConfigs)
		}
		scrapes = append(scrapes, scrape{
			sources:        sourcesOf(of.ServiceDiscoveryConfigs, environmentOf(m)),
			honorLabels:    of.HonorLabels,
			relabels:       of.RelabelConfigs,
			metricRelabels: of.MetricRelabelConfigs,
			defaults:       defaultsOf(of),
			path:           of.MetricsPath,
			readsExported:  readsExported(of.RelabelConfigs, of.MetricRelabelConfigs),
			before3:        c.before3,
			text:           variant,
			job:            of.JobName,
		})
	}
	if len(scrapes) == 0 {
		return nil, fmt.Errorf("%w: %w", errRefused, err)
	}
	return scrapes, nil
}

// scrapeConfigOf finds the scrape configuration of the monitor.
func scrapeConfigOf(loaded *config.Config, m monitor) (*config.ScrapeConfig, error) {
	for _, of := range loaded.ScrapeConfigs {
		if of.JobName == m.job() {
			return of, nil
		}
	}
	return nil, fmt.Errorf("no scrape configuration is called %s", m.job())
}

// generate returns the whole configuration that the operator makes of the monitors, in YAML. The error
// is [errRefused] where it ignores one of them.
func (c *compiler) generate(monitors ...monitor) (string, error) {
	services := map[string]*monitoringv1.ServiceMonitor{}
	pods := map[string]*monitoringv1.PodMonitor{}
	probes := map[string]*monitoringv1.Probe{}
	configs := map[string]*monitoringv1alpha1.ScrapeConfig{}
	for _, m := range monitors {
		if err := c.validate(m); err != nil {
			return "", fmt.Errorf("%w: %w", errRefused, err)
		}
		switch {
		case m.service != nil:
			services[m.job()] = m.service
		case m.pod != nil:
			pods[m.job()] = m.pod
		case m.probe != nil:
			// The generator writes into it.
			probes[m.job()] = m.probe.DeepCopy()
		default:
			configs[m.job()] = m.config
		}
	}
	text, err := c.generator.GenerateServerConfiguration(
		c.prometheus, services, pods, probes, configs, &assets.StoreBuilder{}, nil, nil, nil, nil)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errRefused, err)
	}
	return strings.ReplaceAll(string(text), "$(SHARD)", "0"), nil
}

// validate does what the operator does before it takes a monitor.
func (c *compiler) validate(m monitor) error {
	relabelings, metricRelabelings := m.rules()
	for _, rules := range [][]monitoringv1.RelabelConfig{*relabelings, *metricRelabelings} {
		if err := c.validator.Validate(rules); err != nil {
			return err
		}
	}
	named := m.scrapeClass()
	isKnown := named == ""
	for _, class := range c.prometheus.Spec.ScrapeClasses {
		isKnown = isKnown || class.Name == named
	}
	if !isKnown {
		return fmt.Errorf("scrapeClass %q not found", named)
	}
	return nil
}
