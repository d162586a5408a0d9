package jsonout

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/imaphaul/imaphaul/internal/event"
)

// encoder appends a value of one type as JSON.
type encoder func(dst []byte, v reflect.Value) []byte

// field is one field of a type: `,"name":` and how its value is written.
type field struct {
	key    []byte
	index  int
	encode encoder
	name   string
	schema map[string]any
}

// object is how the values of a struct type are written.
type object struct {
	fields []field
}

var (
	errorType    = reflect.TypeFor[error]()
	durationType = reflect.TypeFor[time.Duration]()
	skipType     = reflect.TypeFor[event.Skip]()
	timeType     = reflect.TypeFor[time.Time]()
)

// renamed are fields that people know under another name than the program.
var renamed = map[string]string{"Hint": "remedy", "UIDs": "uids"}

// objectOf looks at a struct type once.
func objectOf(t reflect.Type) object {
	var o object
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		name := snake(f.Name)
		if other, ok := renamed[f.Name]; ok {
			name = other
		}
		if f.Type == durationType {
			name += "_seconds"
		}
		encode, schema := encoderOf(f.Type)
		o.fields = append(o.fields, field{key: []byte(`,"` + name + `":`), index: i, encode: encode, name: name, schema: schema})
	}
	return o
}

// append writes the fields behind others.
func (o object) append(dst []byte, v reflect.Value) []byte {
	for i := range o.fields {
		f := &o.fields[i]
		dst = append(dst, f.key...)
		dst = f.encode(dst, v.Field(f.index))
	}
	return dst
}

// encoderOf is how values of a type are written, and what a schema says of them. A
// type that no event has had so far is a mistake of the program.
func encoderOf(t reflect.Type) (encoder, map[string]any) {
	switch t {
	case errorType:
		return appendError, map[string]any{"type": []string{"string", "null"}}
	case durationType:
		return func(dst []byte, v reflect.Value) []byte {
			return strconv.AppendFloat(dst, time.Duration(v.Int()).Seconds(), 'f', -1, 64)
		}, map[string]any{"type": "number"}
	case skipType:
		return func(dst []byte, v reflect.Value) []byte {
			return appendString(dst, skipName(event.Skip(v.Int())))
		}, map[string]any{"type": "string"}
	case timeType:
		return appendTime, map[string]any{"type": []string{"string", "null"}, "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.String:
		return func(dst []byte, v reflect.Value) []byte { return appendString(dst, v.String()) }, map[string]any{"type": "string"}
	case reflect.Bool:
		return func(dst []byte, v reflect.Value) []byte { return strconv.AppendBool(dst, v.Bool()) }, map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Int32:
		return func(dst []byte, v reflect.Value) []byte { return strconv.AppendInt(dst, v.Int(), 10) }, map[string]any{"type": "integer"}
	case reflect.Uint32, reflect.Uint64:
		return func(dst []byte, v reflect.Value) []byte { return strconv.AppendUint(dst, v.Uint(), 10) }, map[string]any{"type": "integer", "minimum": 0}
	case reflect.Float64:
		return appendFloat, map[string]any{"type": "number"}
	case reflect.Array:
		return sidesOf(t)
	case reflect.Slice:
		element, schema := encoderOf(t.Elem())
		return func(dst []byte, v reflect.Value) []byte {
			dst = append(dst, '[')
			for i := range v.Len() {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = element(dst, v.Index(i))
			}
			return append(dst, ']')
		}, map[string]any{"type": "array", "items": schema}
	case reflect.Map:
		element, schema := encoderOf(t.Elem())
		return func(dst []byte, v reflect.Value) []byte {
			dst = append(dst, '{')
			for i, k := range sortedKeys(v) {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = append(appendString(dst, k.String()), ':')
				dst = element(dst, v.MapIndex(k))
			}
			return append(dst, '}')
		}, map[string]any{"type": "object", "additionalProperties": schema}
	case reflect.Struct:
		o := objectOf(t)
		return func(dst []byte, v reflect.Value) []byte {
			dst = append(dst, '{')
			begun := len(dst)
			dst = o.append(dst, v)
			return append(append(dst[:begun], dst[min(begun+1, len(dst)):]...), '}') // without the first comma
		}, o.schema()
	}
	panic(fmt.Sprintf("jsonout: no way to write a %v", t))
}

// sidesOf is about arrays indexed by side, of which element 0 is unused.
func sidesOf(t reflect.Type) (encoder, map[string]any) {
	element, schema := encoderOf(t.Elem())
	if t.Len() != 3 {
		panic(fmt.Sprintf("jsonout: %v is not by side", t))
	}
	return func(dst []byte, v reflect.Value) []byte {
			dst = element(append(dst, `{"host1":`...), v.Index(1))
			dst = element(append(dst, `,"host2":`...), v.Index(2))
			return append(dst, '}')
		}, map[string]any{"type": "object", "properties": map[string]any{"host1": schema, "host2": schema},
			"required": []string{"host1", "host2"}, "additionalProperties": false}
}

func appendError(dst []byte, v reflect.Value) []byte {
	if v.IsNil() {
		return append(dst, "null"...)
	}
	return appendString(dst, v.Interface().(error).Error())
}

// appendTime writes a moment as RFC 3339 in UTC, null for none.
func appendTime(dst []byte, v reflect.Value) []byte {
	t := v.Interface().(time.Time)
	if t.IsZero() || t.Year() > 9999 {
		return append(dst, "null"...)
	}
	return append(t.UTC().AppendFormat(append(dst, '"'), time.RFC3339), '"')
}

func appendFloat(dst []byte, v reflect.Value) []byte {
	f := v.Float()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		f = 0
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// schema describes the object alone.
func (o object) schema() map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range o.fields {
		properties[f.name] = f.schema
		required = append(required, f.name)
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

const hex = "0123456789abcdef"

// appendString appends s in quotes. What is no UTF-8 becomes U+FFFD, control
// characters and the two separators that JavaScript takes for line ends are escaped.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		plain := i
		for plain < len(s) && s[plain] >= ' ' && s[plain] < 0x7f && s[plain] != '"' && s[plain] != '\\' {
			plain++
		}
		dst = append(dst, s[i:plain]...)
		if i = plain; i == len(s) {
			break
		}
		c := s[i]
		if c < utf8.RuneSelf {
			switch {
			case c == '"' || c == '\\':
				dst = append(dst, '\\', c)
			case c == '\n':
				dst = append(dst, `\n`...)
			case c < ' ' || c == 0x7f:
				dst = append(dst, `\u00`...)
				dst = append(dst, hex[c>>4], hex[c&15])
			default:
				dst = append(dst, c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(dst, `\ufffd`...)
		case r < 0xa0 || r == 0x2028 || r == 0x2029:
			dst = append(dst, `\u`...)
			dst = append(dst, hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		default:
			dst = append(dst, s[i:i+n]...)
		}
		i += n
	}
	return append(dst, '"')
}

// snake writes MessageID as message_id.
func snake(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		c := name[i]
		upper := c >= 'A' && c <= 'Z'
		if upper && i > 0 {
			before := name[i-1]
			afterLower := before >= 'a' && before <= 'z' || before >= '0' && before <= '9'
			beforeLower := i+1 < len(name) && name[i+1] >= 'a' && name[i+1] <= 'z'
			if afterLower || beforeLower {
				b.WriteByte('_')
			}
		}
		if upper {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}
