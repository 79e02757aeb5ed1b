package main

import (
	"context"
	"encoding/json"
	"net/url"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for the page. It never waits longer than needed; a busy machine needs long.
const patience = 90 * time.Second

// chromium is a headless browser with a fresh profile that reaches this machine only.
type chromium struct{ ctx context.Context } //nolint:containedctx // chromedp's handle of a browser is a context

func openChromium(t *testing.T) *chromium {
	t.Helper()
	executable := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			executable = path
			break
		}
	}
	require.NotEmpty(t, executable, "Chromium is not installed: run `make setup`")
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(executable), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	allocator, closeAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		closeBrowser()
		closeAllocator()
	})
	require.NoError(t, chromedp.Do(ctx), "start Chromium (%s)", executable)
	return &chromium{ctx}
}

// tab is a page as a person has it before them.
type tab struct {
	t    *testing.T
	ctx  context.Context //nolint:containedctx // chromedp's handle of a tab is a context
	site string

	mu       sync.Mutex
	left     []string // requests to other machines
	messages []string // what the page's console says
	allowed  string   // part of messages that are expected
}

// open shows a site at the size of a desktop's window. When the test ends, nothing may stand in the console, and no
// request may have left this machine.
func (c *chromium) open(t *testing.T, site string) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(c.ctx)
	p := &tab{t: t, ctx: ctx, site: site}
	require.NoError(t, chromedp.Do(ctx), "open a tab")
	require.NoError(t, chromedp.Listen(ctx, p.watchRequest))
	// A tab that closes may take the focus of the next one with it; key presses would then be lost.
	_, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	require.NoError(t, err)
	messages := chromedp.Console(ctx)
	go p.watchConsole(messages)
	t.Cleanup(func() {
		p.checkQuiet()
		closeTab()
	})
	p.resize(1440, 900)
	p.run(chromedp.Navigate(site))
	return p
}

func (p *tab) watchRequest(event any) {
	request, ok := event.(*network.EventRequestWillBeSent)
	if !ok {
		return
	}
	address, err := url.Parse(request.Request.URL)
	own := err == nil && (address.Scheme == "blob" || address.Hostname() == "127.0.0.1")
	if !own {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.left = append(p.left, request.Request.URL)
	}
}

func (p *tab) watchConsole(messages func(yield func(chromedp.ConsoleMessage, error) bool)) {
	for message, err := range messages {
		if err != nil {
			return
		}
		p.mu.Lock()
		p.messages = append(p.messages, message.String())
		p.mu.Unlock()
	}
}

// mayLog allows console messages with this text: browsers log every answer that is an error.
func (p *tab) mayLog(text string) { p.allowed = text }

func (p *tab) checkQuiet() {
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.Empty(p.t, p.left, "requests to other machines")
	for _, message := range p.messages {
		assert.True(p.t, p.allowed != "" && strings.Contains(message, p.allowed), "in the console: %s", message)
	}
}

func (p *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	require.NoError(p.t, chromedp.Do(ctx, steps...))
}

func (p *tab) resize(width, height int64) {
	p.t.Helper()
	options := []chromedp.EmulateViewportOption{}
	if width < 600 {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2))
	}
	p.run(chromedp.EmulateViewport(width, height, options...))
}

// evaluate gives the value of a JavaScript expression.
func (p *tab) evaluate(expression string) any {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("JSON.stringify("+expression+") ?? 'null'"))
	require.NoError(p.t, err, expression)
	var value any
	require.NoError(p.t, json.Unmarshal([]byte(text), &value), text)
	return value
}

// do runs JavaScript statements.
func (p *tab) do(statements string) {
	p.t.Helper()
	p.run(chromedp.Evaluate[chromedp.Void]("(() => {" + statements + "})()"))
}

// wait returns as soon as the JavaScript condition holds. The page's policy forbids chromedp.Poll, which compiles text.
func (p *tab) wait(condition string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	look := "new Promise((done) => { const look = () => (" + condition + ") ? done(true) : setTimeout(look, 20); look(); })"
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](look, chromedp.EvalAwaitPromise))
	require.NoError(p.t, err, "waiting for %s; the page shows: %s", condition, p.shown())
}

// shown is the page's text, for messages.
func (p *tab) shown() string {
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string]("document.body.innerText"))
	if err != nil {
		return err.Error()
	}
	return text
}

// text is what a person reads in the first element that the selector names, "" when there is none.
func (p *tab) text(selector string) string {
	p.t.Helper()
	return p.evaluate(`document.querySelector(` + strconv.Quote(selector) + `)?.innerText ?? ""`).(string)
}
