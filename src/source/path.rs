//! Paths from the workspace root, whose parts are parted by `/` on every system.

/// The folder of a `/` path; `""` for a path without one.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a `/` path.
pub fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Whether a `/` path ends in `.` and `ending`, whatever its case.
pub fn has_ending(path: &str, ending: &str) -> bool {
    file_name(path)
        .rsplit_once('.')
        .is_some_and(|(_, own)| own.eq_ignore_ascii_case(ending))
}

/// A `/` path and the folders above it, the nearest first, the root excluded.
pub fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| Some(parent(path))).take_while(|path| !path.is_empty())
}

/// Whether a path lies below a folder. Everything lies below the root, `""`.
pub fn is_below(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    folder.is_empty() || rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a path is a folder or lies below it.
pub fn is_within(path: &str, folder: &str) -> bool {
    path == folder || is_below(path, folder)
}

/// A folder as people write it: `.` for the root.
pub fn shown_folder(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

/// A path or a name as a shell reads it.
pub fn shell_quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "_-./@+=:,".contains(letter);
    if word.chars().all(is_plain) && !word.starts_with('-') {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The path of `to` as seen from a folder, both from the workspace root.
pub fn relative(folder: &str, to: &str) -> String {
    let mut up = String::new();
    let mut base = folder;
    loop {
        let below = if base.is_empty() {
            Some(to)
        } else if to == base {
            Some("")
        } else {
            to.strip_prefix(base)
                .and_then(|rest| rest.strip_prefix('/'))
        };
        if let Some(below) = below {
            let path = format!("{up}{below}");
            debug_assert_eq!(join(folder, &path).as_deref(), Some(to));
            let path = path.trim_end_matches('/');
            return if path.is_empty() {
                ".".to_owned()
            } else {
                path.to_owned()
            };
        }
        base = parent(base);
        up.push_str("../");
    }
}

/// `relative` as seen from `folder`, with `.` and `..` resolved and no trailing `/`. `None` where it is
/// absolute or leaves the workspace root. The root itself is `""`.
pub fn join(folder: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') || relative.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
