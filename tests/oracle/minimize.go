package main

import (
	"maps"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

// minimizer makes bad cases smaller, as long as they stay of their class.
type minimizer struct {
	checker *checker
	process *process
}

func newMinimizer(command string) (*minimizer, error) {
	c, err := newChecker(nil)
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
			smaller, isStep, isChange, err := simpler(b.judged, step)
			if err != nil {
				return b, err
			}
			if !isStep {
				break
			}
			if !isChange {
				continue
			}
			o, q, err := m.judge(smaller)
			if err != nil {
				return b, err
			}
			if o.Class == b.outcome.Class {
				b.judged, b.outcome = q, o
				changed = true
			}
		}
	}
	return b, nil
}

// simpler takes the step of this number, if there is one: first those of the monitor, then those of the
// Prometheus.
func simpler(q judged, step int) (requests []payload, isStep, isChange bool, err error) {
	m, err := parseMonitor(q.payload.Request)
	if err != nil {
		return nil, false, false, err
	}
	isStep, isChange = simplify(m, step)
	asked, err := m.payload(q.payload.Request.UID, q.payload.Settings)
	if err != nil || q.granted == nil {
		return []payload{asked}, isStep, isChange, err
	}
	granted := q.granted.payload
	if !isStep {
		p, err := parsePrometheus(granted.Request)
		if err != nil {
			return nil, false, false, err
		}
		for before := 0; ; before++ {
			if isStep, _ := simplify(m, before); !isStep {
				step -= before
				break
			}
			if m, err = parseMonitor(q.payload.Request); err != nil {
				return nil, false, false, err
			}
		}
		isStep, isChange = simplifyPrometheus(p, step)
		if granted, err = requestOf(p, granted.Request.UID, granted.Settings); err != nil {
			return nil, false, false, err
		}
		asked = q.payload
	}
	return []payload{granted, asked}, isStep, isChange, nil
}

// judge asks for answers to the requests, and compares them.
func (m *minimizer) judge(requests []payload) (outcome, judged, error) {
	lines := make(chan pair, len(requests))
	for _, p := range requests {
		text, err := encode(p)
		if err != nil {
			return outcome{}, judged{}, err
		}
		if err := m.process.write(text); err != nil {
			return outcome{}, judged{}, err
		}
		line, err := m.process.read()
		if err != nil {
			return outcome{}, judged{}, err
		}
		lines <- pair{Payload: text, Answer: line}
	}
	close(lines)
	return m.checker.checkText(<-together(lines))
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
		return simplifyTargets(m, step-4)
	}
	return true, isChange
}

// simplifyTargets goes on with what a Probe or a ScrapeConfig says of its targets.
func simplifyTargets(m monitor, step int) (isStep, isChange bool) {
	var written map[string]string
	switch {
	case m.probe != nil && m.probe.Spec.Targets.StaticConfig != nil:
		written = m.probe.Spec.Targets.StaticConfig.Labels
	case m.config != nil:
		s := &m.config.Spec
		count := len(s.KubernetesSDConfigs)
		if step < count {
			s.KubernetesSDConfigs = slices.Delete(s.KubernetesSDConfigs, step, step+1)
			return true, true
		}
		step -= count
		switch step {
		case 0:
			isChange = s.DNSSDConfigs != nil
			s.DNSSDConfigs = nil
		case 1:
			isChange = s.HTTPSDConfigs != nil
			s.HTTPSDConfigs = nil
		case 2:
			isChange = s.FileSDConfigs != nil
			s.FileSDConfigs = nil
		case 3:
			isChange = s.StaticConfigs != nil
			s.StaticConfigs = nil
		case 4:
			isChange = s.JobName != nil
			s.JobName = nil
		default:
			step -= 5
			if len(s.StaticConfigs) == 0 || s.StaticConfigs[0].Labels == nil {
				return false, false
			}
			written = s.StaticConfigs[0].Labels
		}
		if written == nil {
			return true, isChange
		}
	}
	if step < len(written) {
		delete(written, slices.Sorted(maps.Keys(written))[step])
		return true, true
	}
	return false, false
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
