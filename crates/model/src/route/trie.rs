//! A radix trie from byte strings to values, asked for all stored keys that a text starts with.
//!
//! Not here: what the values are; `route::index` keeps hosts and paths in it.

/// Values by prefix. Visiting costs one step for each branching on the way, however many keys are stored.
#[derive(Debug)]
pub(super) struct Trie<V> {
    nodes: Vec<Node<V>>,
}

#[derive(Debug)]
struct Node<V> {
    /// The bytes between the parent and this node.
    label: Box<[u8]>,
    /// First byte of a child's label, and the child's place in `nodes`; sorted by the byte.
    children: Vec<(u8, u32)>,
    value: Option<V>,
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Trie { nodes: Vec::new() }
    }
}

impl<V: Default> Trie<V> {
    /// The value at `key`, made if it is new.
    pub(super) fn entry(&mut self, key: &[u8]) -> &mut V {
        if self.nodes.is_empty() {
            self.nodes.push(Node::new(&[]));
        }
        let (mut at, mut rest) = (0, key);
        while let Some(&first) = rest.first() {
            at = match self.child(at, first) {
                None => self.append(at, rest),
                Some(child) => {
                    let shared = common_prefix(&self.nodes[child].label, rest);
                    if shared < self.nodes[child].label.len() {
                        self.split(child, shared);
                    }
                    child
                }
            };
            rest = &rest[self.nodes[at].label.len()..];
        }
        self.nodes[at].value.get_or_insert_default()
    }

    fn append(&mut self, parent: usize, label: &[u8]) -> usize {
        let place = self.nodes.len();
        self.nodes.push(Node::new(label));
        self.adopt(parent, label[0], place);
        place
    }

    /// Cuts the label of `node` after `length` bytes; what hung below it hangs below the lower half.
    fn split(&mut self, node: usize, length: usize) {
        let lower = self.nodes[node].label[length..].into();
        let upper = self.nodes[node].label[..length].into();
        let first = self.nodes[node].label[length];
        let children = std::mem::take(&mut self.nodes[node].children);
        let value = self.nodes[node].value.take();
        self.nodes[node].label = upper;
        let place = self.nodes.len();
        self.nodes.push(Node { label: lower, children, value });
        self.adopt(node, first, place);
    }

    fn adopt(&mut self, parent: usize, first: u8, place: usize) {
        let child = u32::try_from(place).expect("a table of four billion rules does not fit in memory");
        let children = &mut self.nodes[parent].children;
        let at = children.partition_point(|(byte, _)| *byte < first);
        children.insert(at, (first, child));
    }
}

impl<V> Trie<V> {
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Calls `visit` with the value of every key that `text` starts with, shortest key first.
    pub(super) fn visit<'t>(&'t self, text: &[u8], mut visit: impl FnMut(&'t V)) {
        let (mut at, mut rest) = (0, text);
        let Some(mut node) = self.nodes.first() else { return };
        loop {
            let Some(tail) = rest.strip_prefix(&*node.label) else { return };
            rest = tail;
            if let Some(value) = &node.value {
                visit(value);
            }
            let Some(child) = rest.first().and_then(|first| self.child(at, *first)) else { return };
            at = child;
            node = &self.nodes[at];
        }
    }

    fn child(&self, at: usize, first: u8) -> Option<usize> {
        let children = &self.nodes[at].children;
        let place = match children.len() {
            0..=4 => children.iter().position(|(byte, _)| *byte == first)?,
            _ => children.binary_search_by_key(&first, |(byte, _)| *byte).ok()?,
        };
        Some(children[place].1 as usize)
    }
}

impl<V> Node<V> {
    fn new(label: &[u8]) -> Node<V> {
        Node { label: label.into(), children: Vec::new(), value: None }
    }
}

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use super::Trie;

    fn found(keys: &[&str], text: &str) -> Vec<String> {
        let mut trie: Trie<String> = Trie::default();
        for key in keys {
            *trie.entry(key.as_bytes()) = (*key).to_owned();
        }
        let mut found = Vec::new();
        trie.visit(text.as_bytes(), |value| found.push(value.clone()));
        found
    }

    #[test]
    fn all_prefixes_are_visited_shortest_first() {
        let keys = ["/demo/hello", "/demo", "/de", "/demonstration", "/", "/other", ""];
        assert_eq!(found(&keys, "/demo/hello/x"), ["", "/", "/de", "/demo", "/demo/hello"]);
        assert_eq!(found(&keys, "/dem"), ["", "/", "/de"]);
        assert_eq!(found(&keys, "x"), [""]);
    }

    #[test]
    fn an_empty_trie_visits_nothing() {
        assert!(found(&[], "/demo").is_empty());
    }
}
