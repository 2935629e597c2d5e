package finding

import (
	"strings"

	"iggysink/hclconfig/internal/words"
)

// Rule is one thing that can be found. Ids are stable: they stand in scripts and in editors.
type Rule struct {
	ID       string
	Severity Severity
	Summary  string // of a finding, unless it has a more exact one
	Doc      string // why the rule is there and what to do
	// GoesBy are attributes that a warning or a note depends on: while one of them is not known, it may yet come. Nil: it depends
	// on what is written.
	GoesBy []string
}

// Rules returns every rule, ordered by kind.
func Rules() []Rule {
	var all []Rule
	groups := [][]Rule{
		fileRules(), languageRules(), outsideRules(), schemaRules(), meaningRules(), settingRules(), requestRules(), deliveryRules(),
		lintRules(),
	}
	for _, group := range groups {
		all = append(all, group...)
	}
	return all
}

// fileRules are about finding and reading files.
func fileRules() []Rule {
	return []Rule{
		{"unreadable-file", Error, "a file cannot be read",
			"A file or folder that was named does not exist, cannot be read, or is neither a file nor a folder.", nil},
		{"no-configuration", Error, "no configuration was found",
			"A folder contains no *.hcl or *.hcl.json file, or a *.vars.hcl file was named as a configuration. Such a file " +
				"holds values of variables: name it with --var-file. iggysink skips files whose name begins with a dot.", nil},
		{"file-too-large", Error, "a file is too large",
			"A configuration file may hold at most 2 MiB, enough for thousands of sinks. A larger file was probably named by " +
				"mistake. All files of a configuration together may hold 8 MiB, and there may be 10,000 of them.", nil},
		{"invalid-encoding", Error, "a file is not plain UTF-8 text",
			"A configuration file must be UTF-8 without NUL characters, with lines that end with LF, or with CR and LF. " +
				"iggysink ignores a byte order mark at the start.", nil},
		{"too-deep", Error, "too deeply nested",
			"Brackets may nest at most 100 deep, and one statement may contain at most 10,000 operators and brackets.", nil},
		{"number-out-of-range", Error, "a number is out of range",
			"A number may have at most 300 digits and an exponent of at most 300. No attribute needs more, and the exact " +
				"value of a number such as 1e9999999 takes a long time to compute.", nil},
		{"too-many-blocks", Error, "too many blocks",
			"The files of a configuration together may contain at most 20,000 blocks, 100,000 lines in blocks and 800,000 words " +
				"and signs. for_each and dynamic may make at most 20,000 blocks in total, and with them there may be at most " +
				"200,000 values and 16 MiB of text.", nil},
		{"too-many-findings", Warning, "more findings were left out",
			"iggysink shows at most 2,000 errors, 2,000 warnings and 2,000 notes. Fix these first.", nil},
		{"syntax", Error, "invalid syntax",
			"The text is not HCL. Write a block as `type \"label\" { ... }` and an attribute as `name = value` on its own " +
				"line. A one-line block holds exactly one attribute. In *.hcl.json files the rules of JSON apply.", nil},
	}
}

// languageRules are about names, expressions and values.
func languageRules() []Rule {
	return []Rule{
		{"unknown-attribute", Error, "unknown attribute",
			"This block has no attribute of that name. iggysink never ignores what a configuration says.", nil},
		{"unknown-block", Error, "unknown block", "This place takes no block of that type.", nil},
		{"not-built", Error, "this block is not built yet",
			"The block is part of the language, but this version of iggysink does not support it. This is an error so that " +
				"nobody relies on something that does not happen.", nil},
		{"block-labels", Error, "wrong number of labels",
			"A sink and a stream take one label, their name. A dead_letter, auth or signature block takes one, its kind, and " +
				"a variable one, its name. Other blocks take none.", nil},
		{"duplicate-attribute", Error, "an attribute is set twice",
			"Set each attribute once in a block, and each key once in a map.", nil},
		{"duplicate-block", Error, "a block occurs twice",
			"This block may occur only once in its place, counting all files. iggysink does not merge two of them.", nil},
		{"duplicate-name", Error, "a name is declared twice",
			"Declare a variable or a local once, counting all files. The *.vars.hcl files of a folder may give a variable " +
				"only one value: name the file to use with --var-file.", nil},
		{"unknown-name", Error, "unknown name",
			"An expression may use var.NAME of a variable block and local.NAME of a locals block, and in the url of a sink " +
				"also stream, topic and partition. Write text in quotes.", nil},
		{"local-cycle", Error, "a local depends on itself", "Locals may use each other, but not in a circle.", nil},
		{"unknown-function", Error, "unknown function",
			"The functions of the language are: " + strings.Join(words.FunctionNames(), ", ") + ".", nil},
		{"function-call", Error, "a function call failed",
			"An argument is missing, has the wrong type, or is not valid for the function. The message shows no value, " +
				"because it may be secret.", nil},
		{"invalid-expression", Error, "an expression cannot be evaluated",
			"The expression is well-formed but cannot be evaluated, for example because it takes an element that a list does " +
				"not have.", nil},
		{"value-too-large", Error, "a value is too large",
			"A local or a variable may hold at most 1 MiB of text.", nil},
		{"too-much-work", Error, "an expression is too much work",
			"All expressions together may do a limited amount of work: loops, text and function calls count. Nested loops " +
				"over long lists, and text that is built from long text, exceed the limit.", nil},
		{"invalid-for-each", Error, "for_each cannot iterate over the value",
			"The for_each of a sink takes a map or a set of strings; that of a dynamic block takes a list as well. The keys " +
				"of a sink's for_each become part of its name, so they must not be secret. toset(list) makes a set of a list.", nil},
	}
}

