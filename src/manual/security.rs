//! Who may do what, what is sealed, and what is left to you.
//!
//! # Who calls
//!
//! *Billing and payer systems* call the API with a key (`Authorization: Bearer cw_…`). The key is shown once, when it
//! is made; its SHA-256 is stored, and compared in constant time. It has roles, and may be for some partners only:
//!
//! | role | may |
//! |---|---|
//! | `submitter` | hand in claims and remittances; see the claims that it handed in |
//! | `reader` | see all of its partners |
//! | `operator` | both, and withdraw, and send again |
//! | `admin` | all that, and read the audit log, make and revoke keys, back up, reload partners |
//!
//! What belongs to other partners does not exist for a key: it is answered 404. Without TLS the API listens on a
//! loopback address only. The commands send a key over `http` to this machine only, never follow a redirect with it,
//! and take it from the environment or a file, never as an argument.
//!
//! *Partners* prove themselves by a client certificate, by a password (CORE), or by being able to write into a folder.
//! Certificates must come from the authorities that the settings pin, and their SHA-256 must be listed for the partner.
//! A password is stored as an Argon2id hash; a wrong one takes as long whether or not the user exists. Then what the
//! partner *says* must agree with who it *is*: SenderID of CORE, ISA06, and ISA15 (test or production). What does not
//! is refused, has no effect, and stands in the audit log.
//!
//! *We* prove ourselves to partners with what `[tls]` and `[core]` name. TLS is 1.2 or 1.3 by rustls; nothing older can
//! be turned on, and certificates are always verified.
//!
//! # What is sealed
//!
//! Everything that names people is in payloads: files as they came and went, claims and payments as JSON, findings.
//! Each payload has a key of its own, and is sealed with AES-256-GCM in chunks that cannot be altered, swapped or cut
//! off unnoticed. The payload's key is sealed by the master key, together with length and digests. The master key is in
//! a file or in the environment, not in the store and not in backups.
//!
//! *Not* sealed, since the program looks for it: ids, times, partners, states, codes, control numbers, claim numbers
//! (CLM01 and the payer's), charges and payments, trace numbers, file names. Claim numbers are chosen by the billing
//! system: do not put names or member ids into them. Claims are recognised by a keyed digest that says nothing without
//! its key, which is sealed. For more, put the folder on an encrypted disk: spooled files are there in the clear while
//! they come in, and are deleted when they are stored.
//!
//! Folders (`hand_on`, `intake`, `[folder]`) hold files in the clear: that is what they are for. Who may read them is
//! up to you.
//!
//! # What is logged
//!
//! Log lines, error messages, metrics, events and URLs in logs hold ids, codes, counts and sizes. They never hold values
//! of a claim, passwords, keys or bytes of a message. Routes are logged, not paths. Of what a partner says in free text
//! only words are kept that are no data. Secrets are wiped from memory when they are no longer needed, and no debugging
//! output shows them. A file of a secret that others can read is named in the log.
//!
//! # The audit log
//!
//! Who did what and when, of everything that matters: claims handed in and withdrawn, claims and files read, keys made
//! and revoked, backups, partners reloaded, payloads erased, retries, callers refused. Each entry is bound to the one
//! before it by a hash, and the database refuses to change or delete one. Somebody who owns the machine can still write
//! a new log from some entry on; so note its last entry elsewhere now and then (`claimwire store verify` prints it),
//! and give it to `--noted` later. Refused callers are noted up to 60 a minute, and how many were not.
//!
//! # What comes from outside
//!
//! Everything that comes in has limits: bytes, time, depth, connections, requests a second. Nothing is parsed by code
//! that can be made to write where it should not: the program is Rust without `unsafe` of its own. The parsers are
//! fuzzed. XML has no entities. A file that cannot be understood is kept, refused, and reported.
//!
//! # What is left to you
//!
//! - The machine, its users, its clock, its disk; that backups leave it.
//! - The master key: a copy of it elsewhere.
//! - Who gets which key and which certificate, and that they are revoked: `claimwire key revoke ID`; for a partner take
//!   the certificate or password out of its settings and reload. There is no list of revoked certificates to consult.
//! - A proxy in front, if the API is to be reached from far away by many; it should not log bodies or headers.
//! - What your agreements with partners and the law ask of you. This program helps; it is no certificate.
