package main

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The second grammar takes an object of the first one, keeps its pipeline, confines it or empties it,
// and adds what is large, repeated or odd: one to three of the table, each in one of several forms.
// Numbers are weights.

// trouble is one of these.
type trouble struct {
	name string
	// make adds it to the draft. It does nothing to objects in which there is no place for it.
	make func(d *draft)
}

var troubles []weighted[trouble]

func init() {
	troubles = []weighted[trouble]{
		{4, trouble{"long name", longName}},
		{3, trouble{"long regex", longRegex}},
		{2, trouble{"long replacement", longReplacement}},
		{4, trouble{"long equality", longEquality}},
		{2, trouble{"deep nesting", deepNesting}},
		{2, trouble{"count near 1000", nearlyTooMany}},
		{2, trouble{"many labels", manyLabels}},
		{2, trouble{"many rules", manyRules}},
		{2, trouble{"many ways", manyWays}},
		{3, trouble{"separator inside", separatorInside}},
		{5, trouble{"static labels", staticLabels}},
		{5, trouble{"address", addresses}},
		{6, trouble{"path", paths}},
		{3, trouble{"text of YAML", textOfYAML}},
		{3, trouble{"newline", newlines}},
		{2, trouble{"selector", selectors}},
	}
}

// draft is an object in the making.
type draft struct {
	random
	monitor           monitor
	relabelings       []monitoringv1.RelabelConfig
	metricRelabelings []monitoringv1.RelabelConfig
	// did are the troubles that it has.
	did []string
}

// limitsAnnotation lists the troubles of an object.
const limitsAnnotation = "oracle/troubles"

// randomLimits makes one of the kind.
func randomLimits(kind string, r random) (monitor, error) {
	m, err := randomOf(kind, r)
	if err != nil {
		return m, err
	}
	relabelings, metricRelabelings := m.rules()
	d := &draft{random: r, monitor: m}
	confined := monitoringv1.RelabelConfig{
		Action: "keep", SourceLabels: []monitoringv1.LabelName{"namespace"}, Regex: pick(r, confining[:4]),
	}
	switch pickWeighted(r, []weighted[string]{{3, "kept"}, {3, "empty"}, {3, "confined"}, {2, "both"}}) {
	case "kept":
		d.relabelings, d.metricRelabelings = *relabelings, *metricRelabelings
	case "confined":
		d.metricRelabelings = append(d.metricRelabelings, confined)
	case "both":
		d.relabelings = append(d.relabelings, confined)
		d.metricRelabelings = append(d.metricRelabelings, confined)
	}
	for range pickWeighted(r, []weighted[int]{{6, 1}, {3, 2}, {1, 3}}) {
		t := pickWeighted(r, troubles)
		for tries := 0; !d.has(t.name) && tries < 20; tries++ {
			before := len(d.did)
			t.make(d)
			if len(d.did) > before {
				break
			}
			t = pickWeighted(r, troubles)
		}
	}
	relabelings, metricRelabelings = m.rules()
	*relabelings, *metricRelabelings = d.relabelings, d.metricRelabelings
	slices.Sort(d.did)
	m.metadata().Annotations = map[string]string{limitsAnnotation: strings.Join(slices.Compact(d.did), ",")}
	return m, nil
}

// troublesOf are those of the object of a request.
func troublesOf(r request) []string {
	var object struct{ Metadata metav1.ObjectMeta }
	// Whoever reads the rest says what is wrong with it.
	_ = json.Unmarshal(r.Object, &object)
	return strings.FieldsFunc(object.Metadata.Annotations[limitsAnnotation], func(c rune) bool { return c == ',' })
}

func (d *draft) has(name string) bool { return slices.Contains(d.did, name) }

func (d *draft) note(name string) { d.did = append(d.did, name) }