// outsideRules are about values that come from outside of the configuration.
func outsideRules() []Rule {
	return []Rule{
		{"env-unset", Error, "an environment variable is not set",
			"env(\"NAME\") requires the variable NAME in the environment of the process. env(\"NAME\", \"x\") returns x if it " +
				"is not set. A variable that is set but empty counts as set.", nil},
		{"invalid-file", Error, "file() cannot read a file",
			"file(\"path\") reads UTF-8 text of at most 1 MiB. Attributes such as ca_file and token_file name a regular file of " +
				"at most 1 MiB. A relative path starts at the folder of the file that names it.", nil},
		{"file-outside", Error, "file() must not read there",
			"file(), and attributes such as ca_file and payload_schema, read only in the folder of the file that names them, " +
				"after following links, and in folders that --allow-files names. Otherwise anyone who can change a configuration " +
				"could read every file that the process can read.", nil},
		{"validation-failed", Error, "the value of a variable is not valid",
			"The value does not satisfy the condition of one of the variable's validation blocks. Its error_message says why.", nil},
		{"missing-variable", Error, "a variable has no value",
			"A variable without default needs a value. Precedence, highest first: --var NAME=VALUE; a --var-file, or without " +
				"one the *.vars.hcl files of a folder that is loaded; its *.auto.vars.hcl files; the environment variable " +
				"IGGYSINK_VAR_name.", nil},
		{"ignored-environment", Warning, "an environment variable gives no variable a value",
			"IGGYSINK_VAR_ followed by the name of a variable, in the case in which its block declares it, sets the variable: " +
				"IGGYSINK_VAR_environment sets variable \"environment\", and IGGYSINK_VAR_ENVIRONMENT sets nothing.", nil},
		{"invalid-variable", Error, "a variable has an invalid value",
			"The value of a variable must have its type, and a --var, a --var-file or a *.vars.hcl file must name a declared " +
				"variable. Values are literals: they use no functions and no other names.", nil},
		{"message-expression", Error, "an expression cannot depend on a message",
			"message.NAME takes its value from each message that iggysink delivers, so only url, headers, body, filter and " +
				"cloudevents may use it. iggysink evaluates env(), file(), locals and variables at the start, before there is a " +
				"message. Within an expression write message.topic for ${topic}.", nil},
		{"template-field", Error, "stream, topic and partition cannot be used here",
			"${stream}, ${topic} and ${partition} differ between partitions. iggysink fills them in after it has evaluated " +
				"the configuration, so they may only be used directly in the url of a sink: not in another attribute, a local, a " +
				"condition or a function.", nil},
	}
}

