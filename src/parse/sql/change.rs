//! What a script changes about what a database holds: schemas, relations with their columns, and types.
//!
//! Told from tokens like everything else here, so that a statement which no parser knows yet still counts.
//! What cannot be told is [`Change::Unknown`].

mod body;
mod condition;
mod loops;
mod query;
mod read;
mod table;
mod types;
mod words;

use crate::source::{At, Span};

use super::relation::ObjectName;

pub(super) use read::of_item;

/// One change, in the order in which a script makes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `CREATE SCHEMA`.
    CreateSchema {
        /// Its name.
        name: At<String>,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// What is created in it by the same statement.
        content: Vec<Change>,
    },
    /// `ALTER SCHEMA … RENAME TO`.
    RenameSchema {
        /// The name so far.
        name: String,
        /// The name from here on.
        to: At<String>,
    },
    /// `CREATE TABLE` and its kin.
    CreateTable(Box<NewTable>),
    /// `CREATE VIEW` and `CREATE MATERIALIZED VIEW`.
    CreateView(Box<NewView>),
    /// `CREATE SEQUENCE`, which can be read like a table.
    CreateSequence(ObjectName),
    /// `CREATE INDEX` over plain columns.
    CreateIndex {
        /// Its own name, which never has a schema.
        name: String,
        /// The table.
        table: ObjectName,
        /// The columns.
        columns: Vec<String>,
    },
    /// `CREATE TYPE` and `CREATE DOMAIN`.
    CreateType {
        /// Its name.
        name: ObjectName,
        /// What it consists of.
        definition: TypeDefinition,
    },
    /// `ALTER TABLE` and what changes other relations.
    AlterRelation {
        /// The relation.
        name: ObjectName,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `ONLY`.
        only: bool,
        /// What is done to it, in order.
        actions: Vec<Action>,
    },
    /// `ALTER TYPE` and `ALTER DOMAIN`.
    AlterType {
        /// The type.
        name: ObjectName,
        /// What is done to it.
        action: TypeAction,
    },
    /// `DROP`.
    Drop {
        /// What kind of thing goes.
        what: Dropped,
        /// The things; a schema's name has one part.
        names: Vec<ObjectName>,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `SET search_path`; `None` sets it back.
    SearchPath {
        /// The schemas.
        path: Option<Vec<String>>,
        /// Whether it ends with the transaction.
        is_local: bool,
    },
    /// `BEGIN`.
    Begin,
    /// `COMMIT`.
    Commit,
    /// `ROLLBACK`.
    Rollback,
    /// `SAVEPOINT`.
    Savepoint(String),
    /// `ROLLBACK TO`.
    RollbackTo(String),
    /// `IF` in a PL/pgSQL body, and whatever else may or may not be run.
    If {
        /// When the first list is run.
        condition: Condition,
        /// What is done then.
        then: Vec<Change>,
        /// What is done else.
        otherwise: Vec<Change>,
    },
    /// A block of PL/pgSQL, which is undone as a whole where one of its statements fails.
    Block {
        /// What it does.
        changes: Vec<Change>,
        /// Whether it has an `EXCEPTION` clause that passes over failures.
        is_caught: bool,
        /// What the clause does.
        handler: Vec<Change>,
        /// Whether other statements in it may fail as well.
        may_fail: bool,
    },
    /// `RETURN` in a body.
    Return,
    /// `RAISE EXCEPTION` in a body.
    Raise,
    /// `CREATE FUNCTION` or `CREATE PROCEDURE` whose body makes changes.
    DefineRoutine {
        /// Its own name.
        name: String,
        /// What its body does.
        changes: Vec<Change>,
    },
    /// A statement that calls routines.
    Call(Vec<String>),
    /// The text does not tell what is changed.
    Unknown,
}

/// A table that is created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a clause of its own in the grammar"
)]
pub struct NewTable {
    /// Its name.
    pub name: ObjectName,
    /// Whether it lives as long as the session.
    pub is_temporary: bool,
    /// Whether it is a `FOREIGN TABLE`.
    pub is_foreign: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// Columns and what else changes columns, in order.
    pub elements: Vec<Element>,
    /// `INHERITS`.
    pub inherits: Vec<ObjectName>,
    /// `PARTITION OF`.
    pub partition_of: Option<ObjectName>,
    /// `PARTITION BY`.
    pub is_partitioned: bool,
    /// `OF` a composite type.
    pub of_type: Option<ObjectName>,
    /// The query of `AS`, and of `SELECT … INTO`.
    pub query: Option<Query>,
    /// The names that are given to the query's columns.
    pub query_columns: Vec<At<String>>,
}

/// What stands in the parentheses of `CREATE TABLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// A column.
    Column(ColumnDefinition),
    /// `LIKE`.
    Like(ObjectName),
    /// Columns that a constraint, or `column WITH OPTIONS NOT NULL`, makes `NOT NULL`.
    NotNull(Vec<String>),
    /// Columns that another constraint is about, which must be there.
    Constrained(Vec<String>),
}

/// A column as a script defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: At<String>,
    /// Its type.
    pub type_name: TypeName,
    /// `NOT NULL`, also by `PRIMARY KEY`, `serial` or an identity.
    pub is_not_null: bool,
}

/// A type as a script names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeName {
    /// The type itself, or that of the elements.
    pub base: BaseType,
    /// Whether it is an array, of whatever dimensions.
    pub is_array: bool,
}

