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
	"sync"
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
	// imprecise: rejected, and no leak found.
	imprecise class = "imprecise"
)

// outcome is the comparison of one answer.
type outcome struct {
	class      class
	accepted   bool
	leak       *leak
	unproven   []claim
	claims     int
	violations []violation
	features   []string
	// refusal is why the object has no scrape configuration.
	refusal string
}

// checker compares answers. It is for one goroutine.
type checker struct{ compiler *compiler }

func newChecker() (*checker, error) {
	c, err := newCompiler("")
	return &checker{c}, err
}

func (c *checker) check(p payload, a answer) (outcome, error) {
	o := outcome{class: agreed, accepted: a.Accepted}
	m, err := parseMonitor(p.Request)
	if err != nil {
		return o, err
	}
	o.features = featuresOf(m)
	if o.violations, err = a.violations(); err != nil {
		return o, err
	}
	scrapes, err := c.compiler.compile(m)
	if errors.Is(err, errRefused) {
		o.class, o.refusal = refused, err.Error()
		return o, nil
	}
	if err != nil {
		return o, err
	}
	var claims []claim
	rounds := roundsForAccepted
	if !a.Accepted {
		claims = claimsOf(o.violations)
		rounds = roundsForRejected
	}
	o.claims = len(claims)
	r := newRandom(hash(p.Request.Object), 0)
	proven, leak := try(r, m, scrapes, claims, rounds)
	o.leak = leak
	for index, c := range claims {
		if proven[index] == nil {
			o.unproven = append(o.unproven, c)
		}
	}
	switch {
	case a.Accepted && o.leak != nil:
		o.class = unsound
	case a.Accepted:
	case len(o.unproven) > 0:
		o.class = falseWitness
	case o.leak == nil:
		o.class = imprecise
	}
	return o, nil
}

func hash(text []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(text)
	return h.Sum64()
}

// pair is what a checker is given.
type pair struct {
	Payload json.RawMessage `json:"payload"`
	Answer  json.RawMessage `json:"answer"`
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
		for p := range pairs {
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
	for range runtime.GOMAXPROCS(0) {
		c, err := newChecker()
		if err != nil {
			return nil, err
		}
		group.Go(func() {
			for n := range work {
				o, p, err := c.checkText(n.pair)
				lock.Lock()
				if err != nil {
					problem = fmt.Errorf("line %d: %w", n.index+1, err)
				} else {
					rep.add(n.index, p, o)
				}
				lock.Unlock()
			}
		})
	}
	group.Wait()
	return rep, problem
}

func (c *checker) checkText(text pair) (outcome, payload, error) {
	var (
		p payload
		a answer
	)
	if err := json.Unmarshal(text.Payload, &p); err != nil {
		return outcome{}, p, err
	}
	if err := json.Unmarshal(text.Answer, &a); err != nil {
		return outcome{}, p, err
	}
	o, err := c.check(p, a)
	return o, p, err
}
