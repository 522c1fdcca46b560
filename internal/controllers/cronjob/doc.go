// Package cronjob makes the Jobs of CronJobs when their time comes, and clears
// away the oldest that have finished.
//
// It reads CronJobs and Jobs; it owns the Jobs' existence and the CronJobs'
// status. A schedule is a timer in the queue: between two times nothing runs.
// schedule.go and decide.go decide; controller.go acts.
package cronjob
