//! Passwords in connection strings: those that break the string that they are put into, and those that are
//! written out. No text that leaves this file holds a password.

use std::collections::BTreeMap;

use crate::connection;
use crate::finding::{Edit, Fix, Owner, Safety};
use crate::interpolation::{self, Segment};
use crate::model::Workspace;
use crate::model::compose::Variable;
use crate::model::homes::Homes;
use crate::model::product::Product;
use crate::model::registry::Variable as Declared;
use crate::model::settings::Holder;
use crate::source::{Kind, Place};

/// A password that breaks the connection strings that it is put into.
pub struct BreakingPassword {
    /// The password.
    pub place: Place,
    /// The variable that holds it.
    pub variable: String,
    /// The first character that breaks.
    pub character: char,
    /// The product, or the service, that it is a password of.
    pub owner: Owner,
    /// Where it is put in.
    pub uses: Vec<(Place, String)>,
}

/// A password that is written out in a connection string.
pub struct WrittenPassword<'a> {
    /// The password.
    pub place: Place,
    /// Whose connection string it is.
    pub owner: Owner,
    /// The name of the service, to be shown.
    pub service: String,
    /// The variable that holds the connection string; empty in code.
    pub variable: &'a str,
    /// The connection string, where it stands in code.
    pub literal: Option<Place>,
    /// The text to write in its place, as far as one is certain.
    pub right: Option<String>,
}

impl WrittenPassword<'_> {
    /// An edit that writes the right text. Its title does not show what is replaced.
    pub fn fix(&self) -> Option<Fix> {
        let right = self.right.as_ref()?;
        Some(Fix {
            safety: Safety::Unsafe,
            title: format!("Write `{right}` in place of the password"),
            edits: vec![Edit {
                place: self.place,
                text: right.clone(),
            }],
        })
    }
}

impl Workspace<'_> {
    /// Passwords that variables put into connection strings and that break them. A default that is written
    /// for every user anew is one password.
    pub fn breaking_passwords(&self) -> Vec<BreakingPassword> {
        let in_stacks = self.stack_numbers().flat_map(|index| {
            let variables = self.stacks[index].variables();
            variables.map(move |(container, variable)| {
                let owner = Owner {
                    service: None,
                    ..self.owner_of_container(index, container)
                };
                (owner, container.key.value.as_str(), variable)
            })
        });
        let in_settings = self.settings().all().iter().filter_map(|setting| {
            let (_, service) = self.services_of_setting(setting).next()?;
            Some((Owner::from(service), service.key(), &setting.variable))
        });
        let mut found: BTreeMap<_, BreakingPassword> = BTreeMap::new();
        for (owner, user, variable) in in_stacks.chain(in_settings) {
            let Some((place, name, character, put_in)) = self.breaking_in(variable) else {
                continue;
            };
            let text = self.sources.slice(place);
            let key = (place.file, name.clone(), text);
            let password = found.entry(key).or_insert_with(|| BreakingPassword {
                place,
                variable: name,
                character,
                owner,
                uses: Vec::new(),
            });
            let remark = format!("`{user}` puts it into `{}`", variable.name.value);
            password.uses.push((put_in, remark));
        }
        found.into_values().collect()
    }

    fn breaking_in(&self, variable: &Variable) -> Option<(Place, String, char, Place)> {
        let (value, connection) = variable.value.as_ref().zip(variable.connection.as_ref())?;
        let password = connection.password.as_ref()?;
        let mut values = value.values_in(password).into_iter();
        values.find_map(|(text, put_in, place)| {
            let name = self.variable_at(put_in)?;
            Some((place, name, connection::breaking_character(text)?, put_in))
        })
    }

    /// The name of the variable that stands at a place.
    fn variable_at(&self, place: Place) -> Option<String> {
        let text = self.sources.slice(place);
        let mut segments = interpolation::segments(text).into_iter();
        segments.find_map(|segment| match segment {
            Segment::Variable(variable) => Some(text[variable.name].to_owned()),
            _ => None,
        })
    }

    /// Passwords that are written out in the connection strings of compose files, Dockerfiles, registries and
    /// the code of modules.
    pub fn written_passwords(&self) -> Vec<WrittenPassword<'_>> {
        let mut found = Vec::new();
        for index in self.stack_numbers() {
            let right = self.password_of_server(index);
            for (container, variable) in self.stacks[index].variables() {
                found.extend(written_in(variable).map(|place| WrittenPassword {
                    place,
                    owner: self.owner_of_container(index, container),
                    service: container.key.value.clone(),
                    variable: &variable.name.value,
                    literal: None,
                    right: right.clone(),
                }));
            }
        }
        for setting in self.settings().all() {
            if setting.holder != Holder::Dockerfile {
                continue;
            }
            let service = self.services_of_setting(setting).next();
            let place = written_in(&setting.variable);
            found.extend(
                place
                    .zip(service)
                    .map(|(place, (_, service))| WrittenPassword {
                        place,
                        owner: service.into(),
                        service: service.key().to_owned(),
                        variable: &setting.variable.name.value,
                        literal: None,
                        right: None,
                    }),
            );
        }
        for service in self.products().iter().flat_map(Product::services) {
            let declared = service.entry.extra_env.known();
            for variable in declared.into_iter().flat_map(|known| &known.variables) {
                found.extend(written_in_registry(variable).map(|place| WrittenPassword {
                    place,
                    owner: service.into(),
                    service: service.key().to_owned(),
                    variable: &variable.name.value,
                    literal: None,
                    right: None,
                }));
            }
        }
        found.extend(self.written_passwords_in_code());
        // A `.env` file is where passwords belong.
        let is_env = |place: Place| self.sources.file(place.file).kind == Kind::Env;
        found.retain(|password| !is_env(password.place));
        found
    }

    fn written_passwords_in_code(&self) -> Vec<WrittenPassword<'_>> {
        let homes = Homes::of(self);
        let mut found = Vec::new();
        for code in self.code_files().filter(|code| !code.is_test) {
            let Some(&number) = homes.around(code.path).first() else {
                continue;
            };
            let owner = &homes.services[number].owner;
            found.extend(code.code.connections.iter().filter_map(|text| {
                let password = text.postgres()?.password?;
                let is_secret = is_secret(&text.value[password.clone()]);
                let is_written = is_secret && text.is_known(&password);
                is_written.then(|| WrittenPassword {
                    place: text.part(&password).in_file(code.file),
                    owner: owner.clone(),
                    service: owner.service.clone().unwrap_or_default(),
                    variable: "",
                    literal: Some(text.span.in_file(code.file)),
                    right: None,
                })
            }));
        }
        found
    }

    /// How the Postgres service of a stack takes its password from the environment, as it is written there;
    /// nothing where it is written out as well.
    fn password_of_server(&self, index: usize) -> Option<String> {
        let server = self.main_server(index)?;
        let password = server.variable("POSTGRES_PASSWORD")?;
        let text = self.sources.slice(password.value.as_ref()?.place());
        let mut segments = interpolation::segments(text).into_iter();
        let is_one = matches!(
            (segments.next(), segments.next()),
            (Some(Segment::Variable(_)), None)
        );
        is_one.then(|| text.to_owned())
    }
}

