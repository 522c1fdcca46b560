package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"skiff/test/bench/standalone"
)

// compare measures two binaries on a machine whose speed is not steady: both
// servers run side by side and are asked in turn, and what counts is the median
// of what one takes of the other's CPU in the same moment.
func compare(ctx context.Context, o options) error {
	var both [2]*bench
	for i, binary := range []string{o.skiff, o.against} {
		s, err := standalone.Start(ctx, binary)
		if err != nil {
			return err
		}
		defer s.Stop()
		if both[i], err = newBench(s, o); err != nil {
			return err
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "WORK\tCPU/OP\tOF %s\tRATIO\tQUARTILES\t\n", o.against)
	for _, step := range steps {
		rounds := o.rounds
		if step.fills {
			rounds = 1 // what comes after needs it, and it cannot be done again
		} else if step.once || !o.only.MatchString(step.name) {
			continue
		}
		line, err := compareStep(ctx, both, step, rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		if !step.once {
			fmt.Fprintln(w, line)
		}
	}
	return w.Flush()
}

func compareStep(ctx context.Context, both [2]*bench, s step, rounds int) (string, error) {
	var costs [2][]float64
	var ratios []float64
	for n := range rounds {
		for i := range both {
			turn := (n + i) % 2 // neither always follows the other
			r, err := both[turn].measure(ctx, s)
			if err != nil {
				return "", err
			}
			costs[turn] = append(costs[turn], float64(r.cpu)/float64(max(r.sample.per, 1)))
		}
		ratios = append(ratios, costs[0][n]/costs[1][n])
	}
	for _, list := range [][]float64{costs[0], costs[1], ratios} {
		slices.Sort(list)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%.2f\t%.2f to %.2f\t", s.name, duration(time.Duration(costs[0][rounds/2])), duration(time.Duration(costs[1][rounds/2])),
		ratios[rounds/2], ratios[rounds/4], ratios[rounds*3/4]), nil
}
