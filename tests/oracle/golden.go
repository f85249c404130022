package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const (
	// goldenSeed is the seed of the random monitors and texts that are recorded.
	goldenSeed = 4
	// roundsForGolden is how often a search for what is recorded goes on before it gives up.
	roundsForGolden = 10
)

// goldenMonitors is how many random ones are recorded of each kind.
var goldenMonitors = []weighted[string]{{400, monitors}, {80, "Probe"}, {80, "ScrapeConfig"}}

// trap is a monitor written by hand (traps.yaml).
type trap struct {
	Title             string                         `json:"title"`
	Kind              string                         `json:"kind"`
	Namespace         string                         `json:"namespace"`
	NamespaceSelector monitoringv1.NamespaceSelector `json:"namespaceSelector"`
	Selector          *map[string]string             `json:"selector"`
	TargetLabels      []string                       `json:"targetLabels"`
	PodTargetLabels   []string                       `json:"podTargetLabels"`
	// Endpoint is the only one of a monitor.
	Endpoint json.RawMessage `json:"endpoint"`
	// Spec is that of anything else.
	Spec      json.RawMessage `json:"spec"`
	Imprecise string          `json:"imprecise"`
}

// recorded is a monitor and what comes through it.
type recorded struct {
	// Title is that of a trap; random monitors have none.
	Title     string          `json:"title,omitempty"`
	Namespace string          `json:"namespace"`
	Object    json.RawMessage `json:"object"`
	// Oracle is "leaks", "safe" or "refused".
	Oracle string `json:"oracle"`
	// Leak is how it leaks.
	Leak *leak `json:"leak,omitempty"`
	// Imprecise is why the policy rejects it all the same.
	Imprecise string `json:"imprecise,omitempty"`
}

func goldenCommand(arguments []string) (bool, error) {
	flags := flag.NewFlagSet("golden", flag.ExitOnError)
	folder := flags.String("folder", "../golden", "where traps.yaml is, and the answers go")
	_ = flags.Parse(arguments)

	text, err := os.ReadFile(filepath.Join(*folder, "traps.yaml"))
	if err != nil {
		return false, err
	}
	var traps []trap
	if err := yaml.UnmarshalStrict(text, &traps); err != nil {
		return false, err
	}
	compilers, err := newCompilers()
	if err != nil {
		return false, err
	}
	var all []any
	for _, t := range traps {
		m, err := t.monitor()
		if err != nil {
			return false, fmt.Errorf("%s: %w", t.Title, err)
		}
		r, err := record(compilers, m, seedOf(t.Title))
		if err != nil {
			return false, fmt.Errorf("%s: %w", t.Title, err)
		}
		r.Title, r.Imprecise = t.Title, t.Imprecise
		all = append(all, r)
	}
	for _, some := range goldenMonitors {
		for index := range some.weight {
			m, err := randomOf(some.item, newRandom(goldenSeed, uint64(index)))
			if err != nil {
				return false, err
			}
			r, err := record(compilers, m, uint64(index))
			if err != nil {
				return false, err
			}
			all = append(all, r)
		}
	}
	if err := writeLines(filepath.Join(*folder, "monitors.jsonl"), all); err != nil {
		return false, err
	}
	if err := writeLines(filepath.Join(*folder, "fields.jsonl"), recordedFields()); err != nil {
		return false, err
	}
	scalars, err := recordedScalars()
	if err != nil {
		return false, err
	}
	if err := writeLines(filepath.Join(*folder, "scalars.jsonl"), scalars); err != nil {
		return false, err
	}
	return true, writeLines(filepath.Join(*folder, "regexes.jsonl"), recordedRegexes())
}

// seedOf gives each trap a search of its own, so that a new one changes no other's record.
func seedOf(title string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(title))
	return hash.Sum64()
}

func (t trap) monitor() (monitor, error) {
	kind := t.Kind
	if kind == "" {
		kind = "ServiceMonitor"
	}
	m, err := newMonitor(kind)
	if err != nil {
		return m, err
	}
	*m.metadata() = metav1.ObjectMeta{
		Name: "m", Namespace: t.Namespace, Labels: map[string]string{"release": "monitoring-dev"},
	}
	if t.Namespace == "" {
		m.metadata().Namespace = "shop-dev"
	}
	selector := metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}
	if t.Selector != nil {
		selector.MatchLabels = *t.Selector
	}
	switch {
	case m.service != nil:
		s := &m.service.Spec
		s.Selector, s.NamespaceSelector = selector, t.NamespaceSelector
		s.TargetLabels, s.PodTargetLabels = t.TargetLabels, t.PodTargetLabels
		return m, json.Unmarshal(t.Endpoint, &s.Endpoints[0])
	case m.pod != nil:
		s := &m.pod.Spec
		s.Selector, s.NamespaceSelector = selector, t.NamespaceSelector
		s.PodTargetLabels = t.PodTargetLabels
		return m, json.Unmarshal(t.Endpoint, &s.PodMetricsEndpoints[0])
	case m.probe != nil:
		return m, json.Unmarshal(t.Spec, &m.probe.Spec)
	default:
		return m, json.Unmarshal(t.Spec, &m.config.Spec)
	}
}

// record finds out what comes through the monitor.
func record(compilers []*compiler, m monitor, stream uint64) (recorded, error) {
	p, err := m.payload("", nil)
	if err != nil {
		return recorded{}, err
	}
	r := recorded{Namespace: p.Request.Namespace, Object: p.Request.Object}
	scrapes, err := compileAll(compilers, m)
	if errors.Is(err, errRefused) {
		r.Oracle = "refused"
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.Oracle = "safe"
	if _, r.Leak = try(newRandom(goldenSeed, stream), m, scrapes, nil, effort{rounds: roundsForGolden}); r.Leak != nil {
		r.Oracle = "leaks"
	}
	return r, nil
}

func writeLines(path string, values []any) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	for _, value := range values {
		line, err := encode(value)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Close()
}
