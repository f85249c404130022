package main

import (
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/relabel"
)

// dialect are patterns that RE2 and other engines read differently, or refuse.
var dialect = []string{
	// Classes.
	"[a&&b]", "[a--b]", "[a~~b]", "[[a]b]", "[]-a]", "[]a]", "[^]a]", "[a-]", "[-a]", `[\d-z]`, `[\w.]`,
	"[[:alpha:]]", "[[:^alpha:]]", "[^[:alpha:]]", "[[:upper:]]+", "(?i)[[:upper:]]+",
	"(?i)[[:^upper:]]+", "(?i)[^k]", "(?i)[a-j]+", "[[:word:]]+", "[[:space:]]", "[[:ascii:]]*",
	"[[:punct:]]", "[[:xdigit:]]+", `\d+`, `\D+`, `\s`, `\S+`, `\w+`, `\W+`, `[\s]`, `[^\w]`, `[^\d]+`,
	`\pL+`, `\PL+`, `\p{L}+`, `\p{Lu}+`, `\p{^Lu}+`, `\p{Greek}`, `\P{Greek}+`, `\pN+`, `\p{Nd}+`,
	`[\pL-]+`, `[^\pL]+`, `\p{Foo}`, `\pZ`, `\p{Latin}+`,
	// Repetition.
	"a**", "a*?", "a+?", "a??", "a*+", "a{2}", "a{2,}", "a{2,3}", "a{,3}", "a{ 2}", "a{2 }", "a{1 ,3}",
	"a{2}{3}", "(a{2}){3}", "a{1000}", "a{1001}", "(a{100}){11}", "(a{10}){100}", "a{", "a{x}", "{2}", "*a",
	"x{2,1}", "(?:)*", "(a|b|)*", "()", "(?:a?){3}", "(|a)+",
	// Assertions.
	"^a$", "^^a$$", "a^", "$a", "a$|b", "(^a|b$)", "(?:^a)$", `\Aa\z`, `a\Z`, `\ba\b`, `a\b-b`, `a\Bb`, `.*\b`,
	`\bdev.*`, `.*-dev\b`, `.*-\b`, `\b-dev`, `(.*-dev\b)|a`, `(.*-dev\b)+`, `.*dev\b\b`, `.*dev\b$`, `(?i)\bé.*`, `\b(dev).*`, `.*dev\b-?`, "(a{\t100}){11}",
	"(?m)^a$", "(?m)a$\n^b", `\b{start}a`, `\<a\>`, "^*", "(^)*a", "(^a)*",
	// Flags and groups.
	"(?i)Dev", "(?i:Dev)x", "(?-s).", "(?s).", "(?-s:a.b)", "(?U)a+", "(?x)a b", "(?u)a", "(?R)a", "(?is-U)A.",
	"(?i", "(?P<n>a)", "(?<n>a)", "(?P<n>a)(?P<n>b)", "(?P<1a>b)", "(?P<é>b)", "(?=a)", "(?!a)", "(?#c)a",
	`(a)\1`, "a(?i)b|c", "(a(?i)b|c)d", "((?i)a)b",
	// Escapes and literals.
	`\x41`, `\x{41}`, `\x{10ffff}`, `\u0041`, `\U00000041`, `\101`, `\0`, `\8`, `\a`, `\f`, `\t`, `\n`, `\v`,
	`\-`, `\.`, `\_`, `\é`, `\y`, `\Qa.b\E`, `\Q*\E+`, `\Qab\E*`, `a\Q\E*`, `\Q[a\E`, `\Qa`, `\E`, `\C`,
	"é", "É", "(?i)é", "(?i)k", "(?i)s", "(?i)[k-s]", "\u212a", "(?i)\u212a", "a\nb", "a.b",
	// Brackets.
	"a)|(b", "a|b)", "(a", "a)", "[a", "a]", "a|", "|a", "", "(?:)", ".", ".*", ".+",
}

// recordedTexts are what every pattern is tried on.
var recordedTexts = []string{
	"", "a", "A", "b", "ab", "aab", "dev", "DEV", "shop-dev", "shop-prod", "kube-system", "a;b", "a\nb", "-", "é",
	"\u212a", "\u017f", "3", "a{,3}", "]", "x y",
}

// recordedRegex is a pattern and what Prometheus makes of it.
type recordedRegex struct {
	Pattern string `json:"pattern"`
	// Compiles tells whether Go compiles it as Prometheus wraps it.
	Compiles bool `json:"compiles"`
	// Matches are the texts that it matches.
	Matches []string `json:"matches,omitempty"`
	// Others are some that it does not match.
	Others []string `json:"others,omitempty"`
}

func recordedRegexes() []any {
	patterns := slices.Concat(dialect, confining, namespaceRegexes, joinedRegexes, unusualRegexes)
	r := newRandom(goldenSeed, 0)
	for range 150 {
		patterns = append(patterns, randomRegex(r, 3))
	}
	var all []any
	seen := map[string]bool{}
	for _, pattern := range patterns {
		if seen[pattern] {
			continue
		}
		seen[pattern] = true
		all = append(all, recordRegex(r, pattern))
	}
	return all
}

func recordRegex(r random, pattern string) recordedRegex {
	regex, err := relabel.NewRegexp(pattern)
	recorded := recordedRegex{Pattern: pattern, Compiles: err == nil}
	if err != nil {
		return recorded
	}
	texts := slices.Clone(recordedTexts)
	if m, ok := newMembers(regex.Regexp.String()); ok {
		for range 6 {
			member := m.one(r, 0, "")
			texts = append(texts, member, strings.ToUpper(member), member+"x")
		}
	}
	slices.Sort(texts)
	for _, text := range slices.Compact(texts) {
		if len(text) > 200 {
			continue
		}
		if regex.MatchString(text) {
			recorded.Matches = append(recorded.Matches, text)
		} else {
			recorded.Others = append(recorded.Others, text)
		}
	}
	return recorded
}
