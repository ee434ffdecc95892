//! What was found, where, and what to write instead.

use std::fmt::{self, Write as _};

use super::node::Place;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It breaks something or opens a hole.
    Error,
    /// It may be meant so.
    Warning,
}

/// A kind of finding. All of them are in [`codes`](super::codes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Its name, which stays as it is.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, for everybody.
    pub meaning: &'static str,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub code: Code,
    /// The line to look at.
    pub place: Place,
    /// The vhosts it concerns; none if it concerns the whole.
    pub vhosts: Vec<String>,
    /// What is wrong, in a sentence.
    pub problem: String,
    /// The lines to write instead.
    pub remedy: String,
}

/// What was found, and what is worth a remark.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<Finding>,
    /// Sentences that are no findings.
    pub notes: Vec<String>,
}

impl Findings {
    /// Adds a finding of the whole.
    pub fn add(&mut self, code: Code, place: &Place, problem: impl Into<String>, remedy: impl Into<String>) {
        let (problem, remedy) = (problem.into(), remedy.into());
        self.found.push(Finding { code, place: place.clone(), vhosts: Vec::new(), problem, remedy });
    }

    /// Adds a finding of a vhost. What is the same for several is one finding.
    pub fn add_for(
        &mut self,
        vhost: &str,
        code: Code,
        place: &Place,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let (problem, remedy) = (problem.into(), remedy.into());
        let same = |other: &&mut Finding| {
            other.code == code
                && other.place == *place
                && other.problem == problem
                && other.remedy == remedy
                && !other.vhosts.is_empty()
        };
        if let Some(other) = self.found.iter_mut().find(same) {
            other.vhosts.push(vhost.to_owned());
        } else {
            self.found.push(Finding {
                code,
                place: place.clone(),
                vhosts: vec![vhost.to_owned()],
                problem,
                remedy,
            });
        }
    }

    /// All of them, by file and line.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Finding> {
        let mut all: Vec<_> = self.found.iter().collect();
        all.sort_by(|one, other| one.place.cmp(&other.place));
        all
    }

    /// How many there are of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.found.iter().filter(|finding| finding.code.severity == severity).count()
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// Two lines, and one for each line of the remedy.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, place, vhosts, problem, remedy } = self;
        write!(f, "{}: {place}: [{}] ", code.severity, code.name)?;
        if !vhosts.is_empty() {
            write!(f, "{}: ", vhosts.join(", "))?;
        }
        f.write_str(problem)?;
        let mut lines = remedy.lines();
        write!(f, "\n    write: {}", lines.next().unwrap_or_default())?;
        for line in lines {
            f.write_char('\n')?;
            write!(f, "           {line}")?;
        }
        Ok(())
    }
}
