package codec

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// textStyle is how a text is written in YAML.
type textStyle int

const (
	plain textStyle = iota
	doubleQuoted
	singleQuoted
	literal
	leftToLibrary
)

// maxSimpleKey is the longest name that stands on one line with its value.
const maxSimpleKey = 128

// styleOf is the library's choice for a text, where it is easily told.
func styleOf(text []byte) textStyle {
	if len(text) == 0 {
		return doubleQuoted
	}
	lines, marks := false, indicates(text)
	for i, c := range text {
		switch {
		case c == '\n':
			lines = true
			if i > 0 && text[i-1] == ' ' {
				return leftToLibrary
			}
		case c < ' ' || c > '~':
			return leftToLibrary
		case c == ':' && (i+1 == len(text) || text[i+1] == ' '), c == '#' && i > 0 && text[i-1] == ' ':
			marks = true
		}
	}
	last := len(text) - 1
	if text[0] == ' ' || text[last] == ' ' || text[0] == '\n' {
		return leftToLibrary
	}
	if lines {
		if text[last] == '\n' && text[last-1] == '\n' {
			return leftToLibrary
		}
		return literal
	}
	switch meansOther(text) {
	case yes:
		return doubleQuoted
	case unknown:
		return leftToLibrary
	}
	if marks {
		return singleQuoted
	}
	return plain
}

// indicates says whether the text begins as something else than text does.
func indicates(text []byte) bool {
	switch text[0] {
	case '#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`':
		return true
	case '?', ':', '-':
		return len(text) == 1 || text[1] == ' ' || bytes.HasPrefix(text, []byte("---"))
	}
	return bytes.HasPrefix(text, []byte("..."))
}

type answer int

const (
	no answer = iota
	yes
	unknown
)

// words mean something else than themselves when they are not quoted.
var words = func() map[string]bool {
	m := map[string]bool{"~": true}
	for _, w := range []string{"y", "yes", "true", "on", "n", "no", "false", "off", "null"} {
		m[w], m[strings.ToUpper(w)], m[strings.ToUpper(w[:1])+w[1:]] = true, true, true
	}
	return m
}()

// meansOther says whether a text would be read as a number, a time, a truth
// value or nothing if it were not quoted.
func meansOther(text []byte) answer {
	switch c := text[0]; {
	case c == '<' || c == '.' && len(text) > 1 && (text[1] < 'g' || text[1] == 'i' || text[1] == 'n'):
		return unknown
	case c != '+' && c != '-' && (c < '0' || c > '9'):
		if len(text) <= len("false") && words[string(text)] {
			return yes
		}
		return no
	}
	return numeric(text)
}

// numeric is meansOther of what begins with a sign or a digit.
func numeric(text []byte) answer {
	digits, dots, dashes, colons, letters, unders := 0, 0, 0, 0, 0, 0
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.':
			dots++
		case c == ':':
			colons++
		case c == '-' && i > 0:
			dashes++
		case c == '_':
			unders++
		case c == '+', c == '-', c == ' ', c == 'e', c == 'E':
		case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
			letters++
		case c == 'x', c == 'X', c == 'o', c == 'O', c == 't', c == 'T', c == 'z', c == 'Z', c == 'i', c == 'n', c == 'N':
		default:
			return no // no number, and no time, has this
		}
	}
	dated := len(text) > 4 && text[4] == '-' && digits >= 4
	switch {
	case letters > 0 && unders+colons == 0 && !dated && !hasBase(text) && text[0] != '+' && text[0] != '-':
		return no // of letters, a number has only e, unless it is hexadecimal
	case digits == len(text) && digits < 300:
		return yes
	case dated && len(text) == len("2006-01-02T15:04:05Z"):
		if _, err := time.Parse(time.RFC3339, string(text)); err == nil {
			return yes
		}
		return unknown
	case !dated && colons == 0 && (dots > 1 || dashes > 1) && text[0] != '+' && text[0] != '-':
		return no
	}
	return unknown
}

// hasBase says whether a number would be in another base than ten.
func hasBase(text []byte) bool {
	return text[0] == '0' && len(text) > 1 && strings.IndexByte("xXbBoO", text[1]) >= 0
}

// appendStyled appends a text of one line.
func appendStyled(dst, text []byte, style textStyle) []byte {
	switch style {
	case doubleQuoted:
		dst = append(dst, '"')
		for _, c := range text {
			if c == '"' || c == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
		}
		return append(dst, '"')
	case singleQuoted:
		dst = append(dst, '\'')
		for _, c := range text {
			if c == '\'' {
				dst = append(dst, c)
			}
			dst = append(dst, c)
		}
		return append(dst, '\'')
	}
	return append(dst, text...)
}

// isSmallInt says whether a number is written in YAML as it is in JSON.
func isSmallInt(n []byte) bool {
	_, err := strconv.ParseInt(string(n), 10, 64)
	return err == nil && string(n) != "-0"
}

// compareKeys orders names as the library does: letters behind all else, and
// numbers within names by their value.
func compareKeys(a, b []byte) int {
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	for at > 0 && at < max(len(a), len(b)) && (at < len(a) && !utf8.RuneStart(a[at]) || at < len(b) && !utf8.RuneStart(b[at])) {
		at--
	}
	if at == len(a) || at == len(b) {
		return len(a) - len(b)
	}
	x, _ := utf8.DecodeRune(a[at:])
	y, _ := utf8.DecodeRune(b[at:])
	switch lx, ly := unicode.IsLetter(x), unicode.IsLetter(y); {
	case lx && ly:
		return int(x) - int(y)
	case lx:
		return 1
	case ly:
		return -1
	}
	return compareNumbers(a, b, at, x, y)
}

// compareNumbers compares names that differ at a place where neither has a
// letter.
func compareNumbers(a, b []byte, at int, x, y rune) int {
	var n, m int64
	if x == '0' || y == '0' {
		for j := at - 1; j >= 0 && isDigit(a[j]); j-- {
			if a[j] != '0' { // inside a number, a 0 counts
				n, m = 1, 1
				break
			}
		}
	}
	n, ends := readDigits(a, at, n)
	m, ends2 := readDigits(b, at, m)
	switch {
	case n != m:
		return compareInts(n, m)
	case ends != ends2:
		return ends - ends2
	}
	return int(x) - int(y)
}

func compareInts(n, m int64) int {
	if n < m {
		return -1
	}
	return 1
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func readDigits(b []byte, at int, n int64) (int64, int) {
	for at < len(b) && isDigit(b[at]) {
		n = n*10 + int64(b[at]-'0')
		at++
	}
	return n, at
}
