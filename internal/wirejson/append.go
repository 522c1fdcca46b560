package wirejson

import "math/bits"

// Append appends the JSON object of a message. A message that is not laid out
// as the generated code does it (a field twice, a list in pieces) is refused:
// it has to be decoded.
func (p *Plan) Append(dst, message []byte) ([]byte, error) {
	return p.append(dst, message, nil)
}

func (p *Plan) append(dst, message []byte, form *Form) ([]byte, error) {
	dst, err := p.appendFields(append(dst, '{'), message, form)
	return append(dst, '}'), err
}

// AppendFields is Append without the braces.
func (p *Plan) AppendFields(dst, message []byte) ([]byte, error) {
	return p.appendFields(dst, message, nil)
}

// appendFields notes in the form, if there is one, what it writes.
func (p *Plan) appendFields(dst, message []byte, form *Form) ([]byte, error) {
	start := len(dst)
	var open *field // the list or map that is being written
	var seen uint64
	for len(message) > 0 {
		number, f, rest := cut(message)
		if f.kind == damaged {
			return dst, errWire
		}
		message = rest
		if number >= len(p.fields) || p.fields[number].shape == none {
			continue // a field of a newer version
		}
		to := &p.fields[number]
		if to == open {
			dst = append(dst, ',')
		} else {
			if open != nil {
				dst = append(dst, open.end())
				open = nil
			}
			if seen&(1<<number) != 0 {
				return dst, errWire
			}
			seen |= 1 << number
			if to.omitZero && f.isZero() {
				continue
			}
			if to.shape != inlined {
				dst = to.begin(dst, start)
			}
			if to.shape >= repeated {
				dst = append(dst, to.start())
				open = to
			}
		}
		var err error
		switch to.shape {
		case mapped:
			dst, err = to.entry(dst, f, form)
		case inlined:
			dst, err = to.members(dst, start, f, form)
		default:
			dst, err = to.write(dst, f, form)
		}
		if err != nil {
			return dst, err
		}
	}
	if open != nil {
		dst = append(dst, open.end())
	}
	for missing := p.always &^ seen; missing != 0; missing &= missing - 1 {
		dst = append(part(dst, start), p.fields[bits.TrailingZeros64(missing)].absent...)
	}
	return dst, nil
}

// part puts a comma behind the members that begin at start, if there are any.
func part(dst []byte, start int) []byte {
	if len(dst) == start {
		return dst
	}
	return append(dst, ',')
}

func (f *field) start() byte {
	if f.shape == mapped {
		return '{'
	}
	return '['
}

func (f *field) end() byte {
	if f.shape == mapped {
		return '}'
	}
	return ']'
}

// write appends a value. Texts and messages, which are nearly all of them,
// are spared a call through a pointer.
func (v *value) write(dst []byte, f wire, form *Form) ([]byte, error) {
	if f.kind == bytesType {
		switch {
		case v.text:
			return appendNoted(dst, f.body, form), nil
		case v.message != nil:
			return v.message.append(dst, f.body, form)
		}
	}
	from := len(dst)
	dst, err := v.append(dst, f)
	if v.time && form != nil {
		form.note(f.body, dst, from, true)
	}
	return dst, err
}

// appendNoted is AppendString, noting the text in the form if there is one. One
// that was escaped is no blank.
func appendNoted(dst, text []byte, form *Form) []byte {
	from := len(dst)
	dst = AppendString(dst, text)
	if form != nil && len(dst)-from == len(text)+2 {
		form.note(text, dst, from, false)
	}
	return dst
}

// members appends the members of a message among those of its parent.
func (f *field) members(dst []byte, start int, w wire, form *Form) ([]byte, error) {
	if w.kind != bytesType {
		return dst, errWire
	}
	before := len(dst)
	dst = part(dst, start)
	from := len(dst)
	dst, err := f.inline.appendFields(dst, w.body, form)
	if len(dst) == from {
		dst = dst[:before] // nothing came, so nothing is to be parted
	}
	return dst, err
}

// entry appends an entry of a map.
func (f *field) entry(dst []byte, w wire, form *Form) ([]byte, error) {
	if w.kind != bytesType {
		return dst, errWire
	}
	var key, content wire
	found := false
	for b := w.body; len(b) > 0; {
		number, one, rest := cut(b)
		switch {
		case one.kind == damaged:
			return dst, errWire
		case number == 1:
			key = one
		case number == 2:
			content, found = one, true
		}
		b = rest
	}
	if key.body != nil && key.kind != bytesType {
		return dst, errWire
	}
	dst = append(appendNoted(dst, key.body, form), ':')
	if !found {
		return append(dst, f.zero...), nil
	}
	return f.write(dst, content, form)
}
