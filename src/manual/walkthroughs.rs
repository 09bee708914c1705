//! Three walks through the program: an 837 goes out, an 835 comes back, the machine dies.
//!
//! Names in parentheses are modules of [`gateway`](crate::gateway).
//!
//! # An 837 goes out
//!
//! 1. A billing system hands claims in: `POST /v1/claims`, `claimwire submit`, or a file in the folder `intake`. JSON,
//!    one claim a line, or X12.
//! 2. Each claim is given to a partner: the one that is named, or else the one whose settings list the claim's payer;
//!    X12 may name it by ISA08. It is checked as that partner checks: guide, sums, situations, codes, companion guide
//!    (`flow::submit`). So is whether the partner's characters can write it.
//! 3. The claim is compared with those handed in before, by a keyed digest of provider, patient, dates, services,
//!    charges, frequency and the number it replaces. One that is the same, and not at a dead end, is named in the
//!    answer, and the new one is refused, unless `allow_duplicates` is said or `[duplicates] claim` only warns.
//! 4. One work stores all of it: the claims as they came, sealed; a row and an event for each; a job that will make a
//!    file; the entry of the audit log; under the caller's `Idempotency-Key`, the answer. Only when that is on the disk
//!    is the answer sent: `queued`, or `refused` with what was found.
//! 5. After `batch_wait` the job takes what is queued for the partner, one kind of claim at a time, up to the partner's
//!    limits. It takes control numbers, writes the 837, and reads it back: what comes out of it must be the claims that
//!    went in. Then one work makes the claims `batched`, records the envelopes (ISA13, GS06, ST02, BHT03, and the
//!    position of each claim) and puts the file on its way (`flow::batch`).
//! 6. The job that sends it first reads the stored bytes to their end, which proves that they are as they were written.
//!    The connector streams them to the partner, under an id (CORE PayloadID) that is the same for every try
//!    (`flow::deliver`, `connect`).
//! 7. What the partner says decides: *taken*, and the claims are `sent`; *refused*, and a person must act; *nothing*,
//!    or *later*, and the same bytes go again under the same id.
//! 8. For a file that was sent, answers are expected by the times that `[acknowledgments.expected]` gives. What has not
//!    come by then is an event, a line in the log and a line of `claimwire status --overdue`.
//!
//! Three numbers find the way back: a TA1 names ISA13, a 999 names GS06 and ST02, a 277CA names BHT03 and each claim's
//! CLM01.
//!
//! # An 835 comes back
//!
//! 1. It is fetched, every `collect_every` (CORE), or the partner brings it (CORE, stream, folder). It is spooled to a
//!    file while it comes.
//! 2. It is stored before anything is said to the partner: the sealed bytes, a row, an event, a job that will process
//!    it (`flow::receive`). Then the partner hears that it was taken. The same file under the same id is the same file;
//!    the same bytes under another id are a duplicate, and have no effect.
//! 3. The job reads the envelopes. ISA06 must be an id of the partner, and ISA15 what is agreed: if not, nothing in the
//!    file counts. It is checked, answered with the acknowledgments that we owe, and split into lines of JSON: one for
//!    each claim payment and each adjustment of a provider (`flow::process`).
//! 4. A transaction set that breaks its guide is not posted. One whose sums do not agree is, and is marked (`balanced:
//!    false`).
//! 5. Each payment is joined to its claim: by CLP01 among what was sent to this partner, then by the payer's number
//!    (CLP07), then the newest that is at no dead end (`flow::remit`). One for a claim that nobody knows is kept, and
//!    is an event.
//! 6. A payment that came before under another envelope (the same trace number, originator, date and amount) is kept and
//!    counts once: event `remittance_repeated`. A file of nothing else is a `duplicate`.
//! 7. CLP02 and the amounts decide what the claim is now; the state diagram is in [`states`](super::states). That
//!    nothing was paid is no denial.
//! 8. The billing system hears of it by polling `GET /v1/events?after=N`, which never leaves one out, or has the files
//!    with `claimwire fetch remittances --into FOLDER`.
//!
//! TA1, 999 and 277CA come the same way. A TA1 that a stream answers at once is stored before the file counts as sent.
//!
//! # The machine dies
//!
//! ## It comes back
//!
//! Start the program again; there is nothing else to do. What was acknowledged is on the disk: the API answers, and a
//! partner is told that its file was taken, only after a commit that the disk has confirmed. At the start:
//!
//! - Jobs that were being done are ready again. A job's effect and its end were stored together, or neither was.
//! - A file that was being sent is sent again: the same bytes, the same id. The partner knows it by that; a TA1 that
//!   says it came before (note 025) counts as arrived.
//! - A file that was being received, and was not acknowledged, is sent again by the partner. If it was stored, it is
//!   known again.
//! - Files in a pick-up folder are where they were, or in its folder `.work`, from where they are taken again under the
//!   same id.
//! - A submission that got no answer is made again by the caller under the same `Idempotency-Key`, and done once.
//!   `claimwire submit` makes the key of the file's digest, so the same command again is enough.
//! - Bytes that were being written, and belong to nothing, are deleted.
//!
//! The tests kill the program at random moments, hundreds of times, and count afterwards: nothing lost, nothing twice.
//!
//! ## The disk does not
//!
//! You need a backup, the master keys, the settings and the partners' settings. On the new machine:
//!
//! ```console
//! $ claimwire store restore claimwire-20260115T020000000Z.db --config gateway.toml
//! the store of 2026-01-15 02:00:00Z is back
//! control numbers of 4 kinds moved on by 10000
//! 12 claims wait for a file, and 1 files wait to be sent
//! ```
//!
//! What happened after the backup is not in it. Before you start the gateway:
//!
//! 1. *Control numbers.* Those given out since the backup must not be given out again. All are moved on by 10000; if
//!    more interchanges may have left since, say how many with `--skip-numbers`.
//! 2. *Claims and files that wait* in the backup may have been sent since. The partner's 999s and 277CAs of that time
//!    say which; so does its help desk. A file that is sent again has the same bytes, ISA13 and PayloadID as the first
//!    time, and a partner that looks for duplicates refuses it. Claims that are put into a new file are claims that the
//!    payer gets twice. To look without sending anything, move the partners' files out of the folder `partners` and
//!    start the gateway: what waits then fails for want of its partner, and stays. `claimwire withdraw ID` takes back
//!    each claim of `claimwire status --state queued` that was sent. Then put the files back, `claimwire partner
//!    reload`, and `claimwire retry ID` what `claimwire status --failed` lists and was not sent.
//! 3. *Submissions.* The billing system hands in again what it handed in since the backup. Claims that the backup knows
//!    are refused as duplicates.
//! 4. *Answers* that were fetched since the backup are gone here, and the partner counts them as fetched. Ask it to
//!    offer them again. What comes twice has its effect once.
//! 5. *The audit log* ends with the backup. `claimwire store verify --noted ENTRY`, with an entry noted later, says so:
//!    keep that, it shows what is missing.
//!
//! Then start it, and look at `claimwire status` and `claimwire status --overdue`.
