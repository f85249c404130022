package main

// kind is how a namespace comes through where it must not.
type kind int

const (
	// viaTarget: a target of that namespace, or whose label `namespace` says so, is scraped.
	viaTarget kind = iota
	// viaSample: a sample has that label `namespace`, after merging or at last.
	viaSample
	// viaExported: a sample has that label `exported_namespace` after merging.
	viaExported
)

func (k kind) String() string { return [...]string{"target", "sample", "exported"}[k] }

// leak is a namespace that came through, with the input that made it.
type leak struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	// Target has the labels that discovery gives the target.
	Target map[string]string `json:"target"`
	// Exposed has the labels of the sample as the exporter exposes them.
	Exposed map[string]string `json:"exposed,omitempty"`
	kind    kind
}
