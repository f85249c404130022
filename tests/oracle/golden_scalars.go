package main

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
)

// recordedScalar is what became of a text in a field.
type recordedScalar struct {
	// Field is the path of the text; that of the map where the text is a key.
	Field string     `json:"field"`
	Text  scalarText `json:"text"`
	// Schema is the constraint by which the API server refuses the text, if there is one.
	Schema    string        `json:"schema,omitempty"`
	Outcome   scalarOutcome `json:"outcome"`
	Detail    string        `json:"detail,omitempty"`
	Namespace string        `json:"namespace"`
	// Object has the marker "zqx" where the text is too long to be written out.
	Object json.RawMessage `json:"object"`
}

// notableScalars are tried in every field, notableElsewhere in those that are tried with all texts.
var (
	notableScalars   = []string{"null", "~", "", "$(X)", "<<", "(", "Null", "null "}
	notableElsewhere = []string{
		"~~", " ~", "null|null", "*a", "a**", `\u0041`, "a)|(b", "a\nb", "a\u0085b", "a\r\nb",
	}
)

// oneOf is the part of the other texts that is tried in a field.
const oneOf = 40

// most is how many texts of an outcome are recorded of a field; of those that are refused, how many
// errors.
func most(f scalarField, o scalarOutcome) int {
	switch {
	case o == poisons:
		return len(notableScalars)
	case o == changed && f.all:
		return 1
	case o == changed:
		return 0
	case !f.all:
		return 1
	default:
		return 2
	}
}

// looksLikeHost tells whether the text may be read as a service and its namespace.
var looksLikeHost = regexp.MustCompile(`(?s)[a-z0-9]\.[a-z0-9]`)

func recordedScalars() ([]any, error) {
	results, err := scalarResults(isRecordable)
	if err != nil {
		return nil, err
	}
	// What is the same comes in an order of its own for each field, so that each shows other texts.
	slices.SortStableFunc(results, func(a, b scalarResult) int {
		if a.field.name() != b.field.name() || a.outcome != same || b.outcome != same {
			return 0
		}
		return cmp.Compare(a.hash(), b.hash())
	})
	var all []any
	kept := map[string]int{}
	said := map[string]bool{}
	for _, r := range results {
		if r.outcome == same && !r.isAcceptable() {
			continue
		}
		key := r.field.name() + string(r.outcome)
		message := key + general(r.detail)
		if kept[key] == most(r.field, r.outcome) || r.outcome == refusedScalar && said[message] {
			continue
		}
		kept[key]++
		said[message] = true
		line, err := r.record()
		if err != nil {
			return nil, err
		}
		all = append(all, line)
	}
	return all, nil
}

func isRecordable(f scalarField, t scalarText) bool {
	if f.isEnum && t.count > 1 {
		return false
	}
	r := scalarResult{field: f, text: t}
	return slices.Contains(notableScalars, t.String()) || f.all && slices.Contains(notableElsewhere, t.String()) ||
		t.class != "harmless" && (f.all || t.isCore) && r.hash()%oneOf == 0
}

func (r scalarResult) hash() uint64 { return seedOf(r.field.name() + r.text.String()) }

// isAcceptable tells whether no other rule has anything against the object, and the text is there.
func (r scalarResult) isAcceptable() bool {
	isLeftOut := r.text.String() == "" && r.field.omitted
	return !isLeftOut && !looksLikeHost.MatchString(r.text.String()) && r.field.path != "spec.enforcedNamespaceLabel"
}

func (r scalarResult) record() (recordedScalar, error) {
	text := r.text.String()
	if r.text.count > 1 {
		text = r.field.marker
	}
	namespace, object, err := r.field.build(text).transferred()
	return recordedScalar{
		Field: r.field.path, Text: r.text, Schema: r.field.schema(r.text.String()),
		Outcome: r.outcome, Detail: r.detail, Namespace: namespace, Object: object,
	}, err
}
