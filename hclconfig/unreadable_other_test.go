//go:build !linux

package hclconfig

import "testing"

// asNobody calls do, which must not be the administrator's: who may read every file cannot show that one is unreadable.
func asNobody(_ *testing.T, do func()) { do() }
