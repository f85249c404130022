package main

import (
	"regexp"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

// The pipelines are drawn from this grammar. Numbers are weights; the tables below have the rest.
//
//	endpoint   = relabelings metricRelabelings          1 to 6 rules in total
//	           | confined                               one list, or both, begins with a keep of dev's namespaces
//	rule       = action labels [separator] [regex] [target] [replacement]
//	action     = keep 4 | drop 3 | replace 4 | each of the other eight 1; sometimes capitalized
//	labels     = one of the table 4 | two or three, joined 1
//	separator  = the default 3 | another one 1          where labels are joined
//	regex      = about namespaces | about joined values | unusual | random
//	target     = a label | "$1" | "${1}" | "exported_$1"
//	replacement= the default | a capture | text around a capture | a namespace | ""
//
// A rule in which the operator or Prometheus refuses something is rare but occurs: a regex that
// does not compile, a labeldrop with source labels.

var actions = []weighted[string]{
	{4, "keep"}, {3, "drop"}, {4, "replace"}, {1, "keepequal"}, {1, "dropequal"}, {1, "hashmod"},
	{1, "labelmap"}, {1, "labeldrop"}, {1, "labelkeep"}, {1, "lowercase"}, {1, "uppercase"},
}

var capitalized = map[string]string{
	"keep": "Keep", "drop": "Drop", "replace": "Replace", "keepequal": "KeepEqual",
	"dropequal": "DropEqual", "hashmod": "HashMod", "labelmap": "LabelMap",
	"labeldrop": "LabelDrop", "labelkeep": "LabelKeep", "lowercase": "Lowercase",
	"uppercase": "Uppercase",
}

var targetStageLabels = []weighted[string]{
	{8, "namespace"}, {8, "__meta_kubernetes_namespace"}, {1, "exported_namespace"}, {2, "pod"},
	{1, "container"}, {1, "env"}, {1, "tmp"}, {2, "__tmp_x"}, {1, "job"}, {1, "endpoint"},
	{1, "service"}, {1, "node"}, {1, "instance"}, {1, "__address__"},
	{2, "__meta_kubernetes_pod_label_env"}, {1, "__meta_kubernetes_pod_name"},
	{1, "__meta_kubernetes_pod_container_name"}, {1, "__meta_kubernetes_service_name"},
	{1, "__meta_kubernetes_service_label_env"},
}

var sampleStageLabels = []weighted[string]{
	{10, "namespace"}, {4, "exported_namespace"}, {2, "pod"}, {1, "container"}, {1, "env"},
	{1, "tmp"}, {1, "__tmp_x"}, {1, "__meta_kubernetes_namespace"}, {1, "__name__"},
	{1, "exported_pod"}, {1, "job"}, {1, "instance"}, {1, "service"},
}

// confining lets through what dev may see, and nothing else.
var confining = []string{
	"dev|.*-dev|kube-system", "(dev|.*-dev|kube-system)", "dev|.+-dev|kube-system", ".*-dev",
	"(.*)-dev", "shop-dev", "monitoring-dev|kube-system", "kube-system|.*-dev", "^(?:.*-dev|dev)$",
	"(?P<team>[a-z0-9-]+)-dev", "shop-dev|monitoring-dev", "[a-z]+-dev",
}

var namespaceRegexes = []string{
	".*-dev", "dev|.*-dev|kube-system", "(.*)-dev", ".*-prod", ".+", "(.+)", ".*",
	"shop-(dev|prod)", "monitoring-.*", ".*-dev.*", ".*dev", "dev|prod", "(.*)-(dev|prod)",
	"prod|.*-prod", "(.*)-prod", "kube-.*", "default", "shop-dev", "shop-prod", "shop-dev|shop-prod",
	"(shop|cart)-(.*)", "monitoring-dev|kube-system", "", "dev", "prod", "kube-system|default",
	"([^-]+)-.*", "([^-]+)-dev", ".*(dev|prod)",
}

var joinedRegexes = []string{
	"(.*-dev);.*", ".*-dev;.*", "(.*);.*", "(.*-dev|kube-system);.+", "(dev|.*-dev|kube-system);(.*)",
	".*;.*-dev", ".*;(.*-dev)", ".*;(.+)", "(.+);(.*)", "([^;]+);.*", "([^;]*-dev);[^;]*",
	"shop-dev;web-.*", "(shop-dev|kube-system);web.*", ".*-prod;.*", "(.*)-dev;(.*)", ".*;",
	";.*", ".*prod.*", "shop-(dev|prod);.*", ".+;.+", "(.*-dev);(.*-dev)", "dev;dev", ".*-dev",
	"([a-z0-9-]+-dev);([a-z0-9-]*)",
}

var unusualRegexes = []string{
	"(?i).*-DEV", "(?i)(dev|.*-dev|kube-system)", "^.*-dev$", `\A.*-dev\z`, `.*\b-dev`, `.*-dev\b`,
	`\b.*-dev`, `.*\Bdev`, `\pL+-dev`, `\p{Greek}+|.*-dev`, "[a-z]{3,6}-dev",
	"[a-z0-9-]{1,20}-(dev|prod)", ".*?-dev", "(?P<team>[a-z]+)-(?P<env>dev|prod)", "[^p].*",
	"[[:alpha:]]+-dev", `\w+-dev`, `[\w-]+-dev`, "(shop|cart)-dev", ".{0,4}-dev",
	"(.*-dev)|(kube-system)", ".*-dev)|(kube-system", "x*", "(?U).*-dev", "(?m)^.*-dev$",
	"(?-s).*-dev", `\x64ev|.*-\x64ev`, `\Q.*\E-dev`, "(a|b|)*-dev", "(?i)KUBE-SYSTEM|.*-dev", `\d+`,
	`.*\S-dev`, "(?:dev|.*-dev)", "(?i:.*-DEV)|kube-system", ".*-dev(?i)|.*-PROD", "[^;]*-dev",
	"(.*)(-dev)", "(?P<n>.+)-dev|kube-system", "((.*)-(dev))", "[a-y-]+", "[a-cx-z].*", "(dev){1,2}",
	"(.*-){1,3}dev", "[^a-z]*", `(?i)[k-s]+`, "$", "^", ".*$|dev", "(^shop|^cart)-dev", "é.*",
	".*-dev|$(NAMESPACE)", "a**", "(dev", "[[:foo:]]", "x{2}{3}", `\u0061`,
}

var labelRegexes = []string{
	"exported_(.+)", "__meta_kubernetes_pod_label_(.+)", "__meta_kubernetes_service_label_(.+)",
	"__meta_kubernetes_(.+)", "__tmp_(.+)", "tmp_(.*)", "exported_(namespace)", "(namespace)", "(.+)",
	"exported_(.*)_x", "__meta_kubernetes_(pod|service)_label_(.+)", "(?i)EXPORTED_(.+)",
	"label_(.+)", "__meta_kubernetes_pod_(name|node_name)", "(p)od",
}

var droppedLabelRegexes = []string{
	"namespace", "exported_.+", "exported_namespace", "pod|container", "tmp.*", "__meta_.*",
	"__meta_kubernetes_namespace", "namespace|pod", "env", ".*name.*", "id", "pod", "__tmp_.*",
	"(exported_)?namespace",
}

var keptLabelRegexes = []string{
	"namespace", "namespace|pod|__name__", "__.*|namespace", ".*", ".+", "__.*", "pod", "[a-z].*",
	"exported_.*|namespace", "__meta_kubernetes_.*|__address__|namespace", "[^e].*",
}

// isUsual has the regexes that people write; all others are unusual, the random ones, too.
var isUsual = func() map[string]bool {
	usual := map[string]bool{}
	for _, regexes := range [][]string{
		confining, namespaceRegexes, joinedRegexes, labelRegexes, droppedLabelRegexes, keptLabelRegexes,
	} {
		for _, regex := range regexes {
			usual[regex] = true
		}
	}
	return usual
}()

var separators = []string{"/", "-", "", "@", "|", ";;", ".", "dev", "$(S)", "\n"}

var replacements = []string{
	"$1", "${1}", "$1-dev", "${1}-dev", "${1}-prod", "shop-dev", "shop-prod", "dev", "prod", "", "$2",
	"$0", "x$1", "${team}-dev", "$1$1", "kube-system", "$1-$2", "${1}", "monitoring-dev", "UP", "$$1",
	"$(NAMESPACE)",
}

var mapReplacements = []weighted[string]{
	{8, "$1"}, {3, "${1}"}, {2, "namespace"}, {1, "exported_$1"}, {1, "$2"}, {1, "tmp_${1}"},
	{1, "__meta_kubernetes_$1"}, {1, "exported_namespace"},
}

// pipeline makes the rules of an endpoint.
func pipeline(r random) (relabelings, metricRelabelings []monitoringv1.RelabelConfig) {
	rules := pickWeighted(r, []weighted[int]{{5, 1}, {5, 2}, {4, 3}, {3, 4}, {2, 5}, {1, 6}})
	keep := func(label string) monitoringv1.RelabelConfig {
		return monitoringv1.RelabelConfig{
			Action:       "keep",
			SourceLabels: []monitoringv1.LabelName{monitoringv1.LabelName(label)},
			Regex:        pick(r, confining),
		}
	}
	confine := pickWeighted(r, []weighted[int]{{9, 0}, {5, 1}, {2, 2}, {5, 3}})
	if confine&1 != 0 {
		metricRelabelings = append(metricRelabelings, keep("namespace"))
	}
	if confine&2 != 0 && (confine == 2 || rules > 1) {
		label := pick(r, []string{"namespace", "__meta_kubernetes_namespace"})
		relabelings = append(relabelings, keep(label))
	}
	for len(relabelings)+len(metricRelabelings) < rules {
		if r.chance(0.5) {
			relabelings = append(relabelings, rule(r, targetStageLabels))
		} else {
			metricRelabelings = append(metricRelabelings, rule(r, sampleStageLabels))
		}
	}
	// A keep that ends the list confines it as well, unless something was written before.
	if len(metricRelabelings) > 1 && r.chance(0.1) {
		first := metricRelabelings[0]
		metricRelabelings = append(metricRelabelings[1:], first)
	}
	return relabelings, metricRelabelings
}

func rule(r random, known []weighted[string]) monitoringv1.RelabelConfig {
	action := pickWeighted(r, actions)
	c := monitoringv1.RelabelConfig{Action: action}
	if r.chance(0.1) {
		c.Action = capitalized[action]
	} else if action == "replace" && r.chance(0.3) {
		c.Action = ""
	}
	label := func() monitoringv1.LabelName {
		return monitoringv1.LabelName(pickWeighted(r, known))
	}
	target := func() string {
		if r.chance(0.35) {
			return "namespace"
		}
		return string(label())
	}
	switch action {
	case "labeldrop", "labelkeep":
		c.Regex = pick(r, droppedLabelRegexes)
		if action == "labelkeep" {
			c.Regex = pick(r, keptLabelRegexes)
		}
		if r.chance(0.05) {
			c.Regex = pick(r, unusualRegexes)
		}
		if r.chance(0.01) {
			c.SourceLabels = append(c.SourceLabels, label())
		}
		return c
	case "labelmap":
		c.Regex = pick(r, labelRegexes)
		if !r.chance(0.4) {
			c.Replacement = new(pickWeighted(r, mapReplacements))
		}
		return c
	case "keepequal", "dropequal":
		c.SourceLabels = append(c.SourceLabels, label())
		if r.chance(0.1) {
			c.SourceLabels = append(c.SourceLabels, label())
		}
		c.TargetLabel = target()
		return c
	}
	c.SourceLabels = append(c.SourceLabels, label())
	joined := r.chance(0.3)
	if joined {
		c.SourceLabels = append(c.SourceLabels, label())
		if r.chance(0.2) {
			c.SourceLabels = append(c.SourceLabels, label())
		}
		if r.chance(0.25) {
			c.Separator = new(pick(r, separators))
		}
	} else if action == "replace" && r.chance(0.1) {
		c.SourceLabels = nil
	}
	switch action {
	case "lowercase", "uppercase":
		c.TargetLabel = target()
		return c
	case "hashmod":
		c.TargetLabel = target()
		c.Modulus = pick(r, []int64{1, 2, 16, 1000, 1 << 40})
		if r.chance(0.02) {
			c.Modulus = 0
		}
		return c
	}
	c.Regex = regex(r, joined)
	if joined && c.Separator != nil && r.chance(0.8) {
		c.Regex = strings.ReplaceAll(c.Regex, ";", regexp.QuoteMeta(*c.Separator))
	}
	if action != "replace" {
		return c
	}
	c.TargetLabel = target()
	if r.chance(0.07) {
		c.TargetLabel = pick(r, []string{"$1", "${1}", "exported_$1", "$2", "${1}_x", "$1space"})
	}
	if r.chance(0.01) {
		c.TargetLabel = ""
	}
	if !r.chance(0.3) {
		c.Replacement = new(pick(r, replacements))
	}
	return c
}

func regex(r random, joined bool) string {
	switch {
	case r.chance(0.17):
		return pick(r, unusualRegexes)
	case r.chance(0.08):
		return randomRegex(r, 3)
	case joined && r.chance(0.85):
		return pick(r, joinedRegexes)
	case r.chance(0.3):
		return pick(r, confining)
	default:
		return pick(r, namespaceRegexes)
	}
}

// randomRegex nests to this depth at most.
func randomRegex(r random, depth int) string {
	if depth == 0 || r.chance(0.3) {
		return pick(r, []string{
			"dev", "-dev", "prod", "-", "shop", ".", ".*", ".+", "[a-z]", "[^-]", "[a-z0-9-]*", "k",
			";", `\w`, "-prod", "x", "(.*)", "d", "s",
		})
	}
	inner := func() string { return randomRegex(r, depth-1) }
	switch r.IntN(8) {
	case 0, 1, 2:
		return inner() + inner()
	case 3:
		return inner() + "|" + inner()
	case 4:
		return "(" + inner() + "|" + inner() + ")"
	case 5:
		return "(?:" + inner() + ")" + pick(r, []string{"*", "+", "?", "*?", "+?", "??"})
	case 6:
		return "(" + inner() + ")" + pick(r, []string{"{2}", "{0,2}", "{1,}", "{1,3}?"})
	default:
		return inner() + inner() + inner()
	}
}
