package apiserver

import (
	"errors"

	"skiff/internal/api"
)

func (x *exchange) scale() error            { return errors.New("scale") }
func (x *exchange) patch(p *api.Part) error { return errors.New("patch") }
