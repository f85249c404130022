package main

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// bad is a comparison to be shown.
type bad struct {
	index   int
	payload payload
	outcome outcome
}

// report counts what was compared.
type report struct {
	total    int
	classes  map[class]int
	accepted int
	rejected int
	claims   int
	unproven int
	// safe counts the monitors through which no leak was found.
	safe int
	// features counts the pipelines that have an action, or another feature, by class.
	features map[string]map[class]int
	bad      map[class][]bad
	// causes counts the messages of imprecise answers.
	causes map[string]int
	// refusals counts why objects have no scrape configuration.
	refusals map[string]int
}

func newReport() *report {
	return &report{
		classes:  map[class]int{},
		features: map[string]map[class]int{},
		bad:      map[class][]bad{},
		causes:   map[string]int{},
		refusals: map[string]int{},
	}
}

// featuresOf returns the actions of a pipeline, and what else is counted of it.
func featuresOf(m monitor) []string {
	relabelings, metricRelabelings := m.rules()
	var all []string
	for _, rule := range slices.Concat(*relabelings, *metricRelabelings) {
		if len(rule.SourceLabels) > 1 {
			all = append(all, "joined source labels")
		}
		if rule.Regex != "" && !isUsual[rule.Regex] {
			all = append(all, "unusual regex")
		}
		action := strings.ToLower(rule.Action)
		if action == "" {
			action = "replace"
		}
		all = append(all, action)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// details are the parts of a message that differ from object to object.
var details = regexp.MustCompile(`"[^"]*"|\[\d+\]|\d+`)

func (r *report) add(index int, p payload, o outcome) {
	r.total++
	r.classes[o.class]++
	if o.class == refused {
		r.refusals[details.ReplaceAllString(o.refusal, "…")]++
	} else {
		if o.accepted {
			r.accepted++
		} else {
			r.rejected++
		}
		if o.leak == nil {
			r.safe++
		}
	}
	r.claims += o.claims
	r.unproven += len(o.unproven)
	for _, feature := range o.features {
		if r.features[feature] == nil {
			r.features[feature] = map[class]int{}
		}
		r.features[feature][o.class]++
	}
	switch o.class {
	case unsound, falseWitness, imprecise:
		r.bad[o.class] = append(r.bad[o.class], bad{index, p, o})
	}
	if o.class == imprecise {
		for _, v := range o.violations {
			r.causes[details.ReplaceAllString(v.Message, "…")]++
		}
	}
}

// print writes the report, and tells whether the policy keeps its promises.
func (r *report) print(w io.Writer, verdicts string, show int) (bool, error) {
	percent := func(n int) float64 { return 100 * float64(n) / float64(max(r.total, 1)) }
	fmt.Fprintf(w, "%d monitors:", r.total)
	fmt.Fprintf(w, " %d accepted (%.1f%%), %d rejected (%.1f%%), %d refused (%.1f%%);",
		r.accepted, percent(r.accepted), r.rejected, percent(r.rejected),
		r.classes[refused], percent(r.classes[refused]))
	fmt.Fprintf(w, " no leak found in %d (%.1f%%);", r.safe, percent(r.safe))
	for _, c := range []class{unsound, imprecise, falseWitness} {
		fmt.Fprintf(w, " %s %d (%.2f%%)", c, r.classes[c], percent(r.classes[c]))
	}
	fmt.Fprintf(w, "; %d of %d witnesses confirmed\n", r.claims-r.unproven, r.claims)
	for _, feature := range slices.Sorted(maps.Keys(r.features)) {
		counts := r.features[feature]
		all := 0
		for _, n := range counts {
			all += n
		}
		fmt.Fprintf(w, "  %-20s in %5.1f%%: %d unsound, %d false witness, %d imprecise (%.1f%%)\n", feature,
			percent(all), counts[unsound], counts[falseWitness], counts[imprecise],
			100*float64(counts[imprecise])/float64(all))
	}
	printMost(w, "imprecise", r.causes)
	printMost(w, "refused", r.refusals)
	var small *minimizer
	if verdicts != "" && len(r.bad) > 0 && show > 0 {
		var err error
		if small, err = newMinimizer(verdicts); err != nil {
			return false, err
		}
		defer small.close()
	}
	for _, c := range []class{unsound, falseWitness, imprecise} {
		cases := r.bad[c]
		slices.SortFunc(cases, func(a, b bad) int { return a.index - b.index })
		for _, b := range cases[:min(show, len(cases))] {
			if small != nil {
				smaller, err := small.minimize(b)
				if err != nil {
					return false, err
				}
				b = smaller
			}
			if err := b.print(w); err != nil {
				return false, err
			}
		}
	}
	return r.keepsPromises(), nil
}

const (
	// mostImprecise is the share of imprecise answers, in percent, from which on there are too many.
	mostImprecise = 1
	// leastJudged is how many monitors a share is made of at least: of fewer, chance decides which
	// side of the limit they are on (of 1,000 with a true share of 0.6 %, one run in twelve is not below).
	leastJudged = 5000
)

func (r *report) keepsPromises() bool {
	isPrecise := r.total < leastJudged || 100*r.classes[imprecise] < mostImprecise*r.total
	return r.classes[unsound]+r.classes[falseWitness] == 0 && isPrecise
}

// printMost writes the most frequent ones.
func printMost(w io.Writer, what string, counts map[string]int) {
	all := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if d := counts[b] - counts[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, one := range all[:min(12, len(all))] {
		fmt.Fprintf(w, "  %s %d times: %s\n", what, counts[one], one)
	}
}

func (b bad) print(w io.Writer) error {
	text, err := encode(b.payload.Request.Object)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s (line %d, %s)\n  object: %s\n", b.outcome.class, b.index+1, b.payload.Request.UID, text)
	for _, v := range b.outcome.violations {
		witness := "none"
		if v.Witness != nil {
			witness = *v.Witness
		}
		fmt.Fprintf(w, "  violation: %s: %s (witness: %s)\n", v.Field, v.Message, witness)
	}
	for _, c := range b.outcome.unproven {
		ex, _ := encode(c.example)
		fmt.Fprintf(w, "  not confirmed: %s %v %s\n", c.namespace, c.kinds, ex)
	}
	if b.outcome.leak != nil {
		if text, err = encode(b.outcome.leak); err != nil {
			return err
		}
		fmt.Fprintf(w, "  leak: %s\n", text)
	}
	return nil
}
