package batch

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestColumns(t *testing.T) {
	apitest.Described(t, Job, "Name string, Status string, Completions string, Duration string, Age string, Containers string*, Images string*, Selector string*")
	apitest.Described(t, CronJob, "Name string, Schedule string, Timezone string, Suspend boolean, Active integer, Last Schedule string, Age string, Containers string*, Images string*, Selector string*")
}
