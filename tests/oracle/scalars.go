package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// scalarOutcome is what became of a text on the way from the object to Prometheus.
type scalarOutcome string

const (
	// same: Prometheus has what the operator was told to write.
	same scalarOutcome = "same"
	// changed: it has something else.
	changed scalarOutcome = "changed"
	// refusedScalar: the operator ignores the object, or Prometheus the whole configuration.
	refusedScalar scalarOutcome = "refused"
	// poisons: rules without a regex do something else from then on, in the whole process.
	poisons scalarOutcome = "poisons"
)

// scalarResult is a case and its outcome.
type scalarResult struct {
	field   scalarField
	text    scalarText
	outcome scalarOutcome
	// detail is what changed, or who says what.
	detail string
}

func scalarsCommand(arguments []string) (bool, error) {
	flags := flag.NewFlagSet("scalars", flag.ExitOnError)
	fields := flags.String("fields", "", "a regex of the fields that are tried, all unless given")
	verbose := flags.Bool("v", false, "show each case that is not the same")
	_ = flags.Parse(arguments)

	chosen, err := regexp.Compile(*fields)
	if err != nil {
		return false, err
	}
	results, err := scalarResults(func(f scalarField, t scalarText) bool {
		return (f.all || t.isCore) && chosen.MatchString(f.name())
	})
	if err != nil {
		return false, err
	}
	if *verbose {
		for _, r := range results {
			if r.outcome != same {
				fmt.Printf("%-8s %s %s %s\n", r.outcome, r.field.name(), shown(r.text.String()), r.detail)
			}
		}
	}
	printScalars(os.Stdout, results)
	return true, nil
}

// scalarResults tries the chosen texts in the chosen fields.
func scalarResults(isChosen func(scalarField, scalarText) bool) ([]scalarResult, error) {
	var results []scalarResult
	texts := scalarTexts()
	for _, field := range scalarFields() {
		for _, text := range texts {
			if isChosen(field, text) {
				results = append(results, scalarResult{field: field, text: text})
			}
		}
	}
	references := map[string]any{}
	for _, r := range results {
		name := r.field.name()
		if _, isKnown := references[name]; isKnown {
			continue
		}
		reference, err := readApart(scalarCase{name, scalarText{unit: r.field.marker, count: 1}})
		if err != nil {
			return nil, err
		}
		if reference.Refused != "" {
			return nil, fmt.Errorf("%s: without harm, and yet: %s", name, reference.Error)
		}
		references[name] = generic(reference.Read)
	}
	var (
		group   sync.WaitGroup
		lock    sync.Mutex
		problem error
		next    int
	)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for {
				lock.Lock()
				index := next
				next++
				lock.Unlock()
				if index >= len(results) {
					return
				}
				r := &results[index]
				got, err := readApart(scalarCase{r.field.name(), r.text})
				if err != nil {
					lock.Lock()
					problem = fmt.Errorf("%s, %s: %w", r.field.name(), shown(r.text.String()), err)
					lock.Unlock()
					return
				}
				r.compare(references[r.field.name()], got)
			}
		})
	}
	group.Wait()
	return results, problem
}

// readApart reads in a process of its own.
func readApart(c scalarCase) (reading, error) {
	var r reading
	asked, err := encode(c)
	if err != nil {
		return r, err
	}
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	command := exec.Command(self, "scalar")
	command.Stdin = bytes.NewReader(asked)
	command.Stderr = os.Stderr
	answer, err := command.Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(answer, &r)
}

// generic is a value as JSON has it.
func generic(value any) any {
	text, err := encode(value)
	if err != nil {
		panic(err)
	}
	var g any
	if err := json.Unmarshal(text, &g); err != nil {
		panic(err)
	}
	return g
}

const wholeDefault = "^(?s:(.*))$"

