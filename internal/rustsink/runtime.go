package rustsink

import (
	"path/filepath"
	"strings"
)

// What the runtime takes where its file says nothing; its default configuration is compiled in.
const (
	defaultAddress  = "localhost:8090"
	defaultUsername = "iggy"
	defaultCAFile   = "core/certs/iggy_ca_cert.pem"
)

// iggy adds the iggy block, which every configuration has.
func (c *converter) iggy(root *block) {
	if c.runtime == nil {
		b := root.add("iggy", "", Place{File: "import"})
		b.comments = []string{"No file of the connector runtime was given: these are its defaults."}
		b.set(b.at, "address", textOf(defaultAddress))
		b.set(b.at, "username", textOf(defaultUsername))
		c.password(b, b.at, "the password of the Iggy user")
		return
	}
	file := c.table(c.runtime)
	iggy := file.sub("iggy")
	b := root.add("iggy", "", iggy.at)
	address, found := iggy.text("address")
	if !found {
		address = defaultAddress
	}
	address, options, found := strings.Cut(address, "?") // it is a part of the runtime's connection string
	switch {
	case found && strings.Contains(options, "tls="):
		c.problem(iggy.place("address"), "address has options of TLS: write them as iggy.tls")
	case found:
		c.note(iggy.place("address"), "the options behind the address are not carried over; iggysink connects again for as long as "+
			"it takes")
	}
	b.set(iggy.place("address"), "address", textOf(address))
	c.login(b, iggy)
	c.iggyTLS(b, iggy.sub("tls"))
	iggy.rest("iggy.")
	c.restOfRuntime(file)
}

// login takes the token if there is one, as the runtime does.
func (c *converter) login(b *block, iggy *table) {
	token, _ := iggy.text("token")
	at := iggy.place("token")
	username, hasUsername := iggy.text("username")
	password, hasPassword := iggy.text("password")
	if !hasUsername {
		username = defaultUsername
	}
	if token != "" && hasPassword {
		c.note(iggy.place("password"), "username and password are left out: the runtime logs in with the token")
	}
	path, isFile := strings.CutPrefix(token, "file:")
	switch {
	case isFile:
		path, comments := c.tokenPath(path, at)
		b.set(at, "token", expression{"trimspace(file(" + quote(path) + "))", "secret"}, comments...)
	case token != "":
		name := c.variable("the personal access token of "+at.String(), "IGGY_TOKEN")
		b.set(at, "token", env("", name))
	case username == "" || hasPassword && password == "":
		c.problem(iggy.at, "the runtime needs a token, or username and password")
	default:
		b.set(iggy.place("username"), "username", textOf(username))
		meaning := "the password of " + iggy.place("password").String()
		if !hasPassword {
			meaning = "the password of the Iggy user; the file has none, and the runtime takes its default"
		}
		c.password(b, iggy.place("password"), meaning)
	}
}

func (c *converter) password(b *block, at Place, meaning string) {
	b.set(at, "password", env("", c.variable(meaning, "IGGY_PASSWORD")))
}

// tokenPath expands the home directory, which file() does not.
func (c *converter) tokenPath(path string, at Place) (result string, comments []string) {
	rest, below := strings.CutPrefix(path, "~/")
	if below || path == "~" {
		if c.opts.Home == "" {
			c.problem(at, "token: the home directory is not known; write the path out")
			return path, nil
		}
		path, comments = filepath.Join(c.opts.Home, rest), []string{"~ is the home directory of who ran the import"}
	} else {
		comments = c.relativePath("token", path, at)
	}
	if path == "" {
		c.problem(at, "token: file: names no file")
	}
	c.outside(path, "a token")
	return path, comments
}

// outside notes that a path may lead out of the folder of the configuration.
func (c *converter) outside(path, what string) {
	if !filepath.IsLocal(path) {
		c.folders = append(c.folders, folder{filepath.Dir(path), what})
	}
}

// relativePath tells that a path now starts elsewhere.
func (c *converter) relativePath(name, path string, at Place) []string {
	if filepath.IsAbs(path) {
		return nil
	}
	c.note(at, "%s is a relative path: it started at the runtime's working directory, and now starts at the folder of the "+
		"configuration", name)
	return []string{"starts at the folder of this file"}
}

func (c *converter) iggyTLS(b *block, tls *table) {
	enabled, _ := tls.boolean("enabled")
	caFile, hasCAFile := tls.text("ca_file")
	domain, _ := tls.text("domain")
	tls.rest("iggy.tls.")
	if !enabled {
		return
	}
	at := tls.place("ca_file")
	switch {
	case !hasCAFile:
		caFile = defaultCAFile
	case caFile == "":
		c.problem(at, "the runtime needs iggy.tls.ca_file where iggy.tls is enabled")
		return
	}
	c.outside(caFile, "an authority")
	child := b.add("tls", "", tls.at)
	child.set(at, "ca_file", textOf(caFile), c.relativePath("iggy.tls.ca_file", caFile, at)...)
	if domain != "" {
		child.set(tls.place("domain"), "server_name", textOf(domain))
	}
}

// restOfRuntime notes the sections that have no counterpart.
func (c *converter) restOfRuntime(file *table) {
	reasons := map[string]string{
		"http":       "the API and the metrics of the runtime; an admin block gives iggysink health checks and metrics",
		"state":      "the runtime's state; iggysink keeps its offsets in Iggy alone",
		"connectors": "where the runtime finds its connectors; iggysink is given its files",
		"telemetry":  "OpenTelemetry of the runtime",
	}
	for _, key := range file.unread() {
		if reason, known := reasons[key]; known {
			c.note(file.place(key), "%s: %s", key, reason)
			file.read[key] = true
		}
	}
	if kind, _ := file.sub("connectors").values["config_type"].(string); kind == "http" {
		c.note(file.place("connectors"), "connectors.config_type is http: a server hands the connectors out, as JSON; write them as TOML "+
			"and import these, too")
	}
	file.rest("")
}
