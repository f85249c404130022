package main

import (
	"flag"
	"fmt"
	"os"
)

func differentialCommand(arguments []string) (bool, error) {
	flags := flag.NewFlagSet("differential", flag.ExitOnError)
	count := flags.Int("n", 1000, "how many requests")
	seed := flags.Uint64("seed", 1, "the seed of all choices")
	kind := flags.String("kind", monitors, kinds)
	grammar := flags.String("grammar", plainGrammar, grammars)
	verdicts := flags.String("verdicts", "", "the command that answers")
	show := flags.Int("show", 5, "how many of each bad class are shown")
	_ = flags.Parse(arguments)

	p, err := startProcess(*verdicts)
	if err != nil {
		return false, fmt.Errorf("-verdicts: %w", err)
	}
	asked := make(chan []byte, 256)
	pairs := make(chan pair, 256)
	problems := make(chan error, 2)
	go func() {
		defer close(asked)
		problems <- ask(p, *kind, *grammar, *seed, *count, asked)
	}()
	go func() {
		defer close(pairs)
		for line := range asked {
			answer, err := p.read()
			if err != nil {
				problems <- err
				// Whoever asks on must not wait for ever.
				for range asked {
				}
				return
			}
			pairs <- pair{Payload: line, Answer: answer}
		}
		problems <- nil
	}()
	rep, err := checkAll(pairs)
	for range 2 {
		if problem := <-problems; err == nil {
			err = problem
		}
	}
	if closeError := p.close(); err == nil {
		err = closeError
	}
	if err != nil {
		return false, err
	}
	return rep.print(os.Stdout, *verdicts, *show)
}

// ask writes all requests to the process.
func ask(p *process, kind, grammar string, seed uint64, count int, asked chan<- []byte) error {
	for i := range count {
		lines, err := generate(kind, grammar, seed, i)
		if err != nil {
			return err
		}
		for _, line := range lines {
			asked <- line
			if err := p.write(line); err != nil {
				return err
			}
		}
	}
	return nil
}