// compare decides on the outcome. What should have been read is what was read of the marker, with the
// text in its place.
func (r *scalarResult) compare(reference any, got reading) {
	switch {
	case got.Default != wholeDefault || !got.Copies:
		r.outcome = poisons
		r.detail = "the default regex is " + shown(got.Default)
		if got.Refused != "" {
			r.detail += short("; " + got.Refused + ": " + got.Error)
		}
		return
	case got.Refused != "":
		r.outcome, r.detail = refusedScalar, short(got.Refused+": "+got.Error)
		return
	case r.text.String() == "" && r.field.omitted:
		r.outcome, r.detail = same, "left out"
		return
	}
	text := r.text.String()
	if r.field.written != nil {
		text = r.field.written(text)
	}
	r.outcome = same
	if where := differs(reference, generic(got.Read), r.field.marker, text, ""); where != "" {
		r.outcome, r.detail = changed, where
	}
}

// differs tells where two values differ first, with the text in the place of the marker in the first.
func differs(expected, got any, marker, text, path string) string {
	replaced := func(s string) string {
		if marker == "" {
			return s
		}
		return strings.ReplaceAll(s, marker, text)
	}
	switch expected := expected.(type) {
	case string:
		other, isString := got.(string)
		if want := replaced(expected); !isString || other != want {
			return fmt.Sprintf("%s is %s instead of %s", path, shown(fmt.Sprint(got)), shown(want))
		}
	case []any:
		others, _ := got.([]any)
		if len(others) != len(expected) {
			return fmt.Sprintf("%s has %d items instead of %d", path, len(others), len(expected))
		}
		for index := range expected {
			where := fmt.Sprintf("%s[%d]", path, index)
			if d := differs(expected[index], others[index], marker, text, where); d != "" {
				return d
			}
		}
	case map[string]any:
		others, _ := got.(map[string]any)
		if len(others) != len(expected) {
			return fmt.Sprintf("%s has %d members instead of %d", path, len(others), len(expected))
		}
		for _, key := range slices.Sorted(maps.Keys(expected)) {
			other, isThere := others[replaced(key)]
			if !isThere {
				keys := slices.Sorted(maps.Keys(others))
				return fmt.Sprintf("%s has %s instead of %s", path, shown(strings.Join(keys, ", ")), shown(replaced(key)))
			}
			where := strings.TrimPrefix(path+"."+key, ".")
			if d := differs(expected[key], other, marker, text, where); d != "" {
				return d
			}
		}
	default:
		if expected != got {
			return fmt.Sprintf("%s is %v instead of %v", path, got, expected)
		}
	}
	return ""
}

// shown is a text on one line, not too long a one.
func shown(text string) string {
	quoted := fmt.Sprintf("%+q", text)
	if len(quoted) > 100 {
		return fmt.Sprintf("%s… (%d bytes)", quoted[:60], len(text))
	}
	return quoted
}

// short is a message that may quote a long text.
func short(message string) string {
	if runes := []rune(message); len(runes) > 240 {
		return string(runes[:200]) + "…"
	}
	return message
}

// printScalars writes the outcomes of each field, by the class of the text.
func printScalars(w io.Writer, results []scalarResult) {
	total := map[scalarOutcome]int{}
	groups := map[string]map[string][]string{}
	var order []string
	for _, r := range results {
		total[r.outcome]++
		name := r.field.name()
		if groups[name] == nil {
			groups[name] = map[string][]string{}
			order = append(order, name)
		}
		if r.outcome == same {
			continue
		}
		key := string(r.outcome)
		if r.outcome == refusedScalar {
			key += " by " + general(r.detail)
		}
		groups[name][key] = append(groups[name][key], shown(r.text.String()))
	}
	for _, name := range order {
		fmt.Fprintln(w, name)
		for _, key := range slices.Sorted(maps.Keys(groups[name])) {
			texts := groups[name][key]
			fmt.Fprintf(w, "  %s, %d times: %s\n", key, len(texts), strings.Join(texts[:min(12, len(texts))], " "))
		}
	}
	fmt.Fprintf(w, "%d cases: %d same, %d changed, %d refused, %d poison the process\n",
		len(results), total[same], total[changed], total[refusedScalar], total[poisons])
}

var particular = regexp.MustCompile("(?s)\"(?:[^\"\\\\]|\\\\.)*\"|`.*`|'.*'|line \\d+|regex .* for|selector: .*")

// general is an error without what is particular to a text.
func general(message string) string {
	short := particular.ReplaceAllString(message, "…")
	if len(short) > 120 {
		short = short[:120] + "…"
	}
	return strings.ReplaceAll(short, "\n", " ")
}
