package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Some texts change what the whole process takes for the default regex, once they are read from YAML: a
// quoted null goes through regexp.Regexp.UnmarshalText, which writes into the one that all rules
// share. Requests that have such a text are each checked in a process of their own.

// mayCorrupt tells whether the objects have a text of that kind anywhere.
func mayCorrupt(q judged) bool {
	var object any
	if json.Unmarshal(q.payload.Request.Object, &object) == nil && hasNull(object) {
		return true
	}
	return q.granted != nil && mayCorrupt(*q.granted)
}

func hasNull(value any) bool {
	switch value := value.(type) {
	case string:
		trimmed := strings.TrimSpace(value)
		return trimmed == "~" || strings.EqualFold(trimmed, "null")
	case []any:
		for _, item := range value {
			if hasNull(item) {
				return true
			}
		}
	case map[string]any:
		for _, item := range value {
			if hasNull(item) {
				return true
			}
		}
	}
	return false
}

// isolated checks the request in another process.
func isolated(text pair) (outcome, error) {
	var (
		o   outcome
		out bytes.Buffer
	)
	line, err := encode(text)
	if err != nil {
		return o, err
	}
	own, err := os.Executable()
	if err != nil {
		return o, err
	}
	command := exec.Command(own, "isolated")
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(line), &out, os.Stderr
	if err := command.Run(); err != nil {
		return o, fmt.Errorf("isolated: %w", err)
	}
	if err := json.Unmarshal(out.Bytes(), &o); err != nil {
		return o, fmt.Errorf("isolated: %w", err)
	}
	return o, nil
}

// isolatedCommand checks the one request on standard input, and then what comes through a monitor that
// is clean but stands in the same configuration.
func isolatedCommand([]string) (bool, error) {
	var text pair
	if err := json.NewDecoder(os.Stdin).Decode(&text); err != nil {
		return false, err
	}
	q, err := text.parse()
	if err != nil {
		return false, err
	}
	c, err := newChecker(nil)
	if err != nil {
		return false, err
	}
	o, err := c.check(q)
	if err != nil {
		return false, err
	}
	if o.Accepted && o.Class == agreed {
		if o.Leak, err = c.cleanLeak(q); err != nil {
			return false, err
		}
		if o.Leak != nil {
			o.Class, o.IsClean = unsound, true
		}
	}
	return true, json.NewEncoder(os.Stdout).Encode(o)
}

// cleanLeak returns what comes through a clean monitor after the configuration was loaded.
func (c *checker) cleanLeak(q judged) (*leak, error) {
	m, err := parseMonitor(q.payload.Request)
	if err != nil {
		return nil, err
	}
	clean, err := newMonitor("ServiceMonitor")
	if err != nil {
		return nil, err
	}
	*clean.metadata() = randomMetadata(newRandom(0, 0))
	clean.metadata().Name, clean.metadata().Namespace = "clean", "shop-dev"
	clean.service.Spec.Selector.MatchLabels = map[string]string{"app": "x"}
	scrapes, err := compileAll(c.compilers, clean, m)
	if err != nil {
		return nil, err
	}
	_, found := try(newRandom(hash(q.payload.Request.Object), 1), clean, scrapes, nil, effort{rounds: roundsForAccepted})
	return found, nil
}
