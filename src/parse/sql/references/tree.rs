//! References told from squawk's tree. The tree is walked without recursion: it may be deep.

use std::collections::{HashMap, HashSet};

use squawk_syntax::{SyntaxKind, SyntaxNode, ast};

use super::call::is_called;
use super::{Event, Path, Place, body, path};
use crate::parse::sql::syntax::Tree;
use crate::parse::sql::{Access, ObjectName};
use crate::source::{At, Span};

/// What a statement says about tables.
pub(super) fn read(tree: &Tree, level: usize, place: Place) -> Vec<Event> {
    let mut walk = Walk::new(tree.room, level, place);
    walk.through(tree.root);
    walk.events
}

/// A walk through the tree of one text.
pub(super) struct Walk<'a> {
    pub(super) events: Vec<Event>,
    /// The weight of what may still be parsed on this stack.
    pub(super) room: usize,
    pub(super) level: usize,
    pub(super) place: Place<'a>,
    /// The variables of a body in PL/pgSQL so far; `None` in SQL.
    pub(super) variables: Option<HashSet<String>>,
    /// What `WITH` names at this point, and how often.
    visible: HashMap<String, usize>,
    /// The names of each `WITH` around this point.
    scopes: Vec<Vec<String>>,
}

/// What to do next.
enum Step {
    /// Look at a node, which is the left operand of a `UNION` or not.
    Enter(SyntaxNode, bool),
    /// From here on `WITH` names this.
    Show(String),
    /// The innermost scope ends.
    LeaveScope,
    Say(Event),
    /// Read the bodies of a routine or `DO`.
    Bodies(SyntaxNode),
}

impl<'a> Walk<'a> {
    pub(super) fn new(room: usize, level: usize, place: Place<'a>) -> Self {
        Self {
            events: Vec::new(),
            room,
            level,
            place,
            variables: None,
            visible: HashMap::new(),
            scopes: Vec::new(),
        }
    }

