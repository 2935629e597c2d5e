package finding

import (
	"strings"

	"iggysink/hclconfig/internal/words"
)

// Rule is one thing that can be found. Ids are stable: they stand in scripts and in editors.
type Rule struct {
	ID       string
	Severity Severity
	Summary  string   // of a finding, unless it has a more exact one
	Doc      string   // why the rule is there and what to do
	GoesBy   []string // attributes that a warning depends on: while one of them is not known, it may yet come; nil: on what is written
}

// Rules returns every rule, ordered by kind.
func Rules() []Rule {
	var all []Rule
	groups := [][]Rule{
		fileRules(), languageRules(), schemaRules(), meaningRules(), settingRules(), requestRules(), deliveryRules(),
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
			"A file or folder that was named does not exist, may not be read, or is neither a file nor a folder.", nil},
		{"no-configuration", Error, "no configuration was found",
			"A folder holds no *.hcl or *.hcl.json file, or a *.vars.hcl file was named as one. Those hold values of variables, " +
				"and are named with --var-file. Files whose name begins with a dot are skipped.", nil},
		{"file-too-large", Error, "a file is too large",
			"A configuration file has at most 2 MiB, which is thousands of sinks. What is larger is another kind of file by mistake.", nil},
		{"invalid-encoding", Error, "a file is not plain UTF-8 text",
			"Configuration files are UTF-8 without NUL characters, and their lines end with LF, or with CR and LF. A byte order mark " +
				"at the start means nothing.", nil},
		{"too-deep", Error, "too deeply nested",
			"Brackets nest at most 100 deep, and one statement has at most 10,000 operators and brackets.", nil},
		{"number-out-of-range", Error, "a number is out of range",
			"A number has at most 300 digits and an exponent of at most 300. No attribute needs more, and the exact value " +
				"of a number such as 1e9999999 takes a long time to compute.", nil},
		{"too-many-blocks", Error, "too many blocks",
			"A file has at most 20,000 blocks, 100,000 lines of them and 800,000 words and signs, and for_each and dynamic make at " +
				"most 20,000 blocks, all together.", nil},
		{"too-many-findings", Warning, "there is more to say",
			"At most 2,000 errors and 2,000 warnings are shown.", nil},
		{"syntax", Error, "invalid syntax",
			"The text is not HCL. A block is `type \"label\" { ... }`, an attribute is `name = value` on its own line, and a " +
				"one-line block holds exactly one attribute. In *.hcl.json files the rules of JSON apply.", nil},
	}
}

