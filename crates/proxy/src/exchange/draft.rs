//! A head in the making: the fields of a message that is on its way, and changes to them.
//!
//! What comes of it is read again by the parser that judged the original, so no change can let anything through that would not have been
//! let through before: neither its limits nor where the message ends.
//! Not here: which changes (`exchange::treatment`).

use crate::http1::fields::{Class, own_options};
use httparse::Header;
use std::borrow::Cow;

/// The fields of a head.
pub(super) struct Draft<'b> {
    fields: Vec<Field<'b>>,
}

struct Field<'b> {
    name: Cow<'b, str>,
    value: Cow<'b, [u8]>,
}

impl<'b> Draft<'b> {
    /// These fields, without those that Connection names, and without their names: they end here (RFC 9110 §7.6.1), and when the draft is
    /// read again, nobody's Connection names what was put into it.
    pub(super) fn of<'h>(fields: impl Iterator<Item = (Class, &'h Header<'b>)>) -> Draft<'b>
    where
        'b: 'h,
    {
        let kept = fields.filter(|(class, _)| *class != Class::Dropped);
        let fields = kept.map(|(class, header)| Field {
            name: header.name.into(),
            value: if class == Class::Connection { own_options(header.value) } else { header.value.into() },
        });
        Draft { fields: fields.collect() }
    }

    /// The first value of a field.
    pub(super) fn first(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// The values of a field, in order.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().filter(move |field| field.is(name)).map(|field| &*field.value)
    }

    /// One more field.
    pub(super) fn add(&mut self, name: &str, value: Vec<u8>) {
        self.fields.push(Field { name: Cow::Owned(name.to_owned()), value: Cow::Owned(value) });
    }

    /// One field of this name in place of all that are there.
    pub(super) fn set(&mut self, name: &str, value: Vec<u8>) {
        self.remove(name);
        self.add(name, value);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.retain(name, |_| false);
    }

    /// Of the fields of this name, those whose value `keeps` keeps.
    pub(super) fn retain(&mut self, name: &str, keeps: impl Fn(&[u8]) -> bool) {
        self.fields.retain(|field| !field.is(name) || keeps(&field.value));
    }

    /// The fields whose name `keeps` keeps.
    pub(super) fn retain_names(&mut self, keeps: impl Fn(&str) -> bool) {
        self.fields.retain(|field| keeps(&field.name));
    }

    /// Another value for each field of this name, in order, where there is one.
    pub(super) fn replace(&mut self, name: &str, values: Vec<Option<Vec<u8>>>) {
        let fields = self.fields.iter_mut().filter(|field| field.is(name));
        for (field, value) in fields.zip(values).filter_map(|(field, value)| Some((field, value?))) {
            field.value = Cow::Owned(value);
        }
    }

    /// Each field of this name with the value that `change` makes of it; without the field where it makes none.
    pub(super) fn change(&mut self, name: &str, change: impl Fn(&[u8]) -> Option<Vec<u8>>) {
        self.fields.retain_mut(|field| {
            let changed = if field.is(name) { change(&field.value) } else { return true };
            changed.is_some_and(|value| {
                field.value = Cow::Owned(value);
                true
            })
        });
    }

    /// The body has chunks in place of a length.
    pub(super) fn frame_in_chunks(&mut self) {
        self.remove("content-length");
        self.set("Transfer-Encoding", b"chunked".to_vec());
    }

    /// How many bytes its fields are in a head.
    pub(super) fn length(&self) -> usize {
        self.fields.iter().map(|field| field.name.len() + field.value.len() + b": \r\n".len()).sum()
    }

    /// Writes a head whose first line is `line`, with its line end.
    pub(super) fn write(&self, line: &[u8], into: &mut Vec<u8>) {
        into.extend_from_slice(line);
        for Field { name, value } in &self.fields {
            for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                into.extend_from_slice(part);
            }
        }
        into.extend_from_slice(b"\r\n");
    }
}

impl Field<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}
