package tablewatch

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/vishvananda/netns"
)

// inNamespace runs the test in a network namespace of its own, on a thread that
// ends with it.
func inNamespace(t *testing.T, test func(*testing.T)) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to make a network namespace")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		ns, err := netns.New()
		if err != nil {
			t.Error(err)
			return
		}
		defer ns.Close()
		test(t)
	}()
	<-done
}

func write(t *testing.T, change func(*nftables.Conn), options ...nftables.ConnOption) {
	t.Helper()
	conn, err := nftables.New(options...)
	if err != nil {
		t.Error(err)
		return
	}
	change(conn)
	if err := conn.Flush(); err != nil {
		t.Error(err)
	}
}

func addTable(name string) func(*nftables.Conn) {
	return func(c *nftables.Conn) {
		table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: name})
		chain := c.AddChain(&nftables.Chain{Table: table, Name: "chain"})
		c.AddRule(&nftables.Rule{Table: table, Chain: chain})
	}
}

// TestOwnChangesAreNotSent: the kernel sends changes as they are made, so the
// first that arrives is the first that is not the owner's.
func TestOwnChangesAreNotSent(t *testing.T) {
	watched(t, func(w *Watch) {
		own := nftables.WithSockOptions(w.Own)
		write(t, addTable("ours"), own)
		write(t, addTable("ours"), own) // over another connection
		write(t, addTable("theirs"))
		messages, err := w.conn.Receive()
		if err != nil || touches(messages, "ours") || !touches(messages, "theirs") {
			t.Errorf("the first change to arrive is not that of another's table: %v, %v", messages, err)
		}
	})
}

func TestChangesByOthersAreToldOf(t *testing.T) {
	watched(t, func(w *Watch) {
		write(t, addTable("ours"), nftables.WithSockOptions(w.Own))
		write(t, addTable("theirs"))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { w.Run(ctx); close(ended) }()
		defer func() { cancel(); <-ended }()
		for _, change := range []func(*nftables.Conn){
			func(c *nftables.Conn) {
				c.FlushChain(&nftables.Chain{Table: &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "ours"}, Name: "chain"})
			},
			func(c *nftables.Conn) { c.FlushRuleset() },
		} {
			write(t, change)
			select {
			case <-w.Changed():
			case <-time.After(10 * time.Second):
				t.Error("not told of a change by another")
			}
		}
	})
}

// watched runs the test with a watch of the table "ours".
func watched(t *testing.T, test func(w *Watch)) {
	inNamespace(t, func(t *testing.T) {
		w, err := Open("ours")
		if err != nil {
			t.Error(err)
			return
		}
		defer w.Close()
		test(w)
	})
}
