//! `status`: how things stand at a running gateway.

mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use anyhow::bail;
use claimwire::gateway::{Id, flow::State};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Outcome,
    client::{Access, Client, Refusal, is_nothing},
    output::{Destination, Output},
    shown::printable,
    submit::Format,
};

/// Claims of one number that are shown.
const MOST_CLAIMS: usize = 20;

/// Say how things stand at a running gateway: claims by state, what happened to one, what waits for a person
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claimwire status                              claims by partner and state, and what needs attention
  claimwire status VISIT-100                    what happened to a claim: its number (CLM01), or its id
  claimwire status --state rejected             the claims in a state, the newest first
  claimwire status --overdue                    acknowledgments that should have come
  claimwire status --failed                     files and jobs that were given up, and why
  claimwire status --failed --format json | jq -r '.deliveries[].id'

What the states are is drawn in the manual (claimwire::manual::states). Nothing here shows who a claim is for.

Exit codes: 0 said; 1 there is no such claim, or with --overdue and --failed there is something; 2 could not ask.")]
pub struct Status {
    /// A claim: its number (CLM01), or the id that the gateway gave it
    #[arg(value_name = "CLAIM", conflicts_with_all = ["state", "overdue", "failed"])]
    claim: Option<String>,
    /// Of this partner alone
    #[arg(long, value_name = "NAME")]
    partner: Option<String>,
    /// List the claims in this state
    #[arg(long, value_name = "STATE", conflicts_with_all = ["overdue", "failed"])]
    state: Option<String>,
    /// List acknowledgments that should have come
    #[arg(long, conflicts_with = "failed")]
    overdue: bool,
    /// List files whose sending was given up, and jobs that were given up
    #[arg(long)]
    failed: bool,
    /// Most that is listed
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// How to write it
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    destination: Destination,
}

/// How many of something, as the gateway says.
#[derive(Debug, Deserialize, Serialize)]
struct Count {
    partner: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    count: u64,
}

#[derive(Debug, Deserialize, Serialize)]
struct Summary {
    claims: Vec<Count>,
    deliveries: Vec<Count>,
    overdue: Vec<Count>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs_failed: Option<u64>,
}