// languageRules are about names, expressions and values.
func languageRules() []Rule {
	return []Rule{
		{"unknown-attribute", Error, "unknown attribute",
			"No attribute of that name exists in this block. Nothing that is written is ever ignored.", nil},
		{"unknown-block", Error, "unknown block", "No block of that type exists here.", nil},
		{"not-built", Error, "this block is not built yet",
			"The block is part of the language but this version of iggysink cannot do it. It is an error so that nobody " +
				"relies on something that does not happen.", nil},
		{"block-labels", Error, "wrong number of labels",
			"A sink and a stream have one label, their name. A dead_letter block has one, its kind, and a variable one, its " +
				"name. Other blocks have none.", nil},
		{"duplicate-attribute", Error, "an attribute is set twice", "Each attribute is set once in a block, and each key once in a map.", nil},
		{"duplicate-block", Error, "a block is there twice",
			"This block may stand once in its place, all files together. iggysink does not merge two of them.", nil},
		{"duplicate-name", Error, "a name is declared twice",
			"A variable and a local each have one declaration, all files together. The *.vars.hcl files of a folder give a variable " +
				"one value too: --var-file names the file that counts.", nil},
		{"unknown-name", Error, "unknown name",
			"An expression may use var.NAME of a variable block and local.NAME of a locals block; in the url of a sink also " +
				"stream, topic and partition. Text stands in quotes.", nil},
		{"local-cycle", Error, "a local depends on itself", "Locals may use each other, but not in a circle.", nil},
		{"unknown-function", Error, "unknown function",
			"The functions of the language are: " + strings.Join(words.FunctionNames(), ", ") + ".", nil},
		{"function-call", Error, "a function call failed",
			"An argument is missing, of the wrong type, or not what the function can work with. The message shows no value: " +
				"it may be secret.", nil},
		{"invalid-expression", Error, "an expression cannot be evaluated",
			"The expression is well-formed but has no value, such as an element of a list that has fewer.", nil},
		{"value-too-large", Error, "a value is too large", "A local or a variable holds at most 1 MiB of text.", nil},
		{"too-much-work", Error, "an expression is too much work",
			"Loops, text and function calls have a bound, all expressions together. Loops in loops over long lists, and text " +
				"that is put together from long text, exceed it.", nil},
		{"invalid-for-each", Error, "for_each cannot go through the value",
			"The for_each of a sink takes a map or a set of strings, that of a dynamic block takes a list too. The keys of a sink's " +
				"for_each become part of its name, so they are no secret. toset(list) makes a set of a list.", nil},
		{"env-unset", Error, "an environment variable is not set",
			"env(\"NAME\") needs the variable NAME in the environment of the process. env(\"NAME\", \"x\") gives x where it is " +
				"not set. A variable that is set but empty counts as set.", nil},
		{"invalid-file", Error, "file() cannot read a file",
			"file(\"path\") reads UTF-8 text of at most 1 MiB. A relative path starts at the folder of the file that names it.", nil},
		{"file-outside", Error, "file() may not read there",
			"file() reads in the folder of the file that calls it, links followed, and in folders that --allow-files names. " +
				"Whoever may change a configuration could otherwise read every file that the process can.", nil},
		{"validation-failed", Error, "the value of a variable is not valid",
			"A validation block of the variable has a condition that the value does not meet. Its error_message says why.", nil},
		{"missing-variable", Error, "a variable has no value",
			"A variable without default gets its value from --var NAME=VALUE, from a --var-file, or without one from the " +
				"*.vars.hcl files of a folder that is loaded, from its *.auto.vars.hcl files, or from the environment variable " +
				"IGGYSINK_VAR_NAME; the first of these wins.", nil},
		{"invalid-variable", Error, "a variable has an invalid value",
			"The value of a variable must be of its type, and a --var, a --var-file or a *.vars.hcl file must name a variable that is " +
				"declared. Values are literals: they use no functions and no other names.", nil},
		{"message-expression", Error, "an expression cannot depend on a message",
			"message.NAME has a value for each message that is delivered, in url, headers, body, filter and cloudevents only. env() and " +
				"file() are evaluated at the start, before there is a message, and so are locals and variables. ${topic} is message.topic " +
				"inside of an expression.", nil},
		{"template-field", Error, "stream, topic and partition cannot be used here",
			"${stream}, ${topic} and ${partition} differ from partition to partition. They are filled in after the " +
				"configuration has been evaluated, so they may stand in the url of a sink, as they are: not in another attribute, " +
				"in a local, in a condition or inside a function.", nil},
	}
}

// schemaRules are what the JSON Schema of the configuration asks for.
func schemaRules() []Rule {
	return []Rule{
		{"missing-attribute", Error, "an attribute is missing", "The block needs this attribute.", nil},
		{"missing-block", Error, "a block is missing", "At least one block of this type is needed here.", nil},
		{"wrong-type", Error, "wrong type", "The value is of another type than the attribute, and cannot be converted.", nil},
		{"invalid-value", Error, "invalid value", "The attribute takes one of a few values, or text of a certain form.", nil},
		{"out-of-range", Error, "value out of range", "The value is below or above its bounds, or has too few or too many " +
			"characters or elements.", nil},
		{"duplicate-value", Error, "a list holds a value twice", "Each value is in this list once.", nil},
		{"invalid-duration", Error, "invalid duration",
			"A duration is a number with a unit: ns, us, ms, s, m, h or d, such as \"500ms\", \"1.5s\" or \"1d12h\". It has no " +
				"sign.", nil},
		{"invalid-address", Error, "invalid address", "An address is host:port, such as \"127.0.0.1:8090\" or \"[::1]:8090\".", nil},
		{"invalid-url", Error, "invalid url",
			"A url is absolute, begins with http:// or https://, has a host, no spaces, and no segment . or .. in its path, which " +
				"servers take for a step to another path. Other characters that may not stand in it, such as ü or {, are " +
				"percent-encoded. ${stream}, ${topic} and ${partition} may stand in its path and query, not in its host.", nil},
	}
}

