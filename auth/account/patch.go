package account

import (
	"reflect"
	"strings"
)

// patch sets the fields that from names (its pointers that are not nil) in to, which is of the same type, and answers
// the names of those that changed. An empty text means unset. Fields that nobody named stay as they are.
func patch[T any](to, from *T) (changed []string) {
	dst, src := reflect.ValueOf(to).Elem(), reflect.ValueOf(from).Elem()
	for i := range src.NumField() {
		named := src.Field(i)
		if named.IsNil() {
			continue
		}
		if s, ok := named.Interface().(*string); ok && *s == "" {
			named = reflect.Zero(named.Type())
		}
		if reflect.DeepEqual(dst.Field(i).Interface(), named.Interface()) {
			continue
		}
		dst.Field(i).Set(named)
		changed = append(changed, nameOf(src.Type().Field(i)))
	}
	return changed
}

func nameOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// eachText calls f for every text that v names, with its name.
func eachText[T any](v *T, f func(name, text string) error) error {
	s := reflect.ValueOf(v).Elem()
	for i := range s.NumField() {
		text, ok := s.Field(i).Interface().(*string)
		if !ok || text == nil {
			continue
		}
		if err := f(nameOf(s.Type().Field(i)), *text); err != nil {
			return err
		}
	}
	return nil
}
