package main

import (
	"encoding/json"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

// minimizer makes bad cases smaller, as long as they stay of their class.
type minimizer struct {
	checker *checker
	process *process
}

func newMinimizer(command string) (*minimizer, error) {
	c, err := newChecker()
	if err != nil {
		return nil, err
	}
	p, err := startProcess(command)
	if err != nil {
		return nil, err
	}
	return &minimizer{c, p}, nil
}

func (m *minimizer) close() { _ = m.process.close() }

// minimize takes rules, and then everything else that is dispensable, away one by one.
func (m *minimizer) minimize(b bad) (bad, error) {
	for changed := true; changed; {
		changed = false
		for step := 0; ; step++ {
			smaller, err := parseMonitor(b.payload.Request)
			if err != nil {
				return b, err
			}
			isStep, isChange := simplify(smaller, step)
			if !isStep {
				break
			}
			if !isChange {
				continue
			}
			p, err := smaller.payload(b.payload.Request.UID, b.payload.Settings)
			if err != nil {
				return b, err
			}
			o, err := m.judge(p)
			if err != nil {
				return b, err
			}
			if o.class == b.outcome.class {
				b.payload, b.outcome = p, o
				changed = true
			}
		}
	}
	return b, nil
}

func (m *minimizer) judge(p payload) (outcome, error) {
	text, err := encode(p)
	if err != nil {
		return outcome{}, err
	}
	if err := m.process.write(text); err != nil {
		return outcome{}, err
	}
	line, err := m.process.read()
	if err != nil {
		return outcome{}, err
	}
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		return outcome{}, err
	}
	return m.checker.check(p, a)
}

// simplify takes the step of this number, if there is one, and tells whether it changes anything.
func simplify(m monitor, step int) (isStep, isChange bool) {
	for _, list := range lists(m) {
		if step < len(*list) {
			*list = slices.Delete(*list, step, step+1)
			return true, true
		}
		step -= len(*list)
	}
	for _, list := range lists(m) {
		if step < 3*len(*list) {
			return true, simplifyRule(&(*list)[step/3], step%3)
		}
		step -= 3 * len(*list)
	}
	namespaces := m.namespaceSelector()
	copied, podCopied, honor := &[]string{}, &[]string{}, new(bool)
	switch {
	case m.service != nil:
		copied, podCopied = &m.service.Spec.TargetLabels, &m.service.Spec.PodTargetLabels
		honor = &m.service.Spec.Endpoints[0].HonorLabels
	case m.pod != nil:
		podCopied = &m.pod.Spec.PodTargetLabels
		honor = &m.pod.Spec.PodMetricsEndpoints[0].HonorLabels
	case m.config != nil && m.config.Spec.HonorLabels != nil:
		honor = m.config.Spec.HonorLabels
	}
	switch step {
	case 0:
		isChange = namespaces.Any || len(namespaces.MatchNames) > 0
		*namespaces = monitoringv1.NamespaceSelector{}
	case 1:
		isChange = len(*copied) > 0
		*copied = nil
	case 2:
		isChange = len(*podCopied) > 0
		*podCopied = nil
	case 3:
		isChange = *honor
		*honor = false
	default:
		return false, false
	}
	return true, isChange
}

func lists(m monitor) []*[]monitoringv1.RelabelConfig {
	relabelings, metricRelabelings := m.rules()
	return []*[]monitoringv1.RelabelConfig{relabelings, metricRelabelings}
}

func simplifyRule(rule *monitoringv1.RelabelConfig, step int) (isChange bool) {
	switch step {
	case 0:
		isChange = len(rule.SourceLabels) > 1
		if isChange {
			rule.SourceLabels = rule.SourceLabels[:len(rule.SourceLabels)-1]
		}
	case 1:
		isChange = rule.Separator != nil
		rule.Separator = nil
	case 2:
		isChange = rule.Replacement != nil
		rule.Replacement = nil
	}
	return isChange
}
