package ort

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

// The part of ONNX Runtime's C interface that has never changed: how to ask a library which versions it speaks.
typedef struct {
	const void *(*get_api)(uint32_t version);
	const char *(*get_version)(void);
} api_base;

static const char *library_version(void *entry) {
	const api_base *base = ((const api_base *(*)(void))entry)();
	return base == NULL ? NULL : base->get_version();
}

static int library_speaks(void *entry, uint32_t version) {
	const api_base *base = ((const api_base *(*)(void))entry)();
	return base != NULL && base->get_api(version) != NULL;
}
*/
import "C"

import (
	"errors"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/sightline-search/sightline"
)

// library is a file that was verified to be a usable ONNX Runtime.
type library struct {
	path    string // absolute
	version string
}

// examine tells whether the file at path is an ONNX Runtime that this program can use, and if not, which of the four
// things is wrong with it.
func examine(path, goos, goarch string) (library, *sightline.Error) {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs // dlopen would look a bare name up in the system's own places
	}
	img, err := readImage(path)
	switch {
	case errors.Is(err, errNotLibrary):
		return library{}, sightline.Errorf(sightline.CodeRuntimeForeign, "%s is not ONNX Runtime: %w", path, err)
	case err != nil:
		return library{}, sightline.Errorf(sightline.CodeRuntimeMissing, "%s cannot be read: %w", path, err)
	case img.format != formatOf(goos) || !strings.Contains("+"+img.arch+"+", "+"+goarch+"+"):
		return library{}, sightline.Errorf(sightline.CodeRuntimeArch, "%s is a library for %s %s, this program needs %s %s",
			path, img.format, img.arch, formatOf(goos), goarch)
	case !img.entry:
		return library{}, sightline.Errorf(sightline.CodeRuntimeForeign, "%s is not ONNX Runtime: it does not export %s", path, entryPoint)
	}
	return probe(path)
}

// probe loads the library and asks for its version. A usable library stays loaded: it is about to be used.
func probe(path string) (library, *sightline.Error) {
	cPath := C.CString(path)
	defer C.free(unsafe.Pointer(cPath))
	handle := C.dlopen(cPath, C.RTLD_LAZY|C.RTLD_LOCAL)
	if handle == nil {
		return library{}, sightline.Errorf(sightline.CodeRuntimeArch, "%s does not load on this system: %s", path, C.GoString(C.dlerror()))
	}
	name := C.CString(entryPoint)
	defer C.free(unsafe.Pointer(name))
	entry := C.dlsym(handle, name)
	version := ""
	if entry != nil {
		version = C.GoString(C.library_version(entry))
	}
	switch {
	case version == "":
		C.dlclose(handle)
		return library{}, sightline.Errorf(sightline.CodeRuntimeForeign, "%s is not ONNX Runtime: %s gives no version", path, entryPoint)
	case C.library_speaks(entry, apiVersion) == 0:
		C.dlclose(handle)
		return library{}, sightline.Errorf(sightline.CodeRuntimeOld, "%s is ONNX Runtime %s, version %s or newer is needed", path, version, MinVersion)
	}
	return library{path: path, version: version}, nil
}
