//! For a person: what was judged and what was not.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::visible::{columns, escaped};
use super::{Paint, Style, summary};
use crate::coverage::{Coverage, ExceptionInForce, Gap, JudgedService, Spot};
use crate::source::Sources;

/// Places shown of one gap; the others are counted.
const SPOTS: usize = 3;

/// What was read, what each service was judged on, and what was passed over.
pub(super) fn render(sources: &Sources, coverage: &Coverage, style: &Style) -> String {
    let mut out = style.paint(Paint::Strong, "read") + "\n";
    for (kind, count) in &coverage.files {
        let _ = writeln!(out, "  {}", summary::counted(*count, kind));
    }
    let mut products: BTreeMap<&str, Vec<&JudgedService>> = BTreeMap::new();
    for service in &coverage.services {
        let product = service.product.as_deref().unwrap_or_default();
        products.entry(product).or_default().push(service);
    }
    for (product, services) in products {
        let head = if product.is_empty() {
            "judged".to_owned()
        } else {
            format!("judged in {}", escaped(product))
        };
        let _ = writeln!(out, "\n{}", style.paint(Paint::Strong, &head));
        write_table(&mut out, &services);
    }
    if !coverage.exceptions.is_empty() {
        let _ = writeln!(
            out,
            "\n{}",
            style.paint(Paint::Strong, "allowed by exceptions")
        );
        for exception in &coverage.exceptions {
            let _ = writeln!(out, "  {}", allowed(exception));
        }
    }
    if !coverage.gaps.is_empty() {
        let _ = writeln!(out, "\n{}", style.paint(Paint::Strong, "not judged"));
        for gap in &coverage.gaps {
            write_gap(&mut out, sources, gap);
        }
    }
    out.push('\n');
    out
}

/// A line a service, a column a kind of artefact; `-` where there is none.
fn write_table(out: &mut String, services: &[&JudgedService]) {
    let mut kinds: Vec<&str> = Vec::new();
    for artefact in services.iter().flat_map(|service| &service.artefacts) {
        if !kinds.contains(&artefact.kind) {
            kinds.push(artefact.kind);
        }
    }
    let width = services
        .iter()
        .map(|service| columns(&escaped(&service.service), 1))
        .max();
    let width = width.unwrap_or_default();
    let _ = writeln!(out, "  {:width$}  {}", "", kinds.join("  "));
    for service in services {
        let name = escaped(&service.service);
        let mut line = format!("  {name}{}", " ".repeat(width - columns(&name, 1)));
        for kind in &kinds {
            let count = service
                .artefacts
                .iter()
                .filter(|it| it.kind == *kind)
                .count();
            let cell = match count {
                0 => "-".to_owned(),
                1 => "yes".to_owned(),
                several => several.to_string(),
            };
            let _ = write!(line, "  {cell:width$}", width = kind.len());
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

fn allowed(exception: &ExceptionInForce) -> String {
    let tables: Vec<String> = exception
        .may_read
        .iter()
        .map(|table| format!("`{table}`"))
        .collect();
    let until = if exception.has_ended {
        format!(", ended on {} and counts no more", exception.until)
    } else {
        format!(" until {}", exception.until)
    };
    let said = format!(
        "`{}` may read {}{until}: {}",
        exception.service,
        tables.join(", "),
        exception.reason
    );
    escaped(&said).into_owned()
}

fn write_gap(out: &mut String, sources: &Sources, gap: &Gap) {
    let places = summary::counted(gap.spots.len(), "place");
    let _ = writeln!(out, "  {} ({places})", escaped(&gap.reason));
    for spot in gap.spots.iter().take(SPOTS) {
        let _ = writeln!(out, "    {}", spot_text(sources, spot));
    }
    let more = gap.spots.len().saturating_sub(SPOTS);
    if more > 0 {
        let _ = writeln!(out, "    and {more} more; `--format json` lists them");
    }
}

fn spot_text(sources: &Sources, spot: &Spot) -> String {
    let path = escaped(&spot.path);
    match spot.place {
        Some(place) => {
            let at = sources.file(place.file).position(place.span.start);
            format!("{path}:{}:{}", at.line, at.column)
        }
        None => path.into_owned(),
    }
}