// schemaRules are what the JSON Schema of the configuration asks for.
func schemaRules() []Rule {
	return []Rule{
		{"missing-attribute", Error, "an attribute is missing", "The block requires this attribute.", nil},
		{"missing-block", Error, "a block is missing", "This place requires at least one block of this type.", nil},
		{"wrong-type", Error, "wrong type",
			"The value has another type than the attribute and cannot be converted.", nil},
		{"invalid-value", Error, "invalid value",
			"The attribute accepts only certain values, or only text of a certain form.", nil},
		{"out-of-range", Error, "value out of range",
			"The value is too small or too large, or has too few or too many characters or elements.", nil},
		{"duplicate-value", Error, "a list contains a value twice", "List each value once.", nil},
		{"invalid-duration", Error, "invalid duration",
			"A duration is a number with a unit (ns, us, ms, s, m, h or d), such as \"500ms\", \"1.5s\" or \"1d12h\". It " +
				"takes no sign.", nil},
		{"invalid-address", Error, "invalid address", "An address is host:port, such as \"127.0.0.1:8090\" or \"[::1]:8090\".", nil},
		{"invalid-url", Error, "invalid url",
			"A url is absolute, begins with http:// or https://, and has a host and no spaces. Its path must not contain a " +
				"segment . or .., which servers resolve to another path. Percent-encode other characters that a url does not " +
				"allow, such as ü or {. ${stream}, ${topic} and ${partition} may appear in its path and query, not in its host.", nil},
	}
}

// meaningRules are about what sinks share and what files hold: no schema can say it.
func meaningRules() []Rule {
	return []Rule{
		{"duplicate-sink", Error, "two sinks have the same name",
			"Logs, metrics and the consumer group contain the name of a sink, so each sink needs its own.", nil},
		{"shared-group", Error, "two sinks read one topic with the same consumer group",
			"The members of a consumer group share the partitions of a topic: each sink would receive some of the messages " +
				"and store offsets for both. Give each sink its own consumer_group.", nil},
		{"duplicate-topic", Error, "a sink reads a topic twice",
			"iggysink would deliver every message of the topic twice.", nil},
		{"payload-schema", Error, "a payload schema cannot be used",
			"payload_schema names a file with a JSON Schema. The file must exist, hold at most 1 MiB and be a valid schema " +
				"that refers to no other document. validate reads it too, because a mistake in it would stop the sink at its " +
				"start.", nil},
		{"payload-schema-doubt", Warning, "a payload schema checks less than it seems to",
			"A schema in which no keyword asserts anything, such as an OpenAPI document or a sample message, accepts every " +
				"payload. So does a keyword that is misspelled or belongs to another draft.",
			[]string{"payload_schema"}},
		{"payload-schema-json", Error, "payload_schema needs schema = \"json\"",
			"Only a JSON payload can be checked against a JSON Schema. Set schema to json, its default, or remove " +
				"payload_schema.", nil},
		{"shared-dead-letter", Error, "two sinks write the same dead-letter file",
			"Give each sink its own file, so that you can inspect and resend its messages separately.", nil},
	}
}

// settingRules are about settings of one block that contradict each other.
func settingRules() []Rule {
	return []Rule{
		{"retry-delay-order", Error, "retry_delay is above max_retry_delay",
			"retry_delay limits the first wait, max_retry_delay every wait.", nil},
		{"poll-interval-order", Error, "poll_interval is above max_poll_interval",
			"poll_interval is the first wait after an empty poll. It grows up to max_poll_interval.", nil},
		{"network-range", Error, "not a range of addresses",
			"An element of deny or allow is metadata, link_local, private or loopback, a CIDR such as 10.0.0.0/8, or an " +
				"address.", nil},
		{"network-socket", Error, "a proxy and a Unix socket exclude each other",
			"unix_socket replaces the host of url, so there is nothing left for a proxy to connect to.", nil},
		{"cooldown-order", Error, "cooldown is above max_cooldown",
			"cooldown is the first wait of a paused sink or a blocked partition. It grows up to max_cooldown.", nil},
		{"status-code-twice", Warning, "a status code is in two lists",
			"Success takes precedence over retry, retry over pause, and pause over reject. The code has no effect in the " +
				"other list.",
			[]string{"success_status_codes", "retry_status_codes", "pause_status_codes", "reject_status_codes"}},
		{"defaults-replaced", Warning, "a map of a sink replaces that of defaults",
			"A sink's own value replaces the default completely, and maps are not merged: a sink with headers does not send the " +
				"headers of defaults. To send both, put those into a local and write headers = merge(local.headers, { ... }).",
			[]string{"headers"}},
		{"raw-metadata", Warning, "raw never has metadata",
			"batch_mode = \"raw\" sends the payload's own bytes. include_metadata = true has no effect with it.",
			[]string{"batch_mode", "include_metadata"}},
		{"method-batch", Warning, "the method usually has no body",
			"Many servers ignore the body of a GET or HEAD request, and the batch would be lost with it.",
			[]string{"batch_mode", "method"}},
	}
}

