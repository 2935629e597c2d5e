package schema

import "slices"

// choose returns the branch of a oneOf that an instance means, or -1 and what would tell which. Branches that are objects
// differ by a property that each requires and that is constant in each; others differ by their type. resolve follows the
// reference of a node.
func choose(branches []map[string]any, resolve func(any) map[string]any, instance any) (int, Violation) {
	name, values := discriminator(branches, resolve)
	object, isObject := instance.(map[string]any)
	if name != "" && isObject {
		value, there := object[name]
		text, isText := value.(string)
		at := "/" + EscapePointer(name)
		switch i := slices.Index(values, text); {
		case !there:
			return -1, Violation{Keyword: "required", Property: name}
		case !isText:
			return -1, Violation{Pointer: at, Keyword: "type", Types: []string{"string"}}
		case i < 0:
			return -1, Violation{Pointer: at, Keyword: "enum", Allowed: values}
		default:
			return i, Violation{}
		}
	}
	var types []string
	for i, branch := range branches {
		branchType, _ := branch["type"].(string)
		if branchType == typeOf(instance) || branchType == "integer" && typeOf(instance) == "number" {
			return i, Violation{}
		}
		if !slices.Contains(types, branchType) {
			types = append(types, branchType)
		}
	}
	return -1, Violation{Keyword: "type", Types: types}
}

// discriminator returns the property by which branches differ that are objects, and its value in each; otherwise nothing.
func discriminator(branches []map[string]any, resolve func(any) map[string]any) (string, []string) {
	if len(branches) == 0 {
		return "", nil
	}
	for _, name := range words(branches[0]["required"]) {
		var values []string
		for _, branch := range branches {
			properties, _ := branch["properties"].(map[string]any)
			property := resolve(properties[name])
			value, isConstant := property["const"].(string)
			if list := words(property["enum"]); len(list) == 1 {
				value, isConstant = list[0], true
			}
			if isConstant && slices.Contains(words(branch["required"]), name) && !slices.Contains(values, value) {
				values = append(values, value)
			}
		}
		if len(values) == len(branches) {
			return name, values
		}
	}
	return "", nil
}
