package fairness

import (
	"math"
	"time"
)

// adjustEvery is how often seats are lent anew, while there are requests.
const adjustEvery = 10 * time.Second

// keptEachTime is how much of a demand that has gone is remembered from one
// adjustment to the next: half of it for five minutes.
const keptEachTime = 0.977

// demand is how many seats a level could have used.
type demand struct {
	seconds, sum, squares float64 // integrals of 1, n and n² since the last reading
	now, highest          float64

	// What the last reading said.
	high, average, deviation float64
	// smoothed follows a growing demand at once, and a shrinking one slowly.
	smoothed float64
}

// pass says that so many seats were wanted for so long.
func (d *demand) pass(seconds, seats float64) {
	d.seconds += seconds
	d.sum += seats * seconds
	d.squares += seats * seats * seconds
}

// set says how many seats are wanted from now on.
func (d *demand) set(seats int) {
	d.now = float64(seats)
	d.highest = max(d.highest, d.now)
}

// read ends a period and takes it into account.
func (d *demand) read() {
	d.high = d.highest
	d.highest = d.now
	if d.seconds <= 0 {
		return
	}
	d.average = d.sum / d.seconds
	d.deviation = math.Sqrt(max(0, d.squares/d.seconds-d.average*d.average))
	kept := math.Pow(keptEachTime, d.seconds/adjustEvery.Seconds())
	envelope := d.average + d.deviation
	d.smoothed = max(envelope, kept*d.smoothed+(1-kept)*envelope)
	d.seconds, d.sum, d.squares = 0, 0, 0
}
