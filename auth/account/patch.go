package account

import (
	"reflect"
	"strings"
)

// patch sets the fields that from names (its pointers and lists that are not nil) in to, which is of the same type, and answers
// the names of those that changed. An empty text and a pointer to nil mean unset. Fields that nobody named stay as they are.
func patch[T any](to, from *T) (changed []string) {
	return patchAll(reflect.ValueOf(to).Elem(), reflect.ValueOf(from).Elem())
}

func patchAll(dst, src reflect.Value) (changed []string) {
	for i := range src.NumField() {
		named := src.Field(i)
		if src.Type().Field(i).Anonymous {
			changed = append(changed, patchAll(dst.Field(i), named)...)
			continue
		}
		if named.IsNil() {
			continue
		}
		if unset(named) {
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

// unset says whether a pointer that was named takes away what is there. A list never does.
func unset(named reflect.Value) bool {
	if named.Kind() != reflect.Pointer {
		return false
	}
	what := named.Elem()
	return what.Kind() == reflect.Pointer && what.IsNil() || what.Kind() == reflect.String && what.Len() == 0
}

func nameOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// eachText calls f for every text that v names, with its name.
func eachText[T any](v *T, f func(name, text string) error) error {
	return eachTextOf(reflect.ValueOf(v).Elem(), f)
}

func eachTextOf(v reflect.Value, f func(name, text string) error) error {
	for i := range v.NumField() {
		if v.Type().Field(i).Anonymous {
			if err := eachTextOf(v.Field(i), f); err != nil {
				return err
			}
			continue
		}
		text, ok := v.Field(i).Interface().(*string)
		if !ok || text == nil {
			continue
		}
		if err := f(nameOf(v.Type().Field(i)), *text); err != nil {
			return err
		}
	}
	return nil
}
