//! Ranges of bytes, and what stands there.

/// A byte range in the text of one file; `end` is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span of `start..end`. Offsets beyond 4 GiB are clamped; the size limit on files keeps every
    /// real offset far below.
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self {
            start: clamp(start),
            end: clamp(end.max(start)),
        }
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether the span covers no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The span as a range, to index a text with.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether `other` lies wholly inside this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn cover(self, other: Span) -> Span {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The same span in a text that begins `offset` bytes into this one.
    #[must_use]
    pub fn shifted(self, offset: usize) -> Span {
        Span::new(self.start as usize + offset, self.end as usize + offset)
    }

    /// This span, seen in `file`.
    pub fn in_file(self, file: FileId) -> Place {
        Place { file, span: self }
    }
}

/// A value and where it stands in the text that its fact was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At<T> {
    /// What the text means: quotes removed, escapes resolved.
    pub value: T,
    /// The text itself, without its quotes.
    pub span: Span,
}

impl<T> At<T> {
    /// A value and its span.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// The same value, seen in `file`.
    pub fn in_file(&self, file: FileId) -> Placed<T>
    where
        T: Clone,
    {
        Placed {
            value: self.value.clone(),
            place: self.span.in_file(file),
        }
    }
}

impl At<String> {
    /// Where bytes `range` of the value stand. A value whose text held escapes has no such place for
    /// its parts; the whole span is the answer then.
    pub fn part(&self, range: std::ops::Range<usize>) -> Span {
        if self.value.len() == self.span.len() {
            Span::new(range.start, range.end).shifted(self.span.start as usize)
        } else {
            self.span
        }
    }
}

/// The number of a file in its [`Sources`](super::Sources): files are numbered in the order of their paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A span in one file of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The bytes in it.
    pub span: Span,
}

/// A value and the place in the workspace where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Placed<T> {
    /// What the text means.
    pub value: T,
    /// Where the text stands.
    pub place: Place,
}