// meaningRules are about what sinks share and what files hold: no schema can say it.
func meaningRules() []Rule {
	return []Rule{
		{"duplicate-sink", Error, "two sinks have one name",
			"The name of a sink is in logs, in metrics and in its consumer group, so each sink has its own.", nil},
		{"shared-group", Error, "two sinks read one topic with one consumer group",
			"The members of a consumer group share the partitions of a topic: each sink would get some of the messages and " +
				"store offsets for both. Give each sink its own consumer_group.", nil},
		{"duplicate-topic", Error, "a sink reads a topic twice",
			"Every message of the topic would be delivered twice.", nil},
		{"payload-schema", Error, "a payload schema cannot be used",
			"payload_schema names a file with a JSON Schema. It is there, has at most 1 MiB, is sound, and refers to no other " +
				"document. validate reads it too: a mistake in it would stop the sink at its start.", nil},
		{"payload-schema-doubt", Warning, "a payload schema says less than it seems",
			"A schema without a keyword that asserts something, such as an OpenAPI document or a message, takes any payload, and so " +
				"does a keyword that is misspelled or that belongs to another draft.",
			[]string{"payload_schema"}},
		{"payload-schema-json", Error, "payload_schema needs schema = \"json\"",
			"Only a payload that is JSON can be checked against a JSON Schema. Set schema to json, its default, or leave " +
				"payload_schema out.", nil},
		{"shared-dead-letter", Error, "two sinks have one dead-letter file",
			"Each sink has its own file, so that it can be shown and sent again by itself.", nil},
	}
}

// settingRules are about settings of one block that contradict each other.
func settingRules() []Rule {
	return []Rule{
		{"retry-delay-order", Error, "retry_delay is above max_retry_delay",
			"retry_delay is the bound of the first wait, max_retry_delay that of every wait.", nil},
		{"poll-interval-order", Error, "poll_interval is above max_poll_interval",
			"poll_interval is the first wait after an empty poll; it grows up to max_poll_interval.", nil},
		{"network-range", Error, "no addresses",
			"An element of deny or allow is metadata, link_local, private or loopback, a CIDR such as 10.0.0.0/8, or an address.", nil},
		{"network-socket", Error, "a proxy and a Unix socket exclude each other",
			"unix_socket takes the place of the host of url, so there is nothing left that a proxy could connect to.", nil},
		{"cooldown-order", Error, "cooldown is above max_cooldown",
			"cooldown is the first wait of a paused sink; it grows up to max_cooldown.", nil},
		{"status-code-twice", Warning, "a status code is in two lists",
			"Success wins over retry, retry over pause, pause over reject. The code in the other list has no effect.",
			[]string{"success_status_codes", "retry_status_codes", "pause_status_codes", "reject_status_codes"}},
		{"raw-metadata", Warning, "raw never has metadata",
			"batch_mode = \"raw\" sends the payload's own bytes. include_metadata = true has no effect with it.",
			[]string{"batch_mode", "include_metadata"}},
		{"method-batch", Warning, "the method usually has no body",
			"GET and HEAD requests with a body are dropped by many servers, and a batch would be lost with it.",
			[]string{"batch_mode", "method"}},
	}
}

