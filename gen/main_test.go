package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestUsage(t *testing.T) {
	code, message := run(t.TempDir(), []string{"-wrong"})
	assert.Equal(t, 2, code)
	assert.Contains(t, message, "-check")
	code, _ = run(t.TempDir(), []string{"argument"})
	assert.Equal(t, 2, code)
	code, message = run(t.TempDir(), nil)
	assert.Equal(t, 1, code, "no schema")
	assert.Contains(t, message, "config.schema.json")
}

func TestCheckOfThisModulePasses(t *testing.T) {
	code, message := run("..", []string{"-check"})
	assert.Equal(t, 0, code, message)
}
