//! Running the gateway.
//!
//! # Begin
//!
//! ```console
//! $ claimwire serve --new-key master.key
//! $ mkdir partners && cp samples/partners/harbor-health.toml partners/     # and change it
//! $ claimwire partner check partners
//! $ claimwire key issue --config gateway.toml --name first --role admin -o admin.key
//! $ claimwire serve --config gateway.toml
//! api     127.0.0.1:8080
//! ```
//!
//! `gateway.toml` is in [`settings`](super::settings). A key of the API is made before the gateway runs, since only one
//! process at a time may open the store; further ones are made by asking it (`claimwire key issue`, as an admin). The
//! program says where it listens on standard output, and logs to standard error.
//!
//! One process, one folder: `claimwire.db`, its write-ahead log, `claimwire.lock`, and `spool` for what is on its way
//! in. The folder is on a local disk, since SQLite's log needs one. Nothing else is kept on the machine.
//!
//! # Stop, and change
//!
//! SIGTERM or SIGINT: listeners close, requests and jobs that have begun have half a minute to end, what is left is
//! found at the next start. It may also be killed at any moment: see [`walkthroughs`](super::walkthroughs).
//!
//! - *Partners*: `claimwire partner check FOLDER` first. What changed in their files, and in certificates, secrets and
//!   companion guides that they name, is taken on within a minute; at once by `claimwire partner reload` or SIGHUP. All
//!   are read, or none: if anything is wrong, those that were stay in use, and the log or the command says what it is.
//! - *Certificates* of the listeners are looked at every minute too.
//! - *Anything else* in `gateway.toml` needs a restart.
//! - *A newer program* brings the database up to its schema when it starts; an older one then refuses it. Back up
//!   first.
//!
//! # Watch
//!
//! | ask | says |
//! |---|---|
//! | `GET /health/live` | the program runs |
//! | `GET /health/ready` | the store can be written to (tried), and it is not stopping; otherwise 503 and why |
//! | `GET /metrics` | figures for Prometheus; needs a key that may read all partners |
//! | `claimwire status` | claims by partner and state, and what needs attention |
//!
//! Worth an alarm: `/health/ready` is not 200; `claimwire_jobs_failed` or `claimwire_acknowledgments_overdue` is not 0;
//! `claimwire_jobs` grows and grows; log lines of level `error`, each of which a person must act on.
//!
//! Log lines have a message and fields (`partner`, `file.id`, `request.id`, `duration_ms`). Ids lead on: a claim's to
//! `claimwire status ID`, a file's to `claimwire fetch ID`. What is logged of other people's code is errors alone.
//!
//! # What waits for a person
//!
//! `claimwire status` names it, and says which command shows more.
//!
//! - *A file could not be sent* (`status --failed`). Refused by the partner, or tried 20 times, over some four hours.
//!   The reason says what is wrong. When that is dealt with: `claimwire retry ID`. The same bytes go out under the same
//!   id.
//! - *A job was given up* (`status --failed`). The same.
//! - *An acknowledgment is overdue* (`status --overdue`). Nothing is sent again by itself: ask the partner whether it
//!   has the file.
//! - *Claims are `rejected`, `syntax_rejected`, `interchange_rejected`* (`status --state STATE`, then `status CLAIM`).
//!   The timeline has the codes; `claimwire explain STC A7:562:85` says what they mean. They were not adjudicated:
//!   correct them and hand them in again as new claims.
//! - *An answer or a payment is for something unknown*: events `answers_unknown` and `pays_unknown`, at the file.
//! - *A file was refused*: event `file_refused`, with the reason.
//!
//! # When the disk is full
//!
//! Nothing is acknowledged that could not be stored: the API answers 503 with `Retry-After`, partners are asked to come
//! again, `/health/ready` is 503. What was there stays whole. With space again, it goes on by itself.
//!
//! # Back up
//!
//! ```console
//! $ claimwire store backup                                    # while it runs; into the folder `backups`
//! claimwire-20260115T020000000Z.db: 48234496 bytes
//! $ claimwire store verify                                    # the audit log
//! the audit log is as it was written; note its last entry elsewhere:
//! 1207:5d0f…
//! ```
//!
//! A backup is one file, whole, as of one moment, and as sealed as the store. The master key is not in it: keep the
//! file of master keys elsewhere, as safely as the backups and never beside them. Without it what is sealed in them is
//! lost. Keep the settings and the partners' settings too. Try `claimwire store restore` on another machine before you
//! need it; what it asks of you is in [`walkthroughs`](super::walkthroughs).
//!
//! # Keep, and erase
//!
//! With `keep_days` the bytes of files, claims and findings are erased that were stored before so many days, every
//! hour: the bytes, and the key that opens them. Bytes that are needed are left: of files that are not processed, not
//! sent, not fetched or given up, and of claims that wait. Rows, events and the audit log stay: that it happened, when,
//! how much, and its digest. A backup holds what was there when it was made.
//!
//! Jobs that were done are forgotten after seven days, answers under an `Idempotency-Key` after a day.
//!
//! # Change the master key
//!
//! Stop the gateway; `claimwire store rotate-key --config gateway.toml`; start it. A new key is put on top of the file
//! of keys, and the key of each payload is sealed anew; payloads themselves are not touched. The older lines are needed
//! for older backups. If the keys are in the environment, put the new one first yourself.
//!
//! # How much it takes
//!
//! The API takes bodies of up to 512 MiB and 100 000 claims, 256 requests at a time, and 200 requests a second from
//! each key (400 at once). A TLS listener has up to 1024 connections, 256 of them from one address. Files that come in
//! are streamed; while one is processed, a few facts of each of its claims are in memory. Claims that are handed in are
//! in memory while they are checked, as many submissions at a time as there are cores.
