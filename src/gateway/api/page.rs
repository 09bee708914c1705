//! Lists in pages, newest first or oldest first, that stay as they are while more comes in.

use std::str::FromStr;

use axum::{
    extract::{FromRequestParts, Path as AxumPath, Query as AxumQuery},
    http::request::Parts,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use super::{
    error::ApiError,
    key::{Caller, Scope},
};
use crate::gateway::{
    Id,
    store::{Result, Row, Tx, Value},
};

/// Items of a page, where the caller does not say.
const USUAL: u32 = 100;
/// Items of a page at most.
pub(super) const MOST: u32 = 1000;

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    /// `next` of the page before.
    pub(super) cursor: Option<String>,
    /// Items of the page, 1 to 1000; 100 by default.
    pub(super) limit: Option<String>,
    /// `desc` (default): the newest first. `asc`: the oldest first.
    pub(super) order: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// What is on it.
    pub(super) items: Vec<T>,
    /// The `cursor` of the next page. Absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// A page that was asked for, checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    after: Option<Id>,
    pub(super) limit: u32,
    oldest_first: bool,
}

impl PageQuery {
    pub(super) fn check(&self) -> Result<Wanted, ApiError> {
        let after = match &self.cursor {
            Some(cursor) => Some(cursor.parse().map_err(|_| ApiError::field("cursor", "it is no `next` of a list"))?),
            None => None,
        };
        let oldest_first = match self.order.as_deref() {
            None | Some("desc") => false,
            Some("asc") => true,
            Some(_) => return Err(ApiError::field("order", "it is asc or desc")),
        };
        Ok(Wanted { after, limit: limit(self.limit.as_deref())?, oldest_first })
    }
}

/// Items of a page, by what the caller says.
pub(super) fn limit(given: Option<&str>) -> Result<u32, ApiError> {
    let Some(given) = given else { return Ok(USUAL) };
    let limit = given.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit.ok_or_else(|| ApiError::field("limit", "it is a number from 1 to 1000"))
}

/// A query for a list, which grows by conditions.
pub(super) struct Select {
    what: &'static str,
    conditions: Vec<String>,
    args: Vec<Value<'static>>,
}

impl Select {
    /// Begins with `SELECT … FROM …`.
    pub(super) fn of(what: &'static str) -> Self {
        Self { what, conditions: Vec::new(), args: Vec::new() }
    }

    /// Adds a condition that has no argument.
    pub(super) fn and(mut self, condition: &str) -> Self {
        self.conditions.push(condition.to_owned());
        self
    }

