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
	judged  judged
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
	unreal   int
	// stored counts the samples that Prometheus stored, unreached those that it could not scrape.
	stored, unreached int
	// pairs counts the monitors that were judged with a Prometheus.
	pairs int
	// safe counts the monitors through which no leak was found.
	safe int
	// features counts the pipelines that have an action, or another feature, by class.
	features map[string]map[class]int
	// troubles counts the objects of the second grammar by what was drawn.
	troubles map[string]*tally
	bad      map[class][]bad
	// causes counts the messages of imprecise answers.
	causes map[string]int
	// refusals counts why objects have no scrape configuration.
	refusals map[string]int
}

// tally counts objects.
type tally struct {
	drawn, accepted, rejected int
	classes                   map[class]int
}

func newReport() *report {
	return &report{
		classes:  map[class]int{},
		features: map[string]map[class]int{},
		troubles: map[string]*tally{},
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

func (r *report) add(index int, q judged, o outcome) {
	r.total++
	r.classes[o.Class]++
	if q.granted != nil {
		r.pairs++
	}
	switch {
	case o.Class == apart:
	case o.Class == refused:
		r.refusals[details.ReplaceAllString(o.Refusal, "…")]++
	default:
		if o.Accepted {
			r.accepted++
		} else {
			r.rejected++
		}
		if o.Leak == nil {
			r.safe++
		}
	}
	r.claims += o.Claims
	r.unproven += len(o.Unproven)
	r.unreal += len(o.Unreal)
	r.stored += o.Stored
	r.unreached += o.Unreached
	for _, feature := range o.Features {
		if r.features[feature] == nil {
			r.features[feature] = map[class]int{}
		}
		r.features[feature][o.Class]++
	}
	for _, trouble := range troublesOf(q.payload.Request) {
		t := r.troubles[trouble]
		if t == nil {
			t = &tally{classes: map[class]int{}}
			r.troubles[trouble] = t
		}
		t.drawn++
		t.classes[o.Class]++
		if o.Class != refused && o.Accepted {
			t.accepted++
		} else if o.Class != refused {
			t.rejected++
		}
	}
	switch o.Class {
	case unsound, falseWitness, imprecise, misread:
		r.bad[o.Class] = append(r.bad[o.Class], bad{index, q, o})
	}
	if o.Class == imprecise {
		for _, v := range o.Violations {
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
	for _, c := range []class{unsound, imprecise, replaced, falseWitness} {
		fmt.Fprintf(w, " %s %d (%.2f%%)", c, r.classes[c], percent(r.classes[c]))
	}
	fmt.Fprintf(w, "; %d of %d witnesses confirmed", r.claims-r.unproven, r.claims)
	if r.unreal > 0 {
		fmt.Fprintf(w, ", of which %d take a target that no Prometheus scrapes", r.unreal)
	}
	fmt.Fprintln(w)
	fmt.Fprintf(w, "%d samples scraped and stored, of which the exporter of %d was not reached; %s: %d\n",
		r.stored, r.unreached, misread, r.classes[misread])
	if r.pairs > 0 {
		both := r.pairs - r.classes[apart]
		fmt.Fprintf(w, "%d pairs with a Prometheus: both accepted in %d (%.1f%%)\n", r.pairs, both,
			100*float64(both)/float64(r.pairs))
	}
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
	for _, trouble := range slices.Sorted(maps.Keys(r.troubles)) {
		t := r.troubles[trouble]
		fmt.Fprintf(w, "  %-20s %6d drawn: %d accepted, %d rejected, %d refused, %d unsound, %d false witness, %d imprecise\n",
			trouble, t.drawn, t.accepted, t.rejected, t.classes[refused], t.classes[unsound], t.classes[falseWitness],
			t.classes[imprecise])
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
	for _, c := range []class{misread, unsound, falseWitness, imprecise} {
		cases := r.bad[c]
		slices.SortFunc(cases, func(a, b bad) int { return a.index - b.index })
		for _, b := range cases[:min(show, len(cases))] {
			// Without its sample there is nothing to be compared.
			if small != nil && b.outcome.Difference == "" {
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
	// leastBoth is the share of pairs, in percent, of which both must be accepted, or too little is tried
	// out. Of fewer than leastPairs it is not asked.
	leastBoth, leastPairs = 15, 500
)

func (r *report) keepsPromises() bool {
	// What is large may be too complex to prove.
	isPrecise := r.total < leastJudged || len(r.troubles) > 0 || 100*r.classes[imprecise] < mostImprecise*r.total
	isTelling := r.pairs < leastPairs || 100*(r.pairs-r.classes[apart]) >= leastBoth*r.pairs
	return r.classes[unsound]+r.classes[falseWitness]+r.classes[misread] == 0 && isPrecise && isTelling
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
	text, err := encode(b.judged.payload.Request.Object)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s (line %d, %s)\n  object: %s\n", b.outcome.Class, b.index+1, b.judged.payload.Request.UID, text)
	if b.judged.granted != nil {
		if text, err = encode(b.judged.granted.payload.Request.Object); err != nil {
			return err
		}
		fmt.Fprintf(w, "  scraped by: %s\n", text)
	}
	for _, v := range b.outcome.Violations {
		witness := "none"
		if v.Witness != nil {
			witness = *v.Witness
		}
		fmt.Fprintf(w, "  violation: %s: %s (witness: %s)\n", v.Field, v.Message, witness)
	}
	for _, c := range b.outcome.Unproven {
		ex, _ := encode(c.Example)
		fmt.Fprintf(w, "  not confirmed: %s %v %s\n", c.Namespace, c.Kinds, ex)
	}
	if b.outcome.Difference != "" {
		fmt.Fprintf(w, "  %s\n", b.outcome.Difference)
	}
	if b.outcome.Leak != nil {
		if text, err = encode(b.outcome.Leak); err != nil {
			return err
		}
		of := "leak"
		if b.outcome.IsClean {
			of = "leak of a clean monitor beside it"
		}
		fmt.Fprintf(w, "  %s: %s\n", of, text)
	}
	return nil
}
