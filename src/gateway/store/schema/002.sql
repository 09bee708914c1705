-- What is exchanged with partners: files and what is in them, claims, what became of them, and deliveries.
-- Ids are made by the program and grow with time. Times are milliseconds since 1970, UTC. Amounts are
-- decimals in text, as written. Names, member numbers, dates of birth and diagnoses stand in payloads only,
-- which are sealed; a claim's fingerprint is keyed, so that it tells nothing without the key.

-- A file as it came or went: never changed, and never deleted while something refers to it.
CREATE TABLE file (
    id          INTEGER PRIMARY KEY,
    direction   TEXT    NOT NULL CHECK (direction IN ('in', 'out')),
    partner     TEXT    NOT NULL,
    channel     TEXT    NOT NULL CHECK (channel IN ('api', 'core', 'stream', 'folder', 'made')),
    name        TEXT,
    content     TEXT,
    payload     TEXT    NOT NULL REFERENCES payload (id),
    length      INTEGER NOT NULL,
    sha256      BLOB    NOT NULL,
    -- CORE PayloadID: given by the sender, or made for a file of ours, and then the same on every repeat.
    message     TEXT,
    -- received → processed | refused; made for files of ours; duplicate for a file that came before.
    state       TEXT    NOT NULL CHECK (state IN ('received', 'processed', 'refused', 'duplicate', 'made')),
    reason      TEXT,
    -- Of an answer that we made: the file it answers. Of a duplicate: the file that came first.
    about       INTEGER REFERENCES file (id),
    -- The claims or payments in it as JSON, one a line.
    lines       TEXT    REFERENCES payload (id),
    at          INTEGER NOT NULL,
    CHECK ((direction = 'out') = (state = 'made'))
) STRICT;
CREATE INDEX file_message ON file (partner, direction, message);
CREATE INDEX file_bytes ON file (partner, direction, sha256);
CREATE INDEX file_state ON file (state, at) WHERE state = 'received';

CREATE TABLE interchange (
    id             INTEGER PRIMARY KEY,
    file           INTEGER NOT NULL REFERENCES file (id),
    direction      TEXT    NOT NULL CHECK (direction IN ('in', 'out')),
    partner        TEXT    NOT NULL,
    control_number TEXT    NOT NULL,
    date           TEXT    NOT NULL,
    time           TEXT    NOT NULL,
    usage          TEXT    NOT NULL,
    -- What its TA1 said: A, E or R, and the note.
    answer         TEXT    CHECK (answer IN ('A', 'E', 'R')),
    note           TEXT,
    at             INTEGER NOT NULL
) STRICT;
CREATE INDEX interchange_number ON interchange (partner, direction, control_number);
CREATE INDEX interchange_file ON interchange (file);

CREATE TABLE functional_group (
    id             INTEGER PRIMARY KEY,
    interchange    INTEGER NOT NULL REFERENCES interchange (id),
    direction      TEXT    NOT NULL CHECK (direction IN ('in', 'out')),
    partner        TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    control_number TEXT    NOT NULL,
    version        TEXT    NOT NULL,
    -- What its 999 said: A, E, P or R.
    answer         TEXT    CHECK (answer IN ('A', 'E', 'P', 'R'))
) STRICT;
CREATE INDEX functional_group_number ON functional_group (partner, direction, control_number, kind);
CREATE INDEX functional_group_interchange ON functional_group (interchange);

CREATE TABLE transaction_set (
    id               INTEGER PRIMARY KEY,
    functional_group INTEGER NOT NULL REFERENCES functional_group (id),
    direction        TEXT    NOT NULL CHECK (direction IN ('in', 'out')),
    partner          TEXT    NOT NULL,
    kind             TEXT    NOT NULL,
    control_number   TEXT    NOT NULL,
    -- BHT03 of an 837 or 277, TRN02 of an 835.
    reference        TEXT,
    claims           INTEGER NOT NULL,
    -- What the 999 said of it: A, E, R (also M, W, X).
    answer           TEXT
) STRICT;
CREATE INDEX transaction_set_group ON transaction_set (functional_group, control_number);
CREATE INDEX transaction_set_reference ON transaction_set (partner, direction, reference);

