//! SQLite behind the seam of [`sql`](super::sql): connections, transactions, what its errors mean.

use std::{borrow::Cow, fs, ops::ControlFlow, path::Path, sync::Arc, time::Duration};

use rusqlite::{
    Connection, ErrorCode, OpenFlags,
    ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE},
    params_from_iter,
    types::{ToSql, ToSqlOutput, ValueRef},
};

use super::{Error, Result, Row, Topic, Tx, Value, Vault};

/// How long a connection waits for a lock that another one holds. Only backups and tools of the operator
/// hold one, since all writing is done by one thread.
const BUSY: Duration = Duration::from_secs(10);

/// Prepared statements kept by each connection.
const STATEMENTS: usize = 256;

/// Pages of the write-ahead log after which it is copied into the database file: 16 MiB at 4 KiB.
const CHECKPOINT_PAGES: i64 = 4096;

/// What the log is cut down to after it was copied, in bytes.
const LOG_KEPT: i64 = 64 << 20;

/// Opens the connection that writes, and creates the database if there is none.
pub(super) fn open_writer(path: &Path) -> Result<Connection> {
    make_private(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(|e| error(&e))?;
    if mode != "wal" {
        return Err(Error::Io("the file system does not carry a write-ahead log".to_owned()));
    }
    // A commit is on the disk before it is acknowledged. What is deleted is overwritten where that costs no
    // further writes, so that erased keys do not linger in free pages. Triggers see what REPLACE deletes.
    connection
        .execute_batch(&format!(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON;
             PRAGMA secure_delete = FAST; PRAGMA trusted_schema = OFF;
             PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; PRAGMA journal_size_limit = {LOG_KEPT};"
        ))
        .map_err(|e| error(&e))?;
    Ok(connection)
}

/// Opens a connection that reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;").map_err(|e| error(&e))?;
    Ok(connection)
}

/// Opens a database that nobody else works on, and creates it if there is none.
pub(super) fn open_private(path: &Path) -> Result<Connection> {
    make_private(path)?;
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// Has a database need no log beside it.
pub(super) fn without_log(connection: &Connection) -> Result<()> {
    let mode = connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get::<_, String>(0));
    mode.map(drop).map_err(|e| error(&e))
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags).map_err(|e| error(&e))?;
    connection.busy_timeout(BUSY).map_err(|e| error(&e))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Creates the file, readable by its owner alone, before SQLite does. Its log takes over the permissions.
pub(super) fn make_private(path: &Path) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(Error::io(&e)),
    }
}

/// A transaction that is open on a connection.
pub(super) struct SqliteTx<'c> {
    connection: &'c Connection,
    vault: &'c Vault,
    announced: Announced,
    fault: Option<Error>,
}

/// Which topics a transaction has announced.
#[derive(Clone, Copy, Default)]
pub(super) struct Announced([bool; Topic::ALL.len()]);

impl Announced {
    /// The topics.
    pub(super) fn topics(self) -> impl Iterator<Item = Topic> {
        Topic::ALL.into_iter().filter(move |topic| self.0.get(*topic as usize).copied().unwrap_or_default())
    }

    /// Those of both.
    pub(super) fn and(mut self, other: Self) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
        self
    }
}

impl<'c> SqliteTx<'c> {
    /// A transaction that the caller has begun and will end.
    pub(super) fn of(connection: &'c Connection, vault: &'c Vault) -> Self {
        Self { connection, vault, announced: Announced::default(), fault: None }
    }

    /// The last error in it that the work did not cause.
    pub(super) fn fault(&self) -> Option<&Error> {
        self.fault.as_ref()
    }

    fn failed(&mut self, cause: &rusqlite::Error) -> Error {
        let error = error(cause);
        if error.is_temporary() {
            self.fault = Some(error.clone());
        }
        error
    }

    /// What was announced in it.
    pub(super) fn announced(&self) -> Announced {
        self.announced
    }
}

impl Tx for SqliteTx<'_> {
    fn run(&mut self, sql: &str, args: &[Value<'_>]) -> Result<u64> {
        let sql = text(sql);
        let connection = self.connection;
        let mut statement = connection.prepare_cached(&sql).map_err(|e| self.failed(&e))?;
        let changed = statement.execute(params_from_iter(args.iter().map(Bound))).map_err(|e| self.failed(&e))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    fn visit(
        &mut self,
        sql: &str,
        args: &[Value<'_>],
        each: &mut dyn FnMut(Row) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let sql = text(sql);
        let connection = self.connection;
        let mut statement = connection.prepare_cached(&sql).map_err(|e| self.failed(&e))?;
        let columns: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query(params_from_iter(args.iter().map(Bound))).map_err(|e| self.failed(&e))?;
        while let Some(row) = rows.next().map_err(|e| self.failed(&e))? {
            let values = (0..columns.len())
                .map(|at| row.get_ref(at).map_err(|e| error(&e)).and_then(owned))
                .collect::<Result<_>>()?;
            if each(Row::new(columns.clone(), values))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn announce(&mut self, topic: Topic) {
        if let Some(flag) = self.announced.0.get_mut(topic as usize) {
            *flag = true;
        }
    }

    fn vault(&self) -> &Vault {
        self.vault
    }
}

/// SQLite has one writer: nothing is locked that could be skipped.
const SKIP_LOCKED: &str = "{skip locked}";

fn text(sql: &str) -> Cow<'_, str> {
    if sql.contains(SKIP_LOCKED) { sql.replace(SKIP_LOCKED, "").into() } else { sql.into() }
}

struct Bound<'v>(&'v Value<'v>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn owned(value: ValueRef<'_>) -> Result<Value<'static>> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes).map_err(|_| Error::Damaged("a text is not UTF-8".to_owned()))?;
            Value::Text(text.to_owned().into())
        }
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec().into()),
        // Tables are STRICT and hold none; an expression may.
        ValueRef::Real(_) => return Err(Error::Sql("the result has a floating-point number".to_owned())),
    })
}

/// What an error of SQLite means to us.
pub(super) fn error(error: &rusqlite::Error) -> Error {
    let rusqlite::Error::SqliteFailure(failure, message) = error else {
        return Error::Sql(error.to_string());
    };
    let message = message.clone().unwrap_or_else(|| failure.to_string());
    match (failure.code, failure.extended_code) {
        (ErrorCode::DiskFull, _) => Error::Full,
        (ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::FileLockingProtocolFailed, code) => {
            Error::Io(format!("{message} ({code})"))
        }
        (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => Error::Damaged(message),
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Error::Busy,
        (ErrorCode::ConstraintViolation, code) => match code {
            SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_ROWID => Error::Taken(message),
            _ => Error::Constraint(message),
        },
        _ => Error::Sql(message),
    }
}
