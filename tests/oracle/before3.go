package main

import (
	"strings"
	"sync"

	"github.com/grafana/regexp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"
)

// lastBefore3 is a version of Prometheus 2 for which the operator generates configurations.
const lastBefore3 = "v2.55.1"

// newCompilers makes one for Prometheus 3 and one for Prometheus 2.
func newCompilers() ([]*compiler, error) {
	var all []*compiler
	for _, version := range []string{"", lastBefore3} {
		c, err := newCompiler(version)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// asBefore3 makes the rules do what they do in Prometheus 2, where `.` matches no newline and the names
// of labels are ASCII.
func asBefore3(rules []*relabel.Config) {
	for _, rule := range rules {
		rule.NameValidationScheme = model.LegacyValidation
		if rule.Regex.Regexp != nil {
			rule.Regex.Regexp = anchoredBefore3(rule.Regex.Regexp.String())
		}
	}
}

var (
	regexesBefore3 = map[string]*regexp.Regexp{}
	lockBefore3    sync.Mutex
)

// anchoredBefore3 takes a regex as Prometheus 3 wraps it. What is not wrapped stays as it is.
func anchoredBefore3(wrapped string) *regexp.Regexp {
	text, hasPrefix := strings.CutPrefix(wrapped, "^(?s:")
	text, hasSuffix := strings.CutSuffix(text, ")$")
	if hasPrefix && hasSuffix {
		wrapped = "^(?:" + text + ")$"
	}
	lockBefore3.Lock()
	defer lockBefore3.Unlock()
	known := regexesBefore3[wrapped]
	if known == nil {
		known = regexp.MustCompile(wrapped)
		if len(regexesBefore3) < 1000 {
			regexesBefore3[wrapped] = known
		}
	}
	return known
}

// isDefault tells whether the rule has the regex that it has unless one is given.
func isDefault(rule *relabel.Config) bool {
	return rule.Regex == relabel.DefaultRelabelConfig.Regex ||
		rule.Regex.Regexp != nil && rule.Regex.Regexp.String() == "^(?:(.*))$"
}