-- A claim, once for each time it was submitted.
CREATE TABLE claim (
    id                   INTEGER PRIMARY KEY,
    direction            TEXT    NOT NULL CHECK (direction IN ('in', 'out')),
    partner              TEXT    NOT NULL,
    -- Who handed it in: an API key's id, a folder, or the partner.
    source               TEXT    NOT NULL,
    kind                 TEXT    NOT NULL CHECK (kind IN ('professional', 'institutional', 'dental')),
    control_number       TEXT    NOT NULL,
    -- The same in capitals, since some payers give it back so.
    number_key           TEXT    NOT NULL,
    charge               TEXT    NOT NULL,
    frequency            TEXT    NOT NULL,
    payer_control_number TEXT,
    fingerprint          BLOB    NOT NULL,
    state                TEXT    NOT NULL CHECK (state IN ('refused', 'queued', 'batched', 'sent',
        'received', 'interchange_rejected', 'interchange_accepted', 'syntax_rejected', 'syntax_accepted',
        'acknowledged', 'accepted', 'rejected', 'forwarded', 'paid', 'partially_paid', 'zero_paid', 'denied',
        'reversed', 'withdrawn')),
    -- The transaction set it stands in, once it stands in one, and where: the position of its CLM, ST = 1.
    transaction_set      INTEGER REFERENCES transaction_set (id),
    position             INTEGER,
    -- Its JSON: bytes of a payload.
    payload              TEXT    NOT NULL REFERENCES payload (id),
    offset               INTEGER NOT NULL,
    length               INTEGER NOT NULL,
    -- What was found in it, if anything: JSON, a payload of its own.
    findings             TEXT    REFERENCES payload (id),
    at                   INTEGER NOT NULL,
    changed              INTEGER NOT NULL,
    CHECK (state NOT IN ('refused', 'queued') OR transaction_set IS NULL)
) STRICT;
CREATE INDEX claim_number ON claim (partner, number_key);
CREATE INDEX claim_fingerprint ON claim (fingerprint);
CREATE INDEX claim_state ON claim (state, partner, id, direction);
CREATE INDEX claim_set ON claim (transaction_set, position);

-- What happened, in its order. A claim's state follows from its events. Readers poll by `sequence`.
CREATE TABLE event (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    partner  TEXT    NOT NULL,
    claim    INTEGER REFERENCES claim (id),
    file     INTEGER REFERENCES file (id),
    kind     TEXT    NOT NULL,
    -- Codes, counts and ids as JSON; never names.
    detail   TEXT
) STRICT;
CREATE INDEX event_claim ON event (claim, sequence) WHERE claim IS NOT NULL;
CREATE INDEX event_file ON event (file, sequence) WHERE file IS NOT NULL;
CREATE TRIGGER event_stands BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_stays BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

