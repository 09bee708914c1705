//! Claims and payments as tables for a spreadsheet.
//!
//! The columns are one table, [`COLUMNS`]: name, meaning, the kinds of rows that have it, and how its cell
//! is found in the JSON of a claim on its own. Help is made of it too.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _, io::Write};

use clap::ValueEnum;
use serde_json::Value;

use super::Outcome;

/// Which rows a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// A row for each service line; for a claim without lines, or with adjustments of its own, one more
    Lines,
    /// A row for each claim, claim payment, provider adjustment and claim status
    Claims,
    /// A row for each reason for which money was taken off or added
    Adjustments,
    /// A row for each payment (835)
    Payments,
}

/// Writes one table from the lines of NDJSON.
pub struct Tables<W: Write> {
    table: Table,
    out: csv::Writer<W>,
    /// The remittance of the row before, in a table of payments.
    remittance: Option<Value>,
    /// Kinds of lines that the table has no rows for, and how many there were.
    left_out: BTreeMap<String, u64>,
}

impl<W: Write> Tables<W> {
    /// Begins a table with its heading.
    ///
    /// # Errors
    /// Output that fails.
    pub fn new(table: Table, output: W) -> anyhow::Result<Self> {
        let mut out = csv::Writer::from_writer(output);
        out.write_record(columns(table).map(|column| column.name))?;
        Ok(Self { table, out, remittance: None, left_out: BTreeMap::new() })
    }

    /// Adds the rows of one line of NDJSON.
    ///
    /// # Errors
    /// A line that is not JSON; output that fails.
    pub fn push(&mut self, line: &[u8]) -> anyhow::Result<()> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let unit: Value = serde_json::from_slice(line)?;
        let kind = unit["kind"].as_str().unwrap_or_default();
        let has_rows = match self.table {
            Table::Payments => matches!(kind, "payment" | "provider_adjustment"),
            _ => !matches!(kind, "acknowledgment" | "interchange_acknowledgment"),
        };
        if !has_rows {
            *self.left_out.entry(kind.to_owned()).or_default() += 1;
            return Ok(());
        }
        let row = Row { unit: &unit, line: &Value::Null, place: 0, item: Item::None };
        match self.table {
            Table::Claims => self.row(row),
            Table::Lines => {
                let lines = list(&unit, "lines");
                if lines.is_empty() || !list(&unit, "adjustments").is_empty() {
                    self.row(Row { item: if lines.is_empty() { Item::None } else { Item::Rest }, ..row })?;
                }
                (1..).zip(lines).try_for_each(|(place, line)| self.row(Row { line, place, ..row }))
            }
            Table::Adjustments => self.adjustments(row),
            Table::Payments => {
                let again = self.remittance.as_ref().is_some_and(|last| *last == unit["remittance"]);
                if again {
                    return Ok(());
                }
                self.remittance = Some(unit["remittance"].clone());
                self.row(row)
            }
        }
    }

    /// Ends the table; says on standard error what had no rows in it.
    ///
    /// # Errors
    /// Output that fails.
    pub fn finish(mut self) -> anyhow::Result<Outcome> {
        self.out.flush()?;
        for (kind, count) in &self.left_out {
            let kind = if kind.is_empty() { "objects of no kind" } else { kind };
            let _ = writeln!(
                std::io::stderr(),
                "claimwire: {count} × {kind}: not in this table; convert to ndjson to see all"
            );
        }
        Ok(Outcome::Done)
    }

    fn adjustments(&mut self, row: Row<'_>) -> anyhow::Result<()> {
        if row.is("provider_adjustment") {
            return list(row.unit, "adjustments")
                .iter()
                .try_for_each(|reason| self.row(Row { item: Item::Reason { group: "", reason, by: "" }, ..row }));
        }
        self.reasons(row, list(row.unit, "adjustments"), "")?;
        for coverage in list(row.unit, "other_coverages") {
            self.reasons(row, list(coverage, "adjustments"), &cell(coverage, "/payer/id"))?;
        }
        for (place, line) in (1..).zip(list(row.unit, "lines")) {
            let row = Row { line, place, ..row };
            self.reasons(row, list(line, "adjustments"), "")?;
            for adjudication in list(line, "adjudications") {
                self.reasons(row, list(adjudication, "adjustments"), &cell(adjudication, "/payer_id"))?;
            }
        }
        Ok(())
    }

    fn reasons(&mut self, row: Row<'_>, adjustments: &[Value], by: &str) -> anyhow::Result<()> {
        for adjustment in adjustments {
            let group = cell(adjustment, "/group");
            for reason in list(adjustment, "reasons") {
                self.row(Row { item: Item::Reason { group: &group, reason, by }, ..row })?;
            }
        }
        Ok(())
    }

    fn row(&mut self, row: Row<'_>) -> anyhow::Result<()> {
        for column in columns(self.table) {
            self.out.write_field((column.cell)(row).as_bytes())?;
        }
        Ok(self.out.write_record(None::<&[u8]>)?)
    }
}

