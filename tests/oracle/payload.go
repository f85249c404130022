package main

import (
	"bytes"
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// payload is what the policy is given: an admission request and its settings.
type payload struct {
	Request  request         `json:"request"`
	Settings json.RawMessage `json:"settings"`
}

type request struct {
	UID       string          `json:"uid"`
	Kind      groupKind       `json:"kind"`
	Name      string          `json:"name"`
	Namespace string          `json:"namespace"`
	Operation string          `json:"operation"`
	Object    json.RawMessage `json:"object"`
}

type groupKind struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

// answer is what the policy says to a payload.
type answer struct {
	Accepted         bool     `json:"accepted"`
	Message          string   `json:"message"`
	Warnings         []string `json:"warnings"`
	AuditAnnotations struct {
		Violations string `json:"violations"`
	} `json:"audit_annotations"`
}

// violation is one entry of the answer's audit annotation.
type violation struct {
	Rule    string  `json:"rule"`
	Field   string  `json:"field"`
	Message string  `json:"message"`
	Witness *string `json:"witness"`
	// Example is how the witness comes through.
	Example *example `json:"example"`
}

func (a answer) violations() ([]violation, error) {
	if a.AuditAnnotations.Violations == "" {
		return nil, nil
	}
	var all []violation
	err := json.Unmarshal([]byte(a.AuditAnnotations.Violations), &all)
	return all, err
}

// payload returns the request to create the monitor.
func (m monitor) payload(uid string, settings json.RawMessage) (payload, error) {
	kind, object := m.object()
	return payloadOf(kind, object, m.metadata(), uid, settings)
}

// payloadOf returns the request to create the object.
func payloadOf(kind groupKind, object any, metadata *metav1.ObjectMeta, uid string, settings json.RawMessage) (payload, error) {
	text, err := encode(object)
	if err != nil {
		return payload{}, err
	}
	// What an API server would have set, or nobody writes.
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return payload{}, err
	}
	delete(fields, "status")
	if fields, ok := fields["metadata"].(map[string]any); ok {
		delete(fields, "creationTimestamp")
	}
	if text, err = encode(fields); err != nil {
		return payload{}, err
	}
	return payload{
		Request: request{
			UID:       uid,
			Kind:      kind,
			Name:      metadata.Name,
			Namespace: metadata.Namespace,
			Operation: "CREATE",
			Object:    text,
		},
		Settings: settings,
	}, nil
}

// encode is JSON on one line, with <, > and & as they are.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(text.Bytes(), "\n"), nil
}
