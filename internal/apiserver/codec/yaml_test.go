package codec_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"skiff/internal/apiserver/codec"
)

// checkYAML compares with the library, as a document and as an item.
func checkYAML(t *testing.T, doc []byte) {
	t.Helper()
	want := libraryYAML(t, doc)
	if got, err := codec.AppendYAML(nil, doc); err != nil || string(got) != string(want) {
		t.Errorf("%s, %v:\n%s\nwant:\n%s", doc, err, got, want)
	}
	want = libraryYAML(t, fmt.Appendf(nil, "[%s]", doc))
	if got, err := codec.AppendYAMLItem(nil, doc); err != nil || string(got) != string(want) {
		t.Errorf("%s as an item, %v:\n%s\nwant:\n%s", doc, err, got, want)
	}
}

// libraryYAML has what YAML does not read raw escaped, which JSON leaves open.
func libraryYAML(t *testing.T, doc []byte) []byte {
	t.Helper()
	escaped := strings.NewReplacer("\x7f", `\u007f`, "\u0085", `\u0085`, "\u2028", `\u2028`).Replace(string(doc))
	out, err := yaml.JSONToYAML([]byte(escaped))
	if err != nil {
		t.Fatalf("%q: %v", escaped, err)
	}
	return out
}

var yamlTexts = []string{
	"", "a", "a b", " a", "a ", "a: b", "a:", ":a", "a #b", "a#b", "#a", "- a", "-a", "---", "--- a", "-", "?", "? a", "...", ".5", ".", "..", ".inf", ".x", ".git",
	"y", "Y", "yes", "No", "NULL", "nullx", "~", "~a", "true", "True", "tRUE", "<<", "<", "=",
	"1", "0", "-1", "+1", "01", "089", "1.5", "1.2.3", "10.0.0.1", "10.0.0.0/16", "1e3", "1_000", "0x1f", "0b1", "0o7", "1:30", "12:30:45", "::1", "fe80::1",
	"1a2b", "1a", "0a", "0b", "0x", "1_a", "0_x1", "0_b1", "4a:b", "1ea", "+1a", "-1a", "0e1", "00x1", "100m", "1Gi", "8080/tcp", "2026-11-21T02:45:54Z", "2026-11-21", "2026-13-45T99:99:99Z", "2026-11-21 02:45:54", "0b5cd5d6-1234-4abc-9def-0123456789ab", "12345678-1234-4234-9234-012345678901",
	"*", "*a", "&a", "!a", "|", ">", "'a'", `"a"`, `a"b`, "a'b", `a\b`, "@a", "`a", "%a", "[a", "{a}", ",a", "k:{\"a\":1}",
	"a\nb", "a\nb\n", "a\n\nb\n", "a\n\n", "\na", "\n", "a \nb", " a\nb", "a\n b\n", "a\tb", "é", "😀", "a\nb ", "a\r\nb", "\u2028", "\u0085", "\x7f",
	strings.Repeat("0123456789", 20), strings.Repeat("9", 400), strings.Repeat("word ", 40) + "end", strings.Repeat("it's: ", 30) + "end",
	strings.Repeat("w", 60) + " " + strings.Repeat("x", 30) + " y", strings.Repeat("k", 129), strings.Repeat("k", 128),
	`{"apiVersion":"v1","kind":"Pod"}` + "\n", "#!/bin/sh\necho a\n",
}

func TestYAMLIsTheLibrarys(t *testing.T) {
	for _, text := range yamlTexts {
		inner := map[string]any{"v": text, "list": []any{text, text}, text: "v"}
		doc, err := json.Marshal(map[string]any{"one": text, text: 1, "deep": map[string]any{"deeper": inner, "all": []any{inner, []any{text}}}})
		if err != nil {
			t.Fatal(err)
		}
		checkYAML(t, doc)
	}
	for _, doc := range []string{
		`{}`, `{"a":{}}`, `{"a":[]}`, `{"a":null,"b":true,"c":1.5,"d":1e30,"e":-0,"f":12345678901234567890,"g":[{},[],null,[[1]]]}`,
		`{"b":1,"a":2,"a10":3,"a2":4,"a02":5,"A":6,".":7,"f:a":8,"_":9,"é":1,"a-b":2,"ab":3,"a0":4,"a00":5,"10":6,"9":7}`,
		` { "a" : [ 1 , { "b" : "c" } ] } `,
	} {
		checkYAML(t, []byte(doc))
	}
}

// Texts that no one thought of, in several columns.
func FuzzYAML(f *testing.F) {
	for _, text := range yamlTexts {
		f.Add(text, "key")
	}
	f.Fuzz(func(t *testing.T, text, key string) {
		doc, err := json.Marshal(map[string]any{key: text, "in": map[string]any{"list": []any{text, map[string]any{key: text}}}})
		if err != nil {
			t.Skip()
		}
		if _, err := yaml.JSONToYAML(doc); err != nil {
			t.Skip()
		}
		checkYAML(t, doc)
	})
}
