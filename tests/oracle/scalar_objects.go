package main

import (
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Each of these functions makes an object through which nothing leaks, changed a bit.

func harmless(kind string) monitor {
	m, err := newMonitor(kind)
	if err != nil {
		panic(err)
	}
	*m.metadata() = metav1.ObjectMeta{
		Name: "m", Namespace: "shop-dev", Labels: map[string]string{"release": "monitoring-dev"},
	}
	return m
}

func serviceMonitor(change func(*monitoringv1.ServiceMonitorSpec)) scalarObject {
	m := harmless("ServiceMonitor")
	s := &m.service.Spec
	s.Selector.MatchLabels = map[string]string{"app": "x"}
	s.Endpoints[0].MetricRelabelConfigs = rules{confine}
	change(s)
	return scalarObject{monitor: m}
}

func podMonitor(change func(*monitoringv1.PodMonitorSpec)) scalarObject {
	m := harmless("PodMonitor")
	s := &m.pod.Spec
	s.Selector.MatchLabels = map[string]string{"app": "x"}
	s.PodMetricsEndpoints[0].MetricRelabelConfigs = rules{confine}
	change(s)
	return scalarObject{monitor: m}
}

func probe(change func(*monitoringv1.ProbeSpec)) scalarObject {
	m := harmless("Probe")
	s := &m.probe.Spec
	s.ProberSpec.URL = "blackbox-exporter:9115"
	s.ProberSpec.Path = "/probe"
	s.MetricRelabelConfigs = rules{confine}
	s.Targets.StaticConfig = &monitoringv1.ProbeTargetStaticConfig{Targets: []string{"example.com"}}
	change(s)
	return scalarObject{monitor: m}
}

func ingressProbe(change func(*monitoringv1.ProbeTargetIngress)) scalarObject {
	return probe(func(s *monitoringv1.ProbeSpec) {
		s.Targets.StaticConfig = nil
		s.Targets.Ingress = &monitoringv1.ProbeTargetIngress{
			Selector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}},
		}
		change(s.Targets.Ingress)
	})
}

func scrapeConfig(change func(*monitoringv1alpha1.ScrapeConfigSpec)) scalarObject {
	m := harmless("ScrapeConfig")
	s := &m.config.Spec
	s.MetricRelabelConfigs = rules{confine}
	s.StaticConfigs = []monitoringv1alpha1.StaticConfig{{
		Targets: []monitoringv1alpha1.Target{"example.com"}, Labels: map[string]string{"namespace": "shop-dev"},
	}}
	change(s)
	return scalarObject{monitor: m}
}

// scraping is a Prometheus, with a monitor that tells nothing of it.
func scraping(change func(*monitoringv1.PrometheusSpec)) scalarObject {
	o := serviceMonitor(func(*monitoringv1.ServiceMonitorSpec) {})
	o.prometheus = harmlessPrometheus()
	change(&o.prometheus.Spec)
	return o
}

func alerting(change func(*monitoringv1.AlertmanagerEndpoints)) scalarObject {
	return scraping(func(s *monitoringv1.PrometheusSpec) {
		s.Alerting = &monitoringv1.AlertingSpec{Alertmanagers: []monitoringv1.AlertmanagerEndpoints{
			{Name: "alertmanager", Port: intstr.FromString("web")},
		}}
		change(&s.Alerting.Alertmanagers[0])
	})
}

func harmlessPrometheus() *monitoringv1.Prometheus {
	p := &monitoringv1.Prometheus{
		TypeMeta:   metav1.TypeMeta{APIVersion: group + "/v1", Kind: "Prometheus"},
		ObjectMeta: metav1.ObjectMeta{Name: "dev", Namespace: "monitoring-dev"},
	}
	p.Spec.ServiceMonitorSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"release": "monitoring-dev"}}
	return p
}

// These return a function that writes the text into such an object.

func endpointWith(write func(*monitoringv1.Endpoint, string)) func(string) scalarObject {
	return serviceMonitorWith(func(s *monitoringv1.ServiceMonitorSpec, text string) { write(&s.Endpoints[0], text) })
}

func serviceMonitorWith(write func(*monitoringv1.ServiceMonitorSpec, string)) func(string) scalarObject {
	return func(text string) scalarObject {
		return serviceMonitor(func(s *monitoringv1.ServiceMonitorSpec) { write(s, text) })
	}
}

func podEndpointWith(write func(*monitoringv1.PodMetricsEndpoint, string)) func(string) scalarObject {
	return podMonitorWith(func(s *monitoringv1.PodMonitorSpec, text string) { write(&s.PodMetricsEndpoints[0], text) })
}

func podMonitorWith(write func(*monitoringv1.PodMonitorSpec, string)) func(string) scalarObject {
	return func(text string) scalarObject {
		return podMonitor(func(s *monitoringv1.PodMonitorSpec) { write(s, text) })
	}
}

func probeWith(write func(*monitoringv1.ProbeSpec, string)) func(string) scalarObject {
	return func(text string) scalarObject {
		return probe(func(s *monitoringv1.ProbeSpec) { write(s, text) })
	}
}

func ingressWith(write func(*monitoringv1.ProbeTargetIngress, string)) func(string) scalarObject {
	return func(text string) scalarObject {
		return ingressProbe(func(s *monitoringv1.ProbeTargetIngress) { write(s, text) })
	}
}

func scrapeConfigWith(write func(*monitoringv1alpha1.ScrapeConfigSpec, string)) func(string) scalarObject {
	return func(text string) scalarObject {
		return scrapeConfig(func(s *monitoringv1alpha1.ScrapeConfigSpec) { write(s, text) })
	}
}

func discoveryWith(write func(*monitoringv1alpha1.KubernetesSDConfig, string)) func(string) scalarObject {
	return scrapeConfigWith(func(s *monitoringv1alpha1.ScrapeConfigSpec, text string) {
		s.StaticConfigs = nil
		s.RelabelConfigs = rules{confineTargets}
		s.KubernetesSDConfigs = []monitoringv1alpha1.KubernetesSDConfig{{
			Role:       "Pod",
			Namespaces: &monitoringv1alpha1.NamespaceDiscovery{Names: []string{"shop-dev"}},
			Selectors:  []monitoringv1alpha1.K8SSelectorConfig{{Role: "Pod", Label: new("app=shop")}},
		}}
		write(&s.KubernetesSDConfigs[0], text)
	})
}

func scrapingWith(write func(*monitoringv1.PrometheusSpec, string)) func(string) scalarObject {
	return func(text string) scalarObject {
		return scraping(func(s *monitoringv1.PrometheusSpec) { write(s, text) })
	}
}

func alertingWith(write func(*monitoringv1.AlertmanagerEndpoints, string)) func(string) scalarObject {
	return func(text string) scalarObject {
		return alerting(func(a *monitoringv1.AlertmanagerEndpoints) { write(a, text) })
	}
}
