//! The seam between what is stored and the database it is stored in.
//!
//! All SQL of the gateway is one text, written for SQLite and PostgreSQL alike: arguments are `?1`, `?2` …,
//! ids and times are made in Rust, values are integers, texts and bytes. `INSERT … RETURNING` and
//! `ON CONFLICT` are the same in both. Where rows are taken from under competing writers, the text says
//! `{skip locked}` after its `LIMIT`: nothing on SQLite, which has one writer, and `FOR UPDATE SKIP LOCKED`
//! on PostgreSQL.

use std::{borrow::Cow, ops::ControlFlow, sync::Arc};

use super::{Error, Result, Topic, Vault};

/// A transaction. What a work does through it becomes durable as a whole, or not at all.
pub trait Tx {
    /// Runs a statement that returns no rows. Returns how many rows it changed.
    ///
    /// # Errors
    /// [`Error::Taken`] and [`Error::Constraint`] for what the schema refuses; the work may go on after them.
    fn run(&mut self, sql: &str, args: &[Value<'_>]) -> Result<u64>;

    /// Runs a statement and shows its rows one after another, so that large results are never held whole.
    ///
    /// # Errors
    /// As [`run`](Self::run), and what `each` returns.
    fn visit(
        &mut self,
        sql: &str,
        args: &[Value<'_>],
        each: &mut dyn FnMut(Row) -> Result<ControlFlow<()>>,
    ) -> Result<()>;

    /// Tells those who wait for `topic` once this transaction is committed.
    fn announce(&mut self, topic: Topic);

    /// The keys that payloads are sealed with, and the clock.
    fn vault(&self) -> &Vault;

    /// All rows of a statement. For results whose size the statement bounds.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    fn rows(&mut self, sql: &str, args: &[Value<'_>]) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        self.visit(sql, args, &mut |row| {
            rows.push(row);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    /// The first row of a statement, if it has one.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    fn first(&mut self, sql: &str, args: &[Value<'_>]) -> Result<Option<Row>> {
        let mut first = None;
        self.visit(sql, args, &mut |row| {
            first = Some(row);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(first)
    }

    /// The time, in milliseconds since 1970-01-01 UTC.
    fn now(&self) -> i64 {
        self.vault().clock().now()
    }
}

/// A value on its way into the database or out of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// An integer; a time is one in milliseconds since 1970-01-01 UTC.
    Int(i64),
    /// A text.
    Text(Cow<'a, str>),
    /// Bytes.
    Blob(Cow<'a, [u8]>),
}

/// The arguments of a statement, each turned into a [`Value`]: `values![id, "ready", None::<i64>]`.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::gateway::store::Value::from($value)),*] };
}
pub(crate) use values;

/// Values may be PHI: only their kind and size are shown.
impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Int(_) => f.write_str("Int"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Blob(bytes) => write!(f, "Blob({} bytes)", bytes.len()),
        }
    }
}

macro_rules! value_from {
    ($($from:ty => |$v:ident| $to:expr),* $(,)?) => { $(
        impl<'a> From<$from> for Value<'a> {
            fn from($v: $from) -> Self { $to }
        }
    )* };
}

value_from! {
    i64 => |v| Self::Int(v),
    i32 => |v| Self::Int(v.into()),
    u32 => |v| Self::Int(v.into()),
    u16 => |v| Self::Int(v.into()),
    u8 => |v| Self::Int(v.into()),
    bool => |v| Self::Int(v.into()),
    String => |v| Self::Text(v.into()),
    &'a str => |v| Self::Text(v.into()),
    &'a String => |v| Self::Text(v.as_str().into()),
    Cow<'a, str> => |v| Self::Text(v),
    Vec<u8> => |v| Self::Blob(v.into()),
    &'a [u8] => |v| Self::Blob(v.into()),
    &'a Vec<u8> => |v| Self::Blob(v.as_slice().into()),
    uuid::Uuid => |v| Self::Text(v.to_string().into()),
}

impl<const N: usize> From<[u8; N]> for Value<'_> {
    fn from(bytes: [u8; N]) -> Self {
        Self::Blob(bytes.to_vec().into())
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Blob(bytes.as_slice().into())
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of a result. Columns are asked for by name; what is not there, or of another type, is an error.
#[derive(Clone, Debug)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value<'static>>,
}

impl Row {
    /// A row of a database's own result.
    pub(super) fn new(columns: Arc<[String]>, values: Vec<Value<'static>>) -> Self {
        Self { columns, values }
    }

    /// An integer.
    ///
    /// # Errors
    /// [`Error::Column`].
    pub fn int(&self, column: &str) -> Result<i64> {
        self.maybe_int(column)?.ok_or_else(|| wrong(column, "an integer"))
    }

    /// An integer or nothing.
    ///
    /// # Errors
    /// [`Error::Column`].
    pub fn maybe_int(&self, column: &str) -> Result<Option<i64>> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Int(value) => Ok(Some(*value)),
            _ => Err(wrong(column, "an integer")),
        }
    }

    /// An integer that is a count or a size, and so not below 0.
    ///
    /// # Errors
    /// [`Error::Column`].
    pub fn count(&self, column: &str) -> Result<u64> {
        u64::try_from(self.int(column)?).map_err(|_| wrong(column, "a count"))
    }

    /// An integer that is 0 or 1.
    ///
    /// # Errors
    /// [`Error::Column`].
    pub fn flag(&self, column: &str) -> Result<bool> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(wrong(column, "0 or 1")),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// [`Error::Column`].
    pub fn text(&self, column: &str) -> Result<&str> {
        self.maybe_text(column)?.ok_or_else(|| wrong(column, "a text"))
    }

    /// A text or nothing.
    ///
    /// # Errors
    /// [`Error::Column`].
    pub fn maybe_text(&self, column: &str) -> Result<Option<&str>> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(wrong(column, "a text")),
        }
    }

    /// Bytes.
    ///
    /// # Errors
    /// [`Error::Column`].
    pub fn blob(&self, column: &str) -> Result<&[u8]> {
        self.maybe_blob(column)?.ok_or_else(|| wrong(column, "bytes"))
    }

    /// Bytes or nothing.
    ///
    /// # Errors
    /// [`Error::Column`].
    pub fn maybe_blob(&self, column: &str) -> Result<Option<&[u8]>> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Blob(bytes) => Ok(Some(bytes)),
            _ => Err(wrong(column, "bytes")),
        }
    }

    /// Bytes of a fixed number: a digest.
    ///
    /// # Errors
    /// [`Error::Column`].
    pub fn bytes<const N: usize>(&self, column: &str) -> Result<[u8; N]> {
        self.blob(column)?.try_into().map_err(|_| wrong(column, "bytes of that number"))
    }

    /// A UUID, stored as text.
    ///
    /// # Errors
    /// [`Error::Column`].
    pub fn uuid(&self, column: &str) -> Result<uuid::Uuid> {
        uuid::Uuid::try_parse(self.text(column)?).map_err(|_| wrong(column, "a UUID"))
    }

    fn value(&self, column: &str) -> Result<&Value<'static>> {
        let at = self.columns.iter().position(|name| name == column);
        at.and_then(|at| self.values.get(at)).ok_or_else(|| wrong(column, "in the result"))
    }
}

fn wrong(column: &str, wanted: &'static str) -> Error {
    Error::Column { name: column.to_owned(), wanted }
}
