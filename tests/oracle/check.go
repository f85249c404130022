package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// class is how an answer compares with what was found.
type class string

const (
	// agreed: accepted and no leak found, or rejected and one found.
	agreed class = "agreed"
	// refused: the object has no scrape configuration, so that any answer is right.
	refused class = "refused"
	// unsound: accepted, and a leak found.
	unsound class = "unsound"
	// falseWitness: rejected, and a namespace named that does not leak, or not by the example that
	// is given.
	falseWitness class = "false witness"
	// replaced: rejected because of a placeholder, as is promised; none of the values that were tried leaks.
	replaced class = "placeholder"
	// imprecise: rejected, and no leak found.
	imprecise class = "imprecise"
	// misread: what Prometheus stores is not what was thought to be.
	misread class = "stored otherwise"
	// apart: one of two objects is rejected, so that nothing is said of both together.
	apart class = "apart"
)

// outcome is the comparison of one answer.
type outcome struct {
	Class      class
	Accepted   bool
	Leak       *leak       `json:",omitempty"`
	Unproven   []claim     `json:",omitempty"`
	Claims     int         `json:",omitempty"`
	Violations []violation `json:",omitempty"`
	Features   []string    `json:",omitempty"`
	// Refusal is why the object has no scrape configuration.
	Refusal string `json:",omitempty"`
	// IsClean tells whether the leak is of a monitor that is clean, and only has this one beside it.
	IsClean bool `json:",omitempty"`
	// Unreal are claims that are shown by an example which the model knows and no Prometheus scrapes: it
	// takes a target without a job, or without an address.
	Unreal []claim `json:",omitempty"`
	// Stored counts the samples that were stored, Unreached those whose exporter Prometheus did not reach.
	Stored, Unreached int `json:",omitempty"`
	// Difference is how what is stored differs from what was predicted.
	Difference string `json:",omitempty"`
}

// checker compares answers. It is for one goroutine.
type checker struct {
	compilers []*compiler
	// hardened are for Prometheuses that an object has to be safe in as well: they discover, or write,
	// the object's own namespace.
	hardened []*compiler
	// selection says of what a sample is stored; none, if it is not there.
	selection *selection
}

func newChecker(s *selection) (*checker, error) {
	compilers, err := newCompilers()
	if err != nil {
		return nil, err
	}
	hardened, err := newHardened()
	return &checker{compilers, hardened, s}, err
}

// check compares the answer about a monitor with what comes through it; where it has a Prometheus, with
// what comes through it there.
func (c *checker) check(q judged) (outcome, error) {
	o := outcome{Class: agreed, Accepted: q.answer.Accepted}
	m, err := parseMonitor(q.payload.Request)
	if err != nil {
		return o, err
	}
	o.Features = featuresOf(m)
	if o.Violations, err = q.answer.violations(); err != nil {
		return o, err
	}
	compilers := c.compilers
	if q.granted != nil {
		if !q.answer.Accepted || !q.granted.answer.Accepted {
			o.Class, o.Accepted = apart, false
			return o, nil
		}
		granting, err := newCompilerOf(q.granted.payload.Request)
		if errors.Is(err, errRefused) {
			o.Class, o.Refusal = refused, err.Error()
			return o, nil
		}
		if err != nil {
			return o, err
		}
		compilers = []*compiler{granting}
	}
	scrapes, err := compileAll(compilers, m)
	if err == nil && q.granted != nil {
		err = c.readBy(q.payload.Request, scrapes)
	}
	if errors.Is(err, errRefused) {
		o.Class, o.Refusal = refused, err.Error()
		return o, nil
	}
	if err != nil {
		return o, err
	}
	isLarge := len(troublesOf(q.payload.Request)) > 0
	var claims []claim
	with := effort{rounds: roundsForAccepted}
	if !q.answer.Accepted {
		claims = claimsOf(o.Violations)
		with = effort{rounds: roundsForRejected, isAnyPath: true}
		if isLarge && len(claims) == 0 {
			with.rounds = roundsForLarge
		}
	}
	o.Claims = len(claims)
	r := newRandom(hash(q.payload.Request.Object), 0)
	with.seen = &sightings{}
	proven, leak := try(r, m, scrapes, claims, with)
	o.Leak = leak
	for index, c := range claims {
		if proven[index] == nil {
			o.Unproven = append(o.Unproven, c)
		} else if proven[index].isUnreal {
			o.Unreal = append(o.Unreal, c)
		}
	}
	switch {
	case q.answer.Accepted && o.Leak != nil:
		o.Class = unsound
	case q.answer.Accepted:
	case len(o.Unproven) > 0:
		o.Class = falseWitness
	case o.Leak == nil && isLarge:
		o.Class = imprecise
		return o, nil
	case o.Leak == nil:
		if o.Leak, err = c.leakOfHardened(r, m); err != nil {
			return o, err
		}
		switch {
		case o.Leak != nil:
		case placeholder.Match(q.payload.Request.Object):
			o.Class = replaced
		default:
			o.Class = imprecise
		}
		return o, nil
	}
	if o.Class != agreed {
		return o, nil
	}
	seen := with.seen.all
	for _, l := range proven {
		if l != nil && l.sighting != nil {
			seen = []sighting{*l.sighting}
		}
	}
	if !q.answer.Accepted && (leak == nil || len(claims) == 0) {
		seen = nil
	}
	return o, c.store(r, &o, seen, environmentOf(m))
}

