package wire

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"k8s.io/klog/v2"
)

func TestLibrariesLogThroughSlog(t *testing.T) {
	defer klog.ClearLogger()
	var out bytes.Buffer
	h := slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo})
	klog.SetSlogLogger(slog.New(&libraryHandler{Handler: h, repeats: newRepeats()}))

	klog.InfoS("Starting reflector")
	klog.ErrorS(errors.New("EOF"), "Error on socket receive")
	for range 3 {
		klog.ErrorS(errors.New("connection refused"), "Failed to watch", "type", "*v1.Pod")
	}
	got := out.String()
	if strings.Count(got, "\n") != 1 || !strings.Contains(got, `level=WARN msg="Failed to watch" err="connection refused"`) {
		t.Errorf("the log is\n%s\nand should be one warning", got)
	}
}

func TestRepeatsAreCounted(t *testing.T) {
	r, now := newRepeats(), time.Unix(1000, 0)
	for i, step := range []struct {
		after time.Duration
		more  int
		tell  bool
	}{{0, 0, true}, {time.Second, 0, false}, {time.Second, 0, false}, {repeatAfter, 2, true}} {
		now = now.Add(step.after)
		if more, tell := r.tell("m", now); more != step.more || tell != step.tell {
			t.Errorf("step %d: %d, %v; want %d, %v", i, more, tell, step.more, step.tell)
		}
	}
}
