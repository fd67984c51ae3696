//! The file as it is written, checked and with its defaults.

use std::collections::{BTreeMap, HashSet};

use super::{
    BrokenConfig, Date, Exception, LeadsTo, Levels, NamedPath, OptionValue, Override, Policy,
    ServiceSetting, file,
};
use crate::catalogue::{self, Catalogue, Described, Level, OptionKind, one_of};
use crate::glob::Globs;
use crate::source::{At, Span, join};
use crate::yaml::typed::{self, Any, Mismatch, Setting};

type Checked<T> = Result<T, BrokenConfig>;

/// Reads a config file.
pub(super) fn read(text: &str, catalogue: &Catalogue) -> Checked<Policy> {
    let file: Option<file::File> = typed::read(text)?;
    let Some(file) = file else {
        return Ok(Policy::default());
    };
    // The walk reads these as lines of a `.gitignore`, which are patterns of the same grammar.
    globs(&file.exclude.0)?;
    globs(&file.registry.0)?;
    let mut policy = Policy {
        exclude: values(file.exclude.0),
        ..Policy::default()
    };
    read_names(&mut policy, file.database_variable, file.postgres)?;
    if let Some(Setting(size)) = file.max_file_size {
        policy.max_file_size = positive(size)?;
    }
    if let Some(Setting(order)) = file.layers.order {
        policy.layers = layers(order)?;
    }
    policy.modules = globs(&file.modules.0)?;
    policy.name(&file.registry.0, LeadsTo::Registry)?;
    policy.name(&file.modules.0, LeadsTo::Modules)?;
    policy.name(&file.compose.development.0, LeadsTo::Compose)?;
    policy.name(&file.compose.production.0, LeadsTo::Compose)?;
    policy.registries = values(file.registry.0);
    policy.development = values(file.compose.development.0);
    policy.production = values(file.compose.production.0);
    policy.tools = texts(file.tools.0)?;
    policy.read_services(file.services.0)?;
    for exception in file.exceptions {
        policy.exceptions.push(read_exception(exception)?);
    }
    for (name, value) in file.rules.into_settings() {
        policy.read_rule(&name, value, catalogue)?;
    }
    for written in file.overrides {
        policy.overrides.push(read_override(written, catalogue)?);
    }
    Ok(policy)
}

impl From<Mismatch> for BrokenConfig {
    fn from(mismatch: Mismatch) -> Self {
        let unknown = mismatch.unknown.as_ref();
        let hint = unknown.map(|(name, known)| format!("; {}", did_you_mean(name, known, "be")));
        Self {
            message: mismatch.message + &hint.unwrap_or_default(),
            span: mismatch.span,
        }
    }
}

fn broken(span: Span, message: impl Into<String>) -> BrokenConfig {
    BrokenConfig {
        message: message.into(),
        span: Some(span),
    }
}

/// The nearest of the known names, else all of them; `verb` says what the names are for: to `be`, to
/// `write`.
fn did_you_mean(written: &str, known: &[&str], verb: &str) -> String {
    let listed = || {
        let all = one_of(known);
        if verb == "be" {
            format!("it can be {all}")
        } else {
            format!("{verb} {all}")
        }
    };
    catalogue::nearest(written, known.iter().copied())
        .map_or_else(listed, |nearest| format!("did you mean `{nearest}`?"))
}

/// Says that there is no such rule, and which one may be meant.
pub(super) fn no_such_rule(name: &str, catalogue: &Catalogue) -> String {
    let hint = catalogue.nearest(name).map_or_else(
        || "`dbfence rules` lists them".to_owned(),
        |nearest| format!("did you mean `{nearest}`?"),
    );
    format!("there is no rule `{name}`; {hint}")
}

const LEVELS: [Level; 3] = [Level::Error, Level::Warning, Level::Off];

/// Reads the word for a level.
pub(super) fn level(word: &str) -> Result<Level, String> {
    Level::from_word(word).ok_or_else(|| {
        let hint = did_you_mean(word, &LEVELS.map(Level::as_str), "write");
        format!("`{word}` is no level; {hint}")
    })
}

fn values(texts: Vec<At<String>>) -> Vec<String> {
    texts.into_iter().map(|text| text.value).collect()
}

/// Texts of which none is empty.
fn texts(texts: Vec<At<String>>) -> Checked<Vec<String>> {
    let texts = texts.into_iter().map(filled);
    Ok(values(texts.collect::<Checked<_>>()?))
}

fn filled(text: At<String>) -> Checked<At<String>> {
    if text.value.trim().is_empty() {
        return Err(broken(text.span, "this is empty"));
    }
    Ok(text)
}

fn positive<T: Default + PartialEq>(number: At<T>) -> Checked<T> {
    if number.value == T::default() {
        return Err(broken(number.span, "a number above 0 is expected here"));
    }
    Ok(number.value)
}

