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
	return Source{Name: name, Set: s != nil, Rules: func(p *field.Path) field.ErrorList { return rules(s, p) }}
}

// At returns the source with its errors under the name path.
func (s Source) At(path string) Source {
	s.Path = path
	return s
}

// One wants exactly one of sources to be set, and judges the first that is.
func One(p *field.Path, sources []Source) field.ErrorList {
	var errs field.ErrorList
	found := false
	for _, s := range sources {
		switch {
		case !s.Set:
		case found && !s.Beside:
			errs = append(errs, field.Forbidden(p.Child(s.Name), "may not specify more than 1 volume type"))
		default:
			found = true
			errs = append(errs, s.judge(p)...)
		}
	}
	if !found {
		errs = append(errs, field.Required(p, "must specify a volume type"))
	}
	return errs
}

func (s Source) judge(p *field.Path) field.ErrorList {
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
