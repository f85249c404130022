package main

import (
	"regexp/syntax"
	"strings"
	"unicode"
)

// members makes texts that a regex matches, mostly.
type members struct {
	root   *syntax.Regexp
	groups int
}

// newMembers takes the regex as Prometheus wraps it.
func newMembers(wrapped string) (members, bool) {
	root, err := syntax.Parse(wrapped, syntax.Perl)
	if err != nil {
		return members{}, false
	}
	return members{root, root.MaxCap()}, true
}

// one makes one text. Where group is not 0, that group holds the given text, whether or not the
// regex agrees.
func (m members) one(r random, group int, text string) string {
	var b strings.Builder
	write(r, &b, m.root, group, text)
	return b.String()
}

// runs are what `.*` is made to match.
var runs = []string{
	"", "a", "x", "shop", "web-0", "shop-prod", "shop-dev", "prod", "x-dev;y", "-", "dev", "a-b",
	"shop-prod-x", "monitoring", "kube-system", "0", ";", "x;y-dev", "-dev", "Shop",
}

func write(r random, b *strings.Builder, re *syntax.Regexp, group int, text string) {
	repeat := func(least, most int) {
		n := least
		if most < 0 {
			most = least + 3
		}
		if most > least {
			n += r.IntN(min(most-least, 4) + 1)
		}
		for range n {
			write(r, b, re.Sub[0], group, text)
		}
	}
	anything := len(re.Sub) == 1 &&
		(re.Sub[0].Op == syntax.OpAnyChar || re.Sub[0].Op == syntax.OpAnyCharNotNL)
	switch re.Op {
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 {
				for range r.IntN(3) {
					c = unicode.SimpleFold(c)
				}
				if r.chance(0.5) {
					c = unicode.ToLower(c)
				}
			}
			b.WriteRune(c)
		}
	case syntax.OpCharClass:
		writeClass(r, b, re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte(pick(r, []byte("abdepvkx09-;.A")))
	case syntax.OpCapture:
		if re.Cap == group {
			b.WriteString(text)
			return
		}
		write(r, b, re.Sub[0], group, text)
	case syntax.OpStar, syntax.OpPlus:
		least := 0
		if re.Op == syntax.OpPlus {
			least = 1
		}
		if anything {
			if run := pick(r, runs); len(run) >= least {
				b.WriteString(run)
				return
			}
		}
		repeat(least, -1)
	case syntax.OpQuest:
		repeat(0, 1)
	case syntax.OpRepeat:
		repeat(re.Min, re.Max)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			write(r, b, sub, group, text)
		}
	case syntax.OpAlternate:
		write(r, b, pick(r, re.Sub), group, text)
	default:
		// Assertions, the empty string, and what matches nothing.
	}
}

// writeClass writes a character of the class, preferably one that a namespace can have.
func writeClass(r random, b *strings.Builder, ranges []rune) {
	contains := func(c rune) bool {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= c && c <= ranges[i+1] {
				return true
			}
		}
		return false
	}
	for range 12 {
		if c := rune(pick(r, []byte("abcdefghijklmnopqrstuvwxyzprodevs0123456789--"))); contains(c) {
			b.WriteRune(c)
			return
		}
	}
	if len(ranges) < 2 {
		return
	}
	at := 2 * r.IntN(len(ranges)/2)
	b.WriteRune(ranges[at] + rune(r.IntN(int(min(ranges[at+1]-ranges[at], 100))+1)))
}
