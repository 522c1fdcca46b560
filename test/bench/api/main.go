// Command api measures an API server of its own on this machine: it starts
// `skiff apiserver` over an empty data directory, fills it with pods, and
// prints for each kind of request how many a second it answers, how long they
// take, and what they cost the server in CPU, allocation and memory.
//
// CPU is the server process's own (/proc/PID/stat) and holds from run to run
// where times do not; the client shares the machine, so requests a second are
// a lower bound.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"regexp"
	"text/tabwriter"
	"time"

	"skiff/test/bench/standalone"
)

// options are what the command line says.
type options struct {
	skiff   string
	pods    int
	profile string
	against string
	rounds  int
	only    *regexp.Regexp
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.skiff, "skiff", "bin/skiff", "binary to measure")
	flag.IntVar(&o.pods, "pods", 10000, "how many pods to make")
	flag.StringVar(&o.profile, "profile", "", "directory for CPU and heap profiles of the server in each step")
	only := flag.String("steps", "", "regular expression of the steps to run; the pods are made in any case")
	flag.StringVar(&o.against, "against", "", "another binary, to compare the first with: steps that can be repeated, in turn")
	flag.IntVar(&o.rounds, "rounds", 15, "how often each step is repeated with -against")
	flag.Parse()
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		log.Fatal(err)
	}
	if o.rounds < 1 {
		log.Fatalf("-rounds is %d: a step is measured once at least", o.rounds)
	}
	measure, limit := run, 3*time.Minute
	if o.against != "" {
		measure, limit = compare, time.Hour
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := measure(ctx, o); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, o options) error {
	s, err := standalone.Start(ctx, o.skiff)
	if err != nil {
		return err
	}
	defer s.Stop()
	b, err := newBench(s, o)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "WORK\tTARGET\tCPU/OP\tOPS/S\tP50\tP99\tALLOC/OP\tBYTES/OP\tRSS MB\tPEAK MB\t")
	for _, step := range steps {
		if !step.fills && !o.only.MatchString(step.name) {
			continue
		}
		r, err := b.measure(ctx, step)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Fprintln(w, r)
	}
	return w.Flush()
}