/// What a row is about.
#[derive(Clone, Copy)]
struct Row<'v> {
    /// A line of NDJSON.
    unit: &'v Value,
    /// The service line, or null.
    line: &'v Value,
    /// The line's place among its claim's, from 1; 0 without a line.
    place: usize,
    item: Item<'v>,
}

#[derive(Clone, Copy)]
enum Item<'v> {
    None,
    /// What a claim has beside its lines: its own adjustments, no amounts that the lines have too.
    Rest,
    /// One reason of an adjustment, and the other payer that made it.
    Reason {
        group: &'v str,
        reason: &'v Value,
        by: &'v str,
    },
}

impl Row<'_> {
    fn is(&self, kind: &str) -> bool {
        self.unit["kind"].as_str() == Some(kind)
    }

    /// The first of these places of the claim that has something.
    fn claim(&self, pointers: &[&str]) -> Cow<'_, str> {
        first(self.unit, pointers)
    }

    fn line(&self, pointer: &str) -> Cow<'_, str> {
        cell(self.line, pointer)
    }

    /// Of the line if it says so, else of the claim.
    fn either(&self, pointer: &str) -> Cow<'_, str> {
        let of_line = self.line(pointer);
        if of_line.is_empty() { cell(self.unit, pointer) } else { of_line }
    }

    /// An amount of the line, or of the claim if the row is about the claim.
    fn amount(&self, pointer: &str) -> Cow<'_, str> {
        match self.item {
            Item::Rest => Cow::Borrowed(""),
            _ if self.line.is_null() => cell(self.unit, pointer),
            _ => self.line(pointer),
        }
    }

    /// The object of the row: its line, or its claim.
    fn own(&self) -> &Value {
        if self.line.is_null() { self.unit } else { self.line }
    }

    /// The person treated: the patient, or the subscriber who is the patient.
    fn patient(&self, names: &[&str]) -> Cow<'_, str> {
        let patient = &self.unit["patient"];
        let person = if patient.is_null() { &self.unit["subscriber"] } else { patient };
        first(person, names)
    }

    /// The first (`end` 0) or last day of the service.
    fn service_day(&self, end: usize) -> Cow<'_, str> {
        let of = |value: &Value| -> Option<String> {
            for field in ["service_date", "statement_period"] {
                match &value[field] {
                    Value::String(day) => return Some(day.clone()),
                    Value::Object(period) => {
                        return Some(period.get(if end == 0 { "from" } else { "to" })?.as_str()?.to_owned());
                    }
                    _ => {}
                }
            }
            let dates = [list(value, "service_dates"), list(value, "statement_dates")].concat();
            let wanted = if end == 0 { ["472", "150", "232"] } else { ["472", "151", "233"] };
            let date = dates.iter().find(|date| wanted.iter().any(|kind| date["kind"] == **kind))?;
            Some(date["date"].as_str()?.to_owned())
        };
        of(self.line).or_else(|| of(self.unit)).unwrap_or_default().into()
    }

    /// Codes of the diagnoses: those that the line points to, else all of the claim.
    fn diagnoses(&self) -> Cow<'_, str> {
        let all: Vec<Cow<'_, str>> = ["diagnoses", "other_diagnoses"]
            .iter()
            .flat_map(|field| list(self.unit, field))
            .map(|one| cell(one, "/code"))
            .collect();
        let pointers: Vec<usize> = list(self.line, "diagnosis_pointers")
            .iter()
            .filter_map(|at| usize::try_from(at.as_u64()?).ok()?.checked_sub(1))
            .collect();
        let codes: Vec<&str> = if pointers.is_empty() {
            all.iter().map(AsRef::as_ref).collect()
        } else {
            pointers.iter().filter_map(|&at| Some(all.get(at)?.as_ref())).collect()
        };
        codes.join(" ").into()
    }

    /// `CO-45:10.00;PR-1:5.00`
    fn adjustments(&self) -> Cow<'_, str> {
        let mut text = String::new();
        for adjustment in list(self.own(), "adjustments") {
            let group = cell(adjustment, "/group");
            let reasons = list(adjustment, "reasons");
            let dash = if group.is_empty() { "" } else { "-" };
            for reason in if reasons.is_empty() { std::slice::from_ref(adjustment) } else { reasons } {
                let separator = if text.is_empty() { "" } else { ";" };
                let _ = write!(text, "{separator}{group}{dash}{}:{}", cell(reason, "/reason"), cell(reason, "/amount"));
            }
        }
        text.into()
    }

    fn remarks(&self) -> Cow<'_, str> {
        let own = self.own();
        let mut codes: Vec<Cow<'_, str>> = list(own, "remarks").iter().map(|remark| cell(remark, "/code")).collect();
        codes.push(cell(own, "/inpatient/remark_code"));
        for field in ["/inpatient/further_remark_codes", "/outpatient/remark_codes"] {
            codes.extend(own.pointer(field).and_then(Value::as_array).into_iter().flatten().map(|code| cell(code, "")));
        }
        codes.retain(|code| !code.is_empty());
        codes.join(" ").into()
    }

    /// What became of the claim: CLP02, or `category:status` of a 277CA.
    fn status(&self) -> Cow<'_, str> {
        let statuses: Vec<String> = list(self.own(), "statuses")
            .iter()
            .map(|one| format!("{}:{}", cell(one, "/code/category"), cell(one, "/code/status")))
            .collect();
        if statuses.is_empty() { cell(self.unit, "/status") } else { statuses.join(" ").into() }
    }

    fn kind_of_amount(&self, kind: &str) -> Cow<'_, str> {
        list(self.own(), "amounts")
            .iter()
            .find(|amount| amount["kind"] == *kind)
            .map_or(Cow::Borrowed(""), |amount| cell(amount, "/amount"))
    }

    fn reason(&self, pointer: &str) -> Cow<'_, str> {
        match self.item {
            Item::Reason { reason, .. } => cell(reason, pointer),
            _ => Cow::Borrowed(""),
        }
    }
}