// add puts rules at the end, or at the beginning, of one of the lists.
func (d *draft) add(rules ...monitoringv1.RelabelConfig) {
	list := &d.metricRelabelings
	if d.chance(0.45) {
		list = &d.relabelings
	}
	if d.chance(0.35) {
		*list = slices.Concat(rules, *list)
	} else {
		*list = append(*list, rules...)
	}
}

// label is one of those that the first grammar knows, and that both lists do.
func (d *draft) label() string {
	return pick(d.random, []string{
		"namespace", "exported_namespace", "env", "tmp", "pod", "__tmp_x", "service", "job", "container",
	})
}

func named(names ...string) []monitoringv1.LabelName {
	var all []monitoringv1.LabelName
	for _, name := range names {
		all = append(all, monitoringv1.LabelName(name))
	}
	return all
}

func filter(action, regex string, names ...string) monitoringv1.RelabelConfig {
	return monitoringv1.RelabelConfig{Action: action, SourceLabels: named(names...), Regex: regex}
}

// constant writes a text.
func constant(target, text string) monitoringv1.RelabelConfig {
	return monitoringv1.RelabelConfig{TargetLabel: target, Replacement: &text}
}

// copied copies a label.
func copied(source, target string) monitoringv1.RelabelConfig {
	return monitoringv1.RelabelConfig{SourceLabels: named(source), TargetLabel: target}
}

// near is a number near one of those at which something changes.
func (d *draft) near(limits ...int) int { return pick(d.random, limits) + d.IntN(7) - 3 }

// longLabel is a name of that many bytes.
func (d *draft) longLabel(length int) string {
	return strings.Repeat(pick(d.random, []string{"a", "ab", "x_", "l"}), length)[:length]
}

func longName(d *draft) {
	d.note("long name")
	length := d.near(63, 128, 255, 512, 1000, 1024, 2000, 2048, 2100)
	if d.chance(0.4) {
		length = d.near(2000)
	}
	name := d.longLabel(length)
	other := d.label()
	forbidden := pick(d.random, []string{"shop-prod", "prod", "default"})
	switch d.IntN(11) {
	case 0:
		d.add(constant(name, forbidden), copied(name, "namespace"))
	case 9, 10:
		// Only what is captured says that the label is written once more.
		d.add(constant(name, "shop-dev"),
			monitoringv1.RelabelConfig{
				SourceLabels: named(pick(d.random, []string{"tmp", "env", "job"})),
				Regex:        pick(d.random, []string{"(.+)", "(.+)", "(" + name + ")", "(x|" + name + ")"}),
				TargetLabel:  "$1",
				Replacement:  &forbidden,
			},
			copied(name, "namespace"))
	case 1:
		d.add(copied(other, name), copied(name, "namespace"))
	case 2:
		d.add(monitoringv1.RelabelConfig{SourceLabels: named("tmp"), Regex: "(" + name + ")", TargetLabel: "$1"},
			copied(name, "namespace"))
	case 3:
		d.add(monitoringv1.RelabelConfig{Action: "labelmap", Regex: name, Replacement: new("namespace")})
	case 4:
		d.add(monitoringv1.RelabelConfig{Action: "labelmap", Regex: "(" + other + ")", Replacement: &name},
			copied(name, "namespace"))
	case 5:
		d.add(constant(name, "x"), filter("drop", "x", name))
	case 6:
		d.add(filter("keep", ".*-dev.*", name, "namespace"))
	case 7:
		d.add(monitoringv1.RelabelConfig{Action: "lowercase", SourceLabels: named(other), TargetLabel: name},
			monitoringv1.RelabelConfig{Action: "keepequal", SourceLabels: named(name), TargetLabel: "namespace"})
	default:
		d.add(monitoringv1.RelabelConfig{Action: pick(d.random, []string{"labelkeep", "labeldrop"}), Regex: name + "|namespace|__.*"})
	}
}

