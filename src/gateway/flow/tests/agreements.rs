//! What is agreed with a partner besides the guides: limits, what an error holds back, what may not come twice.

use super::*;

/// A payer, whose partner `clinic` has these settings too.
fn payer(settings: &str) -> Side {
    let payer = tokio::task::block_in_place(|| {
        Side::new("clinic", &format!("sender_id = \"EXAMPLEPLAN\"\nreceiver_id = \"RIVERBEND\"\n{settings}"))
    });
    payer.work();
    payer
}

/// A file of two claims, numbered.
fn file(number: u32) -> String {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/837p/two-visits.x12");
    let text = fs::read_to_string(sample).unwrap().replace("000000101", &format!("{number:09}"));
    text.replace("*101*X*", &format!("*{number}*X*"))
        .replace("GE*1*101~", &format!("GE*1*{number}~"))
        .replace("BATCH0101", &format!("BATCH{number}"))
}

/// The same with a second transaction set, whose claims are `VISIT-2001` and so on; a `wrong` one miscounts its
/// segments.
fn two_sets(number: u32, wrong: bool) -> String {
    let text = file(number);
    let (head, rest) = text.split_once("ST*").unwrap();
    let (set, tail) = rest.split_once("GE*").unwrap();
    let mut second = set.replace("*0001", "*0002").replace("VISIT-1", "VISIT-2").replace("*BATCH", "*OTHER");
    if wrong {
        second = second.replacen("SE*49*", "SE*48*", 1);
    }
    format!("{head}ST*{set}ST*{second}GE*{}", tail.replacen("1*", "2*", 1))
}

impl Side {
    /// What was made of a file in the end.
    async fn processed(&self, bytes: &str) -> Id {
        let id = self.receive("clinic", bytes.as_bytes()).await;
        self.done().await;
        id
    }

    /// Waits until nothing is left to be processed.
    async fn done(&self) {
        self.until("SELECT state AS one FROM job WHERE queue = 'process' AND state <> 'done'", &[]).await;
    }

    /// The text of our answers to a file.
    async fn answers(&self, file: Id) -> Vec<String> {
        let store = self.gateway.store().clone();
        let read = move || {
            let rows: Vec<_> = store
                .read_blocking(move |tx| {
                    tx.rows(
                        "SELECT payload FROM file WHERE about = ?1 AND direction = 'out' ORDER BY id",
                        values![file.0],
                    )
                })
                .unwrap();
            let text = |row: &crate::gateway::store::Row| {
                let mut text = String::new();
                store.payload_reader(row.payload("payload").unwrap()).unwrap().read_to_string(&mut text).unwrap();
                text
            };
            rows.iter().map(text).collect()
        };
        tokio::task::spawn_blocking(read).await.unwrap()
    }
}

