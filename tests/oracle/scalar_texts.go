package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// scalarText is a text that is known for what YAML makes of it, or of one like it.
type scalarText struct {
	// class is what it is known for.
	class string
	// unit is repeated count times.
	unit  string
	count int
	// isCore tells whether every field is tried with it; some fields are tried with all texts.
	isCore bool
}

func (t scalarText) String() string { return strings.Repeat(t.unit, t.count) }

// repetition is how a text is recorded that is too long to be written out.
type repetition struct {
	Repeat string `json:"repeat"`
	Count  int    `json:"count"`
}

func (t scalarText) MarshalJSON() ([]byte, error) {
	if t.count == 1 {
		return encode(t.unit)
	}
	return encode(repetition{t.unit, t.count})
}

func (t *scalarText) UnmarshalJSON(text []byte) error {
	t.count = 1
	if json.Unmarshal(text, &t.unit) == nil {
		return nil
	}
	var r repetition
	err := json.Unmarshal(text, &r)
	t.unit, t.count = r.Repeat, r.Count
	return err
}

// scalarTexts are all of them, each once. Of those of a class, the first ones are the core.
func scalarTexts() []scalarText {
	var all []scalarText
	seen := map[string]bool{}
	add := func(t scalarText) {
		if whole := t.String(); !seen[whole] {
			seen[whole] = true
			all = append(all, t)
		}
	}
	for _, c := range scalarClasses {
		for index, text := range c.texts {
			add(scalarText{c.name, text, 1, index < c.core})
		}
	}
	for _, r := range repetitions {
		add(scalarText{"long", r.Repeat, r.Count, r.Count == 5000 || r.Count == 1024})
	}
	for c := rune(0); c < 0xa0; c++ {
		switch {
		case c < ' ' && c != '\t' && c != '\n' && c != '\r', c >= 0x7f && c != 0x85:
			isCore := slices.Contains([]rune{0, 0x1b, 0x7f, 0x80}, c)
			add(scalarText{"control", fmt.Sprintf("a%cb", c), 1, isCore})
			add(scalarText{"control", string(c), 1, false})
		}
	}
	return all
}

