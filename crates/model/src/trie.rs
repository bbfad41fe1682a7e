//! A persistent radix trie from byte strings to values: a clone shares every node, and a change copies only those on its way.
//!
//! So two tables that differ in one service differ in a few nodes, whatever the number of services. The shape depends on the keys alone,
//! never on the order in which they came.
//! Not here: what the values are. The catalog keeps services in it, `route::index` hosts and paths.

use std::ops::ControlFlow;
use std::sync::Arc;

/// Values by key, in bytewise order of the keys. Every step costs time by the length of the key, not by their number.
#[derive(Clone, Debug)]
pub(crate) struct Trie<V> {
    root: Option<Arc<Node<V>>>,
}

#[derive(Clone, Debug)]
struct Node<V> {
    /// The bytes between the parent and this node.
    label: Box<[u8]>,
    value: Option<V>,
    /// First byte of a child's label, and the child; sorted by the byte. A node without a value has at least two, unless it is the only one.
    children: Vec<(u8, Arc<Node<V>>)>,
}

/// A node as it is seen from some byte of its label on: where two tries cut their labels differently, one stands inside a label.
struct Branch<'t, V> {
    node: &'t Arc<Node<V>>,
    skip: usize,
}

/// Values in bytewise order of their keys.
pub(crate) struct Iter<'t, V> {
    waiting: Vec<&'t Node<V>>,
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Trie { root: None }
    }
}

impl<V> Trie<V> {
    pub(crate) fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// The value of `key`.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&V> {
        let (mut node, mut rest) = (self.root.as_ref()?, key);
        loop {
            rest = rest.strip_prefix(&*node.label)?;
            let Some(first) = rest.first() else { return node.value.as_ref() };
            node = node.child(*first)?;
        }
    }

    /// Calls `visit` with the value of every key that `text` starts with, shortest key first.
    pub(crate) fn visit<'t>(&'t self, text: &[u8], mut visit: impl FnMut(&'t V)) {
        let Some(mut node) = self.root.as_ref() else { return };
        let mut rest = text;
        while let Some(tail) = rest.strip_prefix(&*node.label) {
            node.value.iter().for_each(&mut visit);
            let Some(child) = tail.first().and_then(|first| node.child(*first)) else { return };
            (node, rest) = (child, tail);
        }
    }

    /// Calls `visit` with the value of every key that starts with `text`, in bytewise order, until it breaks off.
    pub(crate) fn visit_below<'t>(
        &'t self,
        text: &[u8],
        visit: &mut impl FnMut(&'t V) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some(mut node) = self.root.as_deref() else { return ControlFlow::Continue(()) };
        let mut rest = text;
        while let Some(tail) = rest.strip_prefix(&*node.label).filter(|tail| !tail.is_empty()) {
            let Some(child) = node.child(tail[0]) else { return ControlFlow::Continue(()) };
            (node, rest) = (child, tail);
        }
        match node.label.starts_with(rest) {
            true => Iter { waiting: vec![node] }.try_for_each(visit),
            false => ControlFlow::Continue(()),
        }
    }

    /// All values, in bytewise order of their keys.
    pub(crate) fn iter(&self) -> Iter<'_, V> {
        Iter { waiting: self.root.as_deref().into_iter().collect() }
    }

    /// Calls `visit` for each key whose value may be another one than in `before`, in bytewise order of the keys, with the value then
    /// and the value now. What both share costs nothing.
    pub(crate) fn compare<'t>(&'t self, before: &'t Self, visit: &mut impl FnMut(Option<&'t V>, Option<&'t V>)) {
        compare(before.root.as_ref().map(Branch::whole), self.root.as_ref().map(Branch::whole), visit);
    }
}

impl<V: Clone> Trie<V> {
    /// Puts a value at `key`; returns the one that was there.
    pub(crate) fn insert(&mut self, key: &[u8], value: V) -> Option<V> {
        let mut held = Some(value);
        self.update(key, &mut |slot| std::mem::swap(slot, &mut held));
        held
    }

    /// Takes the value at `key` out.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<V> {
        let mut held = None;
        self.update(key, &mut |slot| held = slot.take());
        held
    }

    /// Lets `change` do as it likes with the value at `key`.
    pub(crate) fn update(&mut self, key: &[u8], change: &mut dyn FnMut(&mut Option<V>)) {
        let root = Arc::make_mut(self.root.get_or_insert_with(|| Arc::new(Node::new(key))));
        root.update(key, change);
        if root.is_empty() {
            self.root = None;
        }
    }
}

