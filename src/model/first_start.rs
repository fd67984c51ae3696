//! What keeps a Postgres service from getting through its scripts on first start.
//!
//! The entrypoint of the official image creates the superuser and one database, then runs every script
//! with `ON_ERROR_STOP=1`; the first error ends it, and the half-filled volume is never initialised again
//! (docker-library's `docker-entrypoint.sh`). Only what all scripts of a server tell is judged.

mod run;

use crate::model::Workspace;
use crate::model::compose::{Service as Container, Stack};
use crate::model::drift::Drift;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::stacks::standard_files;
use crate::parse::Facts;
use crate::parse::sql::{Dialect, SqlFile, Statement, StatementKind};
use crate::source::{FileId, Place, Placed};
use run::FirstStart;

/// A statement at which the first start of a Postgres service ends.
pub struct Abort<'a> {
    /// The numbers of the stack and of the Postgres service.
    pub server: (usize, usize),
    /// The product whose init SQL the statement stands in.
    pub product: Option<&'a Product>,
    /// What is wrong with it.
    pub why: Reason,
}

/// Why a statement fails.
pub enum Reason {
    /// It creates a database that the image has created already.
    Provided {
        /// The name in the script.
        name: Placed<String>,
        /// The variable that the image takes the name from, and its value; `None` for a database that every
        /// server has.
        by: Option<(&'static str, Place)>,
    },
    /// It creates a database or a role a second time.
    CreatedTwice {
        /// The name in the script.
        name: Placed<String>,
        /// Whether it is a role.
        is_role: bool,
        /// Where it was created first; the variable of the superuser's name for that one.
        first: Option<Place>,
    },
    /// It names a role that does not exist then.
    NoRole {
        /// The name, where it is used first.
        role: Placed<String>,
        /// The database that it is granted there.
        database: String,
        /// Where it is used again.
        again: Vec<Place>,
        /// Whether no other role is granted anything.
        is_only_one: bool,
        /// The superuser's name, and where it is said.
        superuser: (String, Option<Place>),
        /// Where the role is created too late.
        created_later: Option<Place>,
    },
    /// It names a database that does not exist then.
    NoDatabase {
        /// The name.
        name: Placed<String>,
        /// Where it is created too late.
        created_later: Option<Place>,
    },
    /// It creates a database inside a transaction.
    InTransaction {
        /// The name in the script.
        name: Placed<String>,
        /// What begins the transaction.
        begin: Place,
        /// Databases that are created in it as well.
        also: Vec<Place>,
    },
}

impl Workspace<'_> {
    /// Statements at which the Postgres services of the workspace end their first start, in the order of
    /// the stacks.
    pub fn aborts(&self) -> Vec<Abort<'_>> {
        let mut aborts = Vec::new();
        for (index, stack) in self.stacks.iter().enumerate() {
            // What is laid over a standard file leaves things out.
            let is_alone =
                stack.runs_as_it_is() || standard_files(self.sources, &stack.folder).is_empty();
            if !is_alone {
                continue;
            }
            for server in stack.postgres_services() {
                let Some(scripts) = self.scripts_of_first_start(stack, server) else {
                    continue;
                };
                let user = (index, stack.position(server));
                let mut start = FirstStart::of(self, user, server, &scripts);
                for (file, sql) in &scripts {
                    start.run(*file, sql);
                }
                let reasons = start.reasons().into_iter();
                let reasons = reasons.filter(|(file, _)| !self.is_script_of_others(index, *file));
                aborts.extend(reasons.map(|(file, why)| Abort {
                    server: user,
                    product: self.product_of_script(file),
                    why,
                }));
            }
        }
        aborts
    }

    /// The service that owns the database of that name, and whose init SQL has to create it.
    pub fn demanded_by<'p>(&self, abort: &Abort<'p>, database: &str) -> Option<&'p Service> {
        abort.product?.owner_of(database)
    }

    /// Whether a role is missing because the server was given another superuser than everyone connects as.
    pub fn is_superuser_wrong(&self, abort: &Abort) -> bool {
        let Reason::NoRole {
            role,
            is_only_one: true,
            superuser: (superuser, _),
            created_later: None,
            ..
        } = &abort.why
        else {
            return false;
        };
        let connecting = abort.product.map(|product| self.connecting_roles(product));
        let connecting = connecting.unwrap_or_default();
        let is_used = |name: &str| connecting.values().any(|(user, _)| user == name);
        is_used(&role.value) && !is_used(superuser)
    }

    /// Whose database is meant where the init SQL of a product names another one, and that name.
    pub fn meant_instead<'p>(
        &'p self,
        product: &'p Product,
        place: Place,
    ) -> Option<(&'p Service, String)> {
        let mut drifts = self.init_sql_drift(product).into_iter();
        drifts.find_map(|drift| match drift {
            Drift::Renamed { service, old, .. } if old.place == place => {
                Some((service, old.value.clone()))
            }
            Drift::GrantElsewhere {
                service, granted, ..
            } if granted.place == place => Some((service, granted.value.clone())),
            _ => None,
        })
    }

    /// Whether the init SQL grants the databases of several services to a role that none of them connects as.
    pub fn is_granted_throughout(&self, abort: &Abort, role: &str) -> bool {
        let Some(product) = abort.product else {
            return false;
        };
        let mut drifts = self.init_sql_drift(product).into_iter();
        drifts.any(|drift| {
            matches!(drift, Drift::GrantRole { role: granted, also, .. }
                if granted.value == role && !also.is_empty())
        })
    }

    /// The container of those numbers.
    pub fn container(&self, (stack, number): (usize, usize)) -> &Container {
        &self.stacks[stack].services[number]
    }

    fn product_of_script(&self, file: FileId) -> Option<&Product> {
        self.products
            .iter()
            .find(|product| product.init_sql.as_ref().is_some_and(|it| it.file == file))
    }

    /// Whether a stack of one product runs the init SQL of another one in place of its own.
    fn is_script_of_others(&self, stack: usize, file: FileId) -> bool {
        let own = self.product_of_stack.get(&stack);
        let own = own.map(|&number| &self.products[number]);
        let other = self.product_of_script(file);
        own.zip(other).is_some_and(|(own, other)| {
            own.name != other.name && own.init_sql.as_ref().is_some_and(|init| init.file != file)
        })
    }

    /// The scripts that a Postgres service runs on first start, in their order; `None` where one of them,
    /// or what the image does before, is not wholly known.
    fn scripts_of_first_start(
        &self,
        stack: &Stack,
        server: &Container,
    ) -> Option<Vec<(FileId, &SqlFile)>> {
        let paths = self.init_scripts_of(stack, server)?;
        if !paths.keys().is_sorted_by_key(|name| collated(name)) {
            return None;
        }
        paths.values().map(|path| self.whole_script(path)).collect()
    }

    fn whole_script(&self, path: &str) -> Option<(FileId, &SqlFile)> {
        let id = self.sources.find(path)?;
        let file = self.sources.file(id);
        let Facts::Sql(parsed) = self.facts(id) else {
            return None;
        };
        let sql = &parsed.facts;
        let is_whole = file.unreadable.is_none()
            && parsed.problems.is_empty()
            && sql.dialect == Dialect::Postgres;
        let is_plain = |statement: &Statement| match &statement.kind {
            StatementKind::Meta { command } => {
                !changes_the_course(&command.value)
                    && !is_going_on_after_errors(file.slice(statement.span))
            }
            _ => true,
        };
        (is_whole && sql.statements.iter().all(is_plain)).then_some((id, sql))
    }
}

/// Whether a meta-command may let a script go on after an error, at which the image lets it stop.
fn is_going_on_after_errors(command: &str) -> bool {
    let mut words = command
        .split_whitespace()
        .skip_while(|word| *word != "ON_ERROR_STOP");
    words.next().map_or(command.contains("ON_ERROR_STOP"), |_| {
        !matches!(words.next(), Some("on" | "1" | "true"))
    })
}

/// The key by which the locale of the image sorts file names; where it and the order of bytes disagree, the
/// order depends on the image.
fn collated(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Meta-commands after which it is not known what is run.
fn changes_the_course(command: &str) -> bool {
    const COMMANDS: [&str; 12] = [
        "i",
        "ir",
        "include",
        "include_relative",
        "gexec",
        "if",
        "elif",
        "else",
        "endif",
        "q",
        "quit",
        "!",
    ];
    COMMANDS.contains(&command)
}
