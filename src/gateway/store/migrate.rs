//! The schema, file by file, and how a database comes up to it.

use std::path::Path;

use rusqlite::Connection;

use super::{Error, Result, sqlite};

/// The steps of the schema, in order. A step is never changed once a release has it: what comes after is a new one.
const STEPS: &[&str] =
    &[include_str!("schema/001.sql"), include_str!("schema/002.sql"), include_str!("schema/003.sql")];

/// Marks a database file as ours: `clmw`.
const APPLICATION: i64 = 0x636C_6D77;

/// The version that this program knows: the number of its steps.
pub(super) fn known() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Whether the database is ours, and of a version that this program knows. Returns the version.
pub(super) fn version(connection: &Connection, path: &Path) -> Result<i64> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get(0)).map_err(|e| sqlite::error(&e));
    let (application, found): (i64, i64) = (number("application_id")?, number("user_version")?);
    if application != APPLICATION && (application, found) != (0, 0) {
        return Err(Error::Foreign(path.to_owned()));
    }
    if found > known() {
        return Err(Error::Newer { found, known: known() });
    }
    Ok(found)
}

/// Brings the database up to this program's version, each step in a transaction of its own.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<()> {
    apply(connection, version(connection, path)?, STEPS)
}

fn apply(connection: &Connection, found: i64, steps: &[&str]) -> Result<()> {
    for (version, step) in (1_i64..).zip(steps).filter(|(version, _)| *version > found) {
        let step = format!(
            "BEGIN IMMEDIATE; {step}
             PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {version}; COMMIT;"
        );
        connection.execute_batch(&step).map_err(|e| {
            let _ = connection.execute_batch("ROLLBACK");
            sqlite::error(&e)
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_done_once_and_as_a_whole() {
        let connection = Connection::open_in_memory().unwrap();
        let path = Path::new("a.db");
        let (one, two) = ("CREATE TABLE a (a);", "CREATE TABLE b (a); CREATE TABLE a (a);");
        assert!(apply(&connection, 0, &[one, two]).is_err());
        // The first step stands; nothing of the second does.
        assert_eq!(version(&connection, path).unwrap_or(-1), 1);
        assert!(connection.prepare("SELECT * FROM b").is_err());
        apply(&connection, 1, &[one, "CREATE TABLE b (a);"]).unwrap();
        apply(&connection, 2, &[one, "CREATE TABLE b (a);"]).unwrap();
        assert!(connection.prepare("SELECT * FROM a, b").is_ok());
    }

    #[test]
    fn the_steps_make_tables_that_are_strict() {
        let connection = Connection::open_in_memory().unwrap();
        apply(&connection, 0, STEPS).unwrap();
        let loose = "SELECT group_concat(name) FROM pragma_table_list WHERE strict = 0 AND name NOT LIKE 'sqlite_%'";
        let loose: Option<String> = connection.query_row(loose, [], |row| row.get(0)).unwrap();
        assert_eq!(loose, None);
    }
}
