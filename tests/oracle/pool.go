package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
)

var wellKnownNamespaces = []string{
	"dev", "prod", "shop-dev", "shop-prod", "monitoring-dev", "monitoring-prod", "default",
	"kube-system", "z9-dev", "z9-prod",
}

var junk = []string{"x;y", "x-dev;y", "namespace", "0", "1", "", "SHOP-PROD", "Shop-Dev", "x", "web-0",
	"x\ny", "\n", "shop-prod\n"}

// pool is what the labels of one stage are filled with.
type pool struct {
	// names of the labels that are set, the namespace's own aside.
	names []string
	// namespaces are what a namespace is called.
	namespaces []string
	// witnesses are the ones that the policy named.
	witnesses []string
	// values that fit a label: members of the regexes that read it, and pieces of them.
	values map[string][]string
	// general values fit no label in particular.
	general []string
	// joined are the rules that join several labels, or compare some.
	joined []joinedRule
	// filters are the rules that keep or drop by one label.
	filters []*relabel.Config
	// constants are texts that rules give a label, whatever it had before.
	constants map[string]string
	// hashes are the rules that give a label a hash.
	hashes map[string]*relabel.Config
	// origins are labels from which rules copy one.
	origins map[string]string
	// favourite is preferred for every label, where there is one.
	favourite string
}

type joinedRule struct {
	sources   []string
	separator string
	members   []string
	// equal is the label that the joined value is compared with.
	equal string
}

// newPool reads what the rules are about. Labels in fixed are set by the caller.
func newPool(r random, rules []*relabel.Config, also []string, fixed map[string]bool, witnesses []string, own string) *pool {
	p := &pool{values: map[string][]string{}, witnesses: witnesses}
	mention := func(name string) {
		if name != "" && !fixed[name] && !slices.Contains(p.names, name) && !strings.Contains(name, "$") {
			p.names = append(p.names, name)
		}
	}
	for _, name := range also {
		mention(name)
	}
	for _, rule := range rules {
		for _, source := range rule.SourceLabels {
			mention(string(source))
		}
		if rule.Action == relabel.KeepEqual || rule.Action == relabel.DropEqual {
			mention(rule.TargetLabel)
		}
	}
	p.namespaces = append(p.namespaces, wellKnownNamespaces...)
	p.namespaces = append(p.namespaces, own)
	p.namespaces = append(p.namespaces, witnesses...)
	names := append([]string{"namespace", "exported_namespace", "__meta_kubernetes_namespace"}, p.names...)
	seen := map[string]bool{}
	for _, rule := range rules {
		p.read(r, rule, names, seen, mention)
		if (rule.Action == relabel.Keep || rule.Action == relabel.Drop) && len(rule.SourceLabels) == 1 {
			p.filters = append(p.filters, rule)
		}
	}
	p.propagate(rules)
	p.follow(rules)
	slices.Sort(p.namespaces)
	p.namespaces = slices.Compact(p.namespaces)
	p.general = append(slices.Clone(p.namespaces), junk...)
	return p
}