fn globs(patterns: &[At<String>]) -> Checked<Globs> {
    let texts = patterns.iter().map(|pattern| {
        let text = pattern.value.as_str();
        text.strip_prefix('!').unwrap_or(text)
    });
    Globs::new(texts).map_err(|(number, why)| {
        let pattern = &patterns[number];
        let message = format!("`{}` is no pattern: {why}", pattern.value);
        broken(pattern.span, message)
    })
}

/// The name of an environment variable.
fn variable(Setting(name): Setting<String>) -> Checked<At<String>> {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let is_name = name.value.bytes().next().is_some_and(is_letter)
        && name
            .value
            .bytes()
            .all(|byte| is_letter(byte) || byte.is_ascii_digit());
    if !is_name {
        let message = format!(
            "`{}` is no name of a variable; write one such as `DATABASE_URL`",
            name.value
        );
        return Err(broken(name.span, message));
    }
    Ok(name)
}

fn read_names(
    policy: &mut Policy,
    database_variable: Option<Setting<String>>,
    postgres: file::Postgres,
) -> Checked<()> {
    if let Some(name) = database_variable {
        policy.database_variable = variable(name)?.value;
    }
    if let Some(Setting(port)) = postgres.port {
        policy.postgres_port = positive(port)?;
    }
    if let Some(Setting(major)) = postgres.major {
        policy.postgres_major = positive(major)?;
    }
    if let Some(Setting(role)) = postgres.role {
        policy.postgres_role = Some(filled(role)?.value);
    }
    Ok(())
}

/// The layers: at least one, each once, each a name of a folder.
fn layers(order: At<Vec<Setting<String>>>) -> Checked<Vec<String>> {
    if order.value.is_empty() {
        return Err(broken(order.span, "at least one layer is expected here"));
    }
    let mut layers: Vec<String> = Vec::new();
    for Setting(layer) in order.value {
        let layer = filled(layer)?;
        if layer.value.contains('/') {
            let message = format!(
                "`{}` is no layer: it is the name of one folder",
                layer.value
            );
            return Err(broken(layer.span, message));
        }
        if layers.contains(&layer.value) {
            return Err(broken(
                layer.span,
                format!("`{}` stands here twice", layer.value),
            ));
        }
        layers.push(layer.value);
    }
    Ok(layers)
}

fn read_exception(written: file::Exception) -> Checked<Exception> {
    let Setting(until) = written.until;
    let date = Date::read(&until.value).ok_or_else(|| {
        let message = format!(
            "`{}` is no day; write one such as `2027-03-31`",
            until.value
        );
        broken(until.span, message)
    })?;
    let Setting(service) = written.service;
    let service = filled(service)?;
    if written.may_read.0.is_empty() {
        let message = format!("`may-read` of `{}` names no table", service.value);
        return Err(broken(service.span, message));
    }
    let may_read = written.may_read.0.into_iter().map(|table| {
        let mut parts = table.value.split('.');
        if table.value.split('.').count() > 3 || parts.any(str::is_empty) {
            let message = format!(
                "`{}` is no table; write `database.table` or `table`",
                table.value
            );
            return Err(broken(table.span, message));
        }
        Ok(table)
    });
    Ok(Exception {
        may_read: may_read.collect::<Checked<_>>()?,
        reason: filled(written.reason.0)?.value,
        service,
        until: At::new(date, until.span),
    })
}

/// A rule or a category.
fn rule_or_category<'c>(
    name: &At<String>,
    catalogue: &'c Catalogue,
) -> Checked<Option<&'c Described>> {
    let rule = catalogue.find(&name.value);
    if rule.is_none() && !catalogue.has_category(&name.value) {
        return Err(broken(name.span, no_such_rule(&name.value, catalogue)));
    }
    Ok(rule)
}

fn read_level(value: &At<Any>) -> Checked<Level> {
    match &value.value {
        Any::Text(word) => level(word).map_err(|message| broken(value.span, message)),
        _ => Err(broken(
            value.span,
            "a level is expected here: `error`, `warning` or `off`",
        )),
    }
}

fn read_override(written: file::Override, catalogue: &Catalogue) -> Checked<Override> {
    let mut levels = BTreeMap::new();
    for (name, Setting(value)) in written.rules.0 {
        rule_or_category(&name, catalogue)?;
        if let Any::Map(_) = value.value {
            let message = "options hold for all files; write them in `rules`, and a level here";
            return Err(broken(name.span, message));
        }
        levels.insert(name.value, read_level(&value)?);
    }
    for pattern in &written.files.0 {
        filled(pattern.clone())?;
    }
    Ok(Override {
        files: globs(&written.files.0)?,
        levels: Levels(levels),
    })
}

