package store

import (
	"cmp"
	"slices"
	"unique"

	"github.com/google/btree"

	"skiff/internal/api"
)

// nodeField is the selectable field that tables are indexed by: each kubelet
// asks for the objects of its own node, among those of thousands.
const nodeField = "spec.nodeName"

// tree is the items of a table in the order of their keys, and, where the kind
// has nodeField, a second time by node.
type tree struct {
	byKey  *btree.BTreeG[*item]
	byNode *btree.BTreeG[*item] // nil: the kind knows no nodes
	size   int64                // of all items' wire bytes
}

const treeDegree = 32

func newTree(r *api.Resource) tree {
	t := tree{byKey: btree.NewG(treeDegree, func(a, b *item) bool { return a.key < b.key })}
	if slices.Contains(r.FieldNames, nodeField) {
		t.byNode = btree.NewG(treeDegree, lessByNode)
	}
	return t
}

func lessByNode(a, b *item) bool {
	return cmp.Or(cmp.Compare(a.node(), b.node()), cmp.Compare(a.key, b.key)) < 0
}

var nodeKey = unique.Make(nodeField)

// node is the node that the object is on; "" when there is none.
func (it *item) node() string {
	for i := range it.fields {
		if it.fields[i].key == nodeKey {
			return it.fields[i].value.Value()
		}
	}
	return ""
}

// clone is the tree as it is now. It copies nothing: both share what neither
// changes.
func (t tree) clone() tree {
	c := tree{byKey: t.byKey.Clone(), size: t.size}
	if t.byNode != nil {
		c.byNode = t.byNode.Clone()
	}
	return c
}

func (t tree) get(key string) (*item, bool) { return t.byKey.Get(&item{key: key}) }

// put returns the item in whose place the new one stands; nil when there was
// none.
func (t *tree) put(it *item) *item {
	old, had := t.byKey.ReplaceOrInsert(it)
	t.size += int64(len(it.wire))
	if had {
		t.size -= int64(len(old.wire))
	}
	if t.byNode != nil {
		if had && old.node() != it.node() {
			t.byNode.Delete(old)
		}
		t.byNode.ReplaceOrInsert(it)
	}
	return old
}

// remove returns the item that was there; nil when there was none.
func (t *tree) remove(key string) *item {
	old, had := t.byKey.Delete(&item{key: key})
	if had {
		t.size -= int64(len(old.wire))
	}
	if had && t.byNode != nil {
		t.byNode.Delete(old)
	}
	return old
}

// ascend calls f with the items from a key on, until f says no.
func (t tree) ascend(from string, f func(*item) bool) {
	t.byKey.AscendGreaterOrEqual(&item{key: from}, f)
}

// ascendOn is ascend for the items of one node; byNode is there.
func (t tree) ascendOn(node, from string, f func(*item) bool) {
	start := &item{key: from, fields: labelList{{nodeKey, unique.Make(node)}}}
	t.byNode.AscendGreaterOrEqual(start, func(it *item) bool { return it.node() == node && f(it) })
}