    pub(super) fn through(&mut self, root: &SyntaxNode) {
        let mut steps = vec![Step::Enter(root.clone(), false)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(node, is_left) => self.enter(&node, is_left, &mut steps),
                Step::Show(name) => self.show(name),
                Step::LeaveScope => self.leave_scope(),
                Step::Say(event) => self.events.push(event),
                Step::Bodies(node) => body::read(self, &node),
            }
        }
    }

    fn enter(&mut self, node: &SyntaxNode, is_left: bool, steps: &mut Vec<Step>) {
        if !is_left && let Some(with) = with_clause(node) {
            let is_recursive = has_token(&with, SyntaxKind::RECURSIVE_KW);
            self.scopes.push(Vec::new());
            steps.push(Step::LeaveScope);
            if is_recursive {
                let tables = with.children().filter_map(|table| cte_name(&table));
                tables.for_each(|name| self.show(name));
            }
        }
        match node.kind() {
            SyntaxKind::WITH_TABLE => {
                let is_recursive = node
                    .parent()
                    .is_some_and(|with| has_token(&with, SyntaxKind::RECURSIVE_KW));
                if !is_recursive && let Some(name) = cte_name(node) {
                    steps.push(Step::Show(name));
                }
            }
            SyntaxKind::CREATE_VIEW if has_token(node, SyntaxKind::RECURSIVE_KW) => {
                let view = child(node, SyntaxKind::VIEW).and_then(|view| self.object(&view));
                self.scopes.push(Vec::new());
                steps.push(Step::LeaveScope);
                if let Some(view) = view {
                    self.show(view.name().value.clone());
                }
            }
            SyntaxKind::CREATE_FUNCTION | SyntaxKind::CREATE_PROCEDURE => {
                self.events.push(Event::Enters {
                    path: path_of_routine(node),
                    is_trigger: returns_trigger(node),
                });
                steps.push(Step::Say(Event::Leaves));
                steps.push(Step::Bodies(node.clone()));
            }
            SyntaxKind::DO => steps.push(Step::Bodies(node.clone())),
            SyntaxKind::CREATE_SCHEMA => {
                let path = self.path_of_schema(node);
                self.events.push(Event::Enters {
                    path,
                    is_trigger: false,
                });
                steps.push(Step::Say(Event::Leaves));
            }
            SyntaxKind::COMMIT_TRANSACTION | SyntaxKind::ROLLBACK_TRANSACTION => {
                self.events.push(Event::EndsTransaction);
            }
            SyntaxKind::SET | SyntaxKind::RESET | SyntaxKind::DISCARD => {
                self.events.extend(path::change(&node.text().to_string()));
            }
            SyntaxKind::CALL_EXPR => self.call(node),
            SyntaxKind::CAST_EXPR => self.cast(node),
            SyntaxKind::TRANSITION_RELATION_NAME => {
                let name = ast::normalize_name_node(node);
                self.events.push(Event::NamesTransition(name));
            }
            SyntaxKind::INTO_CLAUSE if self.variables.is_some() => return,
            SyntaxKind::ERROR if self.variables.is_some() => {
                body::with_into(self, node);
                return;
            }
            SyntaxKind::PLPGSQL_DYN_EXECUTE_STMT
            | SyntaxKind::PLPGSQL_FOR_DYN_STMT
            | SyntaxKind::PLPGSQL_RETURN_QUERY_EXECUTE_STMT
            | SyntaxKind::PLPGSQL_OPEN_EXECUTE => body::executed(self, node),
            SyntaxKind::PLPGSQL_VAR_NAME => {
                let name = ast::normalize_name_node(node);
                self.variables
                    .as_mut()
                    .map(|variables| variables.insert(name));
            }
            SyntaxKind::TABLE_NAME
            | SyntaxKind::TABLE_NAME_REF
            | SyntaxKind::RELATION_NAME_REF
            | SyntaxKind::VIEW
            | SyntaxKind::VIEW_REF
            | SyntaxKind::QUALIFIED_COLUMN_NAME_REF
            | SyntaxKind::PERCENT_TYPE
            | SyntaxKind::PLPGSQL_PERCENT_ROWTYPE => {
                self.name(node);
                return;
            }
            _ => {}
        }
        let is_compound = node.kind() == SyntaxKind::COMPOUND_SELECT;
        let first = steps.len();
        let mut is_schema = false;
        let children = node.children().enumerate().filter(|(_, child)| {
            match child.kind() {
                SyntaxKind::PUBLICATION_OBJECT_TABLES_IN_SCHEMA => is_schema = true,
                // In `FOR TABLES IN SCHEMA a, b` the latter has no words of its own.
                SyntaxKind::PUBLICATION_OBJECT_TABLE => {
                    is_schema &= !has_token(child, SyntaxKind::TABLE_KW);
                    return !is_schema;
                }
                _ => {}
            }
            true
        });
        steps.extend(children.map(|(at, child)| Step::Enter(child, is_compound && at == 0)));
        steps[first..].reverse();
    }

    fn show(&mut self, name: String) {
        *self.visible.entry(name.clone()).or_default() += 1;
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(name);
        }
    }

    fn leave_scope(&mut self) {
        for name in self.scopes.pop().unwrap_or_default() {
            if let Some(count) = self.visible.get_mut(&name) {
                *count -= 1;
            }
        }
    }

    /// A node that names a relation.
    fn name(&mut self, node: &SyntaxNode) {
        let Some(parent) = node.parent() else { return };
        let Some(mut name) = self.object(node) else {
            return;
        };
        if matches!(
            node.kind(),
            SyntaxKind::QUALIFIED_COLUMN_NAME_REF | SyntaxKind::PERCENT_TYPE
        ) {
            name.parts.pop();
        }
        if name.parts.is_empty() || name.parts.len() > 3 {
            return;
        }
        let is_variable = |name: &String| {
            let variables = self.variables.as_ref();
            variables.is_some_and(|variables| variables.contains(name))
        };
        if node.kind() == SyntaxKind::PERCENT_TYPE
            && name.parts.len() == 1
            && is_variable(&name.name().value)
        {
            return;
        }
        let Some(access) = access(node, &parent) else {
            return;
        };
        if parent.kind() == SyntaxKind::RELATION_FROM_ITEM && is_value_function(node) {
            return;
        }
        let is_query = matches!(
            parent.kind(),
            SyntaxKind::RELATION_FROM_ITEM | SyntaxKind::RELATION_NAME
        );
        if is_query && access == Access::Reads && name.parts.len() == 1 {
            let count = self.visible.get(&name.name().value);
            if count.is_some_and(|&count| count > 0) {
                return;
            }
        }
        if is_new_name(&parent)
            && let Some(schema) = self.schema_of_renamed(&parent)
        {
            name.parts.insert(0, schema);
        }
        if access == Access::Defines && is_temporary(&parent) {
            self.events.push(Event::MakesTemporary(name));
            return;
        }
        self.events.push(Event::Names {
            is_optional: is_optional(node, &parent),
            name,
            access,
        });
    }

    /// The schema of what a `RENAME TO` renames, which stays where it is.
    fn schema_of_renamed(&self, rename: &SyntaxNode) -> Option<At<String>> {
        let statement = rename.parent()?;
        let named = statement.children().take(3);
        let name = named
            .filter(|child| child.kind() != SyntaxKind::IF_EXISTS)
            .find_map(|child| match child.kind() {
                SyntaxKind::TABLE_RELATION_NAME => self.object(&child.first_child()?),
                _ => self.object(&child),
            })?;
        name.schema().cloned()
    }

    /// The name that a node holds.
    fn object(&self, node: &SyntaxNode) -> Option<ObjectName> {
        let is_path =
            |node: &SyntaxNode| matches!(node.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF);
        let mut next = node.children().find(is_path);
        let mut parts = Vec::new();
        while let Some(path) = next {
            next = None;
            for child in path.children() {
                match child.kind() {
                    SyntaxKind::PATH_REF => next = Some(child),
                    _ => parts.push(self.part(&child)?),
                }
            }
        }
        parts.reverse();
        (!parts.is_empty()).then_some(ObjectName { parts })
    }

    /// A part of a name, without its quotes.
    fn part(&self, segment: &SyntaxNode) -> Option<At<String>> {
        let token = segment.first_token()?;
        let text = token.text();
        let start = usize::from(token.text_range().start());
        let quotes = match text.find('"') {
            Some(open) if text.ends_with('"') && text.len() > open + 1 => open + 1..text.len() - 1,
            _ => 0..text.len(),
        };
        let value = ast::normalize_name_node(segment);
        let stored = value[..value.floor_char_boundary(63)].to_owned();
        if stored.is_empty() || text.starts_with('$') {
            return None;
        }
        let span = Span::new(start + quotes.start, start + quotes.end);
        Some(At::new(stored, (self.place)(span)))
    }

    fn path_of_schema(&self, node: &SyntaxNode) -> Option<Path> {
        let schema = child(&child(node, SyntaxKind::NAMED_SCHEMA)?, SyntaxKind::SCHEMA)?;
        Some(Some(vec![self.part(&schema)?.value]))
    }
}

