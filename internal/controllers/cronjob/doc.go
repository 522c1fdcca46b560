// Package cronjob makes the Jobs of CronJobs when their time comes, and clears
// away the oldest that have finished.
//
// It reads CronJobs and Jobs; it owns the Jobs' existence and the CronJobs'
// status. Its schedule is a timer in the queue: between two times nothing runs.
// decide.go decides; controller.go acts.
package cronjob