impl Policy {
    /// Takes note of paths that should lead somewhere.
    fn name(&mut self, texts: &[At<String>], leads_to: LeadsTo) -> Checked<()> {
        for text in texts {
            let text = filled(text.clone())?;
            // A pattern that takes something out again leads nowhere by itself.
            if !text.value.starts_with('!') {
                self.named.push(NamedPath { text, leads_to });
            }
        }
        Ok(())
    }

    fn read_services(&mut self, services: Vec<(At<String>, file::Service)>) -> Checked<()> {
        let mut claimed: HashSet<String> = HashSet::new();
        for (name, written) in services {
            let name = filled(name)?;
            let mut service = ServiceSetting {
                folder: None,
                compose: written.compose.0,
                variable: written.variable.map(variable).transpose()?,
                database: written.database.map(|Setting(database)| database),
                name,
            };
            if let Some(Setting(folder)) = written.folder {
                let path = join("", &folder.value).ok_or_else(|| {
                    let message = format!("`{}` leads out of the workspace", folder.value);
                    broken(folder.span, message)
                })?;
                self.named.push(NamedPath {
                    text: folder.clone(),
                    leads_to: LeadsTo::Folder,
                });
                service.folder = Some(At::new(path, folder.span));
            }
            for container in &service.compose {
                if !claimed.insert(container.value.clone()) {
                    let message = format!(
                        "`{}` is already the container of another service",
                        container.value
                    );
                    return Err(broken(container.span, message));
                }
            }
            self.services.push(service);
        }
        Ok(())
    }

    fn read_rule(
        &mut self,
        name: &At<String>,
        value: At<Any>,
        catalogue: &Catalogue,
    ) -> Checked<()> {
        let rule = rule_or_category(name, catalogue)?;
        let Any::Map(settings) = value.value else {
            let level = read_level(&value)?;
            self.levels.0.insert(name.value.clone(), level);
            return Ok(());
        };
        let Some(rule) = rule else {
            let message = format!("`{}` is a category; write a level for it", name.value);
            return Err(broken(name.span, message));
        };
        let mut level = None;
        for (key, value) in settings {
            if key.value == "level" {
                level = Some(read_level(&value)?);
            } else {
                let option = self.read_option(rule, &key, value)?;
                self.options.insert((name.value.clone(), key.value), option);
            }
        }
        if level.is_none() && rule.front_matter.severity == Level::Off {
            let message = format!(
                "`{}` is off unless told otherwise; write `level: error` beside its options",
                name.value
            );
            return Err(broken(name.span, message));
        }
        if let Some(level) = level {
            self.levels.0.insert(name.value.clone(), level);
        }
        Ok(())
    }

    fn read_option(
        &self,
        rule: &Described,
        key: &At<String>,
        value: At<Any>,
    ) -> Checked<OptionValue> {
        let options = &rule.front_matter.options;
        let Some(option) = options.get(&key.value) else {
            let mut known: Vec<&str> = options.keys().map(String::as_str).collect();
            known.push("level");
            let hint = did_you_mean(&key.value, &known, "write");
            let message = format!(
                "`{}` has no option `{}`; {hint}",
                rule.entry.name, key.value
            );
            return Err(broken(key.span, message));
        };
        match (option.kind, value.value) {
            (OptionKind::Boolean, Any::Boolean(is_set)) => Ok(OptionValue::Boolean(is_set)),
            (OptionKind::Boolean, _) => Err(broken(
                value.span,
                format!("`{}` is `true` or `false`", key.value),
            )),
            (OptionKind::LayersByLayer, Any::Map(lists)) => self.layers_by_layer(lists),
            (OptionKind::LayersByLayer, _) => Err(broken(
                key.span,
                format!("`{}` holds a list of layers for each layer", key.value),
            )),
        }
    }

    fn layers_by_layer(&self, lists: Vec<(At<String>, At<Any>)>) -> Checked<OptionValue> {
        let mut layers = BTreeMap::new();
        for (layer, value) in lists {
            self.expect_layer(&layer)?;
            let Any::List(items) = value.value else {
                let message = format!("a list of layers is expected for `{}`", layer.value);
                return Err(broken(layer.span, message));
            };
            let mut named = Vec::new();
            for item in items {
                let span = item.span;
                let item = Any::into_text(item)
                    .ok_or_else(|| broken(span, "the name of a layer is expected here"))?;
                self.expect_layer(&item)?;
                named.push(item.value);
            }
            layers.insert(layer.value, named);
        }
        Ok(OptionValue::LayersByLayer(layers))
    }

    fn expect_layer(&self, layer: &At<String>) -> Checked<()> {
        if self.layers.contains(&layer.value) {
            return Ok(());
        }
        let known: Vec<&str> = self.layers.iter().map(String::as_str).collect();
        let hint = did_you_mean(&layer.value, &known, "write");
        let message = format!("`{}` is no layer; {hint}", layer.value);
        Err(broken(layer.span, message))
    }
}