impl<V> Node<V> {
    fn new(label: &[u8]) -> Node<V> {
        Node { label: label.into(), value: None, children: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.value.is_none() && self.children.is_empty()
    }

    fn child(&self, first: u8) -> Option<&Arc<Node<V>>> {
        let place = match self.children.len() {
            0..=4 => self.children.iter().position(|(byte, _)| *byte == first)?,
            _ => self.children.binary_search_by_key(&first, |(byte, _)| *byte).ok()?,
        };
        Some(&self.children[place].1)
    }
}

impl<V: Clone> Node<V> {
    fn update(&mut self, key: &[u8], change: &mut dyn FnMut(&mut Option<V>)) {
        let shared = common_prefix(&self.label, key);
        if shared < self.label.len() {
            self.split(shared);
        }
        match key[shared..].first() {
            None => change(&mut self.value),
            Some(first) => self.update_child(*first, &key[shared..], change),
        }
        if self.value.is_none() && self.children.len() == 1 {
            self.join();
        }
    }

    fn update_child(&mut self, first: u8, key: &[u8], change: &mut dyn FnMut(&mut Option<V>)) {
        let place = self.children.partition_point(|(byte, _)| *byte < first);
        if self.children.get(place).is_none_or(|(byte, _)| *byte != first) {
            self.children.insert(place, (first, Arc::new(Node::new(key))));
        }
        let child = Arc::make_mut(&mut self.children[place].1);
        child.update(key, change);
        if child.is_empty() {
            self.children.remove(place);
        }
    }

    /// Cuts the label after `length` bytes; the value and the children go to the lower half.
    fn split(&mut self, length: usize) {
        let (upper, lower) = self.label.split_at(length);
        let (upper, lower, first) = (upper.into(), lower.into(), lower[0]);
        let (value, children) = (self.value.take(), std::mem::take(&mut self.children));
        *self = Node {
            label: upper,
            value: None,
            children: vec![(first, Arc::new(Node { label: lower, value, children }))],
        };
    }

    /// Takes the place of the only child.
    fn join(&mut self) {
        let Some((_, child)) = self.children.pop() else { return };
        let child = Arc::unwrap_or_clone(child);
        *self = Node { label: [&*self.label, &*child.label].concat().into(), ..child };
    }
}

impl<'t, V> Branch<'t, V> {
    fn whole(node: &'t Arc<Node<V>>) -> Branch<'t, V> {
        Branch { node, skip: 0 }
    }

    fn label(&self) -> &'t [u8] {
        &self.node.label[self.skip..]
    }

    /// What is `length` bytes further down: a value, and the branches below it by their first bytes.
    fn below(self, length: usize) -> (Option<&'t V>, Vec<(u8, Branch<'t, V>)>) {
        match self.label().get(length) {
            Some(first) => (None, vec![(*first, Branch { skip: self.skip + length, ..self })]),
            None => {
                let children = self.node.children.iter().map(|(first, child)| (*first, Branch::whole(child)));
                (self.node.value.as_ref(), children.collect())
            }
        }
    }
}

fn compare<'t, V>(
    before: Option<Branch<'t, V>>,
    now: Option<Branch<'t, V>>,
    visit: &mut impl FnMut(Option<&'t V>, Option<&'t V>),
) {
    let shared = match (&before, &now) {
        (Some(before), Some(now)) if Arc::ptr_eq(before.node, now.node) && before.skip == now.skip => return,
        (Some(before), Some(now)) => common_prefix(before.label(), now.label()),
        (Some(only), None) | (None, Some(only)) => only.label().len(),
        (None, None) => return,
    };
    let below = |branch: Option<Branch<'t, V>>| branch.map(|branch| branch.below(shared)).unwrap_or_default();
    let ((value_before, children_before), (value_now, children_now)) = (below(before), below(now));
    if value_before.is_some() || value_now.is_some() {
        visit(value_before, value_now);
    }
    let (mut children_before, mut children_now) =
        (children_before.into_iter().peekable(), children_now.into_iter().peekable());
    loop {
        let firsts = [children_before.peek().map(|(first, _)| *first), children_now.peek().map(|(first, _)| *first)];
        let Some(first) = firsts.into_iter().flatten().min() else { return };
        let child_before = children_before.next_if(|(byte, _)| *byte == first).map(|(_, child)| child);
        let child_now = children_now.next_if(|(byte, _)| *byte == first).map(|(_, child)| child);
        compare(child_before, child_now, visit);
    }
}

impl<'t, V> Iterator for Iter<'t, V> {
    type Item = &'t V;

    fn next(&mut self) -> Option<&'t V> {
        loop {
            let node = self.waiting.pop()?;
            self.waiting.extend(node.children.iter().rev().map(|(_, child)| &**child));
            if let Some(value) = &node.value {
                return Some(value);
            }
        }
    }
}

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests;