impl Status {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        if let Some(state) = self.state.as_deref().filter(|state| State::of(state).is_none()) {
            let states: Vec<&str> = State::all().map(State::name).collect();
            bail!("--state {}: there is no such state; there are {}", printable(state), states.join(", "));
        }
        let client = self.access.client()?;
        self.destination.write(|output| match (&self.claim, &self.state, self.overdue, self.failed) {
            (Some(claim), ..) => self.claim(&client, claim, output),
            (_, Some(state), ..) => self.list(&client, state, output),
            (_, _, true, _) => self.overdue(&client, output),
            (.., true) => self.failed(&client, output),
            _ => self.all(&client, output),
        })
    }

    fn all(&self, client: &Client, output: &mut Output) -> anyhow::Result<Outcome> {
        let mut summary: Summary = client.ask("/v1/summary", &[])?;
        if let Some(partner) = &self.partner {
            for counts in [&mut summary.claims, &mut summary.deliveries, &mut summary.overdue] {
                counts.retain(|count| count.partner == *partner);
            }
        }
        if self.format == Format::Json {
            return json(&summary, output);
        }
        let Summary { claims, deliveries, overdue, jobs_failed } = &summary;
        if claims.is_empty() && deliveries.is_empty() {
            writeln!(output, "no claims and no files yet")?;
        }
        let partners: BTreeSet<(&str, &str)> = claims
            .iter()
            .map(|count| (count.partner.as_str(), count.direction.as_deref().unwrap_or_default()))
            .collect();
        for (partner, direction) in partners {
            let (way, name) = if direction == "in" { ("from", partner) } else { ("to", partner) };
            let name = if name.is_empty() { "no partner" } else { name };
            writeln!(output, "claims {way} {}", printable(name))?;
            let of = |count: &&Count| {
                count.partner == partner && count.direction.as_deref().unwrap_or_default() == direction
            };
            // In the order in which a claim goes through them.
            for state in State::all() {
                for count in claims.iter().filter(of).filter(|count| count.state.as_deref() == Some(state.name())) {
                    writeln!(output, "{:>9}  {:<21} {}", count.count, state.name(), words::of_state(state))?;
                }
            }
            writeln!(output)?;
        }
        let mut attention = BTreeMap::new();
        for count in deliveries.iter().filter(|count| count.state.as_deref() == Some("failed")) {
            attention.insert((&count.partner, 0), (count.count, "files could not be sent: status --failed"));
        }
        for count in overdue {
            attention.insert((&count.partner, 1), (count.count, "acknowledgments are overdue: status --overdue"));
        }
        for ((partner, _), (count, what)) in attention {
            writeln!(output, "! {}: {count} {what}", printable(partner))?;
        }
        if let Some(count) = jobs_failed.filter(|count| *count > 0 && self.partner.is_none()) {
            writeln!(output, "! {count} jobs were given up: status --failed")?;
        }
        Ok(Outcome::Done)
    }

    fn list(&self, client: &Client, state: &str, output: &mut Output) -> anyhow::Result<Outcome> {
        let mut query = self.of_partner();
        query.push(("state", state));
        let (items, more) = self.items(client, "/v1/claims", &query)?;
        if self.format == Format::Json {
            return json(&json!({ "claims": items, "more": more }), output);
        }
        for item in &items {
            writeln!(
                output,
                "{}  {}  {:<20} {:>12}  {}",
                word(item, "id"),
                words::moment(item.get("changed")),
                word(item, "control_number"),
                word(item, "charge"),
                word(item, "partner")
            )?;
        }
        ended(items.len(), "claim", more, output)?;
        Ok(Outcome::Done)
    }

    fn claim(&self, client: &Client, claim: &str, output: &mut Output) -> anyhow::Result<Outcome> {
        let mut query = self.of_partner();
        query.push(("control_number", claim));
        let mut claims = Vec::new();
        client.each("/v1/claims", &query, |item: Value| {
            claims.push(item);
            Ok(claims.len() < MOST_CLAIMS)
        })?;
        if claims.is_empty() && claim.parse::<Id>().is_ok() {
            match client.ask::<Value>(&format!("/v1/claims/{claim}"), &[("content", "false")]) {
                Ok(item) => claims.push(item),
                Err(error) if is_nothing(&error) => {}
                Err(error) => return Err(error),
            }
        }
        if claims.is_empty() {
            let _ = writeln!(io::stderr(), "claimwire: {}: there is no such claim", printable(claim));
            return Ok(Outcome::Refused);
        }
        let mut told = Vec::new();
        for claim in &claims {
            told.push(json!({ "claim": claim, "timeline": timeline(client, &word(claim, "id"))? }));
        }
        if self.format == Format::Json {
            return json(&json!({ "claims": told }), output);
        }
        for (at, one) in told.iter().enumerate() {
            if at > 0 {
                writeln!(output)?;
            }
            words::claim(&one["claim"], one["timeline"].as_array().map_or(&[], Vec::as_slice), output)?;
        }
        Ok(Outcome::Done)
    }

    fn overdue(&self, client: &Client, output: &mut Output) -> anyhow::Result<Outcome> {
        let mut query = self.of_partner();
        query.push(("overdue", "true"));
        let (items, more) = self.items(client, "/v1/expectations", &query)?;
        let outcome = if items.is_empty() { Outcome::Done } else { Outcome::Refused };
        if self.format == Format::Json {
            json(&json!({ "overdue": items, "more": more }), output)?;
            return Ok(outcome);
        }
        for item in &items {
            let (kind, partner, file) = (word(item, "kind"), word(item, "partner"), word(item, "file"));
            writeln!(output, "{kind:<5} of {partner} for file {file} was due {}", words::moment(item.get("due")))?;
        }
        ended(items.len(), "overdue acknowledgment", more, output)?;
        if !items.is_empty() {
            writeln!(output, "ask the partner whether it has the file (its id is above), before it is sent again")?;
        }
        Ok(outcome)
    }

    fn failed(&self, client: &Client, output: &mut Output) -> anyhow::Result<Outcome> {
        let mut query = self.of_partner();
        query.push(("state", "failed"));
        let (deliveries, more) = self.items(client, "/v1/deliveries", &query)?;
        // Jobs are for those who look after all partners; to others their files are told all the same.
        let jobs = match client.ask::<Value>("/v1/jobs", &[("limit", "1000")]) {
            Ok(jobs) => jobs["items"].as_array().cloned().unwrap_or_default(),
            Err(error) if error.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.status == 403) => Vec::new(),
            Err(error) => return Err(error),
        };
        // That a file was given up is told once, as its delivery.
        let files: BTreeSet<String> = deliveries.iter().map(|delivery| word(delivery, "file")).collect();
        let is_told = |job: &Value| word(job, "queue") == "deliver" && files.contains(&word(job, "subject"));
        let jobs: Vec<Value> = jobs.into_iter().filter(|job| self.partner.is_none() && !is_told(job)).collect();
        let outcome = if deliveries.is_empty() && jobs.is_empty() { Outcome::Done } else { Outcome::Refused };
        if self.format == Format::Json {
            json(&json!({ "deliveries": deliveries, "jobs": jobs, "more": more }), output)?;
            return Ok(outcome);
        }
        for delivery in &deliveries {
            let (id, file, partner) = (word(delivery, "id"), word(delivery, "file"), word(delivery, "partner"));
            let (channel, attempts) = (word(delivery, "channel"), delivery["attempts"].as_u64().unwrap_or_default());
            writeln!(output, "delivery {id}: file {file} to {partner} by {channel}, {attempts} tries")?;
            writeln!(output, "    {}", word(delivery, "reason"))?;
            writeln!(output, "    when that is dealt with: claimwire retry {id}")?;
        }
        for job in &jobs {
            let (id, queue, kind) = (word(job, "id"), word(job, "queue"), word(job, "kind"));
            writeln!(output, "job {id}: {queue} {kind} {}", word(job, "subject"))?;
            writeln!(output, "    {}", word(job, "reason"))?;
            writeln!(output, "    when that is dealt with: claimwire retry {id}")?;
        }
        ended(deliveries.len().saturating_add(jobs.len()), "failure", more, output)?;
        Ok(outcome)
    }

    fn of_partner(&self) -> Vec<(&str, &str)> {
        self.partner.as_deref().map(|partner| ("partner", partner)).into_iter().collect()
    }

    /// The newest items of a list, and whether there are more.
    fn items(&self, client: &Client, path: &str, query: &[(&str, &str)]) -> anyhow::Result<(Vec<Value>, bool)> {
        let (most, mut items, mut more) = (self.limit as usize, Vec::new(), false);
        client.each(path, query, |item: Value| {
            more = items.len() >= most;
            if !more {
                items.push(item);
            }
            Ok(!more)
        })?;
        Ok((items, more))
    }
}

/// What happened to a claim, in its order.
fn timeline(client: &Client, claim: &str) -> anyhow::Result<Vec<Value>> {
    #[derive(Deserialize)]
    struct Page {
        items: Vec<Value>,
        next: Option<String>,
    }
    let (mut events, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let page: Page =
            client.ask(&format!("/v1/claims/{claim}/timeline"), &[("after", &after), ("limit", "1000")])?;
        events.extend(page.items);
        match page.next {
            Some(next) => after = next,
            None => return Ok(events),
        }
    }
}

/// A member of an object, as a terminal may show it; empty if there is none.
fn word(of: &Value, name: &str) -> String {
    match of.get(name) {
        Some(Value::String(text)) => printable(text).into_owned(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn json(value: &impl Serialize, output: &mut Output) -> anyhow::Result<Outcome> {
    serde_json::to_writer(&mut *output, value)?;
    output.write_all(b"\n")?;
    Ok(Outcome::Done)
}

fn ended(count: usize, thing: &str, more: bool, output: &mut Output) -> io::Result<()> {
    let plural = if count == 1 { "" } else { "s" };
    let more = if more { ", and there are more: --limit" } else { "" };
    writeln!(output, "{count} {thing}{plural}{more}")
}