// requestRules are about headers and urls, and the secrets in them.
func requestRules() []Rule {
	return []Rule{
		{"second-authorization", Error, "headers and auth both set Authorization",
			"A request has one Authorization header, and the auth block sets it.", nil},
		{"bearer-token", Error, "a bearer block needs exactly one token",
			"Set either token, or token_file for a file that holds it.", nil},
		{"signing-key", Error, "a key of a signature cannot be read",
			"A secret of standard_webhooks is whsec_ and base64 of 24 to 64 bytes, or whsk_ and base64 of an ed25519 key of 32 or 64 " +
				"bytes. The key of http_message is base64 for hmac-sha256, and a PKCS #8 private key in PEM for ed25519.", nil},
		{"shape-conflict", Error, "two settings define the request differently",
			"body and cloudevents replace the envelope, so they exclude each other and include_metadata. iggysink sends one " +
				"binary or structured CloudEvent per request (batch_mode individual), and batched ones in an array (json_array). " +
				"response_items requires requests with several messages.", nil},
		{"empty-rate-limit", Error, "rate_limit limits nothing", "Set requests, messages or both.", nil},
		{"items-order", Warning, "resent items arrive after later messages",
			"When a bulk API refuses some items of a request, iggysink sends only those again, after later messages of the " +
				"same partition. With ordering = \"none\" you accept that, and the sink sends faster.",
			[]string{"ordering", "response_items"}},
		{"content-type-header", Error, "headers sets Content-Type",
			"batch_mode determines the content type. Set content_type to change it.", nil},
		{"invalid-header", Error, "invalid header name",
			"A header name consists of letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 5.1). Set each header once; names ignore " +
				"case. Content-Length, Transfer-Encoding, Connection, Keep-Alive, Proxy-Connection, TE, Trailer, Upgrade and " +
				"Expect belong to the connection and cannot be set. iggysink sends a name as it is spelled.", nil},
		{"header-line-break", Error, "a header value contains a line break",
			"A line break or another control character would end the header and start another one. Use trimspace() around " +
				"file().", nil},
		{"literal-secret", Warning, "a secret is written as a literal",
			"Everyone who can read the configuration can read the secret. Take it from env() or file(), or from a variable " +
				"without default. Secrets are the login of Iggy; passwords, tokens and keys of auth and signature; headers and " +
				"parameters of a url whose name says so, such as Authorization or token; urls of webhooks, such as those of Slack, " +
				"Discord, Teams, Google Chat, Zapier and IFTTT, and others with a part that looks random; and the " +
				"defaults of variables that are marked as sensitive.", nil},
		{"placeholder", Warning, "a placeholder of another language is sent unchanged",
			"A url and a header may contain ${stream}, ${topic}, ${partition}, ${message.NAME} and ${env(\"NAME\")}. iggysink sends " +
				"{{topic}}, {topic}, $TOPIC, :topic and the like unchanged.",
			[]string{"url", "headers"}},
		{"cleartext-credentials", Warning, "credentials travel in clear text",
			"With http everyone between iggysink and another host can read the headers, the url and the credentials of auth: " +
				"use https. An iggy block without tls shows its login in the same way: add one. The same goes for a token_url and " +
				"a proxy with a password.",
			[]string{"url", "health_check_url", "headers", "address", "token_url", "proxy"}},
		{"unchecked-certificate", Warning, "any certificate is accepted",
			"With tls_danger_accept_invalid_certs = true anyone between iggysink and the endpoint can pose as the endpoint " +
				"and read the messages and the headers. To trust your own authority use tls { ca_file = ... }. The switch is for " +
				"tests.",
			[]string{"tls_danger_accept_invalid_certs"}},
		{"url-userinfo", Error, "a url contains a user name or a password",
			"Proxies and endpoints log urls. Use an auth block or an Authorization header.", nil},
	}
}

