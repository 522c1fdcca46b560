package cron

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func TestParse(t *testing.T) {
	for _, good := range []string{
		"* * * * *", "0 0 1 1 *", "*/15 9-17 * * mon-fri", "0,30 * ? JAN,dec 0", "5-59/10 * * * *", "1,,2 , * * *", "*/9223372036854775807 1/9223372036854775807 * * *",
		"*-60 ?-x * * *", "@hourly", "@every 1h30m", "TZ=UTC * * * * *", "CRON_TZ=Asia/Tokyo  @daily",
	} {
		if _, err := Parse(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"* * * *":                "expected exactly 5 fields, found 4: [* * * *]",
		"60 * * * *":             "end of range (60) above maximum (59): 60",
		"3,50-60/0 * * * *":      "end of range (60) above maximum (59): 50-60/0",
		"* * 0/2 * *":            "beginning of range (0) below minimum (1): 0/2",
		"* 5-3/0 * * *":          "beginning of range (5) beyond end of range (3): 5-3/0",
		"* 1-2-3/x * * *":        "too many hyphens: 1-2-3/x",
		"* */2/3 * * *":          "too many slashes: */2/3",
		"*/0 * * * *":            "step of range should be a positive number: */0",
		"*/-5 * * * *":           "negative number (-5) not allowed: -5",
		"-5 * * * *":             `failed to parse int from : strconv.Atoi: parsing "": invalid syntax`,
		"1-mon * * * *":          `failed to parse int from mon: strconv.Atoi: parsing "mon": invalid syntax`,
		"x * * * 9":              `failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax`,
		"*/x * * * *":            `failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax`,
		"@fortnightly":           "unrecognized descriptor: @fortnightly",
		"@every moon":            `failed to parse duration @every moon: time: invalid duration "moon"`,
		"TZ=Mars * * * * *":      "provided bad location Mars: unknown time zone Mars",
		"CRON_TZ=UTC":            "expected exactly 5 fields, found 0: []",
		"CRON_TZ=UTC * 24 * * *": "end of range (24) above maximum (23): 24",
	} {
		if _, err := Parse(bad); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", bad, err, want)
		}
	}
}

const layout = "2006-01-02 15:04"

func at(t *testing.T, zone, text string) time.Time {
	t.Helper()
	l, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	when, err := time.ParseInLocation(layout, text, l)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func read(t *testing.T, text string) Schedule {
	t.Helper()
	s, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNext(t *testing.T) {
	for _, c := range []struct{ schedule, zone, from, want string }{
		{"* * * * *", "UTC", "2026-01-31 23:59", "2026-02-01 00:00"},
		{"*/15 * * * *", "UTC", "2026-01-01 00:15", "2026-01-01 00:30"},
		{"5/20 * * * *", "UTC", "2026-01-01 00:30", "2026-01-01 00:45"},
		{"30 4 1,15 * 5", "UTC", "2026-01-01 05:00", "2026-01-02 04:30"}, // Friday, or the 15th
		{"30 4 1,15 * *", "UTC", "2026-01-01 05:00", "2026-01-15 04:30"},
		{"0 0 */10 * mon", "UTC", "2026-01-01 00:00", "2026-01-05 00:00"}, // a step closes a field
		{"0 0 */1 * mon", "UTC", "2026-01-01 00:00", "2026-01-05 00:00"},
		{"0 0 * * */7", "UTC", "2026-01-01 00:00", "2026-01-04 00:00"},
		{"TZ=Asia/Tokyo 0 9 * * *", "UTC", "2026-01-02 10:00", "2026-01-03 00:00"},
		{"0 0 29 2 *", "UTC", "2026-01-01 00:00", "2028-02-29 00:00"},
		{"@weekly", "UTC", "2026-01-01 00:00", "2026-01-04 00:00"},
		{"0 9 * * mon-fri", "Asia/Tokyo", "2026-01-02 10:00", "2026-01-05 09:00"},
		{"30 2 * * *", "Europe/Berlin", "2026-03-28 12:00", "2026-03-30 02:30"},   // 02:30 of the 29th is left out
		{"0 0 * * *", "America/Asuncion", "2023-09-30 12:00", "2023-10-02 00:00"}, // so is midnight of the 1st
		{"0 12 * * *", "America/Asuncion", "2023-09-30 12:00", "2023-10-01 12:00"},
	} {
		if got := read(t, c.schedule).Next(at(t, c.zone, c.from)).Format(layout); got != c.want {
			t.Errorf("%s after %s: %s, want %s", c.schedule, c.from, got, c.want)
		}
	}
	if got := read(t, "0 0 31 2 *").Next(at(t, "UTC", "2026-01-01 00:00")); !got.IsZero() {
		t.Errorf("the 31st of February is %v", got)
	}
	if got := read(t, "@every 90m").Next(at(t, "UTC", "2026-01-01 00:00")).Format(layout); got != "2026-01-01 01:30" {
		t.Errorf("every 90 minutes: %s", got)
	}
}

func TestLast(t *testing.T) {
	for _, c := range []struct{ schedule, since, now, want string }{
		{"0 * * * *", "2026-01-01 00:30", "2026-01-01 00:59", ""},
		{"0 * * * *", "2026-01-01 00:00", "2026-01-01 00:59", ""}, // that was last time's
		{"0 * * * *", "2026-01-01 00:30", "2026-01-01 01:00", "2026-01-01 01:00"},
		{"* * * * *", "2016-01-01 00:30", "2026-01-01 01:07", "2026-01-01 01:07"},
		{"@yearly", "2024-05-01 00:30", "2026-03-01 00:00", "2026-01-01 00:00"},
		{"@every 7h", "2026-01-01 00:00", "2026-01-02 00:00", "2026-01-01 21:00"},
		{"@every 7h", "2026-01-01 00:00", "2026-01-01 06:00", ""},
		{"TZ=Asia/Tokyo 0 9 * * *", "2026-01-01 12:00", "2026-01-02 10:00", "2026-01-02 00:00"},
		{"TZ=Asia/Tokyo 0 9 * * *", "2026-01-01 12:00", "2026-01-01 13:00", ""},
	} {
		got := ""
		if last := read(t, c.schedule).Last(at(t, "UTC", c.since), at(t, "UTC", c.now)); !last.IsZero() {
			got = last.Format(layout)
		}
		if got != c.want {
			t.Errorf("%s from %s to %s: %q, want %q", c.schedule, c.since, c.now, got, c.want)
		}
	}
}