// read takes the members of one rule's regex.
func (p *pool) read(r random, rule *relabel.Config, names []string, seen map[string]bool, mention func(string)) {
	var sources []string
	for _, source := range rule.SourceLabels {
		sources = append(sources, string(source))
	}
	if rule.Action == relabel.KeepEqual || rule.Action == relabel.DropEqual {
		p.joined = append(p.joined, joinedRule{sources, rule.Separator, nil, rule.TargetLabel})
		return
	}
	m, ok := newMembers(rule.Regex.Regexp.String())
	if !ok {
		return
	}
	isTrivial := isDefault(rule)
	switch rule.Action {
	case relabel.LabelMap, relabel.LabelDrop, relabel.LabelKeep:
		for range 3 {
			if name := m.one(r, 0, ""); rule.Regex.MatchString(name) && isLabelName(name) {
				mention(name)
			}
		}
		for group := 1; group <= m.groups; group++ {
			for _, name := range names {
				name = m.one(r, group, name)
				if rule.Regex.MatchString(name) && isLabelName(name) {
					mention(name)
				}
			}
		}
		return
	case relabel.Replace, relabel.Keep, relabel.Drop:
	default:
		return
	}
	var found []string
	if !isTrivial {
		for range 10 {
			found = append(found, m.one(r, 0, ""))
		}
	}
	if strings.Contains(rule.TargetLabel, "$") {
		for group := 1; group <= m.groups; group++ {
			for _, name := range names {
				found = append(found, m.one(r, group, name))
			}
		}
		if len(sources) > 0 {
			p.values[sources[0]] = append(p.values[sources[0]], names...)
		}
	}
	for group := 1; group <= m.groups && !isTrivial; group++ {
		for range 3 {
			found = append(found, m.one(r, group, pick(r, p.namespaces)))
		}
		// What is claimed to leak may have been captured.
		for _, witness := range p.witnesses {
			found = append(found, m.one(r, group, witness))
		}
	}
	if len(sources) > 1 {
		p.joined = append(p.joined, joinedRule{sources, rule.Separator, found, ""})
	}
	var pieces []string
	for _, member := range found {
		pieces = append(pieces, member)
		if len(sources) > 1 && rule.Separator != "" {
			pieces = append(pieces, strings.Split(member, rule.Separator)...)
		}
		if len(member) > 0 {
			at := r.IntN(len(member))
			pieces = append(pieces, member[:at], member[at:])
		}
	}
	for _, source := range sources {
		p.values[source] = append(p.values[source], pieces...)
	}
	for _, piece := range pieces {
		if seen[piece] || len(p.namespaces) > 80 {
			continue
		}
		seen[piece] = true
		for _, near := range mutated(r, piece) {
			if isNamespace(near) {
				p.namespaces = append(p.namespaces, near)
			}
		}
	}
}

// propagate lets a label that is copied onto another one, as the operator's own rules do, have what
// fits the other.
func (p *pool) propagate(rules []*relabel.Config) {
	for _, rule := range slices.Backward(rules) {
		if rule.Action == relabel.Replace && len(rule.SourceLabels) == 1 {
			source := string(rule.SourceLabels[0])
			p.values[source] = append(p.values[source], p.values[rule.TargetLabel]...)
		}
	}
}

// follow notes where labels get their values from.
func (p *pool) follow(rules []*relabel.Config) {
	p.constants, p.origins, p.hashes = map[string]string{}, map[string]string{}, map[string]*relabel.Config{}
	for _, rule := range rules {
		if rule.Action == relabel.HashMod {
			p.hashes[rule.TargetLabel] = rule
		}
		if rule.Action != relabel.Replace || strings.Contains(rule.TargetLabel, "$") {
			continue
		}
		switch {
		case len(rule.SourceLabels) == 0 && !strings.Contains(rule.Replacement, "$"):
			p.constants[rule.TargetLabel] = rule.Replacement
		case len(rule.SourceLabels) == 1 && (rule.Replacement == "$1" || rule.Replacement == "${1}"):
			p.origins[rule.TargetLabel] = string(rule.SourceLabels[0])
		}
	}
}

// mutated returns the text and texts that nearly are it.
func mutated(r random, text string) []string {
	near := []string{text, strings.ToLower(text)}
	switch r.IntN(6) {
	case 0:
		near = append(near, text+"-prod")
	case 1:
		near = append(near, "x"+text)
	case 2:
		near = append(near, text+"x")
	case 3:
		near = append(near, "prod-"+text)
	case 4:
		near = append(near, strings.Replace(text, "dev", "prod", 1))
	case 5:
		if len(text) > 0 {
			near = append(near, text[:len(text)-1])
		}
	}
	return near
}