// requestRules are about headers and urls, and the secrets in them.
func requestRules() []Rule {
	return []Rule{
		{"second-authorization", Error, "Authorization stands in headers and in auth",
			"A request has one Authorization header. auth sets it.", nil},
		{"bearer-token", Error, "a bearer token is not given once",
			"A bearer token stands either in token or in the file that token_file names.", nil},
		{"shape-conflict", Error, "two settings say different things of a request",
			"body and cloudevents replace the envelope, so that they exclude each other and include_metadata. binary and structured " +
				"CloudEvents are sent one a request (batch_mode individual), batched ones in an array (json_array). response_items " +
				"needs requests of several messages.", nil},
		{"empty-rate-limit", Error, "rate_limit limits nothing",
			"A rate_limit block needs requests, messages or both.", nil},
		{"items-order", Warning, "items that are sent again come behind later messages",
			"Where a bulk API refuses some items of a request, only those are sent again, behind others of the same partition. With " +
				"ordering = \"none\" the sink says that this is meant, and sends faster.",
			[]string{"ordering", "response_items"}},
		{"content-type-header", Error, "Content-Type stands in headers",
			"The content type follows from batch_mode, and is set to another with content_type.", nil},
		{"invalid-header", Error, "invalid header name",
			"A header name has letters, digits and !#$%&'*+-.^_`|~ only (RFC 9110 5.1), and is set once, whatever its " +
				"case. Content-Length, Transfer-Encoding, Connection, Keep-Alive, Proxy-Connection, TE, Trailer, Upgrade and Expect belong " +
				"to the connection and cannot be set. A name is sent as it is spelt.", nil},
		{"header-line-break", Error, "a header value has a line break",
			"A line break, or another control character, would end the header and begin another one. Use trimspace() around " +
				"file().", nil},
		{"literal-secret", Warning, "a secret is written as a literal",
			"Whoever can read the configuration knows the secret. Take it from env() or file(), or from a variable without default. " +
				"Secrets are the login of Iggy, passwords, tokens and keys of auth and signature, headers and parameters of a url whose " +
				"name says so, such as Authorization or token, the url of a webhook of Slack, Discord, Office, Zapier, IFTTT or " +
				"Telegram, and the defaults of variables " +
				"that are marked as sensitive.", nil},
		{"cleartext-credentials", Warning, "credentials travel in clear text",
			"http to another host shows the headers, the url and the credentials of auth to everyone on the way: use https. So does an " +
				"iggy block without tls show its login: add one. A token_url and a proxy with a password are alike.",
			[]string{"url", "health_check_url", "headers", "address", "token_url", "proxy"}},
		{"unchecked-certificate", Warning, "any certificate is accepted",
			"With tls_danger_accept_invalid_certs = true the endpoint may be anybody on the way, who reads the messages and the " +
				"headers. Trust an authority of your own with tls { ca_file = ... }. The switch is for tests.",
			[]string{"tls_danger_accept_invalid_certs"}},
		{"url-userinfo", Error, "a url holds a user name or a password",
			"Urls get into logs of proxies and endpoints. Use an Authorization header.", nil},
	}
}