/// Where the password of a connection string is written out; nothing where a variable gives any of it, and
/// where it stands for one.
fn written_in(variable: &Variable) -> Option<Place> {
    let (value, connection) = variable.value.as_ref().zip(variable.connection.as_ref())?;
    let password = connection.password.clone()?;
    let is_secret = is_secret(&value.text[password.clone()]) && value.is_known(&password);
    let is_written = is_secret && !value.holds_values(&password);
    let part = variable.part(&password).filter(|_| is_written)?;
    Some(part.chain.last()?.place)
}

fn written_in_registry(variable: &Declared) -> Option<Place> {
    let text = variable.value.known()?;
    let password = connection::parse(&text.value)?.password?;
    is_secret(&text.value[password.clone()]).then(|| text.definition_of_part(password))
}

/// Whether a text in the place of a password is one, and not what a template writes there.
fn is_secret(text: &str) -> bool {
    const STAND_INS: [&str; 7] = [
        "changeme",
        "change_me",
        "dummy",
        "pass",
        "password",
        "placeholder",
        "secret",
    ];
    let lower = text.to_ascii_lowercase();
    let is_template = text.contains(['$', '<', '{', '*']) || lower.starts_with("your");
    let is_blank = lower.bytes().all(|byte| byte == b'x');
    // One or two letters are a sketch.
    text.len() > 2 && !is_template && !is_blank && !STAND_INS.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_a_connection_string_is_known() {
        for (password, expected) in [
            ("clay", None),
            ("a:b", None),
            ("a@b", Some('@')),
            ("a/b@c", Some('/')),
            ("a?b", Some('?')),
            ("a#b", Some('#')),
            ("a%40b", None),
            ("100%", Some('%')),
            ("50%ab", None),
            ("50%zz", Some('%')),
            ("é@", Some('@')),
        ] {
            assert_eq!(
                connection::breaking_character(password),
                expected,
                "{password}"
            );
        }
    }
}
