package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sightline-search/sightline"
)

// readFile gives the settings of a YAML file by key, nil when there is no file and none was asked for. Paths in it are
// relative to its own folder, and "~/" is the home folder.
func readFile(path string, explicit bool, home string) (map[string]setting, error) {
	if path == "" && !explicit {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !explicit {
		return nil, nil
	}
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeInvalid, "the settings file cannot be read: %w", err).WithParam(configFlag)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, sightline.Errorf(sightline.CodeInvalid, "%s is not YAML: %w", path, err).WithParam(configFlag)
	}
	if len(doc.Content) == 0 {
		return map[string]setting{}, nil
	}
	settings, err := readMapping(doc.Content[0], path, home)
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeInvalid, "%w", err).WithParam(configFlag)
	}
	return settings, nil
}

func readMapping(node *yaml.Node, path, home string) (map[string]setting, error) {
	if node.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: the file must be a list of `key: value` lines", path, node.Line)
	}
	settings := map[string]setting{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		at := fmt.Sprintf("%s:%d", path, name.Line)
		k, ok := keyNamed(name.Value)
		switch {
		case !ok:
			return nil, fmt.Errorf("%s: unknown key %q; the keys are %s", at, name.Value, strings.Join(keyNames(), ", "))
		case value.Kind != yaml.ScalarNode || value.Tag == "!!null":
			return nil, fmt.Errorf("%s: %s must have one plain value", at, k.Name)
		}
		if _, twice := settings[k.Name]; twice {
			return nil, fmt.Errorf("%s: %s is given twice", at, k.Name)
		}
		settings[k.Name] = setting{raw: resolve(k, value.Value, path, home), origin: at}
	}
	return settings, nil
}

func resolve(k Key, raw, file, home string) string {
	if raw == "" || (k.Value != "DIR" && k.Value != "FILE") {
		return raw
	}
	if below, ok := strings.CutPrefix(raw, "~/"); ok && home != "" {
		return filepath.Join(home, below)
	}
	if !filepath.IsAbs(raw) {
		return filepath.Join(filepath.Dir(file), raw)
	}
	return raw
}

func keyNamed(name string) (Key, bool) {
	keys := Keys()
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return keys[i], true
}

func keyNames() []string {
	var names []string
	for _, k := range Keys() {
		names = append(names, k.Name)
	}
	return names
}