pub(super) fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

fn has_token(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    let mut tokens = node.children_with_tokens().take(8);
    tokens.any(|element| element.kind() == kind)
}

/// The `WITH` that holds for a node; that of the first operand holds for a whole `UNION`.
fn with_clause(node: &SyntaxNode) -> Option<SyntaxNode> {
    let mut node = node.clone();
    while node.kind() == SyntaxKind::COMPOUND_SELECT {
        node = node.first_child()?;
    }
    let first = node.first_child()?;
    (first.kind() == SyntaxKind::WITH_CLAUSE).then_some(first)
}

fn cte_name(table: &SyntaxNode) -> Option<String> {
    let name = child(table, SyntaxKind::CTE_NAME)?;
    let value = ast::normalize_name_node(&name);
    Some(value[..value.floor_char_boundary(63)].to_owned())
}

/// Functions that are written without brackets and look like a table behind `FROM`.
const VALUE_FUNCTIONS: [&str; 12] = [
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "localtime",
    "localtimestamp",
    "session_user",
    "system_user",
    "user",
];

fn is_value_function(name: &SyntaxNode) -> bool {
    let text = name.text().to_string();
    let mut words = VALUE_FUNCTIONS.iter();
    words.any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether the name in a node is what a table or view is called from now on.
fn is_new_name(node: &SyntaxNode) -> bool {
    matches!(
        node.kind(),
        SyntaxKind::TABLE_RENAME_TO | SyntaxKind::VIEW_RENAME_TO
    )
}

fn returns_trigger(routine: &SyntaxNode) -> bool {
    let returned = child(routine, SyntaxKind::RET_TYPE);
    let returned = returned.and_then(|returned| child(&returned, SyntaxKind::PATH_TYPE));
    returned.is_some_and(|returned| is_called(&returned, "trigger"))
}

fn path_of_routine(routine: &SyntaxNode) -> Option<Path> {
    let options = child(routine, SyntaxKind::FUNC_OPTION_LIST)?;
    let set = options
        .children()
        .filter(|option| option.kind() == SyntaxKind::SET_FUNC_OPTION);
    let changes = set.filter_map(|option| path::change(&option.text().to_string()));
    let paths = changes.filter_map(|change| match change {
        Event::SetsPath { path, .. } => Some(path),
        _ => None,
    });
    paths.last()
}

/// Whether the table of a `CREATE` or an `INTO` is temporary.
fn is_temporary(definition: &SyntaxNode) -> bool {
    let mut first = definition.children().take(3);
    first.any(|child| child.kind() == SyntaxKind::TEMP)
}

/// Whether a statement makes do without the table that it names.
fn is_optional(node: &SyntaxNode, parent: &SyntaxNode) -> bool {
    let statement = match parent.kind() {
        SyntaxKind::TABLE_RELATION_NAME | SyntaxKind::ON_TABLE | SyntaxKind::ON_RELATION => {
            parent.parent()
        }
        _ => node.parent(),
    };
    statement.is_some_and(|statement| {
        let mut first = statement.children().take(3);
        first.any(|child| child.kind() == SyntaxKind::IF_EXISTS)
    })
}

/// What a statement does with the relation that a node names.
fn access(node: &SyntaxNode, parent: &SyntaxNode) -> Option<Access> {
    use SyntaxKind as Kind;
    Some(match (node.kind(), parent.kind()) {
        (Kind::QUALIFIED_COLUMN_NAME_REF, Kind::OBJECT_COLUMN) => Access::Alters,
        (
            Kind::PERCENT_TYPE | Kind::PLPGSQL_PERCENT_ROWTYPE | Kind::QUALIFIED_COLUMN_NAME_REF,
            _,
        )
        | (
            _,
            Kind::FOREIGN_KEY_CONSTRAINT
            | Kind::REFERENCES_CONSTRAINT
            | Kind::PARTITION_OF
            | Kind::INHERITS
            | Kind::INHERIT_TABLE
            | Kind::NO_INHERIT_TABLE
            | Kind::LIKE_CLAUSE,
        ) => Access::References,
        (Kind::TABLE_NAME | Kind::VIEW, _) => Access::Defines,
        (Kind::VIEW_REF, Kind::DROP_VIEW | Kind::DROP_MATERIALIZED_VIEW) => Access::Drops,
        (Kind::VIEW_REF, Kind::REFRESH) => Access::Writes,
        (Kind::VIEW_REF, _) => Access::Alters,
        (_, Kind::FROM_TABLE) => match parent.parent()?.kind() {
            Kind::CREATE_TRIGGER => Access::References,
            _ => Access::Alters,
        },
        (
            _,
            Kind::DROP_TABLE
            | Kind::DROP_FOREIGN_TABLE
            | Kind::SPLIT_PARTITION
            | Kind::TABLE_NAME_REF_LIST,
        ) => Access::Drops,
        (_, Kind::PARTITION) => Access::Defines,
        (_, Kind::INSERT) => Access::Writes,
        (_, Kind::RELATION_FROM_ITEM | Kind::VERTEX_TABLE_DEF | Kind::EDGE_TABLE_DEF) => {
            Access::Reads
        }
        (_, Kind::COPY_TABLE) => match parent.parent() {
            Some(copy) if child(&copy, Kind::COPY_TO).is_some() => Access::Reads,
            _ => Access::Writes,
        },
        (_, Kind::RELATION_NAME | Kind::TABLE_RELATION_NAME) => match parent.parent()?.kind() {
            Kind::TABLE => Access::Reads,
            Kind::UPDATE | Kind::DELETE | Kind::MERGE | Kind::TABLE_LIST | Kind::RELATION_LIST => {
                Access::Writes
            }
            _ => Access::Alters,
        },
        (Kind::TABLE_NAME_REF | Kind::RELATION_NAME_REF, _) => Access::Alters,
        _ => return None,
    })
}
