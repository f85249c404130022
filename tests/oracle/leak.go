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
	// viaHost: a target is scraped whose address, as somebody wrote it down, stands in that namespace.
	viaHost
)

func (k kind) String() string { return [...]string{"target", "sample", "exported", "host"}[k] }

// leak is a namespace that came through, with the input that made it.
type leak struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	// Target has the labels that discovery gives the target.
	Target map[string]string `json:"target"`
	// Exposed has the labels of the sample as the exporter exposes them.
	Exposed map[string]string `json:"exposed,omitempty"`
	// Before3 tells whether it takes a Prometheus 2.
	Before3 bool `json:"before3,omitempty"`
	kind    kind
	// isUnreal tells whether no Prometheus scrapes it so, though the model knows it.
	isUnreal bool
	// sighting is what is to be scraped to see it stored, where a Prometheus 3 shows it.
	sighting *sighting
}
