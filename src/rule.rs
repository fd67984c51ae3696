//! What a rule is, and the pen that it writes with.
//!
//! A rule is a name and a pure function of the [`Workspace`]. It reports findings without knowing their
//! severity, their colour or who else speaks; [`crate::conflict`] decides between them.

use crate::catalogue::{Catalogue, Entry};
use crate::conflict::{Attribute, Draft, Stake, Wrong};
use crate::finding::{Finding, Fix, Label, Owner, Severity, Subject};
use crate::model::Workspace;
use crate::source::Place;
use crate::suppress::Silencers;

/// A name, a document and a function.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Name and document.
    pub entry: Entry,
    /// Looks at the workspace and reports.
    pub check: fn(&Workspace, &mut Report),
    /// Looks at what silences findings, once all rules have spoken, and reports; what it says is silenced by
    /// nothing. Only rules about silencers have it.
    pub review: Option<fn(&Silencers, &mut Report)>,
}

/// Makes a [`Rule`] of a category, a name and a function, for rules about silencers a second one; its document
/// `rules/<category>/<name>.md` must exist.
macro_rules! rule {
    ($category:literal, $name:literal, $check:expr) => {
        $crate::rule::rule!($category, $name, $check, None)
    };
    ($category:literal, $name:literal, $check:expr, $review:expr) => {
        $crate::rule::Rule {
            entry: $crate::catalogue::Entry {
                name: $name,
                category: $category,
                document: include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/rules/",
                    $category,
                    "/",
                    $name,
                    ".md"
                )),
            },
            check: $check,
            review: $review,
        }
    };
}
pub(crate) use rule;

/// Rules, and the catalogue that their documents make.
pub struct RuleSet {
    rules: Vec<Rule>,
    catalogue: Catalogue,
}

impl RuleSet {
    /// The given rules. An unreadable document is a defect of the program, named in the error.
    pub fn new(rules: Vec<Rule>) -> Result<Self, String> {
        let catalogue = Catalogue::new(rules.iter().map(|rule| rule.entry))?;
        Ok(Self { rules, catalogue })
    }

    /// The rules, in the order of the catalogue.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What their documents say.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }
}

/// Runs one rule and gives what it found. How much a finding weighs is decided by who knows the levels;
/// until then it is an error.
pub fn run(rule: &Rule, workspace: &Workspace) -> Vec<Draft> {
    let mut report = Report::of(rule);
    (rule.check)(workspace, &mut report);
    report.drafts
}

/// Runs the second function of a rule, if it has one, in the same way.
pub fn review(rule: &Rule, silencers: &Silencers) -> Vec<Draft> {
    let mut report = Report::of(rule);
    if let Some(review) = rule.review {
        review(silencers, &mut report);
    }
    report.drafts
}

/// What a rule writes its findings into.
pub struct Report {
    entry: Entry,
    drafts: Vec<Draft>,
}

impl Report {
    fn of(rule: &Rule) -> Self {
        Self {
            entry: rule.entry,
            drafts: Vec::new(),
        }
    }

    /// Begins a finding: the wrong text, and what is wrong with it in a sentence without a final stop.
    pub fn at(&mut self, place: Place, message: impl Into<String>) -> NeedsSubject<'_> {
        NeedsSubject {
            report: self,
            place,
            message: message.into(),
        }
    }
}

/// A finding that does not say yet whose it is.
#[must_use = "a finding needs `about` and `help`"]
pub struct NeedsSubject<'a> {
    report: &'a mut Report,
    place: Place,
    message: String,
}

impl<'a> NeedsSubject<'a> {
    /// Whose it is (anything that names a product and a service), and about what: a word or value that
    /// tells the findings of this rule about that service apart.
    pub fn about(self, owner: impl Into<Owner>, object: impl Into<String>) -> NeedsHelp<'a> {
        let Owner { product, service } = owner.into();
        let finding = Finding {
            rule: self.report.entry.name,
            category: self.report.entry.category,
            severity: Severity::Error,
            message: self.message,
            place: self.place,
            subject: Subject {
                product,
                service,
                object: object.into(),
            },
            labels: Vec::new(),
            help: String::new(),
            fix: None,
            ordinal: 0,
        };
        NeedsHelp {
            report: self.report,
            draft: Draft {
                finding,
                stake: None,
            },
        }
    }
}

/// A finding that does not say yet what to write.
#[must_use = "a finding needs `help`"]
pub struct NeedsHelp<'a> {
    report: &'a mut Report,
    draft: Draft,
}

impl NeedsHelp<'_> {
    /// Another place that explains it, with a short remark.
    pub fn because(mut self, place: Place, message: impl Into<String>) -> Self {
        let label = Label {
            place,
            message: message.into(),
        };
        if place != self.draft.finding.place && !self.draft.finding.labels.contains(&label) {
            self.draft.finding.labels.push(label);
        }
        self
    }

    /// Several such places.
    pub fn because_all(self, labels: impl IntoIterator<Item = (Place, String)>) -> Self {
        labels.into_iter().fold(self, |draft, (place, message)| {
            draft.because(place, message)
        })
    }

    /// An edit that mends it, where one is certain enough.
    pub fn fix(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.draft.finding.fix = fix.into();
        self
    }

    /// Other rules may mean the same mistake: they argue about `attribute` of the same service, where
    /// `wrong` is not what it should be.
    pub fn argues(self, attribute: Attribute, wrong: Wrong) -> Self {
        let subject = &self.draft.finding.subject;
        let owner = Owner {
            product: subject.product.clone(),
            service: subject.service.clone(),
        };
        self.argues_for(owner, attribute, wrong)
    }

    /// The same, about an attribute of another service.
    pub fn argues_for(mut self, owner: Owner, attribute: Attribute, wrong: Wrong) -> Self {
        self.draft.stake = Some(Stake {
            owner,
            attribute,
            wrong,
        });
        self
    }

    /// Ends the finding with the text to write.
    pub fn help(mut self, help: impl Into<String>) {
        self.draft.finding.help = help.into();
        self.report.drafts.push(self.draft);
    }
}
