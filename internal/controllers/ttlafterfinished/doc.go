// Package ttlafterfinished deletes Jobs when spec.ttlSecondsAfterFinished have
// passed since they finished. It reads Jobs and owns nothing of them but their
// end.
package ttlafterfinished
