//! Every setting: of the gateway, and of a trading partner.
//!
//! Both are TOML. A key that is not listed here is refused, with the keys that there are. Secrets never stand in these
//! files: a setting says where the secret is, `env:NAME` or `file:PATH`. Relative paths stand beside the file they are
//! written in.
//!
//! A *time* is text such as `"90s"`, `"5m"`, `"1h 30m"`. Under *default*, what stands as code is what the setting is
//! without being written; *none* means that nothing is set, *required* that it must be written.
//!
//! # The gateway
//!
//! One file, given to `claimwire serve --config FILE`. The shortest:
//!
//! ```toml
//! folder = "data"
//! master_key = "file:master.key"
//! partners = "partners"
//!
//! [api]
//! listen = "127.0.0.1:8080"
//! ```
//!
//! ## Gateway
//!
//! | key | default | is |
//! |---|---|---|
//! | `folder` | required | The folder of the store. |
//! | `master_key` | required | Where the master keys are that seal stored files: `file:PATH` or `env:NAME`. |
//! | `partners` | required | The folder of trading partners: its files `*.toml`. |
//! | `usage` | `"test"` | `"test"` or `"production"`: to which partners claims go that name none, and are for a payer of theirs. |
//! | `hand_on` | none | A folder. Claims that partners sent and we accepted are written there, as `PARTNER-ID.ndjson`. |
//! | `intake` | none | A folder. Files of claims (JSON or X12) that somebody puts there are handed in; what became of each is written to `results` in it, as `NAME.ID.json`. |
//! | `resend_after` | none | Time. How long a file waits for its second try, where that is not 90 s; the waits double up to eight times that, and up to a quarter is added to each. |
//! | `offer_again` | `"10m"` | Time. A partner that confirms files is offered a file again that it fetched and did not confirm for so long. |
//! | `keep_days` | none | Days, at least 1, after which stored bytes are erased: of files, claims and findings. What happened stays, and so do bytes that are still needed. By default nothing is erased. |
//! | `backups` | none | A folder. `POST /v1/backup` and `claimwire store backup` copy the running store into it. |
//! | `api` | none | The HTTP API; without it there is none. |
//! | `core` | none | CAQH CORE connectivity, as a server; without it partners cannot call by it. |
//! | `stream` | none | Interchanges over mutual TLS, as a server; likewise. |
//! | `logs` | none | How log lines are written. |
//!
//! ## `[api]`
//!
//! | key | default | is |
//! |---|---|---|
//! | `listen` | required | Address and port: `"127.0.0.1:8080"`. Port 0 takes any that is free, and says which. |
//! | `tls` | none | Its certificate ([below](#tls-of-the-gateway)). Without one it speaks plain HTTP, and listens on a loopback address only. |
//!
//! ## `[core]` of the gateway
//!
//! | key | default | is |
//! |---|---|---|
//! | `listen` | required | Address and port. |
//! | `tls` | required | Its certificate, and whose callers' certificates are good. |
//! | `server` | none | The next section. |
//!
//! ## `[core.server]`
//!
//! | key | default | is |
//! |---|---|---|
//! | `path` | `"/core"` | The path that messages are posted to. |
//! | `public_url` | none | The URL that partners use, for the WSDL; by default the one that they asked. |
//! | `receivers` | `[]` | ReceiverIDs that we answer to, without regard to case; by default any. |
//! | `rule_versions` | `["2.2.0"]` | CORERuleVersions that are spoken. |
//! | `real_time` | `true` | Whether real-time transactions are taken. |
//! | `unknown_fields` | `"ignore"` | What becomes of a message with fields that the rule does not have: `"ignore"`, they are passed over; `"refuse"`. |
//! | `retrieval_id` | `"echo"` | PayloadID of an answer that brings a file: `"echo"`, that of the request; `"file"`, the file's own. |
//! | `limit` | `1073741824` | Most bytes of a message. |
//! | `inline_limit` | `16777216` | Most bytes of a message that stands inside an XML document: it is held in memory. |
//! | `idle_timeout` | `"30s"` | Time. How long a client may be silent while it sends. |
//! | `request_timeout` | `"30m"` | Time. How long a client may take for a message. |
//!
//! ## `[stream]` of the gateway
//!
//! | key | default | is |
//! |---|---|---|
//! | `listen` | required | Address and port. |
//! | `tls` | required | Its certificate; `client_certificates` must be `"required"`. |
//!
//! ## TLS of the gateway
//!
//! `[api.tls]`, `[core.tls]` and `[stream.tls]`. The files are looked at every minute, and changed ones taken on.
//!
//! | key | default | is |
//! |---|---|---|
//! | `certificate` | required | PEM: the certificate, and then those that lead to its authority. |
//! | `key` | required | PEM: its private key. |
//! | `client_certificates` | `"none"` | Whether callers show a certificate: `"none"`, `"optional"`, `"required"`. |
//! | `client_authorities` | none | PEM: whose certificates of callers are good. Needed unless they show none. |
//!
//! ## `[logs]`
//!
//! | key | default | is |
//! |---|---|---|
//! | `format` | `"text"` | `"text"` or `"json"`, one object a line. To standard error, both. |
//! | `level` | `"info"` | `"error"`, `"warn"`, `"info"`, `"debug"`. |
//!
//! # A trading partner
//!
//! One file for each in the folder `partners`, read together. `claimwire partner check FOLDER` says whether they can be
//! used; `samples/partners` has two with nearly everything. `convert`, `validate` and `ack` take one with `--partner`.
//! *Sender* is our side and *receiver* the partner's, as in a file that we send.
//!
//! ## Partner
//!
//! | key | default | is |
//! |---|---|---|
//! | `name` | none | What it is called in commands, logs and paths: 1 to 64 lower-case letters, digits and dashes. By default the file's name without `.toml`. |
//! | `title` | none | What people call it. |
//! | `sender_id` | none | Our id: ISA06, and GS02. 1 to 15 characters. |
//! | `sender_qualifier` | `"ZZ"` | ISA05. |
//! | `receiver_id` | none | The partner's id: ISA08, and GS03. 1 to 15 characters. A file of its own must have it, or one of `sender_ids`, as ISA06. |
//! | `receiver_qualifier` | `"ZZ"` | ISA07. |
//! | `group_sender_id` | none | GS02, where it is not ISA06. |
//! | `group_receiver_id` | none | GS03, where it is not ISA08. |
//! | `payers` | `[]` | Ids of payers (NM109 in 2010BB). Claims for them go to this partner. |
//! | `usage` | `"test"` | `"test"` or `"production"`: ISA15 of what goes and of what comes. One party may have two files, one for each. |
//! | `acknowledgment_requested` | `false` | Whether a TA1 is asked for: ISA14. |
//! | `control_number` | `1` | ISA13 of the first interchange that `convert` writes. The gateway counts within `[control_numbers]`. |
//! | `guide` | none | Which of its ids a guide is named by (GS08, ST03): `"005010X222"`. |
//! | `guides` | `{}` | The same for several guides: `{ 837P = "005010X222A1" }`. |
//! | `claims_per_transaction` | `5000` | Most claims in a transaction set. May stand in `[limits]` instead. |
//! | `delimiters` | `"*^:~"` | Between elements, repetitions and components, and after segments. |
//! | `line_break` | `"lf"` | What follows each segment: `"none"`, `"lf"`, `"crlf"`. |
//! | `replace_delimiters` | none | A character to write in place of delimiters that stand in data, such as `" "`. By default such data is refused. |
//! | `limits` | none | The section of that name; so are `characters`, `control_numbers`, `duplicates`, `checking`, `rules`, `acknowledgments`, `credentials`, `tls`, `core`, `stream` and `folder`. |
//! | `characters` | none | |
//! | `control_numbers` | none | |
//! | `duplicates` | none | |
//! | `checking` | none | |
//! | `rules` | `{}` | What checking makes of a rule, by its name: `{ "claim.charge.sum" = "warning" }`; `"off"`, `"warning"`, `"error"`. |
//! | `acknowledgments` | none | |
//! | `credentials` | none | |
//! | `file_name` | `"{partner}-{content}-{date}-{time}-{id}.{ext}"` | What files to the partner are called. Also `{sender}`, `{receiver}`, `{usage}`, `{isa13}`; `{isa13}` or `{id}` must be in it. |
//! | `send_by` | none | The channel that files leave by, where there are several: `"core"`, `"stream"`, `"folder"`. |
//! | `collect_every` | `"5m"` | Time. How often we fetch what waits at the partner, where `[core]` has a `url`; `"0s"` for never. |
//! | `tls` | none | |
//! | `core` | none | |
//! | `stream` | none | |
//! | `folder` | none | |
//!
//! A channel that says where to call (`url`, `address`, `drop`) is one that files leave by. With none of these, files
//! wait until the partner fetches them.
//!
//! ## `[limits]`
//!
//! Of files that we make, and of files of claims that the partner sends: what is over a limit there is rejected, by TA1
//! (interchanges, groups, bytes) or 999 (transaction sets, claims).
//!
//! | key | default | is |
//! |---|---|---|
//! | `claims_per_transaction` | none | Most claims in a transaction set (ST); 5000 if it is said nowhere. |
//! | `transactions_per_group` | none | Most transaction sets in a functional group. |
//! | `groups_per_interchange` | none | Most functional groups in an interchange. We write one. |
//! | `interchanges_per_file` | none | Most interchanges in a file. We write one. |
//! | `claims_per_file` | none | Most claims in a file. The gateway puts 5000 into one where it is not said. |
//! | `bytes_per_file` | none | Most bytes of a file, at least 1000. One claim that is longer by itself is sent all the same. |
//! | `over` | `"split"` | What becomes of more than `claims_per_file`: `"split"`, several files; `"refuse"`, none. |
//! | `batch_wait` | `"1m"` | Time, up to `"168h"`. How long a claim waits for others to share a file with. |
//!
//! ## `[characters]`
//!
//! | key | default | is |
//! |---|---|---|
//! | `set` | `"extended"` | `"basic"`: capitals, digits, blanks and ``!"&'()*+,-./:;?=``; `"extended"`: all printable ASCII; `"utf8"`. A claim with others is refused. |
//! | `uppercase` | `false` | Whether small letters are written as capitals. |
//!
//! ## `[control_numbers]`
//!
//! | key | default | is |
//! |---|---|---|
//! | `interchange` | `{ first = 1, last = 999999999 }` | ISA13. After the last comes the first again. |
//! | `group` | `{ first = 1, last = 999999999 }` | GS06. |
//!
//! Transaction sets (ST02) are numbered within their group, from 0001.
//!
//! ## A range
//!
//! | key | default | is |
//! |---|---|---|
//! | `first` | `1` | The first number. |
//! | `last` | `999999999` | The last number, greater than the first. |
//!
//! ## `[duplicates]`
//!
//! Each is for how many days something is remembered, and what is done when it comes again.
//!
//! | key | default | is |
//! |---|---|---|
//! | `interchange` | `{ days = 365, then = "refuse" }` | ISA13 of a sender. |
//! | `group` | `{ days = 365, then = "warn" }` | GS06 of a sender. |
//! | `transaction` | `{ days = 0, then = "warn" }` | ST02 of a sender. |
//! | `batch` | `{ days = 365, then = "warn" }` | BHT03 of a sender. |
//! | `file` | `{ days = 365, then = "refuse" }` | The same bytes. |
//! | `claim` | `{ days = 365, then = "refuse" }` | The same claim, handed in to us: provider, patient, dates, services, charges, frequency and the number it replaces. Taken if it is handed in with `allow_duplicates`, or if the one before is at a dead end. |
//!
//! ## A window
//!
//! | key | default | is |
//! |---|---|---|
//! | `days` | required | 0 to 3660; 0 turns it off. |
//! | `then` | `"refuse"` | `"refuse"` or `"warn"`. |
//!
//! ## `[checking]`
//!
//! | key | default | is |
//! |---|---|---|
//! | `level` | `7` | Levels (SNIP types) that are checked: up to this one, 1 to 7. |
//! | `companions` | `[]` | Files of companion guides, relative to this file. |
//! | `codes` | none | A folder of code lists that take the place of those that come with the program. |
//! | `suspend` | `"transaction"` | What an error holds back that rejects a transaction set of the partner's: `"transaction"`, that set; `"interchange"`, all of it. |
//!
//! ## `[acknowledgments]`
//!
//! | key | default | is |
//! |---|---|---|
//! | `owed` | none | What we answer the partner's files with. |
//! | `expected` | none | What the partner answers ours with, and by when. |
//!
//! ## `[acknowledgments.owed]`
//!
//! | key | default | is |
//! |---|---|---|
//! | `ta1` | `"if_due"` | `"never"`; `"if_due"`, when the interchange is rejected or asks for one; `"always"`. |
//! | `999` | `true` | Whether functional groups are answered. |
//! | `277ca` | `true` | Whether claims are answered. |
//! | `as` | `"payer"` | What an accepted claim is told: `"payer"`, it is in adjudication (A2); `"clearinghouse"`, it is received (A1). |
//! | `values` | `false` | Whether a 999 repeats wrong values. They may name people. |
//!
//! ## `[acknowledgments.expected]`
//!
//! A time after sending, in hours, minutes and seconds, or `"never"`.
//!
//! | key | default | is |
//! |---|---|---|
//! | `ta1` | `"never"` | When a TA1 is overdue. |
//! | `999` | `"72h"` | When a 999 is. |
//! | `277ca` | `"120h"` | When a 277CA is. |
//!
//! ## `[credentials]`
//!
//! What the partner proves itself with when it calls us: a password, or a certificate; either is enough.
//!
//! | key | default | is |
//! |---|---|---|
//! | `user` | none | The name that it logs in with. |
//! | `password_hash` | none | Its password, hashed: `claimwire partner password < FILE` makes one. |
//! | `certificates` | `[]` | SHA-256 of its client certificates, in hexadecimal, with or without colons. |
//! | `sender_ids` | `[]` | Other ids (ISA05, ISA06) that its files may have: `[{ qualifier = "ZZ", id = "CLINIC02" }]`. |
//!
//! ## An interchange id
//!
//! | key | default | is |
//! |---|---|---|
//! | `qualifier` | required | ISA05: two letters or digits. |
//! | `id` | required | ISA06, without the blanks that fill it. |
//!
//! ## `[tls]`
//!
//! How we call the partner, by `[core]` and `[stream]`.
//!
//! | key | default | is |
//! |---|---|---|
//! | `authorities` | none | PEM: whom to trust; by default the authorities of the system. |
//! | `certificate` | none | PEM: ours, and those that lead to its authority. |
//! | `key` | none | PEM: its private key. |
//! | `server_name` | none | The name that the server's certificate must have, where it is not the one in the URL or address. |
//! | `min_version` | `"1.2"` | The oldest TLS to speak: `"1.2"` or `"1.3"`. |
//!
//! ## `[core]`
//!
//! CAQH CORE with the partner. What begins with *our* is needed to call it; the rest also holds when it calls us.
//!
//! | key | default | is |
//! |---|---|---|
//! | `url` | none | Where it takes messages: `"https://edi.harbor.example/core"`. |
//! | `envelope` | `"soap"` | Which of the two our messages have: `"soap"` or `"mime"`. |
//! | `soap` | `"1.2"` | Our version of SOAP: `"1.2"` or `"1.1"`. |
//! | `sender` | `""` | Our SenderID. |
//! | `receiver` | `""` | The partner's ReceiverID. |
//! | `user` | none | Our user name; none where the certificate is enough. |
//! | `password` | none | Where our password is: `"env:NAME"` or `"file:PATH"`. |
//! | `headers` | `{}` | More HTTP headers for our requests. |
//! | `secret_headers` | `{}` | The same; each value says where the secret is. |
//! | `rule_version` | `"2.2.0"` | Our CORERuleVersion. |
//! | `root_namespace` | none | The namespace of the root element, where it is not that of the rule. |
//! | `checksum` | `"sha1"` | What CheckSum is computed with: `"sha1"` or `"sha256"`. |
//! | `checksum_check` | `"enforce"` | What becomes of a payload whose length or CheckSum differs: `"enforce"`, it is refused; `"warn"`; `"ignore"`. |
//! | `payload_types` | `{}` | Other strings for PayloadType: `{ claims837_i = "X12_837_Request_005010X223A2" }`. |
//! | `batch_payload` | `"mtom"` | How our batches travel in SOAP: `"mtom"` or `"base64"`. |
//! | `real_time_payload` | `"cdata"` | How our real-time payloads do: `"cdata"`, `"escaped"`, `"base64"`. |
//! | `connect_timeout` | `"10s"` | Time for connecting. |
//! | `real_time_timeout` | `"30s"` | Time for a real-time answer in all. |
//! | `batch_timeout` | `"5m"` | How long the partner may be silent in a batch exchange. |
//! | `response_limit` | `1073741824` | Most bytes of an answer. |
//! | `inline_limit` | `16777216` | Most bytes of a file inside an XML document: it is held in memory. |
//!
//! ## `[stream]`
//!
//! | key | default | is |
//! |---|---|---|
//! | `address` | none | Where the partner listens: `"edi.harbor.example:6443"`; none if it only calls us. |
//! | `connect_timeout` | `"10s"` | Time for connecting, with the TLS handshake. |
//! | `stall_timeout` | `"30s"` | How long it may take nothing of what we send. |
//! | `answer_timeout` | `"5m"` | How long its TA1 is waited for. |
//!
//! ## `[folder]`
//!
//! | key | default | is |
//! |---|---|---|
//! | `pick_up` | none | The folder that files from the partner come into. |
//! | `work` | none | Where files are while they are taken: `.work` in that folder. This one and the next two are on the same file system as `pick_up`. |
//! | `done` | none | Where files are that were taken: `done` in it. |
//! | `refused` | none | Where files are that were refused, each with its reason: `refused` in it. |
//! | `drop` | none | The folder that files to the partner are put into. |
//! | `poll` | `"5s"` | Time between looks. A file is taken when it has not changed since the look before. |
//! | `limit` | `1073741824` | Most bytes of a file. |
//! | `take` | `[]` | Only files with these endings are taken, such as `[".dat"]`; by default all. |
//! | `leave` | `[]` | Files with these endings are left alone, besides those that are usual for unfinished ones. |

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, BTreeSet},
        fmt::Debug,
    };

    use serde::{
        Deserializer,
        de::{DeserializeOwned, Error as _, Visitor, value::Error},
        forward_to_deserialize_any,
    };
    use toml::{Table, Value};

    use crate::{
        gateway::{
            Api, Core, Logs, Settings, Stream,
            connect::{core::settings as core, folder, stream},
            tls,
        },
        partner::{
            Acknowledgments, Characters, Checking, ControlNumbers, Credentials, Duplicates, Expected, InterchangeId,
            Limits, Owed, Partner, Range, Window,
        },
    };

    const TLS: &str = "certificate = \"c\"\nkey = \"k\"";
    const LISTENS: &str = "listen = \"127.0.0.1:1\"\ntls = { certificate = \"c\", key = \"k\" }";

    /// What the code knows of a section.
    struct Section {
        heading: &'static str,
        fields: BTreeSet<String>,
        /// The least that it can be.
        least: Table,
        /// A section as it is read, for comparison; an error if it cannot be.
        read: fn(Table) -> Result<String, toml::de::Error>,
    }

    fn section<T: DeserializeOwned + Debug>(heading: &'static str, least: &str) -> Section {
        Section { heading, fields: fields::<T>(), least: least.parse().unwrap(), read: read::<T> }
    }

    fn read<T: DeserializeOwned + Debug>(table: Table) -> Result<String, toml::de::Error> {
        table.try_into().map(|read: T| format!("{read:?}"))
    }

    /// A partner with its settings as they take effect.
    fn read_partner(table: Table) -> Result<String, toml::de::Error> {
        let mut partner: Partner = table.try_into()?;
        partner.core = Some("url = \"https://harbor.example\"".parse().unwrap());
        partner.sender_id.get_or_insert_with(|| "A".into());
        partner.receiver_id.get_or_insert_with(|| "B".into());
        let effect = (partner.options().unwrap(), partner.collect_every(), partner.usage());
        for implied in [&mut partner.sender_qualifier, &mut partner.receiver_qualifier, &mut partner.delimiters] {
            *implied = None;
        }
        (partner.control_number, partner.claims_per_transaction) = (None, None);
        (partner.usage, partner.line_break, partner.collect_every) = (None, None, None);
        Ok(format!("{partner:?} {effect:?}"))
    }

    fn sections() -> Vec<Section> {
        let gateway = "folder = \"f\"\nmaster_key = \"file:k\"\npartners = \"p\"";
        vec![
            section::<Settings>("Gateway", gateway),
            section::<Api>("`[api]`", "listen = \"127.0.0.1:1\""),
            section::<Core>("`[core]` of the gateway", LISTENS),
            section::<core::ServerSettings>("`[core.server]`", ""),
            section::<Stream>("`[stream]` of the gateway", LISTENS),
            section::<tls::ServerSettings>("TLS of the gateway", TLS),
            section::<Logs>("`[logs]`", ""),
            Section { read: read_partner, ..section::<Partner>("Partner", "") },
            section::<Limits>("`[limits]`", ""),
            section::<Characters>("`[characters]`", ""),
            section::<ControlNumbers>("`[control_numbers]`", ""),
            section::<Range>("A range", ""),
            section::<Duplicates>("`[duplicates]`", ""),
            section::<Window>("A window", "days = 1"),
            section::<Checking>("`[checking]`", ""),
            section::<Acknowledgments>("`[acknowledgments]`", ""),
            section::<Owed>("`[acknowledgments.owed]`", ""),
            section::<Expected>("`[acknowledgments.expected]`", ""),
            section::<Credentials>("`[credentials]`", ""),
            section::<InterchangeId>("An interchange id", "qualifier = \"ZZ\"\nid = \"A\""),
            section::<tls::ClientSettings>("`[tls]`", ""),
            section::<core::PartnerSettings>("`[core]`", ""),
            section::<stream::PartnerSettings>("`[stream]`", ""),
            section::<folder::PartnerSettings>("`[folder]`", ""),
        ]
    }

    /// The tables of this page: by heading, each key and its default.
    fn page() -> BTreeMap<String, Vec<(String, String)>> {
        let mut page: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        let mut heading = String::new();
        for line in include_str!("settings.rs").lines().map_while(|line| line.strip_prefix("//!")) {
            if let Some(text) = line.strip_prefix(" ## ") {
                heading = text.to_owned();
            }
            let Some(row) = line.strip_prefix(" | `") else { continue };
            let mut cells = row.splitn(3, " | ");
            let (key, default) = (cells.next().unwrap(), cells.next().unwrap());
            page.entry(heading.clone()).or_default().push((key.trim_end_matches('`').into(), default.into()));
        }
        page
    }

    #[test]
    fn every_setting_is_listed_and_nothing_else() {
        let mut page = page();
        for section in sections() {
            let listed = page.remove(section.heading).unwrap_or_else(|| panic!("{} is not there", section.heading));
            let keys: BTreeSet<String> = listed.iter().map(|(key, _)| key.clone()).collect();
            assert_eq!(keys, section.fields, "{}", section.heading);
            assert_eq!(keys.len(), listed.len(), "{}: something is listed twice", section.heading);
        }
        assert!(page.is_empty(), "{page:?}");
    }

    #[test]
    fn defaults_are_as_listed() {
        let page = page();
        for Section { heading, least, read, .. } in sections() {
            let without = read(least.clone()).unwrap();
            for (key, default) in &page[heading] {
                let about = format!("{heading} {key} = {default}");
                let mut with = least.clone();
                match default.strip_prefix('`').and_then(|text| text.strip_suffix('`')) {
                    Some(text) => {
                        let value: Table = format!("it = {text}").parse().unwrap_or_else(|_| panic!("{about}"));
                        with.insert(key.clone(), value["it"].clone());
                        assert_eq!(read(with).unwrap_or_else(|error| panic!("{about}: {error}")), without, "{about}");
                    }
                    None if default == "required" => {
                        assert!(with.remove(key).is_some(), "{about}: the test has none");
                        assert!(read(with).is_err(), "{about}: it can be left out");
                    }
                    None => {
                        assert_eq!(default, "none", "{about}");
                        assert!(with.get(key).is_none(), "{about}: it is required");
                    }
                }
            }
        }
    }

    #[test]
    fn settings_of_partners_that_are_implied_are_told_apart() {
        let read = |key: &str, value: Value| read_partner(Table::from_iter([(key.to_owned(), value)])).unwrap();
        let usual = read_partner(Table::new()).unwrap();
        for (key, value) in [
            ("sender_qualifier", "30"),
            ("receiver_qualifier", "30"),
            ("usage", "production"),
            ("delimiters", "|^:~"),
            ("line_break", "none"),
            ("collect_every", "1m"),
        ] {
            assert_ne!(read(key, value.into()), usual, "{key}");
        }
        for key in ["control_number", "claims_per_transaction"] {
            assert_ne!(read(key, 7.into()), usual, "{key}");
        }
    }

    /// The names that a struct is read from.
    fn fields<T: DeserializeOwned>() -> BTreeSet<String> {
        let mut fields: &[&str] = &[];
        assert!(T::deserialize(Fields(&mut fields)).is_err());
        assert!(!fields.is_empty());
        fields.iter().map(|field| (*field).to_owned()).collect()
    }

    struct Fields<'a>(&'a mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Fields<'_> {
        type Error = Error;

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Error> {
            *self.0 = fields;
            Err(Error::custom("only its names are wanted"))
        }

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            Err(Error::custom("this is no struct"))
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
}
