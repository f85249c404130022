package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/relabel"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const longestNamespace = 63

// isNamespace tells whether a namespace can be called so (a DNS-1123 label).
func isNamespace(name string) bool {
	isOther := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-'
	}
	return name != "" && len(name) <= longestNamespace && !strings.ContainsFunc(name, isOther) &&
		name[0] != '-' && name[len(name)-1] != '-'
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
// selector: one that names one of the labels and admits its value, or that asks for no label and rules none of them
// out.
func selectsClusterWide(m monitor) bool {
	if !m.isEndpoint() {
		return false
	}
	selector := m.selector()
	asks := len(selector.MatchLabels) > 0
	for _, requirement := range selector.MatchExpressions {
		isNegative := requirement.Operator == metav1.LabelSelectorOpNotIn || requirement.Operator == metav1.LabelSelectorOpDoesNotExist
		asks = asks || !isNegative
	}
	isRuledOut := false
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
		isRuledOut = isRuledOut || isNamed
	}
	return !asks && !isRuledOut
}

// discoveredName has the names of labels by which something is told from others that Kubernetes discovers: its
// name, or a label of it.
var discoveredName = regexp.MustCompile(`^__meta_kubernetes_(?:(?:service|endpoints|endpointslice|pod|pod_controller)_name|[a-z]+_label_(.+))$`)

// asksForSomethingElse tells whether a keep of the targets lets nothing through that may be kube-state-metrics: no
// such name, no such label, and not what has no such label.
func asksForSomethingElse(s scrape) bool {
	for index, rule := range s.relabels {
		if rule.Action != relabel.Keep {
			continue
		}
		for place, label := range rule.SourceLabels {
			of := discoveredName.FindStringSubmatch(string(label))
			if of == nil || changes(s.relabels[:index], string(label)) {
				continue
			}
			values := []string{""}
			isKnown := of[1] == "" || slices.ContainsFunc(clusterWideLabels, func(known string) bool {
				return strings.HasSuffix("_label_"+of[1], "_label_"+unsafeInLabelName.ReplaceAllString(known, "_"))
			})
			if isKnown {
				values = append(values, clusterWideName)
			}
			if of[1] == "" {
				values = append(values, clusterWideNames(rule)...)
			}
			if !slices.ContainsFunc(values, func(value string) bool { return letsThrough(rule, place, value) }) {
				return true
			}
		}
	}
	return false
}

// clusterWideNames are names of kube-state-metrics, which mostly begin with that of a release, that a keep may let
// through.
func clusterWideNames(keep *relabel.Config) []string {
	regex := keep.Regex.Regexp.String()
	variants := []string{regex}
	for _, wildcard := range []string{".*", ".+"} {
		for at := range regex {
			if rest, isThere := strings.CutPrefix(regex[at:], wildcard); isThere {
				variants = append(variants, regex[:at]+clusterWideName+rest)
			}
		}
	}
	r := newRandom(0, 0)
	var names []string
	for _, variant := range variants {
		m, isReadable := newMembers(variant)
		for range 20 {
			if !isReadable {
				break
			}
			for part := range strings.SplitSeq(m.one(r, 0, ""), keep.Separator) {
				if strings.Contains(part, clusterWideName) {
					names = append(names, part)
				}
			}
		}
	}
	return names
}

// changes tells whether one of the rules may write the label.
func changes(rules []*relabel.Config, label string) bool {
	return slices.ContainsFunc(rules, func(rule *relabel.Config) bool {
		switch rule.Action {
		case relabel.Keep, relabel.Drop, relabel.KeepEqual, relabel.DropEqual:
			return false
		case relabel.LabelMap, relabel.LabelDrop, relabel.LabelKeep:
			return true
		default:
			return rule.TargetLabel == label || strings.Contains(rule.TargetLabel, "$")
		}
	})
}

// letsThrough tells whether the keep lets the value through at this place. The other labels may have any value, a
// separator in it, too: of what the regex matches, only one end is theirs, or both.
func letsThrough(rule *relabel.Config, place int, value string) bool {
	last := len(rule.SourceLabels) - 1
	begin, end := value+rule.Separator, rule.Separator+value
	fits := func(joined string) bool {
		switch {
		case !rule.Regex.MatchString(joined):
			return false
		case last == 0:
			return joined == value
		case place == 0:
			return strings.HasPrefix(joined, begin)
		case place == last:
			return strings.HasSuffix(joined, end)
		default:
			return strings.Contains(joined, rule.Separator+begin)
		}
	}
	if m, isReadable := newMembers(rule.Regex.Regexp.String()); isReadable {
		r := newRandom(0, 0)
		for range 200 {
			if fits(m.one(r, 0, "")) {
				return true
			}
		}
	}
	pool := append(strings.Split(rule.Regex.String(), rule.Separator), "", "x", "dev", "shop-dev", "true", "web", "x"+rule.Separator+"y", "x;y")
	values := make([]string, len(rule.SourceLabels))
	for round := range 200 {
		for index := range values {
			values[index] = pool[(round+round/len(pool)*index)%len(pool)]
		}
		values[place] = value
		if rule.Regex.MatchString(strings.Join(values, rule.Separator)) {
			return true
		}
	}
	return false
}
