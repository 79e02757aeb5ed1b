package bundle

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/sightline-search/sightline"
)

// Candidates lists the folders that may hold the bundle, best first: the one that the user named and nothing else;
// otherwise the default bundle in ../models/default, models/default and ../share/sightline/models/default from the
// executable. It only computes: no file is touched. The executable's path is absolute, symbolic links resolved.
func Candidates(explicit, executable string) []string {
	if explicit != "" {
		return []string{explicit}
	}
	exeDir := filepath.Dir(executable)
	return []string{
		filepath.Join(exeDir, "..", "models", "default"),
		filepath.Join(exeDir, "models", "default"),
		filepath.Join(exeDir, "..", "share", "sightline", "models", "default"),
	}
}

// Find opens the first of the candidates that holds a bundle. A damaged bundle is an error, not a reason to look on.
func Find(candidates []string) (*Bundle, error) {
	for _, dir := range candidates {
		if _, err := os.Stat(filepath.Join(dir, ManifestFile)); err == nil {
			return Open(dir)
		}
	}
	return nil, sightline.Errorf(sightline.CodeBundleMissing, "no model bundle was found: there is no %s in %s", ManifestFile, strings.Join(candidates, ", ")).
		WithParam("bundle").WithHint("name a bundle with --bundle or SIGHTLINE_BUNDLE, or run `make model` in the checkout")
}