struct Column {
    name: &'static str,
    tables: &'static [Table],
    meaning: &'static str,
    cell: for<'r> fn(Row<'r>) -> String,
}

fn columns(table: Table) -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(move |column| column.tables.contains(&table))
}

/// The columns, for the help.
pub fn columns_help() -> String {
    let mut text = String::from("Columns of --to csv (L lines, C claims, A adjustments, P payments):\n");
    for column in COLUMNS {
        let letters: String = column
            .tables
            .iter()
            .map(|table| match table {
                Table::Lines => 'L',
                Table::Claims => 'C',
                Table::Adjustments => 'A',
                Table::Payments => 'P',
            })
            .collect();
        let _ = write!(text, "\n  {:<22} {letters:<4}  {}", column.name, column.meaning);
    }
    text
}

const ALL: &[Table] = &[Table::Lines, Table::Claims, Table::Adjustments, Table::Payments];
const L: &[Table] = &[Table::Lines];
const C: &[Table] = &[Table::Claims];
const A: &[Table] = &[Table::Adjustments];
const P: &[Table] = &[Table::Payments];
const LC: &[Table] = &[Table::Lines, Table::Claims];
const LA: &[Table] = &[Table::Lines, Table::Adjustments];
const LCA: &[Table] = &[Table::Lines, Table::Claims, Table::Adjustments];

macro_rules! columns {
    ($($name:literal $tables:ident $meaning:literal |$row:ident| $cell:expr;)*) => {
        &[$(Column { name: $name, tables: $tables, meaning: $meaning, cell: |$row| String::from($cell) }),*]
    };
}

