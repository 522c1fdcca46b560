package flowcontrol

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	applyv1 "k8s.io/client-go/applyconfigurations/flowcontrol/v1"
	clientv1 "k8s.io/client-go/kubernetes/typed/flowcontrol/v1"
	"sigs.k8s.io/yaml"
)

func parse[T any](t *testing.T, text string) *T {
	t.Helper()
	obj := new(T)
	if err := yaml.UnmarshalStrict([]byte(text), obj); err != nil {
		t.Fatal(err)
	}
	return obj
}

func level(t *testing.T, name, limited string) *flowcontrolv1.PriorityLevelConfiguration {
	t.Helper()
	return parse[flowcontrolv1.PriorityLevelConfiguration](t, "{metadata: {name: "+name+"}, spec: {type: Limited, limited: "+limited+"}}")
}

// toLevel sends what the user asks to a level.
func toLevel(t *testing.T, name, level, user, precedence string) *flowcontrolv1.FlowSchema {
	t.Helper()
	return parse[flowcontrolv1.FlowSchema](t, "{metadata: {name: "+name+"}, spec: {priorityLevelConfiguration: {name: "+level+"}, matchingPrecedence: "+precedence+`,
		rules: [{subjects: [{kind: User, user: {name: `+user+`}}], nonResourceRules: [{verbs: [get], nonResourceURLs: ['*']}]}]}}`)
}

const reject = "{limitResponse: {type: Reject}}"

// asked is what a tender has done, by the bubble's clock.
type asked struct {
	sync.Mutex // the test and the tender take turns, but not so that a race detector sees it
	clientv1.FlowcontrolV1Interface
	clientv1.FlowSchemaInterface
	began    time.Time
	fail     error
	writes   []string // SCHEMA=STATUS
	at       []time.Duration
	restored []time.Duration
}

func (a *asked) FlowSchemas() clientv1.FlowSchemaInterface { return a }

func (a *asked) ApplyStatus(_ context.Context, c *applyv1.FlowSchemaApplyConfiguration, o metav1.ApplyOptions) (*flowcontrolv1.FlowSchema, error) {
	a.Lock()
	defer a.Unlock()
	a.writes = append(a.writes, *c.Name+"="+string(*c.Status.Conditions[0].Status))
	a.at = append(a.at, time.Since(a.began))
	if !o.Force || o.FieldManager != "api-priority-and-fairness-config-consumer-v1" || c.Status.Conditions[0].LastTransitionTime == nil {
		return nil, errors.New("written as somebody else")
	}
	return nil, a.fail
}

func (a *asked) restore(context.Context) error {
	a.Lock()
	defer a.Unlock()
	a.restored = append(a.restored, time.Since(a.began))
	return a.fail
}

