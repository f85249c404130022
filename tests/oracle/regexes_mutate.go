package main

import (
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/relabel"
)

// regexTokens are put into patterns: what has a meaning in one engine and another one, or none, in
// another.
var regexTokens = []string{
	"{", "}", "{1}", "{2}", "{1,2}", "{1 ,2}", "{1, 2}", "{ 1}", "{1 }", "{,2}", "{2,}", "{0}", "{0,0}", "{2,1}", "{01}", "{1000}",
	"{1001}", "{-1}", "{a}", "{}", "{,}", "{1,2,3}", "{1}?", "{1}+", "{500}{3}",
	"(", ")", "(?", "(?:", "(?i)", "(?s)", "(?m)", "(?U)", "(?-s)", "(?i-s)", "(?i-)", "(?-)", "(?)", "(?:)", "()", "(?i:", "(?-i)",
	"(?x)", "(?u)", "(?R)", "(?is)", "(?ii)", "(?i-i)", "(?--i)", "(?i--s)", "(?P<n>", "(?<n>", "(?P<n", "(?P<>", "(?P<1>", "(?P=n)",
	"(?'n'", "(?=", "(?!", "(?<=", "(?>", "(?#", "(*", ")|(", "(|", "|)", "||", "|",
	"[", "]", "[^", "[]", "[^]", "[[", "]]", "[a-z]", "[z-a]", "[a-]", "[-a]", "[]a]", "[^]a]", "[a-a]", "[--a]", "[a-c-e]", "[+--]",
	"[[:alpha:]]", "[:alpha:]", "[[:^alpha:]]", "[^[:alpha:]]", "[[:foo:]]", "[[:alpha]", "[[:alpha:]-z]", "[a-[:alpha:]]",
	"[[:word:]]", "[[:ALPHA:]]", "[[.a.]]", "[[=a=]]", "&&", "--", "~~", "[a&&b]", "[a--b]", "[\\d-z]", "[a-\\d]", "[\\]]", "[\\b]",
	"[\\Q]\\E]", "[a\\E]", "[\\pL]", "[\\PL]", "[^\\W]", "[\\x{41}]", "[\\101]", "[$]", "[|]", "[\n]", "[é-ü]", "[\\-]", "[a\\-z]",
	"\\", "\\\\", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\B", "\\A", "\\z", "\\Z", "\\G", "\\<", "\\>", "\\b{start}", "\\b{",
	"\\p{Greek}", "\\p{Greesk}", "\\p{greek}", "\\p{^Greek}", "\\P{Greek}", "\\P{^Greek}", "\\pL", "\\pl", "\\p{L}", "\\p{Lu}",
	"\\p{LC}", "\\p{Letter}", "\\p{Lm}", "\\p{Any}", "\\p{ASCII}", "\\p{Script=Greek}", "\\p{sc=Greek}", "\\p{Cn}", "\\p{Cs}", "\\p", "\\p{",
	"\\p{}", "\\p{ L}", "\\pX", "\\p{Alphabetic}", "\\p{Han}", "\\p{Zyyy}", "\\p{Common}", "\\p{In_Greek}", "\\p{Z}", "\\p{Assigned}",
	"\\Q", "\\E", "\\Qa\\E", "\\Q*\\E", "\\Q\\E", "\\Q\\", "\\x41", "\\x4", "\\x{41}", "\\x{}", "\\x{110000}", "\\x{d800}", "\\x", "\\x{ 41}",
	"\\x{0041}", "\\u0041", "\\u{41}", "\\U00000041", "\\0", "\\1", "\\7", "\\8", "\\01", "\\101", "\\400", "\\777", "\\a", "\\f", "\\n", "\\r",
	"\\t", "\\v", "\\e", "\\c", "\\cA", "\\C", "\\R", "\\X", "\\N", "\\h", "\\K", "\\i", "\\-", "\\.", "\\_", "\\ ", "\\/", "\\é", "\\@", "\\#", "\\&",
	"\\~", "\\%", "\\<", "\\'", "\\\"", "\\,", "\\;", "\\:", "\\=", "\\!", "\\`", "\\{", "\\}", "\\[", "\\]", "\\(", "\\)", "\\|", "\\^", "\\$", "\\*",
	"*", "+", "?", "*?", "+?", "??", "**", "*+", "++", "?+", "?*", "*{2}", "{2}*", "{2}{3}", "+{2}", ".*", ".+", ".", "^", "$", "^*", "$?", "^{2}",
	"(^)*", "^^", "$$", "\\b*", "\\b+", "\\z{2}", "(?i)k", "(?i)s", "k", "s", "K", "S", "\u212a", "\u017f", "é", "ß", "ẞ", "σ", "ς", "İ", "ı",
	"\u00a0", "\u2028", "\n", "\t", "\x00", "\x7f", "\u0085", "\ufeff", "\ufffd", "\U0001f600", " ", "#", "-", "0", "9", "a", "dev", ";", ",", ":", "=",
	"<", ">", "!", "'", "\"", "/", "`", "~", "&", "%", "@", "_",
}

// basePatterns are those whose answers are recorded.
func basePatterns() []string {
	var all []string
	for _, one := range recordedRegexes() {
		all = append(all, one.(recordedRegex).Pattern)
	}
	return all
}

// question makes a pattern that is nearly one of these, and texts that are nearly matched.
func question(r random, patterns []string) regexQuestion {
	pattern := pick(r, patterns)
	for range pickWeighted(r, []weighted[int]{{6, 1}, {4, 2}, {2, 3}, {1, 5}}) {
		pattern = mutatedPattern(r, pattern, patterns)
	}
	q := regexQuestion{Pattern: pattern, Texts: slices.Clone(recordedTexts)}
	q.Texts = append(q.Texts, pattern, strings.ReplaceAll(pattern, `\`, ""), mutatedPattern(r, pattern, patterns))
	if regex, err := relabel.NewRegexp(pattern); err == nil {
		if m, ok := newMembers(regex.Regexp.String()); ok {
			for range 6 {
				member := m.one(r, 0, "")
				near := pick(r, []string{
					strings.ToUpper(member), strings.ToLower(member), member + "x", member + "\n", "\n" + member,
					strings.Replace(member, "a", "\n", 1), strings.Replace(member, "k", "\u212a", 1),
					strings.Replace(member, "s", "\u017f", 1), pick(r, regexTokens) + member,
				})
				q.Texts = append(q.Texts, member, near)
			}
		}
	}
	q.Texts = slices.DeleteFunc(q.Texts, func(text string) bool { return len(text) > 200 })
	slices.Sort(q.Texts)
	q.Texts = slices.Compact(q.Texts)
	return q
}

// mutatedPattern changes one place of the pattern.
func mutatedPattern(r random, pattern string, patterns []string) string {
	runes := []rune(pattern)
	// part returns two places, not far from each other.
	part := func() (from, to int) {
		from = r.IntN(len(runes) + 1)
		return from, min(len(runes), from+r.IntN(4))
	}
	from, to := part()
	before, inner, after := string(runes[:from]), string(runes[from:to]), string(runes[to:])
	switch r.IntN(9) {
	case 0, 1, 2:
		return before + pick(r, regexTokens) + inner + after
	case 3:
		return before + pick(r, regexTokens) + after
	case 4:
		return before + after
	case 5:
		return before + inner + inner + after
	case 6:
		characters := []rune(inner)
		slices.Reverse(characters)
		return before + string(characters) + after
	case 7:
		return before + pick(r, []string{"(", "(?:", "[", "(?i:", `\Q`}) + inner + pick(r, []string{")", "]", `\E`, ")*", "){2}", "]+"}) + after
	default:
		other := []rune(pick(r, patterns))
		return before + string(other[r.IntN(len(other)+1):])
	}
}
