// Command scale fills an API server of its own with the largest cluster that
// Kubernetes promises to hold, keeps it busy as such a cluster would, and
// compares what requests take with Kubernetes' service-level objectives.
//
// The nodes are simulated, one connection each, with the identity and the
// habits of a kubelet: it renews its lease, watches its own pods and reports
// them. They and all other clients run in this process, on the same machine:
// times include waiting for it, and the server's CPU is counted apart.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"text/tabwriter"
	"time"

	"skiff/test/bench/standalone"
)

// size is how much the cluster has, and for how long it is watched.
type size struct {
	nodes, pods, services int
	busy                  time.Duration
	profile               string
}

func main() {
	log.SetFlags(0)
	var s size
	skiff := flag.String("skiff", "bin/skiff", "binary to measure")
	flag.IntVar(&s.nodes, "nodes", 5000, "how many nodes")
	flag.IntVar(&s.pods, "pods", 150000, "how many pods")
	flag.IntVar(&s.services, "services", 10000, "how many services")
	flag.DurationVar(&s.busy, "busy", 2*time.Minute, "how long the full cluster is kept busy")
	flag.StringVar(&s.profile, "profile", "", "directory for CPU and heap profiles of the server in each phase")
	flag.Parse()
	debug.SetGCPercent(400) // this process shares the processors with the server
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *skiff, s); err != nil {
		log.Fatal(err)
	}
}

// run goes through the phases, each in its own table row; the requests of the
// last one are compared with the objectives.
func run(ctx context.Context, skiff string, s size) error {
	server, err := standalone.Start(ctx, skiff)
	if err != nil {
		return err
	}
	defer server.Stop()
	c, err := newCluster(server, s)
	if err != nil {
		return err
	}
	defer c.end()
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "PHASE\tTOOK\tOBJECTS/S\tSERVER CPU\tOF A CORE\tRSS MB\tANON MB\tPEAK MB\tDATABASE MB\t")
	for _, p := range phases {
		r, err := c.measure(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Fprintln(w, r)
		w.Flush()
	}
	fmt.Println()
	return c.latencies.print(os.Stdout)
}
