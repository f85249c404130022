package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/relabel"
)

// regexQuestion is a pattern, and texts that it may match.
type regexQuestion struct {
	Pattern string   `json:"pattern"`
	Texts   []string `json:"texts"`
}

// regexAnswer is what is said of them.
type regexAnswer struct {
	// Claim is "refused" where Prometheus is said not to compile the pattern, "followed" where it is
	// said to, and anything else where nothing is said.
	Claim string `json:"claim"`
	// In has, for each text, "yes" where it is said to match, "no" where it is said not to, and
	// anything else where nothing is said.
	In []string `json:"in"`
}

// regexMistake is a claim that is not true.
type regexMistake struct {
	kind    mistakeKind
	pattern string
	// text is empty where the mistake is not about one.
	text string
}

type mistakeKind string

const (
	followsRefused mistakeKind = "followed, but Prometheus refuses it"
	refusesValid   mistakeKind = "said to be refused, but Prometheus compiles it"
	saysYes        mistakeKind = "said to match, but does not"
	saysNo         mistakeKind = "said not to match, but does"
)

// mistakes compares an answer with Prometheus 3, and with 2, whose dot does not match a newline.
func mistakes(q regexQuestion, a regexAnswer) ([]regexMistake, error) {
	regex, err := relabel.NewRegexp(q.Pattern)
	if err != nil {
		if a.Claim == "followed" {
			return []regexMistake{{kind: followsRefused, pattern: q.Pattern}}, nil
		}
		return nil, nil
	}
	if a.Claim == "refused" {
		return []regexMistake{{kind: refusesValid, pattern: q.Pattern}}, nil
	}
	if len(a.In) > 0 && len(a.In) != len(q.Texts) || a.Claim == "followed" && len(a.In) == 0 {
		return nil, fmt.Errorf("%q: %d answers for %d texts", q.Pattern, len(a.In), len(q.Texts))
	}
	old, err := regexp.Compile("^(?:" + q.Pattern + ")$")
	if err != nil {
		return nil, err
	}
	var all []regexMistake
	for index, in := range a.In {
		text := q.Texts[index]
		matches, matched := regex.MatchString(text), old.MatchString(text)
		switch {
		case in == "yes" && !(matches && matched):
			all = append(all, regexMistake{saysYes, q.Pattern, text})
		case in == "no" && (matches || matched):
			all = append(all, regexMistake{saysNo, q.Pattern, text})
		}
	}
	return all, nil
}

func regexesCommand(arguments []string) (bool, error) {
	flags := flag.NewFlagSet("regexes", flag.ExitOnError)
	count := flags.Int("n", 1000, "how many patterns")
	seed := flags.Uint64("seed", 1, "the seed of all choices")
	answers := flags.String("answers", "", "the command that answers")
	show := flags.Int("show", 5, "how many of each kind of mistake are shown")
	_ = flags.Parse(arguments)

	p, err := startProcess(*answers)
	if err != nil {
		return false, fmt.Errorf("-answers: %w", err)
	}
	rep := newRegexReport()
	err = askAll(p, *seed, *count, rep)
	if closeError := p.close(); err == nil {
		err = closeError
	}
	if err != nil {
		return false, err
	}
	return rep.print(os.Stdout, *answers, *show)
}

// askAll asks and reads at the same time, so that neither side waits for the other.
func askAll(p *process, seed uint64, count int, rep *regexReport) error {
	asked := make(chan regexQuestion, 256)
	problems := make(chan error, 1)
	go func() {
		defer close(asked)
		problems <- func() error {
			patterns := basePatterns()
			for index := range count {
				q := question(newRandom(seed, uint64(index)), patterns)
				line, err := encode(q)
				if err != nil {
					return err
				}
				asked <- q
				if err := p.write(line); err != nil {
					return err
				}
			}
			return nil
		}()
	}()
	var problem error
	for q := range asked {
		// Whoever asks on must not wait for ever.
		if problem == nil {
			problem = rep.take(p, q)
		}
	}
	if err := <-problems; problem == nil {
		problem = err
	}
	return problem
}

// regexReport counts what was said.
type regexReport struct {
	total int
	// claims has how often Prometheus compiles the pattern, and how often not, by what is claimed.
	claims map[string]*[2]int
	in     map[string]int
	bad    map[mistakeKind][]regexMistake
}

func newRegexReport() *regexReport {
	return &regexReport{claims: map[string]*[2]int{}, in: map[string]int{}, bad: map[mistakeKind][]regexMistake{}}
}

