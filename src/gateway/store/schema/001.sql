-- What every part of the gateway stands on. Times are milliseconds since 1970-01-01 UTC.

-- Facts about the store itself.
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- A file's bytes, sealed. `writing` and `sealed` ones belong to nobody yet and are swept; `kept` ones
-- belong to a row elsewhere; of `erased` ones only this row is left.
CREATE TABLE payload (
    id          TEXT NOT NULL PRIMARY KEY,
    state       TEXT NOT NULL CHECK (state IN ('writing', 'sealed', 'kept', 'erased')),
    kind        TEXT,
    created     INTEGER NOT NULL,
    kept        INTEGER,
    erased      INTEGER,
    length      INTEGER CHECK (length >= 0),
    sha1        BLOB CHECK (length(sha1) = 20),
    sha256      BLOB CHECK (length(sha256) = 32),
    key_id      TEXT,
    wrapped_key BLOB,
    CHECK ((state = 'writing') = (length IS NULL)),
    CHECK ((state = 'writing') = (sha1 IS NULL)),
    CHECK ((state = 'writing') = (sha256 IS NULL)),
    CHECK ((state IN ('sealed', 'kept')) = (key_id IS NOT NULL)),
    CHECK ((state IN ('sealed', 'kept')) = (wrapped_key IS NOT NULL)),
    CHECK ((state IN ('kept', 'erased')) = (kind IS NOT NULL)),
    CHECK ((state IN ('kept', 'erased')) = (kept IS NOT NULL)),
    CHECK ((state = 'erased') = (erased IS NOT NULL))
) STRICT;
CREATE INDEX payload_loose ON payload (created) WHERE state IN ('writing', 'sealed');
CREATE INDEX payload_kept ON payload (kind, kept) WHERE state = 'kept';
CREATE INDEX payload_key ON payload (key_id) WHERE key_id IS NOT NULL;

CREATE TABLE payload_chunk (
    payload TEXT NOT NULL REFERENCES payload (id),
    number  INTEGER NOT NULL CHECK (number >= 0),
    sealed  BLOB NOT NULL,
    PRIMARY KEY (payload, number)
) STRICT;

-- Work to be done. The states and their columns are drawn in the documentation of `jobs`.
CREATE TABLE job (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    queue        TEXT NOT NULL,
    kind         TEXT NOT NULL,
    subject      TEXT NOT NULL,
    payload      TEXT NOT NULL,
    unique_key   TEXT,
    state        TEXT NOT NULL CHECK (state IN ('ready', 'running', 'done', 'failed', 'cancelled')),
    created      INTEGER NOT NULL,
    since        INTEGER NOT NULL,
    due          INTEGER NOT NULL,
    attempt      INTEGER NOT NULL CHECK (attempt >= 0),
    max_attempts INTEGER NOT NULL CHECK (max_attempts >= 1),
    token        INTEGER NOT NULL CHECK (token >= 0),
    node         TEXT,
    lease_until  INTEGER,
    finished     INTEGER,
    error        TEXT,
    reason       TEXT,
    CHECK ((state = 'running') = (node IS NOT NULL)),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (finished IS NOT NULL)),
    CHECK ((state IN ('failed', 'cancelled')) = (reason IS NOT NULL)),
    CHECK (state <> 'running' OR (token >= 1 AND attempt >= 1))
) STRICT;
CREATE INDEX job_ready ON job (queue, due, id) WHERE state = 'ready';
CREATE INDEX job_running ON job (lease_until) WHERE state = 'running';
CREATE INDEX job_finished ON job (state, finished) WHERE finished IS NOT NULL;
CREATE INDEX job_subject ON job (subject);
CREATE UNIQUE INDEX job_unique ON job (unique_key) WHERE state IN ('ready', 'running');

-- The next number to give out, per partner and kind of number (ISA13, GS06, ST02 …).
CREATE TABLE control_number (
    partner TEXT NOT NULL,
    kind    TEXT NOT NULL,
    next    INTEGER NOT NULL,
    PRIMARY KEY (partner, kind)
) STRICT;

-- Who did what. Each entry's hash covers the one before it.
CREATE TABLE audit (
    sequence INTEGER NOT NULL PRIMARY KEY,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    action   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    detail   TEXT NOT NULL,
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    hash     BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX audit_subject ON audit (subject, sequence);
CREATE TRIGGER audit_in_order BEFORE INSERT ON audit
    WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM audit)
    BEGIN SELECT RAISE(ABORT, 'audit is written in order'); END;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;

-- Requests that may come again under the same key, and what was answered.
CREATE TABLE idempotency (
    caller  TEXT NOT NULL,
    key     TEXT NOT NULL,
    request BLOB NOT NULL CHECK (length(request) = 32),
    created INTEGER NOT NULL,
    status  INTEGER NOT NULL,
    answer  TEXT NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT;
CREATE INDEX idempotency_created ON idempotency (created);

-- Keys of the API's callers. Only the digest of a key is here.
CREATE TABLE api_key (
    id        TEXT NOT NULL PRIMARY KEY,
    digest    BLOB NOT NULL CHECK (length(digest) = 32),
    name      TEXT NOT NULL,
    role      TEXT NOT NULL,
    scope     TEXT NOT NULL,
    created   INTEGER NOT NULL,
    last_used INTEGER,
    revoked   INTEGER
) STRICT;
