package main

import (
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
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

// clusterWideLabels are those by which the default settings' clusterWideExporters select.
var clusterWideLabels = []string{"app.kubernetes.io/name", "k8s-app", "app"}

// clusterWideName is their value.
const clusterWideName = "kube-state-metrics"

// selectsClusterWide tells whether the default settings' clusterWideExporters hold the endpoint by its
// selector: one that names one of the labels and admits its value, or is empty.
func selectsClusterWide(m monitor) bool {
	if !m.isEndpoint() {
		return false
	}
	selector := m.selector()
	if len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
		return true
	}
	for _, label := range clusterWideLabels {
		value, isNamed := selector.MatchLabels[label]
		isAdmitted := !isNamed || value == clusterWideName
		for _, requirement := range selector.MatchExpressions {
			if requirement.Key != label {
				continue
			}
			isNamed = true
			one := metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{requirement}}
			admits, err := metav1.LabelSelectorAsSelector(&one)
			isAdmitted = isAdmitted && err == nil && admits.Matches(labels.Set{label: clusterWideName})
		}
		if isNamed && isAdmitted {
			return true
		}
	}
	return false
}
