// Package table makes the columns and cells that kubectl get prints: what
// kinds share in their printed form. It knows no kind and does no I/O.
package table

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/duration"
)

// None, Unknown and Unset stand in cells that have nothing to say.
const (
	None    = "<none>"
	Unknown = "<unknown>"
	Unset   = "<unset>"
)

// Columns are the columns of a kind, in the order of the cells of its rows.
type Columns []metav1.TableColumnDefinition

// Of makes columns of strings; "Name" holds the object's name. Columns that
// hold the same in every kind are described from the start.
func Of(names ...string) Columns {
	var c Columns
	for _, name := range names {
		c = append(c, column(name))
	}
	return c
}

func column(name string) metav1.TableColumnDefinition {
	d := metav1.TableColumnDefinition{Name: name, Type: "string", Description: shared[name]}
	if name == "Name" {
		d.Format = "name"
	}
	return d
}

// shared describes the columns that many kinds have. The wording is the API's.
var shared = map[string]string{
	"Name":       metav1.ObjectMeta{}.SwaggerDoc()["name"],
	"Age":        metav1.ObjectMeta{}.SwaggerDoc()["creationTimestamp"],
	"Created At": metav1.ObjectMeta{}.SwaggerDoc()["creationTimestamp"],
	"Containers": "Names of each container in the template.",
	"Images":     "Images referenced by each container in the template.",
}

// Docs describes columns by name. A name that is no column panics: columns are
// made once, when the program starts.
func (c Columns) Docs(docs map[string]string) Columns {
	for name, text := range docs {
		c.find(name).Description = text
	}
	return c
}

func (c Columns) find(name string) *metav1.TableColumnDefinition {
	for i := range c {
		if c[i].Name == name {
			return &c[i]
		}
	}
	panic("table: no column " + name)
}

// Integers says that the columns called names hold numbers.
func (c Columns) Integers(names ...string) Columns { return c.typed("integer", names) }

// Booleans says that the columns called names hold true or false.
func (c Columns) Booleans(names ...string) Columns { return c.typed("boolean", names) }

// Dates says that the columns called names hold points in time.
func (c Columns) Dates(names ...string) Columns { return c.typed("date", names) }

func (c Columns) typed(t string, names []string) Columns {
	for _, name := range names {
		c.find(name).Type = t
	}
	return c
}

// Named says that the columns called names hold names of objects.
func (c Columns) Named(names ...string) Columns {
	for _, name := range names {
		c.find(name).Format = "name"
	}
	return c
}

// OnlyWide says that the columns called names are for -o wide.
func (c Columns) OnlyWide(names ...string) Columns {
	for _, name := range names {
		c.find(name).Priority = 1
	}
	return c
}

// Wide adds columns that only -o wide shows.
func (c Columns) Wide(names ...string) Columns {
	for _, name := range names {
		d := column(name)
		d.Priority = 1
		c = append(c, d)
	}
	return c
}

// Age is how long ago t was: "5m12s".
func Age(t metav1.Time) string {
	if t.IsZero() {
		return Unknown
	}
	return duration.HumanDuration(time.Since(t.Time))
}

// Or is s, or instead when s is empty.
func Or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

// Join joins with commas; none is None.
func Join(items []string) string { return Or(strings.Join(items, ","), None) }

// Labels prints labels or an equality selector: "a=b,c=d".
func Labels(m map[string]string) string { return labels.FormatLabels(m) }

// Selector prints a label selector.
func Selector(s *metav1.LabelSelector) string { return metav1.FormatLabelSelector(s) }

// Containers lists the names and the images of containers.
func Containers(containers []corev1.Container) (names, images string) {
	var n, i []string
	for _, c := range containers {
		n, i = append(n, c.Name), append(i, c.Image)
	}
	return strings.Join(n, ","), strings.Join(i, ",")
}

// First joins the first max items and says how many more there are, as
// endpoints are listed.
func First(items []string, max int, more string) string {
	switch {
	case len(items) == 0:
		return None
	case len(items) <= max:
		return strings.Join(items, ",")
	}
	return strings.Join(items[:max], ",") + fmt.Sprintf(more, len(items)-max)
}

// Number is a number that may be missing, for a cell.
func Number(n *int32) any {
	if n == nil {
		return Unset
	}
	return int64(*n)
}