// deliveryRules are about what is delivered, in which order, and where it ends.
func deliveryRules() []Rule {
	return []Rule{
		{"default-group", Note, "the consumer group depends on the name of the sink",
			"Without consumer_group the group is called iggysink- followed by the name of the sink. Renaming the sink then " +
				"starts a new group, which begins where start_from says and delivers messages again.",
			[]string{"name", "consumer_group"}},
		{"exhausted-dead-letter", Warning, "messages leave the topic while the endpoint is broken",
			"With on_exhausted = \"dead_letter\", an endpoint that answers 500 for an hour moves an hour of messages to the " +
				"dead letters. \"pause\" waits for it and loses nothing.",
			[]string{"on_exhausted"}},
		{"dead-letter-missing", Error, "there is no dead_letter block",
			"on_rejected or on_exhausted sends messages to the dead letters, but the sink has no dead_letter block that says " +
				"where to write them.", nil},
		{"payload-limit-too-small", Error, "no message fits into max_payload_size_bytes",
			"A request with the smallest possible message and its metadata is already larger, so iggysink would reject every " +
				"message. Raise max_payload_size_bytes; 0 switches the limit off.", nil},
		{"ordering-key-missing", Error, "ordering_key is missing",
			"ordering = \"key\" needs ordering_key: header:NAME or payload:/json/pointer.", nil},
		{"ordering-key-unused", Warning, "ordering_key has no effect",
			"Only ordering = \"key\" uses it.", []string{"ordering", "ordering_key", "max_in_flight"}},
		{"max-in-flight-unused", Warning, "max_in_flight has no effect",
			"ordering = \"partition\" keeps one request of a partition in flight. A higher number requires \"key\" or " +
				"\"none\".",
			[]string{"ordering", "ordering_key", "max_in_flight"}},
		{"iggy-credentials", Error, "the Iggy server requires a login",
			"Set either username and password, or token, in the iggy block.", nil},
		{"invalid-share", Error, "share is not a part of the partitions",
			"A share is k/n with k from 0 to n. Run n processes with 1/n to n/n, or with 0/n to (n-1)/n: together they read " +
				"every partition once.", nil},
		{"share-transport", Error, "share needs transport = \"http\"",
			"Over TCP the members of a consumer group share the partitions automatically and take over from each other. " +
				"Remove share.", nil},
		{"http-consumer-name", Error, "a name of digits only does not work over HTTP",
			"With transport = \"http\" iggysink stores offsets under the name of consumer_group, and Iggy reads a name of " +
				"digits as a number. Choose another name.", nil},
		{"iggy-port", Warning, "the port belongs to the other transport",
			"Unless configured otherwise, Iggy listens for TCP on port 8090 and for HTTP on port 3000. The address uses the " +
				"port of the transport that is not selected.",
			[]string{"address", "transport"}},
		{"health-check-url", Error, "health_check_url is missing",
			"The url differs between partitions, but the health check has no partition. Set the url to check.", nil},
	}
}

// lintRules are about what works, and cannot be meant.
func lintRules() []Rule {
	return []Rule{
		{"retry-after-cap", Warning, "max_retry_after is below max_retry_delay",
			"max_retry_after limits the wait that a Retry-After header can impose. If it is below max_retry_delay, an " +
				"endpoint that sends Retry-After gets a shorter break than one that does not.",
			[]string{"max_retry_after", "max_retry_delay"}},
		{"batch-limit-unused", Warning, "a limit of batches has no effect",
			"batch_mode individual and raw send one message per request, whatever batch_length and batch_wait say. With " +
				"batch_length = 1 the first message fills a request, so iggysink never waits for more.",
			[]string{"batch_mode", "batch_length", "batch_wait", "max_payload_size_bytes", "include_metadata",
				"include_checksum", "include_origin_timestamp", "schema"}},
		{"batch-length-unreachable", Warning, "batch_length cannot be reached",
			"Even the smallest messages exceed max_payload_size_bytes with their metadata, or the limit of 2 MiB of messages " +
				"per request, before a request holds batch_length of them. Lower batch_length, or raise max_payload_size_bytes.",
			[]string{"batch_mode", "batch_length", "batch_wait", "max_payload_size_bytes", "include_metadata",
				"include_checksum", "include_origin_timestamp", "schema"}},
		{"unused-variable", Warning, "a variable is not used",
			"No expression uses the variable. It may be a leftover, or an expression may misspell its name.", nil},
		{"unused-local", Warning, "a local is not used",
			"No expression uses the local. It may be a leftover, or an expression may misspell its name.", nil},
		{"invalid-ignore", Warning, "a comment cannot silence a warning",
			"`# iggysink:ignore RULE REASON` on the line above silences one warning or note; in JSON use the property `\"//\": " +
				"\"iggysink:ignore RULE REASON\"`. It needs the rule of a warning or a note, and a reason.", nil},
		{"unused-ignore", Warning, "a comment silences nothing",
			"The line below has no such warning. Remove the comment.", nil},
	}
}
