package admissionregistration

import (
	"os"
	"os/exec"
	"runtime"
	"testing"

	"skiff/internal/api/apitest"
)

// Environments are made for the first expression, not before. That is seen in a
// process of its own, where no other test had one.
func TestNothingIsMadeForExpressionsBeforeThereIsOne(t *testing.T) {
	const mark = "SKIFF_TEST_IDLE"
	if os.Getenv(mark) == "" {
		run := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		run.Env = append(os.Environ(), mark+"=1")
		if out, err := run.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	without := apitest.Created(t, ValidatingWebhookConfiguration, hooks(hook("")))
	with := apitest.Created(t, ValidatingWebhookConfiguration, hooks(hook(`matchConditions: [{name: c, expression: "true"}]`)))
	idle := allocated(func() { ValidatingWebhookConfiguration.Validate(without) })
	first := allocated(func() { ValidatingWebhookConfiguration.Validate(with) })
	if idle > first/4 {
		t.Errorf("%d KB without an expression, %d KB with the first", idle>>10, first>>10)
	}
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
