package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"strconv"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/config"
	"github.com/sightline-search/sightline/internal/ort"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
	"github.com/sightline-search/sightline/vectordb/qdrant"
)

// examine looks at every part by using it as the other commands do.
func (a *app) examine(ctx context.Context) []finding {
	b, bundleFinding := a.examineBundle()
	rt, runtimeFinding := a.examineRuntime()
	return []finding{
		a.examineSettings(), runtimeFinding, bundleFinding, a.examineModel(ctx, rt, b), a.examineStore(ctx, b),
		a.examineCache(ctx), examineDecoders(), a.examineDevice(rt, b),
	}
}

func found(section string, lines ...string) finding {
	return finding{Section: section, Mark: markOK, Lines: lines}
}

// failed shows an error in full: detail, code and what to do.
func failed(section string, err error) finding {
	f := finding{Section: section, Mark: markFail, Lines: []string{err.Error()}, Code: string(sightline.CodeOf(err))}
	if e, ok := errors.AsType[*sightline.Error](err); ok {
		f.Lines, f.Hint = []string{e.Detail}, e.Hint
	}
	return f
}

// examineSettings shows the settings that somebody made, and where.
func (a *app) examineSettings() finding {
	file := a.File
	if file == "" {
		file = "no settings file"
	}
	lines := []string{file}
	values := a.settings()
	for _, k := range config.Keys() {
		if origin := a.Origin[k.Name]; origin != "default" {
			lines = append(lines, fmt.Sprintf("%s = %s (%s)", k.Name, values[k.Name], origin))
		}
	}
	return found("settings", lines...)
}

// settings gives the values in force by name, without secrets.
func (a *app) settings() map[string]string {
	return map[string]string{
		"data": a.Data, "bundle": a.Bundle, "store": a.Store, "redis": config.ShownRedis(a.Redis), "device": a.Device, "threads": strconv.Itoa(a.Threads),
		"api-key": "(hidden)", "json": strconv.FormatBool(a.JSON), "quiet": strconv.FormatBool(a.Quiet), "log-level": a.LogLevel.String(),
		"ort-library": a.ORTLibrary, "listen": a.Listen, "describe-key": "(hidden)",
		"redis-ttl": a.RedisTTL.String(), "redis-max-value": strconv.Itoa(a.RedisMaxValue >> 10), "cache-size": strconv.FormatInt(a.CacheSize>>20, 10),
	}
}

func (a *app) examineRuntime() (*ort.Runtime, finding) {
	rt, err := a.openRuntime(a.Threads)
	if err != nil {
		return nil, failed("onnx runtime", err)
	}
	return rt, found("onnx runtime", rt.Version, rt.Library)
}

func (a *app) examineBundle() (*bundle.Bundle, finding) {
	b, err := a.findBundle()
	if err != nil {
		return nil, failed("bundle", err)
	}
	f := found("bundle", fmt.Sprintf("%s %s, %d labels, free text: %s", b.Manifest.Name, b.Manifest.Version, b.Manifest.LabelCount, yesNo(b.Manifest.Text != nil)),
		b.Dir, fmt.Sprintf("%d files, %s, every byte is what the manifest says", len(b.Manifest.Files), bytesText(bundleBytes(b))))
	return b, f
}

// examineModel runs the whole model once on a grey image: graphs that load may still not run.
func (a *app) examineModel(ctx context.Context, rt *ort.Runtime, b *bundle.Bundle) finding {
	if rt == nil || b == nil {
		return finding{Section: "model", Mark: markFail, Lines: []string{"not tried: it needs ONNX Runtime and a bundle"}}
	}
	m, err := a.openModel(a.Threads)
	if err != nil {
		return failed("model", err)
	}
	defer m.Close()
	grey := image.NewGray(image.Rect(0, 0, 64, 48))
	_, labels, err := index.New(index.Parts{Bundle: m.bundle, Images: m.images, Align: m.align}).TagImage(ctx, grey)
	if err != nil {
		return failed("model", err)
	}
	lines := []string{fmt.Sprintf("one image encoded, %d labels scored", len(labels))}
	if m.texts != nil {
		texts, err := m.texts.Encode(ctx, []string{"a photograph"})
		if err != nil {
			return failed("model", err)
		}
		if _, err := m.align.Queries(ctx, texts); err != nil {
			return failed("model", err)
		}
		lines = append(lines, "one text encoded")
	}
	return found("model", lines...)
}

func (a *app) examineStore(ctx context.Context, b *bundle.Bundle) finding {
	store, err := a.openStore(embedded.ReadOnly)
	if err != nil {
		return failed("store", err)
	}
	defer store.Close()
	stats, err := store.Stats(ctx)
	if err != nil {
		return failed("store", err)
	}
	f := found("store", a.StoreName(), fmt.Sprintf("%s, %s, %s, %s on disk", count(stats.Images, "image", "images"), count(stats.Files, "file", "files"),
		count(stats.BadFiles, "bad file", "bad files"), bytesText(stats.Bytes)))
	a.examineFit(&f, stats, b)
	if err := examineGenerations(ctx, &f, store); err != nil {
		return failed("store", err)
	}
	if server, ok := store.(*qdrant.Store); ok {
		examineServer(ctx, &f, server)
		return f
	}
	pid, held, err := embedded.Holder(a.IndexDir())
	switch {
	case err != nil:
		f.Mark, f.Lines = markWarn, append(f.Lines, err.Error())
	case held:
		f.Lines = append(f.Lines, fmt.Sprintf("process %d is writing to it", pid))
	}
	return f
}

// examineServer tells what a Qdrant server says of itself and of the index in it.
func examineServer(ctx context.Context, f *finding, store *qdrant.Store) {
	about, err := store.About(ctx)
	if err != nil {
		f.Mark, f.Lines = markWarn, append(f.Lines, err.Error())
		return
	}
	f.Lines = append(f.Lines, "Qdrant "+about.Version)
	for _, c := range about.Collections {
		f.Lines = append(f.Lines, fmt.Sprintf("%s: %s, %s", c.Name, count(c.Points, "point", "points"), c.Status))
	}
	if about.Writer != "" {
		f.Lines = append(f.Lines, about.Writer+" is writing to it")
	}
}

// examineFit compares what is stored with the model at hand.
func (a *app) examineFit(f *finding, stats vectordb.Stats, b *bundle.Bundle) {
	switch {
	case stats.Images == 0:
		f.Mark, f.Hint = markWarn, "nothing is indexed yet: sightline index FOLDER"
	case b == nil:
	case stats.Model.Feature != b.Manifest.FeatureFingerprint:
		f.Mark, f.Code = markFail, string(sightline.CodeIndexMismatch)
		f.Lines = append(f.Lines, fmt.Sprintf("made with the model %s, which is not the bundle's", stats.Model.Name))
		f.Hint = "name the bundle that it was made with (--bundle), or build the index anew with this one: sightline reindex"
	case stats.Model.Scoring != b.Manifest.ScoringFingerprint:
		f.Mark, f.Hint = markWarn, "tags are from an older scoring model: run sightline index again, no image is decoded for it"
	default:
		f.Lines = append(f.Lines, "made with the bundle's model")
	}
}
