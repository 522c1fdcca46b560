// Package archtest holds the project to its own rules, as ordinary tests: who
// may import whom, that packages say what they are for, and habits that keep
// the code readable. A rule comes with its reason, which a failing test prints.
//
// It owns no code that runs, and reads the source only.
package archtest
