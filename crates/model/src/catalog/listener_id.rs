//! Who a listener is: its lists and its notifications bear the same identifier, so that a list takes away nothing that another has notified.
//!
//! Not here: whose lists are asked for (the program).

use std::fmt;
use std::sync::Arc;

/// Listeners whose notifications count as their lists' own. Behind one name there may be several, and each has another one after it has
/// started again.
const MOST: usize = 64;

/// One run of one listener; drawn by it. Shown as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerId(u64);

/// The listeners whose lists were taken over, the last ones at the end. A clone shares all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Listeners(Arc<Vec<ListenerId>>);

impl ListenerId {
    /// The one with this number.
    pub const fn new(number: u64) -> ListenerId {
        ListenerId(number)
    }

    /// What [`fmt::Display`] shows; `None` for anything else.
    pub fn parse(text: &str) -> Option<ListenerId> {
        let is_hexadecimal = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hexadecimal.then(|| u64::from_str_radix(text, 16).ok().map(ListenerId)).flatten()
    }
}

impl Listeners {
    pub(super) fn contains(&self, id: ListenerId) -> bool {
        self.0.contains(&id)
    }

    pub(super) fn add(&mut self, ids: &[ListenerId]) {
        for id in ids {
            if self.0.last() != Some(id) {
                let known = Arc::make_mut(&mut self.0);
                known.retain(|other| other != id);
                known.push(*id);
                let surplus = known.len().saturating_sub(MOST);
                known.drain(..surplus);
            }
        }
    }
}

impl fmt::Display for ListenerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
