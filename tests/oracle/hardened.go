package main

import monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

// newHardened makes one for each way in which a Prometheus keeps to an object's own namespace.
func newHardened() ([]*compiler, error) {
	ignoring, enforcing := &monitoringv1.Prometheus{}, &monitoringv1.Prometheus{}
	ignoring.Spec.IgnoreNamespaceSelectors = true
	enforcing.Spec.EnforcedNamespaceLabel = "namespace"
	var all []*compiler
	for _, p := range []*monitoringv1.Prometheus{ignoring, enforcing} {
		p.Name, p.Namespace = "dev", "monitoring-dev"
		c, err := newCompilerFor(p)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}
