package main

import (
	"regexp"
	"strings"
)

const longestNamespace = 63

var namespacePattern = regexp.MustCompile(`\A[a-z0-9]([-a-z0-9]*[a-z0-9])?\z`)

// isNamespace tells whether a namespace can be called so (a DNS-1123 label).
func isNamespace(name string) bool {
	return len(name) <= longestNamespace && namespacePattern.MatchString(name)
}

// environment is the name of an environment of the default settings.
type environment string

// environmentOf returns the one that the monitor is scraped for, by its release.
func environmentOf(m monitor) environment {
	return environment(strings.TrimPrefix(m.metadata().Labels["release"], "monitoring-"))
}

// forbids tells whether the value is a namespace that the environment must not see.
func (e environment) forbids(value string) bool {
	if !isNamespace(value) {
		return false
	}
	return value != string(e) && !strings.HasSuffix(value, "-"+string(e)) && value != "kube-system"
}

// clusterWidePaths are those of the default settings' clusterWideExporters.
var clusterWidePaths = map[string]bool{
	"/metrics/cadvisor": true, "/metrics/probes": true, "/metrics/resource": true, "/federate": true,
}

// isClusterWide tells whether the default settings' clusterWideExporters hold the endpoint.
func isClusterWide(m monitor) bool {
	labels := m.matchLabels()
	isSelected := len(labels) == 0 || labels["app.kubernetes.io/name"] == "kube-state-metrics"
	return clusterWidePaths[m.path()] || m.isEndpoint() && isSelected
}