fn segments<'t>(answers: &'t [String], id: &str) -> Vec<&'t str> {
    let all = answers.iter().flat_map(|text| text.split('~')).map(str::trim);
    all.filter(|segment| segment.split('*').next() == Some(id)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_go_out_keep_to_their_limits() {
    for (limit, files) in [
        ("claims_per_transaction = 1\ntransactions_per_group = 1\n", 2),
        ("claims_per_transaction = 1\n", 1),
        ("bytes_per_file = 1300\n", 2),
    ] {
        let settings = HARBOR.replace("[limits]\n", &format!("[limits]\n{limit}"));
        let (clinic, _payer) = sides_with(&settings).await;
        clinic.submit(claims("837p/two-visits.x12")).await;
        clinic.until(STATES, &["VISIT-1001 accepted", "VISIT-1002 accepted"]).await;
        let sent = clinic.rows("SELECT length || '' AS one FROM file WHERE content = '837P'").await;
        assert_eq!(sent.len(), files, "{limit}: {sent:?}");
        assert!(files == 1 || sent.iter().all(|length| length.parse::<u32>().unwrap() <= 1300), "{limit}: {sent:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_come_are_held_to_the_limits() {
    let payer = payer("[limits]\ninterchanges_per_file = 1\ntransactions_per_group = 1\nclaims_per_transaction = 2\n");
    let two = payer.processed(&format!("{}{}", file(1), file(2))).await;
    let states = "SELECT state AS one FROM claim ORDER BY id";
    let expected = ["accepted", "accepted", "interchange_rejected", "interchange_rejected"];
    assert_eq!(payer.rows(states).await, expected);
    let ta1 = segments(&payer.answers(two).await, "TA1").concat();
    assert!(ta1.contains("TA1*000000002") && ta1.ends_with("*R*022"), "{ta1}");
    // A set too many, and one with too many claims.
    let answered = payer.processed(&two_sets(3, false)).await;
    assert_eq!(payer.rows(states).await[4..], ["accepted", "accepted", "syntax_rejected", "syntax_rejected"]);
    assert_eq!(segments(&payer.answers(answered).await, "AK9"), ["AK9*P*2*2*1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_with_too_many_claims_is_rejected() {
    let payer = payer("[limits]\nclaims_per_transaction = 1\n");
    let answered = payer.processed(&file(1)).await;
    assert_eq!(payer.rows(STATES).await, ["VISIT-1001 syntax_rejected", "VISIT-1002 syntax_rejected"]);
    assert_eq!(segments(&payer.answers(answered).await, "IK5"), ["IK5*R*5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_holds_back_its_set_or_its_interchange() {
    let states = "SELECT state AS one FROM claim ORDER BY id";
    let payer_of_sets = payer("");
    let answered = payer_of_sets.processed(&two_sets(1, true)).await;
    assert_eq!(payer_of_sets.rows(states).await, ["accepted", "accepted", "syntax_rejected", "syntax_rejected"]);
    assert_eq!(segments(&payer_of_sets.answers(answered).await, "AK9"), ["AK9*P*2*2*1"]);

    let payer = payer("[checking]\nsuspend = \"interchange\"\n");
    let answered = payer.processed(&format!("{}{}", two_sets(1, true), file(2))).await;
    let expected = [["syntax_rejected"; 4].as_slice(), &["accepted"; 2]].concat();
    assert_eq!(payer.rows(states).await, expected, "the second interchange goes on");
    let answers = payer.answers(answered).await;
    assert_eq!(segments(&answers, "AK9"), ["AK9*R*2*2*0", "AK9*A*1*1*1"]);
    assert_eq!(segments(&answers, "IK5"), ["IK5*A", "IK5*R*4", "IK5*A"], "where the error is, is told");
    let told: Vec<_> =
        segments(&answers, "TRN").into_iter().filter(|trn| trn.contains("VISIT")).map(str::to_owned).collect();
    assert_eq!(told.len(), 2, "the 277CA answers the claims that go on: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_that_are_rejected_one_by_one_leave_their_set_accepted() {
    let payer = payer("");
    // Charges that are not those of the lines.
    let wrong = file(1).replace("VISIT-1001*165", "VISIT-1001*166").replace("VISIT-1002*180", "VISIT-1002*181");
    payer.processed(&wrong).await;
    assert_eq!(payer.rows(STATES).await, ["VISIT-1001 rejected", "VISIT-1002 rejected"]);
    assert_eq!(payer.rows("SELECT answer AS one FROM transaction_set WHERE kind = '837'").await, ["E"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_used_is_refused_and_the_same_file_is_answered_as_before() {
    let payer = payer("[acknowledgments.owed]\nta1 = \"always\"\n");
    let first = payer.processed(&file(7)).await;
    let made = payer.answers(first).await;
    assert_eq!(segments(&made, "TA1")[0].rsplit_once('*').unwrap().1, "000");
    // Fetched, and the same file comes again: it is not processed, and the same answers wait once more.
    payer.fetch_all("clinic").await;
    let again = payer.processed(&file(7)).await;
    assert_eq!(payer.rows(STATES).await, ["VISIT-1001 accepted", "VISIT-1002 accepted"]);
    assert!(payer.answers(again).await.is_empty());
    let fetched = payer.fetch_all("clinic").await;
    assert_eq!(fetched, made, "the same answers, byte for byte");
    assert_eq!(
        payer.rows("SELECT state AS one FROM file WHERE direction = 'in' ORDER BY id").await,
        ["processed", "duplicate"]
    );
    // A third time, while they wait to be fetched.
    payer.processed(&file(7)).await;
    payer.processed(&file(7)).await;
    assert_eq!(payer.fetch_all("clinic").await, made);
    // Other claims under the same ISA13.
    let other = payer.processed(&file(7).replace("VISIT-", "OTHER-")).await;
    assert_eq!(
        payer.rows(STATES).await,
        [
            "OTHER-1001 interchange_rejected",
            "OTHER-1002 interchange_rejected",
            "VISIT-1001 accepted",
            "VISIT-1002 accepted"
        ]
    );
    let refused = payer.answers(other).await;
    assert_eq!((refused.len(), segments(&refused, "TA1")[0].rsplit_once("*R*").unwrap().1), (1, "025"));
    // What was rejected was not used.
    payer.processed(&file(8).replace("*ZZ*EXAMPLEPLAN ", "*ZZ*SOMEBODYELSE").replace("VISIT-", "THIRD-")).await;
    payer.processed(&file(8).replace("VISIT-", "FOURTH-")).await;
    let of = |name: &'static str| format!("{name}-1001 ");
    let states = payer.rows(STATES).await.concat();
    assert!(
        states.contains(&(of("THIRD") + "interchange_rejected")) && states.contains(&(of("FOURTH") + "accepted")),
        "{states}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_is_answered_as_before_in_the_same_exchange_too() {
    let payer = payer("");
    let caller = Caller { partner: "clinic".into(), credential: "test".into(), senders: Vec::new(), peer: peer() };
    let desk = Desk::new(Arc::clone(&payer.gateway), Passwords::new(Duration::from_secs(1)).unwrap());
    for channel in ["stream", "core"] {
        let number = if channel == "core" { 2 } else { 1 };
        let mut answers = Vec::new();
        for _ in 0..2 {
            let mut spool = Spool::create(payer._folder.path(), 1 << 30).unwrap();
            spool.write(file(number).as_bytes()).unwrap();
            let file = spool.finish().unwrap();
            let arrival = Arrival { channel, payload_id: None, content: None, name: None, file };
            let parcel = desk.answer(&caller, arrival).await.unwrap().unwrap();
            let mut text = String::new();
            tokio::task::block_in_place(|| parcel.body.open().unwrap().read_to_string(&mut text).unwrap());
            answers.push(text);
        }
        assert_eq!(answers[0], answers[1], "{channel}");
        assert!(!answers[0].contains("*R*"), "{channel}: {}", answers[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_batches_that_come_again_are_told_or_refused() {
    let states = "SELECT state AS one FROM claim ORDER BY id";
    let repeated =
        "SELECT json_extract(detail, '$.repeated') AS one FROM event WHERE kind = 'file_processed' ORDER BY sequence";
    // The second file has the group and batch of the first, under an ISA13 of its own.
    let second = file(1).replace("000000001", "000000002").replace("VISIT-", "OTHER-");
    let lenient = payer("");
    lenient.processed(&file(1)).await;
    lenient.processed(&second).await;
    assert_eq!(lenient.rows(states).await, ["accepted"; 4]);
    let told = lenient.rows(repeated).await;
    assert_eq!(told[0], "[]");
    assert!(told[1].contains("GS06") && told[1].contains("BHT03") && !told[1].contains("true"), "{told:?}");

    for (settings, element) in [("batch", "IK3*BHT*2**8"), ("transaction", "IK3*ST*1**8")] {
        let strict = payer(&format!("[duplicates]\n{settings} = {{ days = 30, then = \"refuse\" }}\n"));
        strict.processed(&file(1)).await;
        let refused = strict.processed(&second).await;
        assert_eq!(strict.rows(states).await, ["accepted", "accepted", "syntax_rejected", "syntax_rejected"]);
        assert_eq!(segments(&strict.answers(refused).await, "IK3"), [element]);
    }
    let strict = payer("[duplicates]\ngroup = { days = 30, then = \"refuse\" }\n");
    strict.processed(&file(1)).await;
    let refused = strict.processed(&second).await;
    assert_eq!(strict.rows(states).await, ["accepted", "accepted", "syntax_rejected", "syntax_rejected"]);
    assert_eq!(segments(&strict.answers(refused).await, "AK9"), ["AK9*R*1*1*0*19"]);
}

impl Side {
    /// Fetches all that waits for a partner.
    async fn fetch_all(&self, partner: &str) -> Vec<String> {
        let caller = Caller { partner: partner.into(), credential: "test".into(), senders: Vec::new(), peer: peer() };
        let desk = Desk::new(Arc::clone(&self.gateway), Passwords::new(Duration::from_secs(1)).unwrap());
        let mut fetched = Vec::new();
        loop {
            let wanted = Wanted { kinds: Content::ALL.to_vec(), payload_id: None };
            let Some(parcel) = desk.next(&caller, wanted).await.unwrap() else { return fetched };
            let mut text = String::new();
            tokio::task::block_in_place(|| parcel.body.open().unwrap().read_to_string(&mut text).unwrap());
            desk.fetched(&caller, parcel.id, None).await.unwrap();
            fetched.push(text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_what_its_sender_was_told() {
    for (owed, state) in [
        ("277ca = true", "accepted"),
        ("as = \"clearinghouse\"", "acknowledged"),
        ("277ca = false", "syntax_accepted"),
        ("277ca = false\n999 = false\nta1 = \"always\"", "interchange_accepted"),
        ("277ca = false\n999 = false\nta1 = \"never\"", "received"),
    ] {
        let payer = payer(&format!("[acknowledgments.owed]\n{owed}\n"));
        payer.processed(&file(1)).await;
        payer.until("SELECT DISTINCT state AS one FROM claim", &[state]).await;
    }
}
