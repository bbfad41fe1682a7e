//! Header blocks (RFC 7541): written field by field, right and wrong ones alike, and read.
//!
//! Not here: what the fields mean.

mod tables;

use std::collections::VecDeque;
use tables::{HUFFMAN_LENGTHS, STATIC};

/// The size of a table that nobody has spoken of.
const TABLE_SIZE: usize = 4096;
/// What an entry takes beside its octets.
const ENTRY: usize = 32;

/// A header block in the making. Fields stand in it as literals that no table keeps, unless something else is said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block(Vec<u8>);

/// One field.
pub(crate) type Field = (String, String);

impl Block {
    pub(crate) fn new() -> Block {
        Block::default()
    }

    /// These fields.
    pub(crate) fn of(fields: &[(&str, &str)]) -> Block {
        fields.iter().fold(Block::new(), |block, (name, value)| block.field(name, value))
    }

    /// The four pseudo fields of a request.
    pub(crate) fn request(method: &str, path: &str) -> Block {
        Block::of(&[(":method", method), (":scheme", "http"), (":authority", "a"), (":path", path)])
    }

    pub(crate) fn get(path: &str) -> Block {
        Block::request("GET", path)
    }

    pub(crate) fn post(path: &str) -> Block {
        Block::request("POST", path)
    }

