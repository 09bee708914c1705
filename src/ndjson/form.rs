//! The forms of lines: what each kind takes from its guide.

use std::sync::OnceLock;

use crate::{
    claims::{
        BillingProvider, Claim, ClaimBatch, ClaimPayment, ClaimStatus, ClaimStatusReport, FunctionalAcknowledgment,
        Patient, Payer, PaymentGroup, Remittance, StatusPatient, StatusProvider, StatusReceiver, StatusSource,
        Subscriber,
    },
    guide::{self, Guide, NodeId, Role},
    record::{Binding, Record, Shape},
};

/// The form of the lines of one guide.
pub(super) struct Form {
    pub(super) kind: &'static str,
    /// Name of the guide.
    guide: &'static str,
    /// What stands above, outermost first.
    levels: &'static [Level],
    /// Of the unit: the guide's claim, or if it has none the transaction set. The same loop may stand under two
    /// levels.
    shape: &'static Shape,
}

/// Something above a unit.
pub(super) struct Level {
    pub(super) name: &'static str,
    /// Loop ids from the root.
    path: &'static str,
    shape: &'static Shape,
    /// Fields of the table that a line does not have: what stands below, and what the line says
    /// elsewhere.
    without: &'static [&'static str],
}

const BATCH: &[&str] = &["control_number", "guide", "billing_providers"];

macro_rules! claims {
    ($kind:literal, $guide:literal) => {
        Form {
            kind: $kind,
            guide: $guide,
            levels: &[
                Level { name: "batch", path: "", shape: ClaimBatch::SHAPE, without: BATCH },
                Level { name: "billing_provider", path: "2000A", shape: BillingProvider::SHAPE, without: &[] },
                Level { name: "subscriber", path: "2000A/2000B", shape: Subscriber::SHAPE, without: &[] },
                Level { name: "payer", path: "2000A/2000B/2010BB", shape: Payer::SHAPE, without: &[] },
                Level { name: "patient", path: "2000A/2000B/2000C", shape: Patient::SHAPE, without: &[] },
            ],
            shape: Claim::SHAPE,
        }
    };
}

static FORMS: &[Form] = &[
    claims!("professional", "837P"),
    claims!("institutional", "837I"),
    claims!("dental", "837D"),
    Form {
        kind: "payment",
        guide: "835",
        levels: &[
            Level {
                name: "remittance",
                path: "",
                shape: Remittance::SHAPE,
                without: &["control_number", "groups", "provider_adjustments"],
            },
            Level { name: "group", path: "2000", shape: PaymentGroup::SHAPE, without: &["claims"] },
        ],
        shape: ClaimPayment::SHAPE,
    },
    Form {
        kind: "claim_status",
        guide: "277CA",
        levels: &[
            Level {
                name: "report",
                path: "",
                shape: ClaimStatusReport::SHAPE,
                without: &["control_number", "guide", "source"],
            },
            Level { name: "information_source", path: "2000A", shape: StatusSource::SHAPE, without: &["receiver"] },
            Level {
                name: "information_receiver",
                path: "2000A/2000B",
                shape: StatusReceiver::SHAPE,
                without: &["providers"],
            },
            Level {
                name: "billing_provider",
                path: "2000A/2000B/2000C",
                shape: StatusProvider::SHAPE,
                without: &["patients"],
            },
            Level {
                name: "patient",
                path: "2000A/2000B/2000C/2000D",
                shape: StatusPatient::SHAPE,
                without: &["claims"],
            },
        ],
        shape: ClaimStatus::SHAPE,
    },
    Form { kind: "acknowledgment", guide: "999", levels: &[], shape: FunctionalAcknowledgment::SHAPE },
];

/// Fields of the head of a transaction set that a line says elsewhere, or not at all.
pub(super) const NUMBERS: &[&str] = &["control_number", "guide"];

