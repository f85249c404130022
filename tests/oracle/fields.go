package main

import (
	"fmt"
	"reflect"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// specs are what the objects of each kind ask for.
var specs = []struct {
	kind string
	spec any
}{
	{"ServiceMonitor", monitoringv1.ServiceMonitorSpec{}},
	{"PodMonitor", monitoringv1.PodMonitorSpec{}},
	{"Probe", monitoringv1.ProbeSpec{}},
	{"ScrapeConfig", monitoringv1alpha1.ScrapeConfigSpec{}},
	{"Prometheus", monitoringv1.PrometheusSpec{}},
	{"PrometheusAgent", monitoringv1alpha1.PrometheusAgentSpec{}},
	{"ThanosRuler", monitoringv1.ThanosRulerSpec{}},
}

// opened are the types whose fields are listed one by one.
var opened = map[reflect.Type]bool{}

func init() {
	for _, value := range []any{
		monitoringv1.Endpoint{}, monitoringv1.PodMetricsEndpoint{}, monitoringv1.RelabelConfig{},
		monitoringv1.NamespaceSelector{}, monitoringv1.ProberSpec{}, monitoringv1.ProbeTargets{},
		monitoringv1.ProbeTargetStaticConfig{}, monitoringv1.ProbeTargetIngress{},
		monitoringv1.StorageSpec{}, monitoringv1.EmbeddedPersistentVolumeClaim{},
		monitoringv1.ScrapeClass{}, monitoringv1.RemoteReadSpec{}, monitoringv1.RemoteWriteSpec{},
		monitoringv1.Argument{}, monitoringv1alpha1.StaticConfig{},
		monitoringv1alpha1.KubernetesSDConfig{}, monitoringv1alpha1.NamespaceDiscovery{},
		metav1.LabelSelector{}, metav1.LabelSelectorRequirement{}, corev1.EphemeralVolumeSource{},
		corev1.PersistentVolumeClaimTemplate{}, corev1.PersistentVolumeClaimSpec{},
	} {
		opened[reflect.TypeOf(value)] = true
	}
}

// recordedField is a field of the operator's API.
type recordedField struct {
	Kind string `json:"kind"`
	// Path has "[]" for the items of a list.
	Path string `json:"path"`
	// Type is "string", "boolean", "number", "object", "array" or "any".
	Type string `json:"type"`
}

func recordedFields() []any {
	var all []any
	for _, s := range specs {
		walk(reflect.TypeOf(s.spec), "spec", func(path, kind string) {
			all = append(all, recordedField{s.kind, path, kind})
		})
	}
	return all
}

// walk lists the fields of a struct.
func walk(of reflect.Type, path string, see func(path, kind string)) {
	for field := range of.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		kind := field.Type
		for kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		if strings.Contains(options, "inline") {
			walk(kind, path, see)
			continue
		}
		if name == "" || name == "-" {
			panic(fmt.Sprintf("%s.%s has no name in JSON", of, field.Name))
		}
		at := path + "." + name
		see(at, jsonType(kind))
		if kind.Kind() == reflect.Slice {
			at += "[]"
			kind = kind.Elem()
		}
		if opened[kind] {
			walk(kind, at, see)
		}
	}
}

func jsonType(of reflect.Type) string {
	switch of.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice:
		return "array"
	case reflect.Map:
		return "object"
	case reflect.Struct:
		// What is a number or a text (IntOrString), or a text of digits (Time), says so itself.
		if _, isAny := of.MethodByName("OpenAPISchemaType"); isAny {
			return "any"
		}
		return "object"
	default:
		return "number"
	}
}