var scalarClasses = []struct {
	name string
	// core is how many of them every field is tried with.
	core  int
	texts []string
}{
	{"harmless", 3, []string{"web", "http-metrics", "a_b", "Web", "x1", "a.b", "a/b"}},
	{"empty", 1, []string{""}},
	{"null", 5, []string{
		"null", "~", "Null", "NULL", "null ", " null", "~ ", " ~", "~~", "null\n", "\nnull", "~\n", "nil", "none",
		"None", "nUll", "NuLL", "nulls", "(null)", "null|null", "'null'", `"null"`, "!!null", "!!null null", "<null>",
	}},
	{"bool", 4, []string{
		"true", "no", "y", "on", "True", "TRUE", "tRue", "false", "False", "FALSE", "yes", "Yes", "YES", "No", "NO",
		"On", "ON", "off", "Off", "OFF", "Y", "n", "N", "t", "f", "yEs", "oN",
	}},
	{"integer", 5, []string{
		"0x1F", "0o17", "017", "1_000", "1:30", "0", "1", "-1", "+1", "-0", "00", "007", "08", "09", "0O17", "0X1f",
		"0b1", "0B1", "0b1010", "1,000", "_1", "1_", "0x", "0b", "0o8", "0xg", "190:20:30", "1:30:00", "12:30", "+12:30",
		"-1:30", "9223372036854775807", "9223372036854775808", "18446744073709551616", "-9223372036854775809",
		"123456789012345678901234567890", "0x_1", "0b_1", "-0x1F", "+0b1", "8080", "65536", "0.0.0.0",
	}},
	{"float", 4, []string{
		"1e3", ".5", ".inf", ".nan", "5.", "1.5", "-1.5", "+1.5", "1E3", "1e+3", "1e-3", ".e", "1.e5", ".1e5",
		"1_000.5", "1.5.5", "685.230_15e+03", "190:20:30.15", ".Inf", ".INF", "+.inf", "-.inf", "-.Inf", "-.INF",
		".NaN", ".NAN", "inf", "nan", "Infinity", "NaN", "e3", "1e", "0x1p-2", "1e1000", "1e-1000", ".", "..",
	}},
	{"time", 2, []string{
		"2001-01-01", "2001-12-14t21:59:43.10-05:00", "2001-1-1", "2001-12-14 21:59:43.10 -5", "2001-12-15 2:59:43.10",
		"2001-12-15T02:59:43Z", "2001-01-01T00:00:00", "2001-13-45", "10:20", "2001", "2001-01",
	}},
	{"tag", 3, []string{
		"!!str", "!x", "!!binary aGk=", "!", "!!", "!!str a", "!!binary", "!!int 3", "!!float", "!!merge", "!!map",
		"!x y", "!<tag:yaml.org,2002:str> a", "!!python/object", "tag:yaml.org,2002:null",
	}},
	{"anchor", 2, []string{"&a", "*a", "&", "&a b", "*", "*a b", "&a *a", "a&b", "a*b"}},
	{"document", 4, []string{
		"---", "...", "%YAML", "- a", "--", "--- a", "---a", "... a", "....", "%YAML 1.2", "%", "-", "-a", "-\ta", "+", "- ",
		"--- |", "---\na", "a\n---\nb", "a\n...\nb", "---\n", "...\n",
	}},
	{"indicator", 10, []string{
		"=", "<<", "a: b", "?", "a:", "# a", "{}", "[a]", "|", "@a", "==", "<", "<<: a", "? a", "?a", ":", ": a", ":a",
		"a:b", "a :b", "a : b", "::", ",", "a, b", "a,", "[", "]", "[]", "[a, b]", "{", "}", "{a}", "{a: b}", `{"a":1}`,
		`["a"]`, "#", "a#", "a #b", "a # b", " # x", "#a", "|-", "|+", "|2", "| a", "a|b", ">", ">-", ">+", "> a", "@",
		"`", "`a`", "a@b", "$", "a$", "^", "(a)", "(", ")", "a)|(b", "*", "+", "a**", "a{2}", "a{", "\\d", "[[:alpha:]]",
		".*", "(.*)", "(.+)", ";", "a;b", "/", "/metrics", "http://a/b?c=d&e=f#g", "%2f", "a=b", "a==b", "a!=b", "!a",
	}},
	{"quote", 4, []string{
		"'", `"`, `a\`, `\n`, "''", `""`, "'a'", `"a"`, "it's", `a"b`, `\`, `\\`, `\"`, `\x41`, "\\u0041", "\\U00000041",
		`\0`, `\e`, `\N`, `\_`, `\ `, `\/`, "a\\\nb", "'a", `"a`, "a'", `a"`, "\"a\nb\"",
	}},
	{"blank", 4, []string{
		" a", "a ", "\ta", "a\t", " ", "  ", "  a  ", "\t", "\t\t", "a\tb", "a b", "a  b", "a\t b", "\u00a0", "a\u00a0",
		"\u00a0a", "\u3000", "a\u3000b", "\u200b", "a\u200b", "\u1680", "\u2003a", "a\v", "a\f",
	}},
	{"line", 8, []string{
		"\n", "a\n", "\na", "a\nb", " a\nb", "a\n\n", "a \nb", "a\n b", "\n\n", "\n\n\n", "\n\na", "a\n\n\n", "a\n\nb",
		"a\n\n\nb", "  a\nb", "   a\n  b\n c", "a\n ", "a\n\t", "\ta\nb", "\t\n", "\n\t", "\n a", "\n  a\nb", " \n", "  \n",
		" \na", " \n\na", "\n ", "\n \n", "a\nb\n", "a\nb\n\n", "a\nb ", "a\nb\n ", "- a\nb", "a: b\nc: d", "# a\nb",
		"a # b\nc", "a\n# b", "a\n#b\n", "a\n\tb", "|\na", "'a\nb'", "a\n'b'", "a:\n  b", "{\n}", "a\n\u00a0b", "dev\nprod",
		"a\n\n b\n\n  c\n", "\n\n a\n", "1\n2", "a\n  \nb", "a\n  \n",
	}},
	{"carriage return", 4, []string{
		"a\r", "a\rb", "a\r\nb", "\r", "\ra", "\r\n", "a\r\n", "\r\na", "a\n\rb", "a\r\r\nb", "a\r\n\r\nb", " a\r\nb", "a\r b",
		"a \rb", "null\r",
	}},
	{"separator", 6, []string{
		"a\u0085b", "a\u2028b", "a\u2029b", "a\u0085", "\u2028a", "a\u0085\nb", "\u0085", "\u2028", "\u2029", "\u0085a", "\u2029a",
		"a\u2028", "a\u2029", "a\u2028\nb", "a\u2029\nb", "a\n\u0085b", "a\n\u2028b", "a\n\u2029b", "a\u0085\u0085b",
		"a\u2028\u2028b", "a \u0085b", "a\u0085 b", "a \u2028 b", "a\u2028 b", " a\u0085b", " a\u2028b", "a\u0085\n", "a\u2028\n",
		"\u0085\n", "\u2028\na", "- a\u0085b", "a: b\u2028c", "a\u0085#b", "a\u0085---\u0085b", "null\u0085", "a\u2028\r\nb",
	}},
	{"byte order mark", 4, []string{
		"\ufeff", "\ufeffa", "a\ufeffb", "a\ufeff", "\ufeffnull", "\ufeff\na", "a\n\ufeffb", "\ufeff\n", "a\n\ufeff", "\ufeff\ufeff",
		" \ufeffa", "\ufeff# a", "\ufeff---",
	}},
	{"unicode", 5, []string{
		"é", "日本", "\U0001f600", "\ufffe", "\ue000", "e\u0301", "\ufffd", "\uffff", "\ud7ff", "\uf8ff", "\U00010000", "\U0001fffe",
		"\U0001ffff", "\U000e0001", "\U0010fffd", "\U0010ffff", "\u202e", "\u200e", "\u00ad", "\u2060", "\ufdd0", "é\nb", "日 本",
		"a\U0001f600\nb", "a\ufffe\nb", "a\ue000b", "\u212a", "\u017f", "É", "\u0600", "\u061c",
	}},
	{"variable", 6, []string{
		"$(X)", "${x}", "$$", "$1", "$(SHARD)", "%(x)s", "$x", "${1}", "$$1", "$0", "$2", "$(X", "$()", "$(x)", "$((X))",
		"a$(X)b", "$(POD_NAME)", "$(X)$(Y)", "$(X-Y)", "$(X )", "$(\nX)", "{{ .X }}", "{{x}}", "$ (X)", "$$(X)", "$-1", "${",
		"${}", "${x", "$1$1", "exported_$1",
	}},
}

