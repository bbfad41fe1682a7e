//! The secrets with users (`dfp_users_…`), read once: what services name by `usersSecret`.
//!
//! Not here: what is in them (`model::auth`).

use super::read::Reader;
use model::auth::UserFiles;
use std::fs;
use std::path::Path;

/// The longest secret that Docker keeps, in bytes.
const LONGEST: u64 = 500 * 1024;

/// All of them that are in `SECRETS_DIR`. One that cannot be read is told; whoever names it is locked.
pub(super) fn read(read: &mut Reader<'_>) -> UserFiles {
    let directory = read.text("SECRETS_DIR");
    let Ok(files) = fs::read_dir(directory) else { return UserFiles::default() };
    let mut texts = Vec::new();
    for file in files.filter_map(Result::ok) {
        let name = file.file_name();
        let Some(name) = name.to_str().and_then(UserFiles::name_of) else { continue };
        match text(&file.path()) {
            Ok(text) => texts.push((name.to_owned(), text)),
            Err(reason) => read.warn(format!("the secret dfp_users_{}: {reason}", name.escape_debug())),
        }
    }
    texts.into_iter().collect()
}

fn text(file: &Path) -> Result<String, String> {
    let length = fs::metadata(file).map_err(|error| error.to_string())?.len();
    if length > LONGEST {
        return Err(format!("it has more than {LONGEST} bytes"));
    }
    fs::read_to_string(file).map_err(|error| error.to_string())
}