    /// A literal without indexing (§6.2.2).
    pub(crate) fn field(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Block {
        self.literal(0, 4, name.as_ref(), value.as_ref())
    }

    /// A literal that the table keeps (§6.2.1).
    pub(crate) fn kept(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Block {
        self.literal(0x40, 6, name.as_ref(), value.as_ref())
    }

    /// A literal that nobody on the way may keep (§6.2.3).
    pub(crate) fn never_kept(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Block {
        self.literal(0x10, 4, name.as_ref(), value.as_ref())
    }

    /// A literal whose name stands in the table: `first` says of which kind, in so many bits of an octet.
    pub(crate) fn named(mut self, first: u8, bits: u8, name: usize, value: impl AsRef<[u8]>) -> Block {
        integer(&mut self.0, first, bits, name);
        string(&mut self.0, value.as_ref());
        self
    }

    /// A field of the table (§6.1).
    pub(crate) fn indexed(mut self, place: usize) -> Block {
        integer(&mut self.0, 0x80, 7, place);
        self
    }

    /// A change of the table's size (§6.3).
    pub(crate) fn sized(mut self, size: usize) -> Block {
        integer(&mut self.0, 0x20, 5, size);
        self
    }

    /// Any octets.
    pub(crate) fn raw(mut self, bytes: impl AsRef<[u8]>) -> Block {
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    fn literal(mut self, first: u8, bits: u8, name: &[u8], value: &[u8]) -> Block {
        integer(&mut self.0, first, bits, 0);
        string(&mut self.0, name);
        string(&mut self.0, value);
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A number whose first bits share an octet with something else (§5.1).
fn integer(into: &mut Vec<u8>, first: u8, bits: u8, number: usize) {
    let most = (1 << bits) - 1;
    if number < most {
        return into.push(first | number as u8);
    }
    into.push(first | most as u8);
    let mut rest = number - most;
    while rest >= 0x80 {
        into.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    into.push(rest as u8);
}

/// A string as it is (§5.2).
fn string(into: &mut Vec<u8>, bytes: &[u8]) {
    integer(into, 0, 7, bytes.len());
    into.extend_from_slice(bytes);
}

/// A string in Huffman's code.
pub(crate) fn huffman(bytes: &[u8]) -> Vec<u8> {
    let codes = codes();
    let (mut coded, mut bits, mut have) = (Vec::new(), 0_u64, 0);
    for byte in bytes {
        let (code, length) = codes[usize::from(*byte)];
        (bits, have) = (bits << length | u64::from(code), have + length);
        while have >= 8 {
            have -= 8;
            coded.push((bits >> have) as u8);
        }
    }
    if have > 0 {
        coded.push((bits << (8 - have)) as u8 | (0xff >> have));
    }
    let mut string = Vec::new();
    integer(&mut string, 0x80, 7, coded.len());
    [string, coded].concat()
}

/// Code and length of each symbol: shorter ones first, and of one length in the order of the symbols (RFC 7541 appendix B).
fn codes() -> Vec<(u32, u32)> {
    let mut symbols: Vec<usize> = (0..HUFFMAN_LENGTHS.len()).collect();
    symbols.sort_by_key(|symbol| HUFFMAN_LENGTHS[*symbol]);
    let mut codes = vec![(0, 0); symbols.len()];
    let (mut code, mut before) = (0, 0);
    for symbol in symbols {
        let length = u32::from(HUFFMAN_LENGTHS[symbol]);
        code <<= length - before;
        codes[symbol] = (code, length);
        (code, before) = (code + 1, length);
    }
    codes
}

/// Reads what a server has written.
#[derive(Default)]
pub(crate) struct Decoder {
    table: VecDeque<Field>,
    size: usize,
    most: Option<usize>,
}

impl Decoder {
    /// The fields of a block. A block that is wrong fails the test.
    pub(crate) fn read(&mut self, block: &[u8]) -> Vec<Field> {
        let (mut rest, mut fields) = (block, Vec::new());
        while let Some(first) = rest.first().copied() {
            if first & 0x80 != 0 {
                let place = take_integer(&mut rest, 7);
                fields.push(self.entry(place));
            } else if first & 0x40 != 0 {
                let field = self.take_literal(&mut rest, 6);
                self.keep(field.clone());
                fields.push(field);
            } else if first & 0x20 != 0 {
                self.most = Some(take_integer(&mut rest, 5));
                self.evict();
            } else {
                fields.push(self.take_literal(&mut rest, 4));
            }
        }
        fields
    }

    fn take_literal(&self, rest: &mut &[u8], bits: u8) -> Field {
        let name = match take_integer(rest, bits) {
            0 => take_string(rest),
            place => self.entry(place).0,
        };
        (name, take_string(rest))
    }

    fn entry(&self, place: usize) -> Field {
        let place = place.checked_sub(1).expect("no field has the number 0");
        match STATIC.get(place) {
            Some((name, value)) => ((*name).to_owned(), (*value).to_owned()),
            None => self.table.get(place - STATIC.len()).expect("a field of the table").clone(),
        }
    }

    fn keep(&mut self, field: Field) {
        self.size += field.0.len() + field.1.len() + ENTRY;
        self.table.push_front(field);
        self.evict();
    }

    fn evict(&mut self) {
        while self.size > self.most.unwrap_or(TABLE_SIZE) {
            let (name, value) = self.table.pop_back().expect("what has a size is there");
            self.size -= name.len() + value.len() + ENTRY;
        }
    }
}

fn take_integer(rest: &mut &[u8], bits: u8) -> usize {
    let most = (1_usize << bits) - 1;
    let mut number = usize::from(take_byte(rest)) & most;
    if number < most {
        return number;
    }
    for shift in (0..).step_by(7) {
        let byte = take_byte(rest);
        number += usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

fn take_string(rest: &mut &[u8]) -> String {
    let is_huffman = rest.first().is_some_and(|first| first & 0x80 != 0);
    let length = take_integer(rest, 7);
    let (bytes, behind) = rest.split_at(length);
    *rest = behind;
    let bytes = if is_huffman { unhuffman(bytes) } else { bytes.to_vec() };
    bytes.into_iter().map(char::from).collect()
}

fn unhuffman(bytes: &[u8]) -> Vec<u8> {
    let codes = codes();
    let (mut text, mut code, mut length) = (Vec::new(), 0, 0);
    for bit in bytes.iter().flat_map(|byte| (0..8).rev().map(move |place| u32::from(byte >> place & 1))) {
        (code, length) = (code << 1 | bit, length + 1);
        if let Some(symbol) = codes.iter().position(|known| *known == (code, length)) {
            text.push(u8::try_from(symbol).expect("no end of the string within it"));
            (code, length) = (0, 0);
        }
    }
    text
}

fn take_byte(rest: &mut &[u8]) -> u8 {
    let (first, behind) = rest.split_first().expect("a block that is whole");
    *rest = behind;
    *first
}

#[test]
fn what_is_written_can_be_read() {
    let block = Block::get("/x").kept("a", "b").indexed(62).never_kept("c", "d".repeat(300)).named(0x40, 6, 62, "e");
    let block = block.raw([0]).raw(huffman(b"www.example.com")).raw(huffman(b"no-cache")).sized(0).sized(100);
    let fields = Decoder::default().read(block.as_ref());
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).skip(3).collect();
    let long = "d".repeat(300);
    let expected = [(":path", "/x"), ("a", "b"), ("a", "b"), ("c", &long), ("a", "e"), ("www.example.com", "no-cache")];
    assert_eq!(fields, expected);
    // RFC 7541 C.4.1.
    assert_eq!(huffman(b"www.example.com")[1..4], [0xf1, 0xe3, 0xc2]);
}