// listed are that many letters of names of dev's namespaces, as alternatives.
func (d *draft) listed(length int) string {
	var b strings.Builder
	for b.Len() < length-12 {
		b.WriteString(pick(d.random, []string{"shop", "cart", "web", "q", "monitoring"}))
		b.WriteString("-dev|")
	}
	text := b.String()
	if d.chance(0.5) {
		text += "shop-prod"
	} else {
		text += "kube-system"
	}
	return text + strings.Repeat("x", max(0, length-len(text)))
}

func longRegex(d *draft) {
	d.note("long regex")
	length := d.near(1000, 2000, 2000, 2000, 4096)
	regex := pick(d.random, []string{
		d.listed(length), d.listed(length), strings.Repeat("x", length), ".*-dev|" + strings.Repeat("x", length),
		strings.Repeat("a?", length/2) + ".*-dev", strings.Repeat("[a-z]?", min(length, 1010)),
		"(" + strings.Repeat("dev|", length/4) + ".*-dev)", strings.Repeat(".", length/2) + "|.*-dev",
	})
	label := pick(d.random, []string{"namespace", "namespace", "env", "__tmp_x", "exported_namespace"})
	d.add(filter(pick(d.random, []string{"keep", "keep", "drop"}), regex, label))
	if d.chance(0.3) {
		d.add(monitoringv1.RelabelConfig{SourceLabels: named(label), Regex: regex, TargetLabel: "namespace"})
	}
}

func longReplacement(d *draft) {
	d.note("long replacement")
	letters := strings.Repeat(pick(d.random, []string{"x", "a", "dev"}), d.near(333, 1000, 1000, 1500, 2000))
	source := d.label()
	back := pick(d.random, []string{
		letters + "(.*)", "[xadev]{0,1000}(.*)", "(?:" + letters + ")?(.*)", ".*?(shop-prod|default)",
	})
	d.add(
		monitoringv1.RelabelConfig{
			SourceLabels: named(source), TargetLabel: "tmp",
			Replacement: new(pick(d.random, []string{letters + "$1", "$1" + letters, letters, "${1}" + letters + "${1}"})),
		},
		monitoringv1.RelabelConfig{
			SourceLabels: named("tmp"), Regex: back, TargetLabel: pick(d.random, []string{"namespace", "namespace", "env"}),
		})
}

func longEquality(d *draft) {
	d.note("long equality")
	length := d.near(30, 63, 333, 500, 667, 1000, 1000, 2000)
	var rules []monitoringv1.RelabelConfig
	var sources []string
	for _, name := range []string{"__tmp_a", "__tmp_b", "__tmp_c"}[:1+d.IntN(3)] {
		rules = append(rules, constant(name, strings.Repeat(name[6:], length)))
		sources = append(sources, name)
	}
	if d.chance(0.7) {
		sources = append(sources, pick(d.random, []string{"env", "tmp", "pod", "namespace"}))
	}
	d.Shuffle(len(sources), func(i, j int) { sources[i], sources[j] = sources[j], sources[i] })
	rules = append(rules, monitoringv1.RelabelConfig{
		Action:       pick(d.random, []string{"keepequal", "keepequal", "dropequal"}),
		SourceLabels: named(sources...),
		TargetLabel:  pick(d.random, []string{"container", "tmp", "__tmp_x", "namespace", sources[0]}),
	})
	d.add(rules...)
}

func deepNesting(d *draft) {
	d.note("deep nesting")
	depth := d.near(58, 60, 62, 64)
	inner := pick(d.random, []string{".*-dev", "dev|.*-dev|kube-system", ".*", ".*-prod", "x"})
	open, end := "(", ")"
	switch d.IntN(4) {
	case 1:
		open = "(?:a|"
	case 2:
		open, end = "(?:", ")?"
	case 3:
		open, end = "(", ")+"
		depth /= 8
	}
	regex := strings.Repeat(open, depth) + inner + strings.Repeat(end, depth)
	label := pick(d.random, []string{"namespace", "namespace", "env"})
	d.add(filter(pick(d.random, []string{"keep", "keep", "drop"}), regex, label))
}

