package jsonout

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
)

// Schema is the JSON Schema (draft 2020-12) of the lines, indented.
func Schema() ([]byte, error) {
	common := map[string]any{
		"v":       map[string]any{"const": Version},
		"seq":     map[string]any{"type": "integer", "minimum": 1},
		"time":    map[string]any{"type": "string", "format": "date-time"},
		"account": map[string]any{"type": "string"},
	}
	// Only lines of a batch have these.
	ofRow := map[string]any{
		"row":  map[string]any{"type": "integer", "minimum": 1},
		"try":  map[string]any{"type": "integer", "minimum": 0},
		"only": map[string]any{"type": "string"},
	}
	line := func(name string, o object, common map[string]any, more map[string]any) map[string]any {
		s := o.schema()
		properties := s["properties"].(map[string]any)
		maps.Copy(properties, more)
		maps.Copy(properties, common)
		properties["event"] = map[string]any{"const": name}
		s["required"] = slices.Sorted(maps.Keys(properties))
		if _, ok := common["account"]; ok {
			maps.Copy(properties, ofRow)
		}
		return s
	}
	var all []any
	for _, e := range Events {
		t := reflect.TypeOf(e)
		more := map[string]any{}
		if t.Name() == "Error" {
			more["exit_code"] = map[string]any{"type": "integer"}
		}
		all = append(all, line(snake(t.Name()), objectOf(t), common, more))
	}
	all = append(all, line("exit", exitObject(), common, nil),
		line("lines_lost", object{}, map[string]any{"v": common["v"]}, map[string]any{"lines": map[string]any{"type": "integer"}}))
	return json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "A line of imaphaul --json",
		"oneOf":   all,
	}, "", " ")
}