func (r *regexReport) take(p *process, q regexQuestion) error {
	line, err := p.read()
	if err != nil {
		return err
	}
	var a regexAnswer
	if err := json.Unmarshal(line, &a); err != nil {
		return err
	}
	found, err := mistakes(q, a)
	if err != nil {
		return err
	}
	r.total++
	if r.claims[a.Claim] == nil {
		r.claims[a.Claim] = &[2]int{}
	}
	if _, err := relabel.NewRegexp(q.Pattern); err == nil {
		r.claims[a.Claim][0]++
	} else {
		r.claims[a.Claim][1]++
	}
	for _, in := range a.In {
		r.in[in]++
	}
	for index, m := range found {
		// One text of a pattern is enough.
		if index == 0 || m.kind != found[index-1].kind {
			r.bad[m.kind] = append(r.bad[m.kind], m)
		}
	}
	return nil
}

func (r *regexReport) print(w io.Writer, answers string, show int) (bool, error) {
	fmt.Fprintf(w, "%d patterns\n", r.total)
	for _, claim := range slices.Sorted(maps.Keys(r.claims)) {
		counts := r.claims[claim]
		fmt.Fprintf(w, "  %s: %d, of which Prometheus compiles %d\n", claim, counts[0]+counts[1], counts[0])
	}
	for _, in := range slices.Sorted(maps.Keys(r.in)) {
		fmt.Fprintf(w, "  matches: %s %d times\n", in, r.in[in])
	}
	if len(r.bad) == 0 {
		return true, nil
	}
	p, err := startProcess(answers)
	if err != nil {
		return false, err
	}
	for _, kind := range slices.Sorted(maps.Keys(r.bad)) {
		all := r.bad[kind]
		fmt.Fprintf(w, "%s, %d times:\n", kind, len(all))
		var small []regexMistake
		for _, m := range all[:min(show, len(all))] {
			m, err := m.minimize(p)
			if err != nil {
				return false, err
			}
			small = append(small, m)
		}
		slices.SortFunc(small, func(a, b regexMistake) int {
			if d := len(a.pattern) - len(b.pattern); d != 0 {
				return d
			}
			return strings.Compare(a.pattern+a.text, b.pattern+b.text)
		})
		for _, m := range slices.Compact(small) {
			text, err := encode(m.pattern)
			if err != nil {
				return false, err
			}
			if m.isAboutText() {
				matched, _ := encode(m.text)
				text = slices.Concat(text, []byte(" with "), matched)
			}
			fmt.Fprintf(w, "  %s\n", text)
		}
	}
	return false, p.close()
}

func (m regexMistake) isAboutText() bool { return m.kind == saysYes || m.kind == saysNo }

// minimize takes characters away from the pattern and from the text, or replaces them by a plain one,
// as long as the mistake stays.
func (m regexMistake) minimize(p *process) (regexMistake, error) {
	for changed := true; changed; {
		changed = false
		for _, smaller := range m.smaller() {
			stays, err := smaller.isMade(p)
			if err != nil {
				return m, err
			}
			if stays {
				m, changed = smaller, true
				break
			}
		}
	}
	return m, nil
}

func (m regexMistake) smaller() []regexMistake {
	var all []regexMistake
	shrink := func(text string, with func(string)) {
		runes := []rune(text)
		for size := (len(runes) + 1) / 2; size > 0; size /= 2 {
			for at := 0; at+size <= len(runes); at++ {
				with(string(runes[:at]) + string(runes[at+size:]))
			}
		}
		for at, c := range runes {
			if c > 'z' || c < ' ' {
				with(string(runes[:at]) + "a" + string(runes[at+1:]))
			}
		}
	}
	shrink(m.pattern, func(pattern string) { all = append(all, regexMistake{m.kind, pattern, m.text}) })
	if m.isAboutText() {
		shrink(m.text, func(text string) { all = append(all, regexMistake{m.kind, m.pattern, text}) })
	}
	return all
}

// isMade asks whether the command makes this mistake.
func (m regexMistake) isMade(p *process) (bool, error) {
	q := regexQuestion{m.pattern, []string{m.text}}
	line, err := encode(q)
	if err != nil {
		return false, err
	}
	if err := p.write(line); err != nil {
		return false, err
	}
	if line, err = p.read(); err != nil {
		return false, err
	}
	var a regexAnswer
	if err := json.Unmarshal(line, &a); err != nil {
		return false, err
	}
	found, err := mistakes(q, a)
	return slices.Contains(found, m), err
}
