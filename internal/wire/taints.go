package wire

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// parseTaint reads KEY=VALUE:EFFECT or KEY:EFFECT, as kubectl taint does.
func parseTaint(text string) (corev1.Taint, error) {
	keyValue, effect, ok := strings.Cut(text, ":")
	key, value, _ := strings.Cut(keyValue, "=")
	t := corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(effect)}
	switch t.Effect {
	case corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute:
	default:
		ok = false
	}
	if !ok || key == "" {
		return t, fmt.Errorf("--node-taint %q: write KEY=VALUE:EFFECT, where EFFECT is NoSchedule, PreferNoSchedule or NoExecute", text)
	}
	return t, nil
}

// taints are those of --node-taint; Complete has checked them.
func (c Config) taints() []corev1.Taint {
	var all []corev1.Taint
	for _, text := range c.NodeTaints {
		if t, err := parseTaint(text); err == nil {
			all = append(all, t)
		}
	}
	return all
}
