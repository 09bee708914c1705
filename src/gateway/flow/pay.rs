//! Remittances that a payer's own system gives, made into an 835 and put on their way.

use std::{
    io::{BufReader, Cursor, Read},
    sync::Arc,
};

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    FlowError, Submission, SubmitError,
    batch::Numbers,
    deliver::{self, New, Outlet},
    examine::{self, Examination},
    facts::Line,
    outline,
    remit::{self, Facts, Remitted},
};
use crate::{
    gateway::{
        Gateway, Id,
        connect::Content,
        store::{self, Tx, payload},
    },
    ndjson,
    partner::Partner,
};

/// Bytes of a submission of remittances.
const MOST_BYTES: u64 = 256 << 20;

/// What became of remittances that were given.
#[derive(Debug, Serialize, ToSchema)]
pub struct Given {
    /// The file they stand in; none if they were refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<Id>,
    /// Claim payments in it.
    pub payments: usize,
    /// The remittance that is the same payment (TRN02, TRN03, amount, date) and was given before: nothing is sent. To
    /// have it sent once more, resend its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Id>,
    /// What was found. An error refuses all of it: a remittance is one payment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub findings: Vec<Box<RawValue>>,
}

/// Remittances that were checked and balanced, before they are stored.
pub struct Balanced {
    given: Given,
    /// None if they are refused.
    made: Option<Made>,
}

/// The 835, and what is to be recorded of it.
struct Made {
    partner: Arc<Partner>,
    outlet: Outlet,
    new: New,
    lines: Vec<u8>,
    rows: Vec<remit::Row>,
}

impl Gateway {
    /// Takes remittances as JSON lines (`payment` and `provider_adjustment`), checks and balances them, and puts
    /// the 835 on its way to the partner. It blocks.
    ///
    /// # Errors
    /// Lines that are none, a partner that there is not, the store's.
    pub fn pay(&self, given: Submission<impl Read>) -> Result<Given, SubmitError> {
        let balanced = self.balance(given)?;
        Ok(self.store().write_blocking(move |tx| Self::remit(tx, balanced))?)
    }

    /// Reads, checks and balances remittances, and writes the 835; nothing of it counts yet. It blocks.
    ///
    /// # Errors
    /// As for [`pay`](Self::pay).
    pub fn balance(&self, given: Submission<impl Read>) -> Result<Balanced, SubmitError> {
        let name = given.partner.ok_or_else(|| SubmitError::Unreadable("name the partner that is paid".into()))?;
        let allowed = given.only.as_ref().is_none_or(|only| only.contains(&name));
        let partner = self.partner(&name).filter(|_| allowed).ok_or_else(|| SubmitError::NoPartner(name.clone()))?;
        let mut text = Vec::new();
        given.claims.take(MOST_BYTES + 1).read_to_end(&mut text)?;
        if text.len() as u64 > MOST_BYTES {
            return Err(SubmitError::TooMany);
        }
        let settings = |problem: &dyn std::fmt::Display| SubmitError::Settings(name.clone(), problem.to_string());
        let mut writing = partner.options_for("835").map_err(|error| settings(&error))?;
        let (mut rows, mut lines) = (Vec::new(), Vec::new());
        ndjson::each(Cursor::new(&text), |number, line| {
            let line = line.trim_ascii();
            if line.is_empty() {
                return Ok(());
            }
            let facts = Line::of(line).ok().and_then(|facts| Facts::of(line, &facts));
            let Some(facts) = facts else {
                return Err(SubmitError::Unreadable(format!("line {number} is no payment and no provider adjustment")));
            };
            rows.push((lines.len() as u64, line.len() as u64, facts));
            lines.extend_from_slice(line);
            lines.push(b'\n');
            Ok(())
        })?;
        let room = tempfile::SpooledTempFile::new(1 << 20);
        let Examination { claims, around } =
            examine::lines(Cursor::new(&lines), &writing, &self.checking(partner.name()), room)?;
        let refused = claims.iter().any(|claim| claim.refused) || around.iter().any(|finding| is_error(finding));
        let findings = around.into_iter().chain(claims.into_iter().flat_map(|claim| claim.findings)).collect();
        let payments = rows.iter().filter(|(.., facts)| facts.is_payment()).count();
        if refused || rows.is_empty() {
            return Ok(Balanced { given: Given { file: None, payments, repeats: None, findings }, made: None });
        }
        let Numbers { interchange, group } = self.numbers(&partner).map_err(failed)?;
        writing.control_number = interchange;
        writing.group_control_number = group;
        let mut writer = ndjson::Writer::new(self.store().payload_writer()?, writing);
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            writer.push(line)?;
        }
        let sealed = writer.finish()?.finish()?;
        let outline = outline::of(BufReader::new(self.store().payload_reader(sealed.id)?)).map_err(failed)?;
        // Lines of one trace stand in one transaction set, and sets follow each other as their first lines do.
        let mut traces: Vec<String> = Vec::new();
        let rows = rows.into_iter().map(|(offset, length, facts)| {
            if traces.last().is_none_or(|trace| trace != facts.trace()) {
                traces.push(facts.trace().to_owned());
            }
            remit::Row { offset, length, set: traces.len() - 1, facts }
        });
        let rows: Vec<remit::Row> = rows.collect();
        let outlet = Outlet::of(&partner);
        let new = New { content: Content::Remittance835, sealed, outline };
        let made = Some(Made { partner, outlet, new, lines, rows });
        Ok(Balanced { given: Given { file: None, payments, repeats: None, findings }, made })
    }

    /// Stores what was balanced, and puts the 835 on its way. It is one work; give it to the store.
    ///
    /// # Errors
    /// The store's.
    pub fn remit(tx: &mut dyn Tx, balanced: Balanced) -> store::Result<Given> {
        let Balanced { given, made } = balanced;
        let Some(Made { partner, outlet, new, lines, rows }) = made else { return Ok(given) };
        if let Some(first) = remit::given_before(tx, partner.name(), &rows)? {
            return Ok(Given { repeats: Some(first), ..given });
        }
        let lines = payload::put(tx, "lines", &lines)?.id;
        let (file, _) = deliver::made(tx, &partner, &new, None)?;
        remit::record(tx, Remitted { file, direction: "out", partner: partner.name(), lines }, &rows, &[])?;
        deliver::ask(tx, partner.name(), file, outlet)?;
        tracing::info!(partner = partner.name(), file.id = %file, payments = given.payments, "a remittance was made");
        Ok(Given { file: Some(file), ..given })
    }
}

fn is_error(finding: &RawValue) -> bool {
    #[derive(serde::Deserialize)]
    struct Severity<'a> {
        severity: &'a str,
    }
    serde_json::from_str::<Severity<'_>>(finding.get()).map_or(true, |finding| finding.severity == "error")
}

fn failed(error: FlowError) -> SubmitError {
    match error {
        FlowError::Store(error) => SubmitError::Store(error),
        FlowError::Io(error) => SubmitError::Io(error),
        error => SubmitError::Unreadable(error.to_string()),
    }
}