    /// Adds a condition for a value, if there is one; `?` stands for it.
    pub(super) fn when<V: Into<Value<'static>>>(mut self, condition: &str, value: Option<V>) -> Self {
        if let Some(value) = value {
            self.args.push(value.into());
            self.conditions.push(condition.replace('?', &format!("?{}", self.args.len())));
        }
        self
    }

    /// Leaves what a caller may see. `partner` and `source` are the columns; without a `source` a caller that sees
    /// its own alone is not let here.
    pub(super) fn seen_by(mut self, caller: &Caller, partner: &str, source: Option<&str>) -> Self {
        if let Scope::Only(names) = &caller.scope {
            let mut places = Vec::with_capacity(names.len());
            for name in names {
                self.args.push(Value::from(name.clone()));
                places.push(format!("?{}", self.args.len()));
            }
            let mut condition = format!("{partner} IN ({})", places.join(","));
            if let Some(source) = source {
                // What no partner takes is still seen by who handed it in.
                self.args.push(Value::from(caller.key.clone()));
                condition = format!("({condition} OR ({partner} = '' AND {source} = ?{}))", self.args.len());
            }
            self.conditions.push(condition);
        }
        match source {
            Some(source) => self.when(&format!("{source} = ?"), caller.own_only().map(str::to_owned)),
            None => self,
        }
    }

    /// The one row.
    pub(super) fn one(self, tx: &mut dyn Tx) -> Result<Option<Row>> {
        tx.first(&self.sql(), &self.args)
    }

    /// The rows of groups, by these columns. For columns that have few values.
    pub(super) fn grouped(self, tx: &mut dyn Tx, by: &str) -> Result<Vec<Row>> {
        tx.rows(&format!("{} GROUP BY {by} ORDER BY {by}", self.sql()), &self.args)
    }

    /// A page by the column of ids.
    pub(super) fn page<T>(
        self,
        tx: &mut dyn Tx,
        wanted: Wanted,
        id: &str,
        item: impl Fn(&Row) -> Result<T>,
    ) -> Result<Page<T>> {
        let mut rows = self.rows(tx, wanted, id, 1)?;
        let more = rows.len() > wanted.limit as usize;
        rows.truncate(wanted.limit as usize);
        let next = rows.last().filter(|_| more).map(|row| row.int("id")).transpose()?;
        let items = rows.iter().map(item).collect::<Result<_>>()?;
        Ok(Page { items, next: next.map(|id| Id(id).to_string()) })
    }

    /// The rows of a page by the column of ids, and some more, by which it is known whether there are any.
    pub(super) fn rows(mut self, tx: &mut dyn Tx, wanted: Wanted, id: &str, more: u32) -> Result<Vec<Row>> {
        let (sign, order) = if wanted.oldest_first { (">", "ASC") } else { ("<", "DESC") };
        self = self.when(&format!("{id} {sign} ?"), wanted.after.map(|after| after.0));
        self.args.push(Value::from(wanted.limit.saturating_add(more)));
        let sql = format!("{} ORDER BY {id} {order} LIMIT ?{}", self.sql(), self.args.len());
        tx.rows(&sql, &self.args)
    }

    fn sql(&self) -> String {
        match self.conditions.is_empty() {
            true => self.what.to_owned(),
            false => format!("{} WHERE {}", self.what, self.conditions.join(" AND ")),
        }
    }
}

/// A parameter that is one of some names.
pub(super) fn one_of(field: &'static str, given: Option<String>, names: &[&str]) -> Result<Option<String>, ApiError> {
    match given {
        Some(given) if !names.contains(&given.as_str()) => {
            Err(ApiError::field(field, format!("it is one of: {}", names.join(", "))))
        }
        given => Ok(given),
    }
}

/// A parameter that is a time.
pub(super) fn time(field: &'static str, given: Option<&str>) -> Result<Option<i64>, ApiError> {
    let Some(given) = given else { return Ok(None) };
    let time: Timestamp =
        given.parse().map_err(|_| ApiError::field(field, "it is a time such as 2026-01-15T00:00:00Z"))?;
    Ok(Some(time.as_millisecond()))
}

/// A parameter that is yes or no.
pub(super) fn flag(field: &'static str, given: Option<&str>) -> Result<Option<bool>, ApiError> {
    match given {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(ApiError::field(field, "it is true or false")),
    }
}

/// The parameters of a query. All values are texts, so that no message of the parser has one of them in it.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = AxumQuery::<T>::from_request_parts(parts, state).await;
        query.map(|AxumQuery(query)| Self(query)).map_err(|rejection| {
            let problem = rejection.body_text();
            let error = ApiError::field("query", "it has a parameter that is not known here, or one twice");
            // The names that are known come from here; the one that is not may be anything.
            match problem.split_once("expected ") {
                Some((_, known)) => error.hint(format!("known: {known}")),
                None => error,
            }
        })
    }
}

/// An id in the path. What is no id is nothing that there is.
pub(super) struct Path<T>(pub(super) T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = AxumPath::<String>::from_request_parts(parts, state).await;
        let AxumPath(text) = path.map_err(|_| ApiError::not_found())?;
        text.parse().map(Self).map_err(|_| ApiError::not_found())
    }
}
