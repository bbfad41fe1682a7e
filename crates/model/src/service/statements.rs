//! The header parameters of a service and its `backendExtra`, read.
//!
//! Not here: their language (`statement`, `expression`).

use super::Context;
use super::read::Reader;
use crate::statement::{Extra, HEADER_PARAMETERS, Section, Statements, split_items};

pub(super) fn read(reader: &mut Reader<'_>, context: &Context, extra: &Extra) -> Statements {
    let mut statements = Statements::default();
    for parameter in &HEADER_PARAMETERS {
        let text = reader.text(parameter.name).unwrap_or_default();
        for item in split_items(text, &context.separator) {
            if let Err(error) = parameter.add(item, &context.environment, &mut statements) {
                reader.unusable(parameter.name, &error);
            }
        }
    }
    statements.extend(extra);
    statements
}

/// `backendExtra`.
pub(super) fn read_extra(reader: &mut Reader<'_>, context: &Context) -> Extra {
    let lines = reader.text("backendExtra").unwrap_or_default();
    Extra::parse(lines, Section::Backend, &context.environment).unwrap_or_else(|error| {
        reader.unusable("backendExtra", &error);
        Extra::default()
    })
}
