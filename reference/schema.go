package reference

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A schema is what is read of a JSON Schema.
type schema struct {
	Type                 words
	Format               string
	Description          string
	Enum                 []any
	Properties           map[string]schema
	Required             []string
	Items                *schema
	AnyOf                []schema
	AdditionalProperties json.RawMessage
	Ref                  string            `json:"$ref"`
	Defs                 map[string]schema `json:"$defs"`
}

// words are one word or a list of them.
type words []string

func (w *words) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(w))
}

// A member is a line of a table.
type member struct {
	Path, Type, Text string
	Required         bool
}

// members are the line of a schema at a path, and behind it those of what is in it.
func (s schema) members(path string, required bool, text string) []member {
	if text == "" {
		text = s.Description
	}
	if words := s.words(); words != "" {
		text = strings.TrimSpace(text + " One of " + words + ".")
	}
	var list []member
	if path != "" || len(s.inner().Properties) == 0 {
		list = append(list, member{path, s.kind(), text, required})
	}
	return append(list, s.inside(path)...)
}

func (s schema) inside(path string) (list []member) {
	in := s.inner()
	if in.Items != nil {
		return in.Items.inside(path + "[]")
	}
	for _, name := range slices.Sorted(maps.Keys(in.Properties)) {
		at := name
		if path != "" {
			at = path + "." + name
		}
		list = append(list, in.Properties[name].members(at, slices.Contains(in.Required, name), "")...)
	}
	return list
}

// inner is the schema itself, or the one of its forms that has most to say.
func (s schema) inner() schema {
	for _, form := range s.AnyOf {
		if form.Items != nil || len(form.Properties) > len(s.Properties) {
			s = form
		}
	}
	return s
}

// kind is the type in words.
func (s schema) kind() string {
	if len(s.AnyOf) > 0 {
		var kinds []string
		for _, form := range s.AnyOf {
			if k := form.kind(); !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
		}
		return strings.Join(kinds, " or ")
	}
	if s.Ref != "" {
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	}
	if len(s.Type) == 0 {
		return "any"
	}
	kinds := slices.Clone(s.Type)
	for i, k := range kinds {
		switch {
		case k == "array" && s.Items != nil:
			kinds[i] = "list of " + s.Items.kind()
		case k == "string" && s.Format == "date-time":
			kinds[i] = "time"
		}
	}
	return strings.Join(kinds, " or ")
}

// words are what a value may be, where there are only so many.
func (s schema) words() string {
	of := s.Enum
	for _, form := range append(s.AnyOf, s.inner()) {
		if form.Items != nil && of == nil {
			of = form.Items.Enum
		}
	}
	var list []string
	for _, v := range of {
		if v != nil {
			list = append(list, fmt.Sprint(v))
		}
	}
	return strings.Join(list, ", ")
}
