package descriptions

import (
	"fmt"
	"strings"

	"github.com/sightline-search/sightline"
)

// namedMissing is how many missing labels an error names.
const namedMissing = 10

// Missing lists the wanted names that no label has, in their order, case and surrounding space ignored.
func Missing(labels []Label, wanted []string) (missing []string) {
	there := make(map[string]bool, len(labels))
	for _, label := range labels {
		there[Fold(label.Name)] = true
	}
	for _, name := range wanted {
		if !there[Fold(name)] {
			missing = append(missing, name)
		}
	}
	return missing
}

// Complete is CodeInvalid when a wanted name has no label; path is the file that the labels are of.
func Complete(path string, labels []Label, wanted []string) error {
	missing := Missing(labels, wanted)
	if len(missing) == 0 {
		return nil
	}
	return sightline.Errorf(sightline.CodeInvalid, "%s has no descriptions of %s", path, Names(missing)).WithParam(path).
		WithHint("%d of %d labels are missing; add an entry for each, or write them with 'sightline tags describe'", len(missing), len(wanted))
}

// Names shows the first names of a list, and how many there are more.
func Names(names []string) string {
	var shown []string
	for _, name := range names[:min(len(names), namedMissing)] {
		shown = append(shown, Cut(name))
	}
	text := strings.Join(shown, ", ")
	if more := len(names) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