// leakOfHardened is what comes through a monitor in one of the hardened Prometheuses.
func (c *checker) leakOfHardened(r random, m monitor) (*leak, error) {
	scrapes, err := compileAll(c.hardened, m)
	if errors.Is(err, errRefused) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	_, found := try(r, m, scrapes, nil, effort{rounds: roundsForRejected, isAnyPath: true, seen: &sightings{}})
	return found, nil
}

// readBy has the scrape configurations know what the monitor's own rules read, whatever those of the
// Prometheus do.
func (c *checker) readBy(r request, scrapes []scrape) error {
	m, err := parseMonitor(r)
	if err != nil {
		return err
	}
	m.nameScrapeClass("")
	alone, err := compileAll(c.compilers, m)
	if err != nil {
		return err
	}
	for index := range scrapes {
		scrapes[index].readsExported = slices.ContainsFunc(alone, func(s scrape) bool { return s.readsExported })
	}
	return nil
}

// store really scrapes and stores one of the samples, if the monitor is chosen for it.
func (c *checker) store(r random, o *outcome, seen []sighting, e environment) error {
	if c.selection == nil || len(seen) == 0 || !c.selection.chooses(o.Accepted) {
		return nil
	}
	defer c.selection.spend(time.Now())
	found, difference, err := observe(r, pick(r, seen))
	if errors.Is(err, errNotExposed) {
		return nil
	}
	if err != nil {
		return err
	}
	o.Stored++
	if !found.isUp {
		o.Unreached++
	}
	if difference != "" {
		o.Class, o.Difference = misread, difference
	}
	if o.Accepted && slices.ContainsFunc(found.namespaces, e.forbids) {
		o.Class, o.Difference = unsound, "stored:\n    "+strings.Join(found.series, "\n    ")
	}
	return nil
}

func hash(text []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(text)
	return h.Sum64()
}

func checkCommand(arguments []string) (bool, error) {
	flags := flag.NewFlagSet("check", flag.ExitOnError)
	verdicts := flags.String("verdicts", "", "the command whose answers these are, to minimize what is bad")
	show := flags.Int("show", 5, "how many of each bad class are shown")
	_ = flags.Parse(arguments)

	pairs := make(chan pair, 256)
	var readError error
	go func() {
		defer close(pairs)
		in := bufio.NewReader(os.Stdin)
		for {
			line, err := in.ReadBytes('\n')
			if len(line) > 1 {
				var p pair
				if readError = json.Unmarshal(line, &p); readError != nil {
					return
				}
				pairs <- p
			}
			if err != nil {
				if err != io.EOF {
					readError = err
				}
				return
			}
		}
	}()
	rep, err := checkAll(pairs)
	if err == nil {
		err = readError
	}
	if err != nil {
		return false, err
	}
	return rep.print(os.Stdout, *verdicts, *show)
}

// checkAll compares all pairs, several at once.
func checkAll(pairs <-chan pair) (*report, error) {
	type numbered struct {
		index int
		pair  pair
	}
	work := make(chan numbered)
	go func() {
		defer close(work)
		index := 0
		for p := range together(pairs) {
			work <- numbered{index, p}
			index++
		}
	}()
	rep := newReport()
	var (
		group   sync.WaitGroup
		lock    sync.Mutex
		problem error
	)
	chosen := &selection{}
	for range runtime.GOMAXPROCS(0) {
		c, err := newChecker(chosen)
		if err != nil {
			return nil, err
		}
		group.Go(func() {
			for n := range work {
				o, q, err := c.checkText(n.pair)
				lock.Lock()
				if err != nil {
					problem = fmt.Errorf("line %d: %w", n.index+1, err)
				} else {
					rep.add(n.index, q, o)
				}
				lock.Unlock()
			}
		})
	}
	group.Wait()
	return rep, problem
}

func (c *checker) checkText(text pair) (outcome, judged, error) {
	q, err := text.parse()
	if err != nil {
		return outcome{}, q, err
	}
	if mayCorrupt(q) {
		o, err := isolated(text)
		return o, q, err
	}
	o, err := c.check(q)
	return o, q, err
}