func nearlyTooMany(d *draft) {
	d.note("count near 1000")
	regex := pick(d.random, []string{
		"x{999}", "x{1000}", "x{1001}", "(x{10}){100}", "(?:x{10}){101}", ".{0,1000}", ".{1,999}", "[a-z-]{1,1000}",
		"[a-z]{1,63}-dev", ".{0,63}-dev", "(?:.{0,31}){2}-dev", ".{2,64}-dev|dev", "(?:[a-z]{1,30}-){0,30}dev",
		"a{0,1000}.*", ".{64,1000}", "(?:dev){1,1000}", "[^-]{0,1000}-dev", ".{0,1000};.{0,1000}",
	})
	action := pick(d.random, []string{"keep", "keep", "drop"})
	if d.chance(0.3) {
		d.add(filter(action, regex, "namespace", d.label()))
	} else {
		d.add(filter(action, regex, pick(d.random, []string{"namespace", "namespace", "env", "tmp"})))
	}
}

// numbered are that many names.
func numbered(prefix string, count int) []string {
	var names []string
	for i := range count {
		names = append(names, prefix+"_"+strings.Repeat("i", i/26)+string(rune('a'+i%26)))
	}
	return names
}

func manyLabels(d *draft) {
	d.note("many labels")
	count := d.near(63, 64, 100, 128, 200, 256, 297)
	names := numbered("l", count)
	switch d.IntN(4) {
	case 0:
		d.add(filter("keep", pick(d.random, []string{".*-dev;.*", "[^;]*-dev(;.*)*", ".*-dev;+"}), append([]string{"namespace"}, names...)...))
	case 1:
		d.add(filter("keep", pick(d.random, []string{".*;.*-dev", ".*-dev", ";*[^;]*-dev"}), append(names, "namespace")...))
	case 2:
		var rules []monitoringv1.RelabelConfig
		for _, name := range names {
			rules = append(rules, constant(name, "x"))
		}
		rules = append(rules, monitoringv1.RelabelConfig{
			SourceLabels: named(pick(d.random, names)), TargetLabel: "namespace",
			Replacement: new(pick(d.random, []string{"$1", "shop-$1", "shop-dev", "prod"})),
		})
		d.add(rules...)
	default:
		var rules []monitoringv1.RelabelConfig
		for i := 0; i+2 < len(names); i += 3 {
			rules = append(rules, filter(pick(d.random, []string{"keep", "drop"}), "(?:.+;.*|;?)?", names[i], names[i+1]))
		}
		d.add(append(rules, monitoringv1.RelabelConfig{
			Action: "labelmap", Regex: "l_(.*)", Replacement: new(pick(d.random, []string{"namespace", "$1", "tmp"})),
		})...)
	}
}

func manyRules(d *draft) {
	d.note("many rules")
	count := 30 + d.IntN(11)
	var rules []monitoringv1.RelabelConfig
	if d.chance(0.6) {
		// A value that goes from label to label, and back.
		names := numbered("c", count)
		before := pick(d.random, []string{"namespace", "exported_namespace", "env"})
		for _, name := range names {
			c := copied(before, name)
			switch d.IntN(6) {
			case 0:
				c.Regex = "(.+)"
			case 1:
				c.Action, c.Regex = "lowercase", ""
			case 2:
				c.Regex = pick(d.random, namespaceRegexes)
			}
			rules = append(rules, c)
			before = name
		}
		rules = append(rules, copied(before, "namespace"))
	} else {
		for range count {
			made := rule(d.random, sampleStageLabels)
			if action := strings.ToLower(made.Action); action == "keep" || action == "drop" || strings.HasSuffix(action, "equal") {
				made = copied(d.label(), pick(d.random, numbered("c", 5)))
			}
			rules = append(rules, made)
		}
	}
	d.add(rules...)
}