/// A type without `[]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaseType {
    /// One of PostgreSQL's own, as `format_type` prints it.
    BuiltIn(String),
    /// One that is created somewhere.
    Named {
        /// Its name.
        name: ObjectName,
        /// Its parameters with their parentheses (`(1536)`), without blanks.
        modifiers: String,
    },
    /// `table.column%TYPE`, or what is not told.
    Unknown,
}

/// What a type consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeDefinition {
    /// `AS ENUM`.
    Enum(Vec<At<String>>),
    /// `AS (…)`.
    Composite(Vec<ColumnDefinition>),
    /// A domain, a range, a base type.
    Other,
}

/// A view that is created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a clause of its own in the grammar"
)]
pub struct NewView {
    /// Its name.
    pub name: ObjectName,
    /// Whether it is materialised.
    pub is_materialized: bool,
    /// Whether it lives as long as the session.
    pub is_temporary: bool,
    /// `OR REPLACE`.
    pub or_replace: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// The names that are given to its columns.
    pub columns: Vec<At<String>>,
    /// Its query.
    pub query: Query,
}

/// A query, as far as its columns go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// `WITH`, by name, with the names that are given to their columns.
    pub common: Vec<(String, Query)>,
    /// The columns of its first `SELECT`; `None` where they are not told.
    pub columns: Option<Vec<Output>>,
    /// What the first `SELECT` reads from.
    pub sources: Vec<Source>,
    /// Whether all of [`Query::sources`] could be told.
    pub has_all_sources: bool,
    /// Whether a set operation joins it with another `SELECT`.
    pub is_joined: bool,
    /// Every name in it that may be a relation's.
    pub mentions: Vec<ObjectName>,
    /// Every word of it, sorted.
    pub words: Vec<String>,
}

/// A column of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its name, where it is given one or has one by itself.
    pub name: Option<At<String>>,
    /// What it is.
    pub value: OutputValue,
    /// Where it stands.
    pub span: Span,
}

/// What a column of a query is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputValue {
    /// `*` or `table.*`.
    All(Option<String>),
    /// A column, with its qualifier.
    Column(Option<String>, String),
    /// A cast, or what has that type by itself.
    Typed(TypeName),
    /// Anything else.
    Unknown,
}

/// What a query reads from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What its columns are qualified with.
    pub alias: String,
    /// What it is.
    pub relation: SourceRelation,
}

/// A table in `FROM`, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceRelation {
    /// A table, a view or a `WITH` query.
    Named(ObjectName),
    /// A query in parentheses.
    Query(Box<Query>),
    /// A function, or anything else.
    Unknown,
}

/// What is done to a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `ADD COLUMN`.
    AddColumn {
        /// The column.
        column: ColumnDefinition,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP COLUMN`.
    DropColumn {
        /// The column.
        name: String,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `ALTER COLUMN … TYPE`.
    SetType {
        /// The column.
        column: String,
        /// The type from here on.
        type_name: TypeName,
    },
    /// `ALTER COLUMN … SET NOT NULL` and `DROP NOT NULL`.
    SetNotNull {
        /// The column.
        column: String,
        /// Whether it is set.
        is_not_null: bool,
    },
    /// `ADD PRIMARY KEY`.
    AddPrimaryKey(Vec<String>),
    /// A constraint that is added over columns, which must be there.
    Constrain(Vec<String>),
    /// `ADD PRIMARY KEY USING INDEX`.
    AddPrimaryKeyUsing(String),
    /// `RENAME COLUMN`.
    RenameColumn {
        /// The name so far.
        name: String,
        /// The name from here on.
        to: At<String>,
    },
    /// `RENAME TO`.
    RenameTo(At<String>),
    /// `SET SCHEMA`.
    SetSchema(String),
    /// `INHERIT`.
    Inherit(ObjectName),
    /// `NO INHERIT`.
    NoInherit(ObjectName),
    /// `ATTACH PARTITION`.
    Attach(ObjectName),
    /// `DETACH PARTITION`.
    Detach(ObjectName),
    /// `OF` a type.
    OfType,
}

/// What is done to a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeAction {
    /// `ADD VALUE`.
    AddValue {
        /// The value.
        value: At<String>,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// `BEFORE` or `AFTER`.
        position: Option<ValuePosition>,
    },
    /// `RENAME VALUE`.
    RenameValue {
        /// The value so far.
        value: String,
        /// The value from here on.
        to: At<String>,
    },
    /// `RENAME TO`.
    RenameTo(At<String>),
    /// `SET SCHEMA`.
    SetSchema(String),
    /// What is done to the attributes of a composite type.
    Attributes(Vec<Action>),
}

/// Where a new value of an enum stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValuePosition {
    /// `BEFORE`.
    Before(String),
    /// `AFTER`.
    After(String),
}

/// What `DROP` takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// `DROP SCHEMA`.
    Schema,
    /// `DROP TABLE`.
    Table,
    /// `DROP VIEW`.
    View,
    /// `DROP MATERIALIZED VIEW`.
    MaterializedView,
    /// `DROP FOREIGN TABLE`.
    ForeignTable,
    /// `DROP TYPE`.
    Type,
    /// `DROP DOMAIN`.
    Domain,
}

/// When something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// If all of these hold.
    All(Vec<Test>),
    /// The text does not tell.
    Unknown,
}

/// A question about what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// Whether it holds where the object is *not* there.
    pub is_negated: bool,
    /// The schema, where one is asked for.
    pub schema: Option<String>,
    /// The object.
    pub object: Tested,
}

/// The object of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tested {
    /// A schema.
    Schema(String),
    /// A relation of any kind.
    Relation(String),
    /// A column of a relation.
    Column(String, String),
    /// A type.
    Type(String),
    /// A value of an enum.
    Value(String, String),
}
