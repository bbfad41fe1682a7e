//! Values at places that stay: a clone shares all but the few that change afterwards, and reading one costs two steps however many there are.
//!
//! Not here: what the values are. The route table keeps backends in it, the proxy what it observes of them, at the same places.

use std::sync::Arc;

/// Values that are copied together when one of them changes and a clone still shares them.
const CHUNK: usize = 64;

/// Values by place. A place that was given free is used again.
#[derive(Clone, Debug)]
pub struct Slots<T> {
    chunks: Vec<Arc<[Option<T>; CHUNK]>>,
    /// Places that were given free.
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Slots { chunks: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    /// The value at `place`.
    pub fn get(&self, place: u32) -> Option<&T> {
        let place = place as usize;
        self.chunks.get(place / CHUNK)?[place % CHUNK].as_ref()
    }

    /// All values, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter().flatten())
    }

    /// The places where a value may be another one than in `before`; where both share values, there are none.
    pub fn changed_since(&self, before: &Slots<T>) -> impl Iterator<Item = u32> {
        let chunks = 0..self.chunks.len().max(before.chunks.len());
        let changed = chunks.filter(|chunk| match (self.chunks.get(*chunk), before.chunks.get(*chunk)) {
            (Some(now), Some(then)) => !Arc::ptr_eq(now, then),
            _ => true,
        });
        changed.flat_map(|chunk| (chunk * CHUNK..(chunk + 1) * CHUNK).map(|place| place as u32))
    }
}

impl<T: Clone> Slots<T> {
    /// Puts a value at a free place; which one is of no meaning.
    pub fn insert(&mut self, value: T) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| self.grow());
        self.set(place, Some(value));
        place
    }

    /// Takes the value at `place` out and gives the place free.
    pub fn remove(&mut self, place: u32) {
        self.set(place, None);
        self.free.push(place);
    }

    /// Puts a value, or none, at a place that somebody else chose.
    pub fn set(&mut self, place: u32, value: Option<T>) {
        let place = place as usize;
        while self.chunks.len() * CHUNK <= place {
            self.chunks.push(Arc::new([const { None }; CHUNK]));
        }
        Arc::make_mut(&mut self.chunks[place / CHUNK])[place % CHUNK] = value;
    }

    /// A new chunk, all of it free; returns its first place.
    fn grow(&mut self) -> u32 {
        let end = |chunks: usize| u32::try_from(chunks * CHUNK).expect("four billion backends do not fit in memory");
        let (first, last) = (end(self.chunks.len()), end(self.chunks.len() + 1));
        self.chunks.push(Arc::new([const { None }; CHUNK]));
        self.free.extend((first + 1..last).rev());
        first
    }
}

#[cfg(test)]
mod tests {
    use super::Slots;

    #[test]
    fn a_clone_keeps_its_values_and_shares_what_did_not_change() {
        let mut slots = Slots::default();
        let places: Vec<u32> = (0..200).map(|value| slots.insert(value)).collect();
        let before = slots.clone();
        assert_eq!(slots.changed_since(&before).count(), 0);

        slots.remove(places[70]);
        assert_eq!((before.get(places[70]), slots.get(places[70])), (Some(&70), None));
        assert_eq!(slots.insert(1000), places[70], "a free place is used again");
        assert!(
            places.iter().filter(|place| **place != places[70]).all(|place| slots.get(*place) == before.get(*place))
        );
        let changed: Vec<_> = slots.changed_since(&before).collect();
        assert!(changed.contains(&places[70]) && changed.len() < 100, "{changed:?}");
        assert_eq!(slots.get(1_000_000), None);
    }
}
