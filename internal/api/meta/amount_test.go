package meta

import (
	"testing"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestAmounts(t *testing.T) {
	p := field.NewPath("f")
	const form = `: a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')`
	for _, c := range []struct {
		value string
		zero  bool
		want  string
	}{
		{"0", true, ""}, {"3", false, ""}, {"0%", true, ""}, {"100%", false, ""},
		{"-1", false, "f: Invalid value: -1: must be greater than or equal to 0"},
		{"101%", false, `f: Invalid value: "101%": must not be greater than 100%`},
		{"few", true, `f: Invalid value: "few"` + form}, {"-5%", true, `f: Invalid value: "-5%"` + form}, {"5%%", true, `f: Invalid value: "5%%"` + form},
	} {
		v := intstr.Parse(c.value)
		errs, got := append(IntOrPercent(p, &v), AtMostAll(p, &v)...), ""
		if len(errs) > 0 {
			got = errs[0].Error()
		}
		if got != c.want || len(errs) > 1 || Zero(&v) != c.zero {
			t.Errorf("%s: %v, zero: %v; want %s, %v", c.value, errs, Zero(&v), c.want, c.zero)
		}
	}
	if errs := append(IntOrPercent(p, nil), AtMostAll(p, nil)...); len(errs) > 0 || !Zero(nil) {
		t.Errorf("nothing: %v, zero: %v", errs, Zero(nil))
	}
}

func TestCounts(t *testing.T) {
	n := int64(-1)
	p := field.NewPath("s")
	errs := NonNegatives(p, CountOf("b", &n), CountOf[int32]("c", nil), Count{"a", -2})
	errs = append(errs, NotAbove(p, 2, "the rest", Count{"d", 2}, Count{"e", 3})...)
	want := []string{"s.b: Invalid value: -1: must be greater than or equal to 0", "s.a: Invalid value: -2: must be greater than or equal to 0",
		"s.e: Invalid value: 3: cannot be greater than the rest"}
	for i, e := range errs {
		if len(errs) != len(want) || e.Error() != want[i] {
			t.Fatalf("%v, want %v", errs, want)
		}
	}
}
