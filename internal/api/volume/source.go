package volume

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Source is one of the places that a volume may come from.
type Source struct {
	Name  string // of its field
	Set   bool
	Rules func(p *field.Path) field.ErrorList // for what stands at p; nil: none
	// Beside: it may stand beside another one, though no volume has two. The
	// API has never refused it.
	Beside bool
	// Path is where errors of Rules stand, for the few sources whose errors
	// the API reports under another name than the field's.
	Path string
}

// Of is the source in the field called name, which rules judge when it is set.
func Of[T any](name string, s *T, rules func(*T, *field.Path) field.ErrorList) Source {
	if s == nil {
		return Source{}
	}
	return Source{Name: name, Set: true, Rules: func(p *field.Path) field.ErrorList { return rules(s, p) }}
}

// At returns the source with its errors under the name path.
func (s Source) At(path string) Source {
	s.Path = path
	return s
}

// One judges the choice among sources.
func One(p *field.Path, sources []Source) field.ErrorList {
	c := Choice{Path: p}
	c.Among(sources...)
	return c.Errors()
}

// Choice wants exactly one source of the volume at Path to be set, and judges
// the first that is.
type Choice struct {
	Path  *field.Path
	found bool
	errs  field.ErrorList
}

// Among looks at sources. They are looked at where they stand: a pod's volume
// has thirty.
func (c *Choice) Among(sources ...Source) {
	for i := range sources {
		switch s := &sources[i]; {
		case !s.Set:
		case c.found && !s.Beside:
			c.errs = append(c.errs, field.Forbidden(c.Path.Child(s.Name), "may not specify more than 1 volume type"))
		default:
			c.found = true
			c.errs = append(c.errs, s.judge(c.Path)...)
		}
	}
}

// Errors is what is wrong with the choice.
func (c *Choice) Errors() field.ErrorList {
	if !c.found {
		return append(c.errs, field.Required(c.Path, "must specify a volume type"))
	}
	return c.errs
}

func (s *Source) judge(p *field.Path) field.ErrorList {
	if s.Rules == nil {
		return nil
	}
	if s.Path != "" {
		return s.Rules(p.Child(s.Path))
	}
	return s.Rules(p.Child(s.Name))
}

// need wants each field to have a value: names and values in turn.
func need(p *field.Path, fields ...string) field.ErrorList {
	var errs field.ErrorList
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i+1] == "" {
			errs = append(errs, field.Required(p.Child(fields[i]), ""))
		}
	}
	return errs
}

// NoBacksteps wants path to have no "..".
func NoBacksteps(p *field.Path, path string) field.ErrorList {
	for part := range strings.SplitSeq(path, "/") {
		if part == ".." {
			return field.ErrorList{field.Invalid(p, path, "must not contain '..'")}
		}
	}
	return nil
}

// Descending wants path to be relative and to stay below where it starts.
func Descending(p *field.Path, path string) field.ErrorList {
	var errs field.ErrorList
	if strings.HasPrefix(path, "/") {
		errs = append(errs, field.Invalid(p, path, "must be a relative path"))
	}
	return append(errs, NoBacksteps(p, path)...)
}
