package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ExampleTemplate_Fill() {
	t, err := ParseTemplate("https://api.example.com/ingest/${topic}?key=s3cret")
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(t)
	fmt.Println(t.Fill(Partition{Stream: "shop", Topic: "a/b c", ID: 1}))
	// Output:
	// https://api.example.com
	// https://api.example.com/ingest/a%2Fb%20c?key=s3cret
}

func TestTemplateFill(t *testing.T) {
	for _, tt := range []struct{ source, want string }{
		{"", ""},
		{"plain", "plain"},
		{"${stream}/${topic}/${partition}", "shop/created/7"},
		{"${ stream }", "shop"},
		{"$${stream}", "${stream}"},
		{"a$$${topic}$", "a$${topic}$"},
		{"$ { } %{x}", "$ { } %{x}"},
	} {
		template, err := ParseTemplate(tt.source)
		require.NoError(t, err, tt.source)
		assert.Equal(t, tt.want, template.Fill(orders), tt.source)
		assert.Equal(t, tt.source, template.Source())
		assert.Equal(t, strings.Contains(strings.ReplaceAll(tt.source, "$${", ""), "${"), template.HasFields(), tt.source)
	}
}

func TestTemplateValuesStayInTheirSegment(t *testing.T) {
	template, err := ParseTemplate("${topic}")
	require.NoError(t, err)
	for value, want := range map[string]string{
		"a-Z_0.~": "a-Z_0.~", "a/b?c#d&e=f+g h": "a%2Fb%3Fc%23d%26e%3Df%2Bg%20h", "é": "%C3%A9",
		".": "%2E", "..": "%2E%2E", "...": "...", "%": "%25",
	} {
		assert.Equal(t, want, template.Fill(Partition{Topic: value}))
	}
}

func TestTemplateErrorsKeepTheSecret(t *testing.T) {
	for source, want := range map[string]string{
		"https://canary/${":        "invalid template: the ${ at byte 15 has no }",
		"x${canary}":               "invalid template: the field at byte 1 is not stream, topic or partition",
		"${topic}${}canary":        "invalid template: the field at byte 8 is not stream, topic or partition",
		"${topic.canary}":          "invalid template: the field at byte 0 is not stream, topic or partition",
		"$${topic}${canary${topic": "invalid template: the ${ at byte 9 has no }",
	} {
		_, err := ParseTemplate(source)
		require.ErrorIs(t, err, ErrTemplate)
		assert.EqualError(t, err, want)
	}
}

func TestTemplatePrintsSchemeAndHost(t *testing.T) {
	for source, want := range map[string]string{
		"":                                   "",
		"https://u:canary@h:1/canary?canary": "https://h:1",
		"http://[::1]:80#canary":             "http://[::1]:80",
		"canary":                             SecretMask,
		"canary://h":                         SecretMask,
		"https:///canary":                    SecretMask,
		"https://h\\canary":                  "https://h",
		"https://h/${topic}?k=canary${partition}": "https://h",
	} {
		template, err := ParseTemplate(source)
		require.NoError(t, err)
		assertPrints(t, want, template)
	}
}

// assertPrints checks every way to print v that a program takes by accident.
func assertPrints(t *testing.T, want string, v any) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		assert.Equal(t, want, fmt.Sprintf(verb, v), verb)
		assert.NotContains(t, fmt.Sprintf(verb, struct{ hidden any }{v}), "canary", verb)
		assert.NotContains(t, fmt.Sprintf(verb, []any{v}), "canary", verb)
	}
	text, err := json.Marshal(v)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("%q", want), string(text))
}

func TestTemplateInsideAnUnexportedFieldDoesNotPrint(t *testing.T) {
	template, err := ParseTemplate("https://h/canary")
	require.NoError(t, err)
	holder := struct {
		template Template
		secret   Secret
	}{template, NewSecret("canary")}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		assert.NotContains(t, fmt.Sprintf(verb, holder), "canary", verb)
		assert.NotContains(t, fmt.Sprintf(verb, &holder), "canary", verb)
	}
}

func FuzzParseTemplate(f *testing.F) {
	for _, seed := range []string{"https://h/${topic}", "$${", "$$${stream}", "${", "${ partition }x$"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		escaped, err := ParseTemplate(EscapeTemplate(source))
		require.NoError(t, err, "escaped text is always a template")
		assert.False(t, escaped.HasFields())
		want := source
		if text, found := strings.CutSuffix(source, "$"); found {
			want = text + "%24"
		}
		assert.Equal(t, want, escaped.Fill(orders))

		template, err := ParseTemplate(source)
		if err != nil {
			require.ErrorIs(t, err, ErrTemplate)
			return
		}
		again, err := ParseTemplate(template.Source())
		require.NoError(t, err)
		assert.Equal(t, template.Fill(orders), again.Fill(orders))
	})
}