// deliveryRules are about what is delivered, in which order, and where it ends.
func deliveryRules() []Rule {
	return []Rule{
		{"default-group", Warning, "the consumer group follows the name of the sink",
			"Without consumer_group it is iggysink- and the name of the sink. Renaming the sink then starts a new group, " +
				"which begins where start_from says and delivers messages again.",
			[]string{"name", "consumer_group"}},
		{"exhausted-dead-letter", Warning, "messages leave the topic while the endpoint is broken",
			"With on_exhausted = \"dead_letter\" an endpoint that answers 500 for an hour moves an hour of messages to the " +
				"dead letters. \"pause\" waits for it and loses nothing.",
			[]string{"on_exhausted"}},
		{"dead-letter-missing", Error, "there is no dead_letter block",
			"on_rejected or on_exhausted sends messages to the dead letters, and the sink does not say where they are.", nil},
		{"payload-limit-too-small", Error, "no message fits into max_payload_size_bytes",
			"The smallest message, with the metadata that it is sent with, is larger. Every message would be rejected. Raise " +
				"max_payload_size_bytes; 0 switches the limit off.", nil},
		{"ordering-key-missing", Error, "ordering_key is missing",
			"ordering = \"key\" needs ordering_key: header:NAME or payload:/json/pointer.", nil},
		{"ordering-key-unused", Warning, "ordering_key has no effect", "It is used with ordering = \"key\" only.",
			[]string{"ordering", "ordering_key", "max_in_flight"}},
		{"max-in-flight-unused", Warning, "max_in_flight has no effect",
			"ordering = \"partition\" keeps one request of a partition in flight. More than one needs \"key\" or \"none\".",
			[]string{"ordering", "ordering_key", "max_in_flight"}},
		{"iggy-credentials", Error, "the Iggy server asks for a login",
			"The iggy block has either username and password, or token.", nil},
		{"invalid-share", Error, "share is no part of the partitions",
			"A share is k/n with k from 0 to n: n processes read with 1/n to n/n, or with 0/n to (n-1)/n, which cover every partition " +
				"once.", nil},
		{"share-transport", Error, "share needs transport = \"http\"",
			"Over TCP the members of a consumer group share the partitions by themselves, and take over from each other. There " +
				"is nothing to set.", nil},
		{"http-consumer-name", Error, "a name of digits only does not work over HTTP",
			"With transport = \"http\" offsets are stored under the name of consumer_group, and Iggy takes one of digits only for a " +
				"number. Choose another name.", nil},
		{"iggy-port", Warning, "the port is that of another transport",
			"Iggy listens for TCP on port 8090 and for HTTP on port 3000, unless it is configured otherwise. The address has " +
				"the usual port of the transport that is not used.", []string{"address", "transport"}},
		{"health-check-url", Error, "health_check_url is missing",
			"The url differs from partition to partition, and the check is of no partition. Say where to check.", nil},
	}
}

// lintRules are about what works, and cannot be meant.
func lintRules() []Rule {
	return []Rule{
		{"retry-after-cap", Warning, "max_retry_after is below max_retry_delay",
			"max_retry_after cuts what a Retry-After header asks for. Below max_retry_delay, an endpoint that asks for quiet " +
				"gets less of it than one that says nothing.",
			[]string{"max_retry_after", "max_retry_delay"}},
		{"batch-limit-unused", Warning, "a limit of batches has no effect",
			"batch_mode individual and raw send one message a request, whatever batch_length and batch_wait say. With " +
				"batch_length = 1 a request is full with its first message, so that it never waits for more.",
			[]string{"batch_mode", "batch_length", "batch_wait", "max_payload_size_bytes", "include_metadata",
				"include_checksum", "include_origin_timestamp", "schema"}},
		{"batch-length-unreachable", Warning, "batch_length cannot be reached",
			"So many messages, however small, do not fit into max_payload_size_bytes with their metadata, or into the 2 MiB of " +
				"messages that a request is made of at most. Lower batch_length, or raise max_payload_size_bytes.",
			[]string{"batch_mode", "batch_length", "batch_wait", "max_payload_size_bytes", "include_metadata",
				"include_checksum", "include_origin_timestamp", "schema"}},
		{"unused-variable", Warning, "a variable is not used",
			"No expression names the variable. It may be left over, or another name may be misspelled.", nil},
		{"unused-local", Warning, "a local is not used",
			"No expression names the local. It may be left over, or another name may be misspelled.", nil},
		{"invalid-ignore", Warning, "a comment cannot silence a warning",
			"`# iggysink:ignore RULE REASON` on the line above silences one warning; in JSON it is the property `\"//\": " +
				"\"iggysink:ignore RULE REASON\"` on the line above. It needs a rule of severity warning, and a reason.", nil},
		{"unused-ignore", Warning, "a comment silences nothing",
			"The line below has no such warning any more.", nil},
	}
}
