package main

import "encoding/json"

// pair is a request and its answer, as a checker is given them.
type pair struct {
	Payload json.RawMessage `json:"payload"`
	Answer  json.RawMessage `json:"answer"`
	// Granted is the Prometheus that scrapes, where it is judged as well.
	Granted *pair `json:"granted,omitempty"`
}

// judged is the same, understood.
type judged struct {
	payload payload
	answer  answer
	granted *judged
}

func (p pair) parse() (judged, error) {
	var q judged
	if err := json.Unmarshal(p.Payload, &q.payload); err != nil {
		return q, err
	}
	if err := json.Unmarshal(p.Answer, &q.answer); err != nil {
		return q, err
	}
	if p.Granted == nil {
		return q, nil
	}
	granted, err := p.Granted.parse()
	q.granted = &granted
	return q, err
}

// together gives each monitor the Prometheus that precedes it, if one does.
func together(lines <-chan pair) <-chan pair {
	all := make(chan pair)
	go func() {
		defer close(all)
		var granted *pair
		for line := range lines {
			var about struct{ Request struct{ Kind groupKind } }
			// What cannot be read is no Prometheus; whoever reads it next says so.
			_ = json.Unmarshal(line.Payload, &about)
			if about.Request.Kind.Kind == "Prometheus" {
				granted = &line
				continue
			}
			line.Granted, granted = granted, nil
			all <- line
		}
	}()
	return all
}
