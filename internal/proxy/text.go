package proxy

import (
	"fmt"
	"strings"
)

// text shows a change as commands an operator could give to nft; the tests
// compare it with what they expect.
func (c *change) text(f *family) string {
	var b strings.Builder
	for _, ch := range c.removeChoices {
		fmt.Fprintf(&b, "delete element %s\n", ch.text())
	}
	for _, e := range c.removeElements {
		fmt.Fprintf(&b, "delete element %s\n", e.text(f))
	}
	for _, m := range c.addMemories {
		fmt.Fprintf(&b, "add set %s { timeout %s; }\n", m.name, m.timeout)
	}
	for _, ch := range c.putChains {
		b.WriteString(ch.text(f))
	}
	for _, e := range c.addElements {
		fmt.Fprintf(&b, "add element %s\n", e.text(f))
	}
	for _, ch := range c.addChoices {
		fmt.Fprintf(&b, "add element %s\n", ch.text())
	}
	for _, name := range c.removeChains {
		fmt.Fprintf(&b, "delete chain %s\n", name)
	}
	for _, name := range c.removeMemories {
		fmt.Fprintf(&b, "delete set %s\n", name)
	}
	for _, ch := range c.retireChoices {
		fmt.Fprintf(&b, "then delete element %s\n", ch.text())
	}
	return b.String()
}

func (e element) text(f *family) string {
	to := ""
	if e.verdict.leads() {
		to = " : " + e.verdict.text(f)
	}
	return fmt.Sprintf("%s { %s%s }", e.set, layoutOf(e.set).text(e.key), to)
}