/// Members of a line that say where it comes from and what it is.
pub(super) const ABOUT: &[&str] = &["kind", "guide", "source"];

impl Form {
    /// The form of a kind of line.
    pub(super) fn of_kind(kind: &str) -> Option<&'static Bound> {
        // Payments and provider adjustments share their remittance.
        let kind = if kind == "provider_adjustment" { "payment" } else { kind };
        FORMS.iter().position(|form| form.kind == kind).and_then(bound)
    }

    /// The form of a guide's lines.
    pub(super) fn of_guide(guide: &Guide) -> Option<&'static Bound> {
        FORMS.iter().position(|form| form.guide == guide.name).and_then(bound)
    }
}

/// A form with its bindings.
pub(super) struct Bound {
    pub(super) form: &'static Form,
    pub(super) guide: &'static Guide,
    pub(super) levels: Vec<BoundLevel>,
    pub(super) units: Vec<Unit>,
    /// Members of a line that are not fields of the unit.
    pub(super) aside: Vec<&'static str>,
}

pub(super) struct BoundLevel {
    pub(super) name: &'static str,
    /// Fields of the table that a line does not have.
    pub(super) without: &'static [&'static str],
    pub(super) binding: Binding,
    /// Whether the level has a hierarchical number of its own.
    pub(super) hierarchical: bool,
}

/// A place of the unit. It is bound when it is first asked for: most files have the unit at one place only.
pub(super) struct Unit {
    guide: &'static Guide,
    pub(super) node: NodeId,
    shape: &'static Shape,
    binding: OnceLock<Binding>,
}

impl Unit {
    pub(super) fn binding(&self) -> &Binding {
        self.binding.get_or_init(|| Binding::at(self.guide, self.node, self.shape))
    }
}

impl Bound {
    pub(super) fn unit(&self, node: NodeId) -> Option<&Binding> {
        self.units.iter().find(|unit| unit.node == node).map(Unit::binding)
    }
}

/// What the lines of a guide are made of, for those who describe them.
pub(crate) struct LineForm {
    /// The `kind` of a line.
    pub(crate) kind: &'static str,
    /// What stands above the unit, each member by its name.
    pub(crate) levels: Vec<(&'static str, &'static Binding)>,
    /// The unit itself, at each of its places; its fields stand in the line.
    pub(crate) units: Vec<&'static Binding>,
}

/// The form of a guide's lines, if it has any.
pub(crate) fn line_form(guide: &Guide) -> Option<LineForm> {
    let bound = Form::of_guide(guide)?;
    let levels = bound.levels.iter().map(|level| (level.name, &level.binding)).collect();
    let units = bound.units.iter().map(Unit::binding).collect();
    Some(LineForm { kind: bound.form.kind, levels, units })
}

fn bound(index: usize) -> Option<&'static Bound> {
    static BOUND: [OnceLock<Option<Bound>>; 6] = [const { OnceLock::new() }; 6];
    BOUND.get(index)?.get_or_init(|| bind(FORMS.get(index)?)).as_ref()
}

fn bind(form: &'static Form) -> Option<Bound> {
    let guide = guide::by_name(form.guide)?.ok()?;
    let mut levels = Vec::new();
    for level in form.levels {
        let binding = Binding::with(guide, level.path, level.shape, |field| !level.without.contains(&field)).ok()?;
        levels.push(BoundLevel {
            name: level.name,
            without: level.without,
            hierarchical: binding.is_hierarchical(),
            binding,
        });
    }
    let unit = |node| Unit { guide, node, shape: form.shape, binding: OnceLock::new() };
    let mut units: Vec<Unit> = guide.nodes().filter(|node| guide.role(*node) == Role::Claim).map(unit).collect();
    if units.is_empty() {
        units.push(unit(NodeId::ROOT));
    }
    let aside = ABOUT.iter().copied().chain(form.levels.iter().map(|level| level.name)).collect();
    Some(Bound { form, guide, levels, units, aside })
}