-- An answer to an interchange, a functional group or a batch of claims: ours to them, or theirs to us.
CREATE TABLE acknowledgment (
    id        INTEGER PRIMARY KEY,
    -- The file it stands in.
    file      INTEGER NOT NULL REFERENCES file (id),
    direction TEXT    NOT NULL CHECK (direction IN ('in', 'out')),
    partner   TEXT    NOT NULL,
    kind      TEXT    NOT NULL CHECK (kind IN ('TA1', '999', '277CA')),
    -- What it names: ISA13, GS06, or BHT03.
    reference TEXT    NOT NULL,
    -- The file that was answered; none if we know no such file.
    about     INTEGER REFERENCES file (id),
    verdict   TEXT    NOT NULL CHECK (verdict IN ('accepted', 'accepted_with_errors', 'partly_accepted', 'rejected', 'informational')),
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX acknowledgment_file ON acknowledgment (file);
CREATE INDEX acknowledgment_about ON acknowledgment (about, kind) WHERE about IS NOT NULL;

-- A remittance (835): one payment, for many claims.
CREATE TABLE remittance (
    id         INTEGER PRIMARY KEY,
    file       INTEGER NOT NULL REFERENCES file (id),
    direction  TEXT    NOT NULL CHECK (direction IN ('in', 'out')),
    partner    TEXT    NOT NULL,
    trace      TEXT    NOT NULL,
    originator TEXT    NOT NULL,
    amount     TEXT    NOT NULL,
    method     TEXT    NOT NULL,
    date       TEXT,
    -- Whether its sums agree (SNIP level 3).
    balanced   INTEGER NOT NULL CHECK (balanced IN (0, 1)),
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX remittance_trace ON remittance (partner, direction, trace);
CREATE INDEX remittance_file ON remittance (file);

-- What a remittance says of one claim; several may speak of one claim.
CREATE TABLE payment (
    id                     INTEGER PRIMARY KEY,
    remittance             INTEGER NOT NULL REFERENCES remittance (id),
    -- The claim it is for; none if we know no such claim.
    claim                  INTEGER REFERENCES claim (id),
    control_number         TEXT    NOT NULL,
    payer_control_number   TEXT    NOT NULL,
    status                 TEXT    NOT NULL,
    charge                 TEXT    NOT NULL,
    paid                   TEXT    NOT NULL,
    patient_responsibility TEXT,
    payload                TEXT    NOT NULL REFERENCES payload (id),
    offset                 INTEGER NOT NULL,
    length                 INTEGER NOT NULL
) STRICT;
CREATE INDEX payment_claim ON payment (claim) WHERE claim IS NOT NULL;
CREATE INDEX payment_remittance ON payment (remittance);
CREATE INDEX payment_number ON payment (control_number);

-- What is paid or taken back besides claims (PLB).
CREATE TABLE provider_adjustment (
    id         INTEGER PRIMARY KEY,
    remittance INTEGER NOT NULL REFERENCES remittance (id),
    reason     TEXT    NOT NULL,
    reference  TEXT,
    amount     TEXT    NOT NULL
) STRICT;
CREATE INDEX provider_adjustment_remittance ON provider_adjustment (remittance);

-- A file of ours on its way to a partner. Sent by us (`due` → `sent`), or fetched by them (`waiting` →
-- `fetched`); either may be confirmed. `failed` waits for a person.
CREATE TABLE delivery (
    id       INTEGER PRIMARY KEY,
    file     INTEGER NOT NULL UNIQUE REFERENCES file (id),
    partner  TEXT    NOT NULL,
    channel  TEXT    NOT NULL CHECK (channel IN ('core', 'stream', 'folder', 'pick_up')),
    state    TEXT    NOT NULL CHECK (state IN ('due', 'sent', 'waiting', 'fetched', 'confirmed', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    reason   TEXT,
    -- The id that the partner named when it fetched the file: it may confirm by that.
    asked    TEXT,
    at       INTEGER NOT NULL,
    changed  INTEGER NOT NULL,
    CHECK (state <> 'failed' OR reason IS NOT NULL),
    CHECK (channel <> 'pick_up' OR state <> 'sent')
) STRICT;
CREATE INDEX delivery_state ON delivery (partner, state, id);
CREATE INDEX delivery_asked ON delivery (partner, asked) WHERE asked IS NOT NULL;

-- An acknowledgment that a partner owes us.
CREATE TABLE expectation (
    file     INTEGER NOT NULL REFERENCES file (id),
    kind     TEXT    NOT NULL CHECK (kind IN ('TA1', '999', '277CA')),
    partner  TEXT    NOT NULL,
    due      INTEGER NOT NULL,
    met      INTEGER,
    reported INTEGER,
    PRIMARY KEY (file, kind)
) STRICT;
CREATE INDEX expectation_due ON expectation (due) WHERE met IS NULL;
