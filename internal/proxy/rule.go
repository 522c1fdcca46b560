package proxy

import (
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// rule is a list of statements, read from left to right; the first match that
// fails ends it.
type rule []statement

// statement is one word of a rule. It has two faces: the text that nft would
// print, which is what tests and differences are made of, and the kernel's
// expressions, which say the same.
type statement interface {
	text(*family) string
	compile(*compiler) []expr.Any
}

// compiler makes the kernel's form of the rules of one table. It keeps the
// anonymous maps that rules carry with them, to be sent before the rule.
type compiler struct {
	*family
	table  *nftables.Table
	lastID uint32
	sets   []anonymousSet
}

type anonymousSet struct {
	set      *nftables.Set
	elements []nftables.SetElement
}

// anonymous makes a constant set or map that lives and dies with its rule.
func (c *compiler) anonymous(set nftables.Set, elements []nftables.SetElement) *nftables.Set {
	set.ID = c.newID()
	set.Table = c.table
	set.Anonymous = true
	set.Constant = true
	set.Name = "__set%d"
	if set.IsMap {
		set.Name = "__map%d"
	}
	c.sets = append(c.sets, anonymousSet{&set, elements})
	return &set
}

// newID numbers a set within one transaction; the library's own numbering is
// shared by all connections without a lock.
func (c *compiler) newID() uint32 {
	c.lastID++
	return c.lastID
}

func (r rule) text(f *family) string {
	words := make([]string, len(r))
	for i, s := range r {
		words[i] = s.text(f)
	}
	return strings.Join(words, " ")
}

func (r rule) compile(c *compiler) []expr.Any {
	var all []expr.Any
	for _, s := range r {
		all = append(all, s.compile(c)...)
	}
	return all
}

// chain is a named list of rules.
type chain struct {
	name  string
	rules []rule
	hook  *hook // set on base chains only
}

// hook says where the kernel enters a base chain.
type hook struct {
	kind     nftables.ChainType
	number   *nftables.ChainHook
	where    string // as nft prints it
	priority nftables.ChainPriority
}

func (c chain) text(f *family) string {
	var b strings.Builder
	b.WriteString("chain " + c.name + " {\n")
	if c.hook != nil {
		b.WriteString("\t" + c.hook.text() + "\n")
	}
	for _, r := range c.rules {
		b.WriteString("\t" + r.text(f) + "\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// Registers as nft uses them. A 32-bit register holds one word; several in a
// row hold a long value or a concatenation.
const (
	verdictRegister = 0
	firstRegister   = 8 // NFT_REG32_00, the same storage as the 128-bit register 1
	secondRegister  = 12
)