/// Every column of every table.
const COLUMNS: &[Column] = columns! {
    "file"                   ALL "the file that it comes from" |row| row.claim(&["/source/file"]);
    "kind"                   ALL "professional, institutional, dental, payment, provider_adjustment, claim_status" |row| row.claim(&["/kind"]);
    "claim"                  LCA "the provider's number of the claim (CLM01, CLP01)" |row| row.claim(&["/control_number"]);
    "payer_claim"            LCA "the payer's number of the claim" |row| row.claim(&["/payer_control_number"]);
    "frequency"              LC  "1 original, 7 replacement, 8 void" |row| row.claim(&["/frequency"]);
    "status"                 LC  "835: 1 primary, 2 secondary, 4 denied, 22 reversal; 277CA: category:status" |row| row.status();
    "payer"                  ALL "name of the payer" |row| row.claim(&["/payer/name", "/remittance/payer/name", "/information_source/name"]);
    "payer_id"               LCA "identifier of the payer" |row| row.claim(&["/payer/id", "/remittance/payer/id", "/information_source/id"]);
    "provider"               ALL "name of the billing provider or payee" |row| row.claim(&["/billing_provider/name", "/remittance/payee/name", "/billing_provider/names/0/name"]);
    "provider_id"            ALL "NPI of the billing provider, or identifier of the payee" |row| row.claim(&["/billing_provider/npi", "/provider_id", "/remittance/payee/id", "/billing_provider/names/0/id"]);
    "rendering_id"           LC  "NPI or identifier of the rendering provider" |row| {
        let of_line = row.line("/rendering_provider/npi");
        if of_line.is_empty() { row.claim(&["/rendering_provider/npi", "/rendering_provider/id"]) } else { of_line }
    };
    "patient_last_name"      LC  "who was treated" |row| row.patient(&["/last_name", "/name"]);
    "patient_first_name"     LC  "who was treated" |row| row.patient(&["/first_name"]);
    "birth_date"             LC  "of the patient" |row| row.patient(&["/birth_date"]);
    "member_id"              LC  "of the insured" |row| row.claim(&["/subscriber/member_id", "/insured/id", "/patient/id", "/patient/member_id"]);
    "place_of_service"       LC  "place of service, or facility type" |row| row.either("/place_of_service");
    "diagnoses"              LC  "codes, the principal one first; of a line those that it points to" |row| row.diagnoses();
    "line"                   LA  "which service line, from 1; empty in a row about the claim as a whole" |row| match row.place {
        0 => Cow::Borrowed(""),
        place => Cow::Owned(place.to_string()),
    };
    "line_control_number"    LA  "the provider's number of the line" |row| row.line("/control_number");
    "service_from"           LCA "first day" |row| row.service_day(0);
    "service_to"             LCA "last day" |row| row.service_day(1);
    "revenue_code"           LA  "institutional" |row| row.line("/revenue_code");
    "procedure"              LA  "code of the procedure; its list is in the JSON" |row| row.line("/procedure/code");
    "modifiers"              L   "with blanks between" |row| list(&row.line["procedure"], "modifiers").iter().map(|one| cell(one, "")).collect::<Vec<_>>().join(" ");
    "quantity"               L   "units billed or paid" |row| row.line("/quantity");
    "unit"                   L   "UN units, MJ minutes, DA days" |row| row.line("/unit");
    "charge"                 LC  "what was charged" |row| row.amount("/charge");
    "allowed"                L   "835: what the payer allows (AMT B6)" |row| row.kind_of_amount("B6");
    "paid"                   LC  "835: what was paid" |row| row.amount("/paid");
    "patient_responsibility" C   "835: what the patient owes" |row| row.claim(&["/patient_responsibility"]);
    "adjustments"            LC  "group-reason:amount, such as CO-45:10.00;PR-1:5.00" |row| row.adjustments();
    "remarks"                LC  "remark codes, with blanks between" |row| row.remarks();
    "adjusted_by"            A   "identifier of the other payer, where an 837 reports what one has decided" |row| match row.item {
        Item::Reason { by, .. } => Cow::Borrowed(by),
        _ => Cow::Borrowed(""),
    };
    "group"                  A   "CO contractual, PR patient, OA other, PI payer" |row| match row.item {
        Item::Reason { group, .. } => Cow::Borrowed(group),
        _ => Cow::Borrowed(""),
    };
    "reason"                 A   "CARC; of a provider adjustment WO, FB, L6, …" |row| row.reason("/reason");
    "amount"                 A   "taken off the payment; negative when added to it" |row| row.reason("/amount");
    "units"                  A   "units of service taken off" |row| row.reason("/quantity");
    "reference"              A   "what a provider adjustment is about" |row| row.reason("/id");
    "trace_number"           ALL "835: number of the check or transfer" |row| row.claim(&["/remittance/trace_number"]);
    "payment_date"           ALL "835: day of the check or transfer" |row| row.claim(&["/remittance/payment/effective_date"]);
    "method"                 P   "CHK check, ACH transfer, NON no payment" |row| row.claim(&["/remittance/payment/method"]);
    "payment_amount"         P   "835: the whole payment" |row| row.claim(&["/remittance/payment/amount"]);
    "credit_debit"           P   "C credit, D debit to the payee" |row| row.claim(&["/remittance/payment/credit_debit"]);
};

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What stands at a JSON pointer, as a cell.
fn cell<'v>(value: &'v Value, pointer: &str) -> Cow<'v, str> {
    match value.pointer(pointer) {
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(Value::Number(number)) => Cow::Owned(number.to_string()),
        Some(Value::Bool(flag)) => Cow::Borrowed(if *flag { "yes" } else { "no" }),
        _ => Cow::Borrowed(""),
    }
}

