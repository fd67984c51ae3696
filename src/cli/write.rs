//! Files that are there as a whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Writes a file through another one beside it, so that nobody ever reads half of it. What a link leads to is
/// replaced, not the link; what is no regular file (`/dev/stderr`, a pipe) is written to as it stands.
pub(super) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let known = fs::metadata(&target).ok();
    if known.as_ref().is_some_and(|known| !known.is_file()) {
        return fs::write(target, text);
    }
    let permissions = known.map(|known| known.permissions());
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = target.with_file_name(format!(".{name}.{}", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&unfinished)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| permissions.map_or(Ok(()), |it| file.set_permissions(it)))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&unfinished, &target));
    if written.is_err() {
        // What is left of it is of no use; the first error says what went wrong.
        let _ = fs::remove_file(&unfinished);
    }
    written
}
