//! A short sorted list. Mostly it has one element, which needs no room of its own.
//!
//! Not here: what is in it.

/// Elements in order, each once.
#[derive(Clone, Debug)]
pub(super) enum Few<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Few::Many(Vec::new())
    }
}

impl<T> Few<T> {
    pub(super) fn as_slice(&self) -> &[T] {
        match self {
            Few::One(one) => std::slice::from_ref(one),
            Few::Many(many) => many,
        }
    }
}

impl<T: Ord + Clone> Few<T> {
    /// Adds an element, unless it is there.
    pub(super) fn add(&mut self, element: &T) {
        let place = match self.as_slice().binary_search(element) {
            Ok(_) => return,
            Err(place) => place,
        };
        *self = match std::mem::take(self) {
            Few::Many(many) if many.is_empty() => Few::One(element.clone()),
            Few::One(one) => Few::Many(vec![one]),
            many => many,
        };
        if let Few::Many(many) = self {
            many.insert(place, element.clone());
        }
    }

    /// Takes an element out, if it is there.
    pub(super) fn take(&mut self, element: &T) {
        let Ok(place) = self.as_slice().binary_search(element) else { return };
        if let Few::Many(many) = self {
            many.remove(place);
        }
        let rest = self.as_slice();
        match (rest, &*self) {
            (_, Few::One(_)) => *self = Few::default(),
            ([one], _) => *self = Few::One(one.clone()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn elements_are_in_order_and_there_once() {
        let mut few = Few::default();
        for (add, element, expected) in [
            (true, 5, &[5][..]),
            (true, 5, &[5]),
            (true, 3, &[3, 5]),
            (true, 4, &[3, 4, 5]),
            (false, 9, &[3, 4, 5]),
            (false, 3, &[4, 5]),
            (false, 5, &[4]),
            (false, 9, &[4]),
            (false, 4, &[]),
            (false, 4, &[]),
        ] {
            if add {
                few.add(&element);
            } else {
                few.take(&element);
            }
            assert_eq!(few.as_slice(), expected);
        }
    }
}