fn first<'v>(value: &'v Value, pointers: &[&str]) -> Cow<'v, str> {
    pointers.iter().map(|pointer| cell(value, pointer)).find(|cell| !cell.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of a table, as `column=value` of the columns asked for.
    fn rows(table: Table, lines: &[&str], columns: &[&str]) -> Vec<String> {
        let mut out = Vec::new();
        let mut tables = Tables::new(table, &mut out).unwrap();
        for line in lines {
            tables.push(line.as_bytes()).unwrap();
        }
        tables.finish().unwrap();
        let mut reader = csv::Reader::from_reader(&out[..]);
        let heading = reader.headers().unwrap().clone();
        let at: Vec<usize> = columns.iter().map(|name| heading.iter().position(|one| one == *name).unwrap()).collect();
        reader
            .records()
            .map(|row| at.iter().map(|&at| row.as_ref().unwrap()[at].to_owned()).collect::<Vec<_>>().join("|"))
            .collect()
    }

    const PAYMENT: &str = r#"{"kind":"payment","control_number":"A","charge":"100","paid":"60",
        "adjustments":[{"group":"OA","reasons":[{"reason":"23","amount":"10"}]}],
        "outpatient":{"remark_codes":["MA01","MA07"]},
        "lines":[{"charge":"100","paid":"60","adjustments":[{"group":"CO","reasons":[{"reason":"45","amount":"20"},{"reason":"253","amount":"10"}]}]}]}"#;

    #[test]
    fn adjustments_of_a_claim_have_a_row_of_their_own_and_its_amounts_are_not_counted_twice() {
        let columns = ["claim", "line", "charge", "paid", "adjustments", "remarks"];
        assert_eq!(
            rows(Table::Lines, &[PAYMENT], &columns),
            ["A||||OA-23:10|MA01 MA07", "A|1|100|60|CO-45:20;CO-253:10|"]
        );
        let without_lines = r#"{"kind":"payment","control_number":"B","charge":"5","paid":"0"}"#;
        assert_eq!(rows(Table::Lines, &[without_lines], &columns), ["B||5|0||"]);
    }

    #[test]
    fn what_other_payers_decided_is_told_apart() {
        let claim = r#"{"kind":"professional","control_number":"C",
            "other_coverages":[{"payer":{"id":"P1"},"adjustments":[{"group":"PR","reasons":[{"reason":"1","amount":"7"}]}]}],
            "lines":[{},{"adjudications":[{"payer_id":"P1","adjustments":[{"group":"CO","reasons":[{"reason":"45","amount":"3","quantity":"1"}]}]}]}]}"#;
        let columns = ["claim", "line", "adjusted_by", "group", "reason", "amount", "units"];
        assert_eq!(rows(Table::Adjustments, &[claim], &columns), ["C||P1|PR|1|7|", "C|2|P1|CO|45|3|1"]);
    }

    #[test]
    fn a_payment_is_one_row_however_many_claims_it_has() {
        let one = r#"{"kind":"payment","remittance":{"trace_number":"T1","payment":{"amount":"9"}}}"#;
        let other = r#"{"kind":"payment","remittance":{"trace_number":"T2","payment":{"amount":"8"}}}"#;
        assert_eq!(
            rows(Table::Payments, &[one, one, "", other], &["trace_number", "payment_amount"]),
            ["T1|9", "T2|8"]
        );
    }

    #[test]
    fn columns_have_distinct_names_and_say_what_they_are() {
        for (at, column) in COLUMNS.iter().enumerate() {
            assert!(COLUMNS.iter().skip(at + 1).all(|other| other.name != column.name), "{}", column.name);
            assert!(!column.meaning.is_empty() && !column.tables.is_empty(), "{}", column.name);
        }
    }
}
