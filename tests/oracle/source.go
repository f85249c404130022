package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/kubernetes"

	// Registers what the generated configurations discover targets by.
	"github.com/prometheus/prometheus/discovery/dns"
	_ "github.com/prometheus/prometheus/discovery/file"
	_ "github.com/prometheus/prometheus/discovery/http"
)

const (
	metaNamespace = "__meta_kubernetes_namespace"
	// address is a label that every target has.
	address = "__address__"
)

// source is where some of the targets come from, as Prometheus' configuration says.
type source struct {
	// isTarget tells whether targets are discovered in the namespace; none where they have no
	// namespace.
	isTarget func(namespace string) bool
	// isWritten tells whether the targets stand in the configuration; these are they, with all their
	// labels.
	isWritten bool
	written   []assignment
	// names are those that the name server is asked for where targets are.
	names []string
	// isFree tells whether targets may have any labels, `namespace` as well.
	isFree bool
	// isOfAll tells whether it discovers all that can be an exporter in its namespaces.
	isOfAll bool
}

// sourcesOf reads the discoveries of a scrape configuration. Those that are not known may do
// anything.
func sourcesOf(configs discovery.Configs, e environment) []source {
	var all []source
	for _, config := range configs {
		switch config := config.(type) {
		case discovery.StaticConfig:
			var written []assignment
			for _, group := range config {
				for _, target := range group.Targets {
					labels := assignment{}
					for name, value := range group.Labels.Merge(target) {
						labels[string(name)] = string(value)
					}
					written = append(written, labels)
				}
			}
			all = append(all, source{isWritten: true, written: written})
		case *kubernetes.SDConfig:
			all = append(all, source{isTarget: discoveredBy(config, e), isOfAll: isOfAll(config)})
		case *dns.SDConfig:
			all = append(all, source{names: config.Names})
		default:
			all = append(all, source{isFree: true})
		}
	}
	return all
}

// discoveredBy returns whether targets are discovered in a namespace; none for nodes.
func discoveredBy(config *kubernetes.SDConfig, e environment) func(string) bool {
	if config.Role == kubernetes.RoleNode {
		return nil
	}
	discovery := config.NamespaceDiscovery
	everywhere := len(discovery.Names) == 0 && !discovery.IncludeOwnNamespace
	named := map[string]bool{}
	for _, name := range discovery.Names {
		// Discovery takes the empty name for all namespaces.
		everywhere = everywhere || !isNamespace(name)
		named[name] = true
	}
	return func(namespace string) bool {
		// Which namespace the Prometheus is in is not known, except that its environment may see it.
		isOwn := discovery.IncludeOwnNamespace && !e.forbids(namespace)
		return isNamespace(namespace) && (everywhere || named[namespace] || isOwn)
	}
}

// isOfAll tells whether the discovery finds kube-state-metrics, too.
func isOfAll(config *kubernetes.SDConfig) bool {
	isSelecting := func(s kubernetes.SelectorConfig) bool {
		isOther := func(selector string) bool {
			return selector != "" && !strings.Contains(selector, clusterWideName)
		}
		return s.Role == config.Role && (isOther(s.Label) || isOther(s.Field))
	}
	isExporter := config.Role != kubernetes.RoleNode && config.Role != kubernetes.RoleIngress
	return isExporter && !slices.ContainsFunc(config.Selectors, isSelecting)
}

// fixes tells whether the labels `namespace` and `__meta_kubernetes_namespace` of a target are not
// to be chosen.
func (s source) fixes() map[string]bool {
	if s.isFree {
		return map[string]bool{}
	}
	return map[string]bool{metaNamespace: true, "namespace": true}
}

// carries tells whether targets of the source may have the value in the label. What Kubernetes and name
// servers give names to is on one line; annotations are not, nor what a scrape class writes.
func (s source) carries(name, value string) bool {
	isOfDiscovery := strings.HasPrefix(name, "__meta_") || name == address
	return s.isFree || s.isWritten || !isOfDiscovery || strings.Contains(name, "_annotation_") || !strings.Contains(value, "\n")
}

// misnamed is a meta label that Prometheus does not make: what follows the prefix begins with a word, and a key of
// Kubernetes begins and ends with a letter or a digit (IsQualifiedName in k8s.io/apimachinery).
var misnamed = regexp.MustCompile(
	`(?s)^__meta_kubernetes_([^a-z].*|[a-z]+_(label|annotation)(present)?_([^a-zA-Z0-9].*|.*[^a-zA-Z0-9]))?$`)

// written are labels that only the operator's own rules and Prometheus itself give to targets.
var written = []string{"container", "endpoint", "ingress", "instance", "pod", "service"}

// mayName tells whether targets of the source may have a label of this name as they are discovered. Nodes have an
// `instance`.
func (s source) mayName(name string) bool {
	isGiven := name == "instance" && s.isTarget == nil
	isMisnamed := strings.HasPrefix(name, "__meta_kubernetes_") && misnamed.MatchString(name)
	return s.isFree || s.isWritten || !isMisnamed && (isGiven || !slices.Contains(written, name))
}

// isPrometheusOwn tells whether Prometheus gives each target such a label (the job's name, and what
// says how to scrape).
func isPrometheusOwn(name string) bool {
	isMeta := strings.HasPrefix(name, "__meta_") || name == address
	return name == "job" || strings.HasPrefix(name, "__") && !isMeta
}

// complete returns the targets of the source that have these labels; where they may be chosen, the
// fixed ones besides.
func (s source) complete(chosen map[string]string, fixed assignment) []assignment {
	switch namespace := chosen[metaNamespace]; {
	case s.isWritten:
		var all []assignment
		for _, target := range s.written {
			isTarget := true
			for name, value := range chosen {
				isTarget = isTarget && (target[name] == value || isPrometheusOwn(name))
			}
			if isTarget {
				all = append(all, merged(target, chosen))
			}
		}
		return all
	case s.isFree:
	case s.isTarget == nil && namespace != "", s.isTarget != nil && !s.isTarget(namespace):
		return nil
	case chosen["namespace"] != "":
		return nil
	}
	return []assignment{merged(fixed, chosen)}
}

// merged has the labels of both; those of other win.
func merged(one, other assignment) assignment {
	all := maps.Clone(one)
	maps.Copy(all, other)
	return all
}
