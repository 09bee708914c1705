//! Rules: what each is called, how much it matters, and which acknowledgment codes it answers with.

use std::fmt;

/// One rule. All of them are in [`all`](super::all).
#[derive(Debug)]
pub struct Rule {
    /// Its stable name: `claim.replacement.reference`. For a rule about any place of a guide, the last part
    /// of the name: `length` of `837p.2010aa.n403.length`.
    pub id: &'static str,
    /// The number of the requirement in the rule book that it is one part of: `CLM04`.
    pub number: &'static str,
    /// SNIP level, 1 to 7.
    pub level: u8,
    /// How much a violation matters unless a partner says otherwise.
    pub severity: Severity,
    /// What an acknowledgment answers.
    pub codes: Codes,
    /// What is wrong when the rule is broken, in words a biller understands.
    pub title: &'static str,
    /// What to do about it.
    pub hint: &'static str,
    /// Whether the place that breaks it is part of its name.
    pub by_place: bool,
    /// Whether test data (ISA15 = T) break it with made-up people, numbers and addresses, so that there it
    /// only warns.
    pub invented: bool,
}

/// The codes of TA1, 999 and 277CA that a rule answers with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// TA105: note about the interchange.
    pub ta1: Option<&'static str>,
    /// AK905: about the functional group.
    pub ak9: Option<&'static str>,
    /// IK502: about the transaction set.
    pub ik5: Option<&'static str>,
    /// IK304: about the segment.
    pub ik3: Option<&'static str>,
    /// IK403: about the element.
    pub ik4: Option<&'static str>,
    /// Claim status: category, status and, where there is one, entity, as in `A7:562:85`; several are
    /// separated by a blank. The entity `*` is that of the loop the finding is in (NM101).
    pub stc: Option<&'static str>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A receiver may object.
    Warning,
    /// A receiver would reject.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl Rule {
    const fn new(severity: Severity, level: u8, number: &'static str, id: &'static str) -> Self {
        let codes = Codes { ta1: None, ak9: None, ik5: None, ik3: None, ik4: None, stc: None };
        Self { id, number, level, severity, codes, title: "", hint: "", by_place: false, invented: false }
    }

    /// A receiver would reject.
    pub(super) const fn error(level: u8, number: &'static str, id: &'static str) -> Self {
        Self::new(Severity::Error, level, number, id)
    }

    /// A receiver may object, or no public text confirms the rule.
    pub(super) const fn warning(level: u8, number: &'static str, id: &'static str) -> Self {
        Self::new(Severity::Warning, level, number, id)
    }

    /// Worth knowing.
    pub(super) const fn info(level: u8, number: &'static str, id: &'static str) -> Self {
        Self::new(Severity::Info, level, number, id)
    }

    /// What is wrong, and what to do.
    pub(super) const fn says(mut self, title: &'static str, hint: &'static str) -> Self {
        self.title = title;
        self.hint = hint;
        self
    }

    pub(super) const fn by_place(mut self) -> Self {
        self.by_place = true;
        self
    }

    /// In test data, whose people and numbers are made up, it only warns.
    pub(super) const fn invented(mut self) -> Self {
        self.invented = true;
        self
    }

    pub(super) const fn ta1(mut self, code: &'static str) -> Self {
        self.codes.ta1 = Some(code);
        self
    }

    pub(super) const fn ak9(mut self, code: &'static str) -> Self {
        self.codes.ak9 = Some(code);
        self
    }

    pub(super) const fn ik5(mut self, code: &'static str) -> Self {
        self.codes.ik5 = Some(code);
        self
    }

    /// IK304; a segment in error is also said of the set (IK502 5, or I5 for a code of the guide's own).
    pub(super) const fn ik3(mut self, code: &'static str) -> Self {
        self.codes.ik3 = Some(code);
        self.codes.ik5 = Some(if code.as_bytes()[0] == b'I' { "I5" } else { "5" });
        self
    }

    /// IK403, under an IK304 of 8.
    pub(super) const fn ik4(mut self, code: &'static str) -> Self {
        self.codes.ik3 = Some("8");
        self.codes.ik4 = Some(code);
        self.codes.ik5 = Some(if code.as_bytes()[0] == b'I' { "I5" } else { "5" });
        self
    }

    pub(super) const fn stc(mut self, status: &'static str) -> Self {
        self.codes.stc = Some(status);
        self
    }
}

/// Declares rules, each a static, and lists them all in `RULES`.
macro_rules! rules {
    ($($(#[$meta:meta])* $name:ident = $rule:expr;)*) => {
        $($(#[$meta])* pub(super) static $name: $crate::check::Rule = $rule;)*
        /// Every rule of this file.
        pub(in $crate::check) static RULES: &[&$crate::check::Rule] = &[$(&$name),*];
    };
}
pub(super) use rules;