// tend runs a tender in a bubble.
func tend(t *testing.T, test func(a *asked, changed func(objects))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a := &asked{began: time.Now()}
		ctx, cancel := context.WithCancel(t.Context())
		configured, ended := make(chan objects), make(chan error)
		go func() { ended <- newTender(&Keeper{Client: a, Restore: a.restore}).run(ctx, configured) }()
		a.Lock()
		test(a, func(o objects) {
			a.Unlock()
			configured <- o
			synctest.Wait()
			a.Lock()
		})
		a.Unlock()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func (a *asked) pass(d time.Duration) {
	a.Unlock()
	time.Sleep(d)
	synctest.Wait()
	a.Lock()
}

func TestConditionsAreWrittenOnce(t *testing.T) {
	tend(t, func(a *asked, changed func(objects)) {
		fs := toLevel(t, "s", "l", "eve", "1000")
		changed(objects{schemas: []*flowcontrolv1.FlowSchema{fs}})
		if want := []string{"s=True"}; !slices.Equal(a.writes, want) {
			t.Fatalf("%q, want %q", a.writes, want)
		}
		there := objects{schemas: []*flowcontrolv1.FlowSchema{fs}, levels: []*flowcontrolv1.PriorityLevelConfiguration{level(t, "l", reject)}}
		a.pass(time.Second)
		changed(there) // who disagrees has to wait
		if len(a.writes) != 1 {
			t.Fatalf("%q", a.writes)
		}
		a.pass(time.Minute)
		if want := []string{"s=True", "s=False"}; !slices.Equal(a.writes, want) || a.at[1] != pauseOf {
			t.Fatalf("%q at %v, want %q", a.writes, a.at, want)
		}
		known := fs.DeepCopy()
		want, _ := dangling(known, there.levels)
		known.Status.Conditions = []flowcontrolv1.FlowSchemaCondition{want}
		changed(objects{schemas: []*flowcontrolv1.FlowSchema{known}, levels: there.levels})
		a.pass(24 * time.Hour)
		if len(a.writes) != 2 {
			t.Errorf("it is written again: %q at %v", a.writes, a.at)
		}
	})
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	tend(t, func(a *asked, changed func(objects)) {
		a.fail = errors.New("not now")
		changed(objects{schemas: []*flowcontrolv1.FlowSchema{toLevel(t, "s", "l", "eve", "1000")}})
		a.pass(5 * time.Minute)
		if n := len(a.writes); n < 8 || n > 16 || a.at[1] != firstRetry || a.at[n-1]-a.at[n-2] > lastRetry || len(a.restored) < 4 {
			t.Errorf("written at %v, restored at %v", a.at, a.restored)
		}
		a.fail = nil
		a.pass(lastRetry)
		n, m := len(a.writes), len(a.restored)
		a.pass(24 * time.Hour)
		if len(a.writes) != n || len(a.restored) != m {
			t.Errorf("written at %v, restored at %v", a.at[n:], a.restored[m:])
		}
	})
	tend(t, func(a *asked, changed func(objects)) {
		a.fail = apierrors.NewNotFound(schema.GroupResource{Resource: "flowschemas"}, "s")
		changed(objects{schemas: []*flowcontrolv1.FlowSchema{toLevel(t, "s", "l", "eve", "1000")}})
		if a.pass(time.Second); len(a.writes) != 1 {
			t.Errorf("a schema that has gone: %v", a.at)
		}
	})
}

// However much changes, objects are put back once in a while, and never when
// nothing changes.
func TestObjectsArePutBack(t *testing.T) {
	tend(t, func(a *asked, changed func(objects)) {
		for range 25 {
			changed(objects{})
			a.pass(time.Second)
		}
		a.pass(24 * time.Hour)
		if want := []time.Duration{10 * time.Second, 20 * time.Second, 30 * time.Second}; !slices.Equal(a.restored, want) {
			t.Errorf("at %v, want %v", a.restored, want)
		}
	})
}

func TestDangling(t *testing.T) {
	fs := toLevel(t, "s", "l", "eve", "1000")
	levels := []*flowcontrolv1.PriorityLevelConfiguration{level(t, "other", reject)}
	want, known := dangling(fs, levels)
	if known || want.Type != "Dangling" || want.Status != "True" || want.Reason != "NotFound" ||
		want.Message != `This FlowSchema references the PriorityLevelConfiguration object named "l" but there is no such object` {
		t.Errorf("%+v, %t", want, known)
	}
	fs.Status.Conditions = []flowcontrolv1.FlowSchemaCondition{want}
	if _, known = dangling(fs, levels); !known {
		t.Error("the condition is there, and is to be written again")
	}
	levels = append(levels, level(t, "l", reject))
	want, known = dangling(fs, levels)
	if known || want.Status != "False" || want.Reason != "Found" ||
		want.Message != `This FlowSchema references the PriorityLevelConfiguration object named "l" and it exists` {
		t.Errorf("%+v, %t", want, known)
	}
	fs.Status.Conditions[0].Status = "False" // somebody else's words
	if _, known = dangling(fs, levels); known {
		t.Error("a condition with another reason is taken for the right one")
	}
}