func manyWays(d *draft) {
	d.note("many ways")
	var rules []monitoringv1.RelabelConfig
	for i, name := range numbered("w", d.near(9, 10, 12)) {
		c := monitoringv1.RelabelConfig{
			SourceLabels: named(name), Regex: pick(d.random, []string{"on", "(.+)", "yes|on", "a.*"}),
		}
		c.TargetLabel = pick(d.random, []string{"namespace", "tmp", "env", "w_" + string(rune('a'+i))})
		c.Replacement = new(pick(d.random, []string{"shop-dev", "$1", "a", "dev", "cart-dev"}))
		rules = append(rules, c)
	}
	if d.chance(0.5) {
		last := &rules[len(rules)-1]
		last.TargetLabel, last.Replacement = "namespace", new(pick(d.random, []string{"shop-prod", "default", "shop-dev"}))
	}
	rules = append(rules, filter("keep", pick(d.random, []string{".*-dev;.*", ".*", "[^;]*-dev;.*;.*"}), "namespace", "tmp", "env"))
	d.add(rules...)
}

func separatorInside(d *draft) {
	d.note("separator inside")
	separator := pick(d.random, []string{
		"", "", ";", "-", "-dev", strings.Repeat("x", 50), strings.Repeat("-dev", 250), ".*", "(", "|", "\\", "$1", "dev;", " ",
		"[", ")|(", "^", "\t", "\u2028", "é", "\n",
	})
	quoted := quotedForRegex(separator)
	regex := strings.ReplaceAll(pick(d.random, []string{
		".*S.*-dev", ".*-devS.*", "[^-]*S.*-dev", "(.*-dev)S[a-z]*", "shop-devS.*", "(?:.*S)?.*-dev", ".*S(?:.*-dev|dev)", "xS.*-dev|dev",
	}), "S", quoted)
	sources := []string{"namespace", d.label()}
	if d.chance(0.6) {
		slices.Reverse(sources)
	}
	if d.chance(0.2) {
		sources = append(sources, d.label())
	}
	c := filter(pick(d.random, []string{"keep", "keep", "keep", "drop"}), regex, sources...)
	c.Separator = &separator
	if d.chance(0.25) {
		c.Action, c.TargetLabel = "replace", "namespace"
	}
	d.add(c)
}