// repetitions are long. A writer folds what is longer than a line, and a key may be short only.
var repetitions = []repetition{
	{"a", 79}, {"a", 80}, {"a", 81}, {"a", 100}, {"a", 127}, {"a", 128}, {"a", 129}, {"a", 1000}, {"a", 1023}, {"a", 1024},
	{"a", 1025}, {"a", 5000}, {"a", 200000}, {"a ", 500}, {"a ", 5000}, {"a ", 100000}, {" a", 500}, {"a  ", 500},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ", 3}, {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  ", 3},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa   b", 5}, {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa # ", 5},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa - ", 5}, {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: ", 5},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa \u0085", 5}, {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa \u2028", 5},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\t", 5}, {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa \t ", 5},
	{"' aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 5}, {"\\ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ", 5},
	{"é aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 5}, {"\x01 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 5},
	{" ", 100}, {" ", 1000}, {"\t", 200}, {"\n", 200}, {"a\n", 500}, {"a \n", 100}, {" a\n", 100}, {"é", 1000}, {"日", 1000},
	{"'", 200}, {`"`, 200}, {`\`, 200}, {"null ", 100}, {"null", 100}, {": ", 100}, {"# ", 100}, {"- ", 100}, {"\ufeff", 100},
	{"\u0085", 100}, {"\u2028", 100}, {"\r", 100}, {"\r\n", 100}, {"\U0001f600", 300}, {"\U0001f600 ", 300}, {"~", 100},
	{"$(X)", 50}, {"(a)", 40},
}