func isLabelName(name string) bool {
	for _, c := range name {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && (name[0] < '0' || name[0] > '9')
}

// value chooses a text for a label.
func (p *pool) value(r random, name string) string {
	if p.favourite != "" && r.chance(0.2) {
		return p.favourite
	}
	if fitting := p.values[name]; len(fitting) > 0 && r.chance(0.65) {
		return pick(r, fitting)
	}
	return pick(r, p.general)
}

// assignment is a set of labels in the making.
type assignment map[string]string

// fill chooses values for all labels but those that are there already. An absent label is one that
// is not set.
func (p *pool) fill(r random, into assignment, fixed map[string]bool) {
	absent := pick(r, []float64{0, 0.15, 0.15, 0.5, 1})
	var few []string
	if r.chance(0.15) {
		few = []string{pick(r, p.general), pick(r, p.general)}
	}
	for _, name := range p.names {
		if fixed[name] || r.chance(absent) {
			continue
		}
		if few != nil {
			into[name] = pick(r, few)
		} else {
			into[name] = p.value(r, name)
		}
	}
	if len(p.filters) > 2 && r.chance(0.2) {
		p.pass(r, into, fixed)
	}
	if len(p.joined) == 0 {
		return
	}
	for range r.IntN(3) {
		p.joined[r.IntN(len(p.joined))].fit(r, p, into, fixed)
	}
	// What is compared is equal by intent only, so it comes last.
	for _, j := range p.joined {
		if j.equal != "" && r.chance(0.5) {
			j.fit(r, p, into, fixed)
		}
	}
}

// pass chooses values with which the filters by one label let through, one after the other: by chance, many of them
// do not.
func (p *pool) pass(r random, into assignment, fixed map[string]bool) {
	for _, rule := range p.filters {
		name := string(rule.SourceLabels[0])
		values := []string{into[name], "", "x", p.value(r, name), p.value(r, name), p.value(r, name)}
		for _, value := range values {
			if fixed[name] {
				break
			}
			if rule.Regex.MatchString(value) == (rule.Action == relabel.Keep) {
				into[name] = value
				break
			}
		}
		if into[name] == "" {
			delete(into, name)
		}
	}
}

// fit makes the labels that a rule joins one of its members, or equal to what they are compared
// with, as far as they are not fixed.
func (j joinedRule) fit(r random, p *pool, into assignment, fixed map[string]bool) {
	if j.equal != "" {
		j.equate(p, into, fixed)
		return
	}
	if len(j.members) == 0 {
		return
	}
	parts := strings.Split(pick(r, j.members), j.separator)
	for len(parts) > len(j.sources) {
		at := r.IntN(len(parts) - 1)
		parts[at] += j.separator + parts[at+1]
		parts = slices.Delete(parts, at+1, at+2)
	}
	for i, part := range parts {
		if !fixed[j.sources[i]] {
			into[j.sources[i]] = part
		}
	}
}

// known returns what a rule writes into the label: a constant, or the hash of what is chosen.
func (p *pool) known(name string, chosen assignment) (string, bool) {
	if rule := p.hashes[name]; rule != nil {
		all := maps.Clone(chosen)
		if all["namespace"] == "" {
			all["namespace"] = all[metaNamespace]
		}
		builder := labels.NewBuilder(labels.FromMap(all))
		relabel.ProcessBuilder(builder, rule)
		return builder.Get(name), true
	}
	text, isConstant := p.constants[name]
	return text, isConstant
}

// equate makes the joined labels and the one that they are compared with equal, by what is free of them.
func (j joinedRule) equate(p *pool, into assignment, fixed map[string]bool) {
	set := func(name, value string) {
		into[name] = value
		if from := p.origins[name]; from != "" && !fixed[from] {
			into[from] = value
		}
	}
	parts := make([]string, len(j.sources))
	free := -1
	for i, source := range j.sources {
		text, isKnown := p.known(source, into)
		if !isKnown {
			text = into[source]
			if source == "namespace" && text == "" {
				text = into[metaNamespace]
			}
			if !fixed[source] {
				free = i
			}
		}
		parts[i] = text
	}
	whole, isKnown := p.known(j.equal, into)
	switch {
	case !isKnown && !fixed[j.equal]:
		set(j.equal, strings.Join(parts, j.separator))
	case free >= 0:
		if !isKnown {
			whole = into[j.equal]
		}
		before := strings.Join(append(parts[:free:free], ""), j.separator)
		after := strings.Join(append([]string{""}, parts[free+1:]...), j.separator)
		rest, hasPrefix := strings.CutPrefix(whole, before)
		if rest, hasSuffix := strings.CutSuffix(rest, after); hasPrefix && hasSuffix {
			set(j.sources[free], rest)
		}
	}
}

// list returns the labels in random order.
func (a assignment) list(r random) []labels.Label {
	all := make([]labels.Label, 0, len(a))
	for name, value := range a {
		all = append(all, labels.Label{Name: name, Value: value})
	}
	slices.SortFunc(all, func(x, y labels.Label) int { return strings.Compare(x.Name, y.Name) })
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
