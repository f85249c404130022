package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"
)

// configCommand prints what the operator makes of a ServiceMonitor for a version of Prometheus, with
// targets that are given instead of discovered: a list of static configurations.
func configCommand(arguments []string) (bool, error) {
	flags := flag.NewFlagSet("config", flag.ExitOnError)
	version := flags.String("version", "", "the version of Prometheus, the operator's own unless given")
	targets := flags.String("targets", "", "a file with static configurations, in YAML or JSON")
	if err := flags.Parse(arguments); err != nil {
		return false, err
	}
	manifest, err := io.ReadAll(os.Stdin)
	if err != nil {
		return false, err
	}
	var service monitoringv1.ServiceMonitor
	if err := yaml.UnmarshalStrict(manifest, &service); err != nil {
		return false, err
	}
	text, err := os.ReadFile(*targets)
	if err != nil {
		return false, err
	}
	var static []any
	if err := yaml.Unmarshal(text, &static); err != nil {
		return false, fmt.Errorf("%s: %w", *targets, err)
	}
	c, err := newCompiler(*version)
	if err != nil {
		return false, err
	}
	generated, err := c.generate(monitor{service: &service})
	if err != nil {
		return false, err
	}
	var whole map[string]any
	if err := yaml.Unmarshal([]byte(generated), &whole); err != nil {
		return false, err
	}
	scrapes, isList := whole["scrape_configs"].([]any)
	if !isList || len(scrapes) == 0 {
		return false, errors.New("nothing is scraped")
	}
	for _, s := range scrapes {
		if s, isMap := s.(map[string]any); isMap {
			delete(s, "kubernetes_sd_configs")
			s["static_configs"] = static
			s["scrape_interval"] = "1s"
			s["scrape_timeout"] = "1s"
		}
	}
	return true, json.NewEncoder(os.Stdout).Encode(whole)
}