func quotedForRegex(text string) string {
	var b strings.Builder
	for _, c := range text {
		if strings.ContainsRune(`\.+*?()|[]{}^$`, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

func staticLabels(d *draft) {
	labels := map[string]string{}
	for range 1 + d.IntN(3) {
		switch name := pick(d.random, []string{
			"namespace", "exported_namespace", "exported_namespace", "__meta_kubernetes_namespace", "__address__", "__metrics_path__",
			"__metrics_path__", "__param_x", "__param_target", "job", "instance", "__scheme__",
		}); name {
		case "__address__":
			labels[name] = pick(d.random, oddHosts)
		case "__metrics_path__":
			labels[name] = pick(d.random, oddPaths)
		case "__scheme__":
			labels[name] = "http"
		default:
			labels[name] = pick(d.random, []string{
				"shop-prod", "shop-dev", "prod", "dev", "kube-system", "default", "", "x;y", "null", strings.Repeat("a", 70) + "-dev",
				"$(X)", "SHOP-PROD",
			})
		}
	}
	switch {
	case d.monitor.config != nil:
		spec := &d.monitor.config.Spec
		if len(spec.StaticConfigs) == 0 {
			spec.StaticConfigs = []monitoringv1alpha1.StaticConfig{{Targets: []monitoringv1alpha1.Target{"a:80"}}}
		}
		spec.StaticConfigs[0].Labels = labels
		if d.chance(0.3) {
			spec.MetricsPath = new(pick(d.random, oddPaths))
		}
		if d.chance(0.5) {
			spec.HonorLabels = new(false)
		}
	case d.monitor.probe != nil && d.monitor.probe.Spec.Targets.StaticConfig != nil:
		d.monitor.probe.Spec.Targets.StaticConfig.Labels = maps.Clone(labels)
		if d.chance(0.3) {
			d.monitor.probe.Spec.ProberSpec.Path = pick(d.random, oddPaths)
		}
	default:
		return
	}
	d.note("static labels")
}

// oddHosts are addresses, of which some stand in a namespace.
var oddHosts = []string{
	"kube-state-metrics.monitoring-prod", "kube-state-metrics.monitoring-prod:8080", "kube-state-metrics.monitoring-prod.svc",
	"kube-state-metrics.monitoring-prod.svc:8080", "kube-state-metrics.monitoring-prod.svc.cluster.local",
	"kube-state-metrics.monitoring-prod.svc.cluster.local:8080", "kube-state-metrics.monitoring-prod.svc.cluster.local.:8080",
	"KSM.Monitoring-Prod.SVC:8080", "web-0.web.shop-prod.svc:80", "10-0-0-1.shop-prod.pod.cluster.local:80", "x.default.svc:443",
	"kube-state-metrics.monitoring-dev.svc:8080", "x.kube-system.svc", "x.shop-dev", "10.0.0.1:8080", "10.0.0.1", "localhost", "localhost:9090",
	"[::1]:9090", "example.com:9100", "a.b.c.example.com", "x.$(X).svc", "$(HOST):8080", "$(X)", "svc", "x.svc", "shop-prod.svc.example.com:80",
	"x.shop-prod.svc.cluster.example:80",
}

func addresses(d *draft) {
	host := pick(d.random, oddHosts)
	if d.chance(0.35) {
		// Written by a rule, whoever finds the target.
		d.relabelings = append(d.relabelings, pick(d.random, []monitoringv1.RelabelConfig{
			constant(address, host),
			{SourceLabels: named("__meta_kubernetes_pod_annotation_port"), Regex: "(.*)", TargetLabel: address, Replacement: new(host + "$2")},
			{SourceLabels: named("__meta_kubernetes_pod_ip"), Regex: "(.*)", TargetLabel: address, Replacement: new(host + "${2}")},
			{SourceLabels: named(address), Regex: ".*", TargetLabel: address, Replacement: &host},
			{SourceLabels: named(address), Regex: ".*?(:\\d+)?", TargetLabel: address, Replacement: new(strings.Split(host, ":")[0] + "$1")},
		}))
		if d.chance(0.2) {
			d.relabelings = append(d.relabelings, constant("__tmp_host", host), copied("__tmp_host", address))
		}
		d.note("address")
		return
	}
	switch {
	case d.monitor.config != nil:
		spec := &d.monitor.config.Spec
		if d.chance(0.15) {
			spec.DNSSDConfigs = []monitoringv1alpha1.DNSSDConfig{{
				Names: []string{strings.Split(host, ":")[0]}, Type: new(monitoringv1alpha1.DNSRecordType("A")),
				Port: new(int32(80)),
			}}
			break
		}
		spec.StaticConfigs = []monitoringv1alpha1.StaticConfig{{
			Targets: []monitoringv1alpha1.Target{monitoringv1alpha1.Target(host)},
			Labels:  pick(d.random, []map[string]string{nil, {"namespace": "monitoring-dev"}, {"namespace": "shop-dev"}}),
		}}
	case d.monitor.probe != nil && d.chance(0.5):
		d.monitor.probe.Spec.ProberSpec.URL = host
	case d.monitor.probe != nil && d.monitor.probe.Spec.Targets.StaticConfig != nil:
		d.monitor.probe.Spec.Targets.StaticConfig.Targets = []string{host}
	default:
		return
	}
	d.note("address")
}

// oddPaths are paths, of which servers take most for those of cluster-wide exporters.
var oddPaths = []string{
	"/federate/", "/FEDERATE", "//federate", "/federate", "federate", "/metrics//cadvisor", "/metrics/./cadvisor", "/metrics/x/../cadvisor",
	"/prom/federate", "/api/v1/nodes/n/proxy/metrics/cadvisor", "/federate?match[]=x", "/%66ederate", "/federate;x", "/Metrics/Cadvisor",
	"/metrics/resource/", "/metrics/probes/.", "/../federate", "/metrics/cadvisor//", "/metrics", "/", "/xfederate", "/federatex", "/metrics/cadvisor/x",
	"/prometheus/federate/", "$(X)",
}

func paths(d *draft) {
	d.note("path")
	requested := pick(d.random, oddPaths)
	const label = "__metrics_path__"
	annotation := "__meta_kubernetes_pod_annotation_path"
	if d.monitor.service != nil && d.chance(0.5) {
		annotation = "__meta_kubernetes_service_annotation_path"
	}
	d.setPath(requested)
	if d.chance(0.5) {
		d.setPath("")
		switch d.IntN(9) {
		case 0:
			d.relabelings = append(d.relabelings, constant(label, requested))
		case 1:
			d.relabelings = append(d.relabelings, monitoringv1.RelabelConfig{
				SourceLabels: named(annotation), Regex: "(.+)?", TargetLabel: label,
				Replacement: new(pick(d.random, []string{requested + "$2", "/metrics/${1}", "/metrics$1", "/$1", "/x/../federate${2}"})),
			})
		case 2:
			d.relabelings = append(d.relabelings, constant("__tmp_path", strings.ToUpper(requested)), monitoringv1.RelabelConfig{
				Action: "lowercase", SourceLabels: named("__tmp_path"), TargetLabel: label,
			})
		case 3:
			d.relabelings = append(d.relabelings, constant("path", requested), monitoringv1.RelabelConfig{
				Action: "labelmap", Regex: "path", Replacement: new(label),
			})
		case 4:
			d.relabelings = append(d.relabelings, constant("metrics_path", requested), monitoringv1.RelabelConfig{
				Action: "labelmap", Regex: "(metrics_path)", Replacement: new("__${1}__"),
			})
		case 5:
			d.relabelings = append(d.relabelings, constant("__tmp_path", requested), monitoringv1.RelabelConfig{
				SourceLabels: named("__tmp_path"), TargetLabel: "__metrics_${1}__", Regex: ".*(path|).*",
			}, copied("__tmp_path", label))
		case 6:
			d.relabelings = append(d.relabelings, copied(annotation, label))
		case 7:
			half := len(requested) / 2
			d.relabelings = append(d.relabelings, constant("__tmp_a", requested[:half]), constant("__tmp_b", requested[half:]),
				monitoringv1.RelabelConfig{SourceLabels: named("__tmp_a", "__tmp_b"), Separator: new(""), TargetLabel: label})
		default:
			d.relabelings = append(d.relabelings, monitoringv1.RelabelConfig{
				SourceLabels: named(annotation), Regex: "(cadvisor|probes|x)", TargetLabel: label, Replacement: new("/metrics/$1"),
			})
		}
	}
	d.dishonor()
}

// setPath sets the path that is configured; the default one, if it is empty.
func (d *draft) setPath(requested string) {
	switch m := d.monitor; {
	case m.service != nil:
		m.service.Spec.Endpoints[0].Path = requested
	case m.pod != nil:
		m.pod.Spec.PodMetricsEndpoints[0].Path = requested
	case m.probe != nil:
		m.probe.Spec.ProberSpec.Path = cmp.Or(requested, "/probe")
	case requested == "":
		m.config.Spec.MetricsPath = nil
	default:
		m.config.Spec.MetricsPath = &requested
	}
}

// dishonor mostly takes honorLabels away: with it the path does not matter.
func (d *draft) dishonor() {
	if d.chance(0.2) {
		return
	}
	switch m := d.monitor; {
	case m.service != nil:
		m.service.Spec.Endpoints[0].HonorLabels = false
	case m.pod != nil:
		m.pod.Spec.PodMetricsEndpoints[0].HonorLabels = false
	case m.config != nil:
		m.config.Spec.HonorLabels = nil
	}
}

// textsOfYAML are read as something else where they are not quoted, and some where they are.
var textsOfYAML = []string{
	"null", "null", "~", "~", "Null", "NULL", "yes", "no", "on", "off", "true", "0x1F", "1_000", "017", "1e3", ".inf", ".nan",
	"2001-01-01", "=", "<<", "!!str", "!!null", "---", "- x", "{}", "[]", "\"x\"", "'x'", "# x", "&a", "*a", "@x", "`", "%", "x: y", " ", "null ",
}

func textOfYAML(d *draft) {
	d.note("text of YAML")
	text := pick(d.random, textsOfYAML)
	if d.chance(0.35) && d.monitor.isEndpoint() {
		if d.monitor.service != nil {
			d.monitor.service.Spec.Endpoints[0].Port = text
		} else {
			d.monitor.pod.Spec.PodMetricsEndpoints[0].Port = &text
		}
		return
	}
	d.add(pick(d.random, []monitoringv1.RelabelConfig{
		filter("drop", text, "env"), filter("drop", text, "namespace"), filter("keep", text, "namespace"),
		{Action: "labeldrop", Regex: text},
		{SourceLabels: named("env"), Regex: text, TargetLabel: "tmp"},
		{SourceLabels: named("env"), Separator: &text, TargetLabel: "tmp", Replacement: &text},
	}))
}

func newlines(d *draft) {
	d.note("newline")
	label := pick(d.random, []string{"env", "tmp", "pod", "job", "exported_namespace", "__meta_kubernetes_pod_annotation_x"})
	d.add(pick(d.random, []monitoringv1.RelabelConfig{
		filter("drop", pick(d.random, []string{".*", ".+", ".*|x", "(?s).*", "(?s:.*)", "[^x]*|x.*", ".*\\n?.*"}), label),
		filter("drop", pick(d.random, []string{".*;.*", ".*;[^;]*", "(.*);(.*)", "[a-z0-9-]*;.*", "(?s).*;.*", ".*;(.|\\n)*"}), "namespace", label),
		filter("drop", ".*;(?:.*-prod|prod|default)", label, "namespace"),
		filter("keep", pick(d.random, []string{"[^\\n]*\\n.*", ".*\\n.*-dev", "(?s).*-dev", "[^\\n]*"}), label, "namespace"),
		{SourceLabels: named("namespace", label), Regex: ".*;.*", TargetLabel: "namespace", Replacement: new("shop-dev")},
		{SourceLabels: named(label), Regex: "(.*)", TargetLabel: "namespace", Replacement: new("shop-dev")},
		{SourceLabels: named(label, "namespace"), Separator: new("\n"), Regex: ".*-dev", TargetLabel: "env"},
	}))
}

func selectors(d *draft) {
	if !d.monitor.isEndpoint() {
		return
	}
	d.note("selector")
	s := d.monitor.selector()
	s.MatchLabels, s.MatchExpressions = nil, nil
	key := pick(d.random, []string{"app.kubernetes.io/name", "k8s-app", "app", "team"})
	switch d.IntN(6) {
	case 0, 1:
		s.MatchLabels = map[string]string{key: clusterWideName}
	case 2:
		s.MatchLabels = map[string]string{key: "web", "team": "x"}
	case 3:
		s.MatchExpressions = append(s.MatchExpressions, requirement(key, "In", "web", clusterWideName))
	case 4:
		s.MatchExpressions = append(s.MatchExpressions, requirement(key, pick(d.random, []metav1.LabelSelectorOperator{"Exists", "DoesNotExist"})))
		s.MatchLabels = map[string]string{"tier": "x"}
	default:
		s.MatchExpressions = append(s.MatchExpressions, requirement(key, "NotIn", pick(d.random, []string{"web", clusterWideName})))
	}
	d.dishonor()
}

func requirement(key string, operator metav1.LabelSelectorOperator, values ...string) metav1.LabelSelectorRequirement {
	return metav1.LabelSelectorRequirement{Key: key, Operator: operator, Values: values}
}
