// Package config is the only reader of flags, environment variables and sightline.yaml: one table of every key (Keys),
// flag before environment before file before default. It must not know what the values are used for.
package config

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/pflag"
)

// Config is the outcome: every value valid, every path absolute.
type Config struct {
	Data        string     // index folder
	Bundle      string     // model bundle; "" searches
	Store       string     // "sqlite", "sqlite:///absolute/folder" or "qdrant(s)://host:port/prefix"
	QdrantKey   string     // what the Qdrant server wants; "" is no key
	Redis       string     // always "" in this version
	Device      string     // "cpu" or "auto"
	Threads     int        // threads of one model run, and model runs at a time while indexing; 0 is one for each core
	APIKey      string     // "" is no key
	JSON        bool       // results as JSON
	Quiet       bool       // no progress
	LogLevel    slog.Level // least important level that is logged
	Listen      string     // host:port of the server
	ORTLibrary  string     // ONNX Runtime; "" searches
	DescribeKey string     // what the endpoint of tags describe wants; "" is no key

	File   string            // the file that was read; "" when there was none
	Origin map[string]string // key name -> where its value comes from: "--data", "SIGHTLINE_DATA", "FILE:LINE" or "default"
}

// IndexDir is the folder of the embedded store: that of a sqlite:/// URL, otherwise Data.
func (c *Config) IndexDir() string {
	if dir, ok := strings.CutPrefix(c.Store, sqliteURL); ok {
		return dir
	}
	return c.Data
}

// Qdrant says that Store is the URL of a Qdrant server.
func (c *Config) Qdrant() bool {
	return strings.HasPrefix(c.Store, qdrantURL) || strings.HasPrefix(c.Store, qdrantTLS)
}

// StoreName names the store to people.
func (c *Config) StoreName() string {
	if c.Qdrant() {
		return c.Store
	}
	return c.IndexDir()
}

// Key is one setting: a flag --NAME, an environment variable and a key of the same name in sightline.yaml.
type Key struct {
	Name    string
	Value   string // what stands for the value in help texts, "" for a switch
	Default string // as shown; computed where it depends on the environment
	Help    string
	Only    string // the one command whose flag it is; "" is a flag of all
	Secret  bool   // never shown

	set func(c *Config, raw string) error // its error says what is allowed
}

// Env is the key's environment variable.
func (k Key) Env() string {
	return "SIGHTLINE_" + strings.ToUpper(strings.ReplaceAll(k.Name, "-", "_"))
}

// configFlag names the file itself, so it is the one flag that the file does not have.
const (
	configFlag = "config"
	configEnv  = "SIGHTLINE_CONFIG"
	configHelp = "settings `FILE`, instead of $XDG_CONFIG_HOME/sightline/sightline.yaml [" + configEnv + "]"
)

// Keys is the table of every setting, in the order of help texts.
func Keys() []Key {
	return []Key{
		{Name: "data", Value: "DIR", Default: "$XDG_DATA_HOME/sightline", Help: "index folder", set: setData},
		{Name: "bundle", Value: "DIR", Default: "beside the program", Help: "model bundle", set: setBundle},
		{Name: "store", Value: "URL", Default: "sqlite", Help: "where the index is kept: sqlite (in the index folder), sqlite:///absolute/folder, qdrant://host:6334/prefix or, with TLS, qdrants://", set: setStore},
		{Name: "qdrant-api-key", Value: "KEY", Help: "key that the Qdrant server wants", Secret: true, set: setKey(func(c *Config) *string { return &c.QdrantKey })},
		{Name: "redis", Value: "URL", Help: "shared cache; not in this version", set: setRedis},
		{Name: "device", Value: "NAME", Default: "auto", Help: "what computes: cpu, or auto for the best that is there", set: setDevice},
		{Name: "threads", Value: "N", Default: "0", Help: "threads of one model run, and model runs at a time while indexing; 0 is one for each core", set: setThreads},
		{Name: "api-key", Value: "KEY", Help: "key that HTTP clients must send; needed when other machines can reach the server", Secret: true, set: setKey(func(c *Config) *string { return &c.APIKey })},
		{Name: "json", Default: "false", Help: "results as JSON", set: setBool(func(c *Config) *bool { return &c.JSON })},
		{Name: "quiet", Default: "false", Help: "no progress on stderr", set: setBool(func(c *Config) *bool { return &c.Quiet })},
		{Name: "log-level", Value: "LEVEL", Default: "info", Help: "least important level that is logged: debug, info, warn or error", set: setLogLevel},
		{Name: "ort-library", Value: "FILE", Default: "searched", Help: "ONNX Runtime's shared library", set: setORTLibrary},
		{Name: "listen", Value: "HOST:PORT", Default: "127.0.0.1:8080", Help: "address of the server", Only: "serve", set: setListen},
		{Name: "describe-key", Value: "KEY", Help: "key that the endpoint of the language model wants", Only: "tags describe", Secret: true, set: setKey(func(c *Config) *string { return &c.DescribeKey })},
	}
}

// Register defines the flags that every command takes, --config among them.
func Register(flags *pflag.FlagSet) {
	flags.String(configFlag, "", configHelp)
	RegisterFor(flags, "")
}

// RegisterFor defines the flags that only one command takes, named as in Key.Only. Flags have no default of their own:
// whether one was set is what decides over the environment.
func RegisterFor(flags *pflag.FlagSet, command string) {
	for _, k := range Keys() {
		if k.Only != command {
			continue
		}
		if k.Value == "" {
			flags.Bool(k.Name, false, fmt.Sprintf("%s [%s]", k.Help, k.Env()))
			continue
		}
		usage := fmt.Sprintf("%s [%s]", k.Help, k.Env())
		if k.Default != "" {
			usage = fmt.Sprintf("%s (default %s) [%s]", k.Help, k.Default, k.Env())
		}
		flags.Var(&written{kind: k.Value}, k.Name, usage)
	}
}

// written is a flag's value as it was written; Load reads it. kind stands for it in help texts.
type written struct{ text, kind string }

func (w *written) String() string { return w.text }
func (w *written) Type() string   { return w.kind }

// Set implements pflag.Value.
func (w *written) Set(text string) error {
	w.text = text
	return nil
}
