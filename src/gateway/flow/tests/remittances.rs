//! One payment is made once, however often its remittance comes.

use super::*;

const REPEATED: &str = "SELECT f.state || ' ' || f.about AS one FROM event e JOIN file f ON f.id = e.file
     WHERE e.kind = 'remittance_repeated' ORDER BY e.sequence";

/// A billing side with two claims that were accepted, and what its payer pays for the first of them.
async fn paid_once() -> (Side, Side, String) {
    let (clinic, payer) = sides().await;
    clinic.submit(claims("837p/two-visits.x12")).await;
    clinic.until(STATES, &["VISIT-1001 accepted", "VISIT-1002 accepted"]).await;
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/835/simple.x12");
    let remittance = fs::read_to_string(sample).unwrap().replace("OAK-10001", "VISIT-1001");
    clinic.receive("harbor", remittance.as_bytes()).await;
    clinic.until(STATES, &["VISIT-1001 paid", "VISIT-1002 accepted"]).await;
    (clinic, payer, remittance)
}

async fn processed(side: &Side, files: &str) {
    let done: &'static str = "SELECT count(*) || '' AS one FROM event WHERE kind = 'file_processed' AND file IN
        (SELECT id FROM file WHERE content = '835')";
    side.until(done, &[files]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remittance_under_a_new_envelope_pays_nothing_more() {
    let (clinic, _payer, remittance) = paid_once().await;
    // The same payment under other numbers, and written a little otherwise.
    let again = remittance.replace("000000158", "000000159").replace("*87*C*ACH", "*87.00*C*ACH");
    assert_ne!(again, remittance);
    clinic.receive("harbor", again.as_bytes()).await;
    processed(&clinic, "2").await;
    assert_eq!(clinic.rows("SELECT amount AS one FROM remittance ORDER BY id").await.len(), 2);
    assert_eq!(clinic.rows("SELECT paid AS one FROM payment").await, ["87"]);
    let first = clinic.rows("SELECT file || '' AS one FROM remittance WHERE repeats IS NULL").await;
    assert_eq!(clinic.rows(REPEATED).await, [format!("duplicate {}", first[0])]);
    let adjudicated = "SELECT kind AS one FROM event WHERE kind = 'adjudicated'";
    assert_eq!(clinic.rows(adjudicated).await.len(), 1, "no claim heard of it again");
    let detail = clinic.rows("SELECT detail AS one FROM event WHERE kind = 'remittance_repeated'").await;
    assert!(detail[0].contains("\"same\":true"), "{detail:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_money_in_another_file_is_not_paid_again_whatever_it_says() {
    let (clinic, _payer, remittance) = paid_once().await;
    let other = remittance.replace("000000158", "000000160").replace("VISIT-1001", "VISIT-1002");
    clinic.receive("harbor", other.as_bytes()).await;
    processed(&clinic, "2").await;
    assert_eq!(clinic.rows(STATES).await, ["VISIT-1001 paid", "VISIT-1002 accepted"]);
    let detail = clinic.rows("SELECT detail AS one FROM event WHERE kind = 'remittance_repeated'").await;
    assert!(detail[0].contains("\"same\":false"), "a person can see that it differs: {detail:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reversal_with_a_number_of_its_own_is_posted() {
    let (clinic, _payer, remittance) = paid_once().await;
    let reversal = remittance
        .replace("000000158", "000000161")
        .replace("EFT260127158", "EFT260128001")
        .replace("BPR*I*87*C*ACH", "BPR*H*0*C*NON")
        .replace("CLP*VISIT-1001*1*140*87*25*", "CLP*VISIT-1001*22*-140*-87**")
        .replace("SVC*HC:99213*115*67**1", "SVC*HC:99213*-115*-67**-1");
    clinic.receive("harbor", reversal.as_bytes()).await;
    clinic.until(STATES, &["VISIT-1001 reversed", "VISIT-1002 accepted"]).await;
    assert_eq!(clinic.rows("SELECT paid AS one FROM payment ORDER BY id").await, ["87", "-87"]);
    assert!(clinic.rows(REPEATED).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn advices_without_money_may_share_a_number() {
    let (clinic, _payer, remittance) = paid_once().await;
    // Denials: nothing is paid, and the payer numbers them all alike.
    let denial = |claim: &str, number: &str| {
        let (before, rest) = remittance.split_once("CLP*").unwrap();
        let (_, after) = rest.split_once("SE*").unwrap();
        let before = before.replace("000000158", number).replace("EFT260127158", "NOPAY");
        let before = before.replace(
            "BPR*I*87*C*ACH*CCP*01*999999992*DA*4400221*1993137421**01*888888884*DA*7100345",
            "BPR*H*0*C*NON***********",
        );
        let claim = format!(
            "CLP*{claim}*4*140*0**12*SHP1*11*1~\nCAS*CO*29*140~\nNM1*QC*1*QUILLFEATHER*ADA****MI*SHP100200301~\n"
        );
        let segments = (before.lines().skip(2).count() + claim.lines().count() + 1).to_string();
        let (_, trailer) = after.split_once('*').unwrap();
        format!("{before}{claim}SE*{segments}*{}", trailer.replace("000000158", number))
    };
    clinic.receive("harbor", denial("VISIT-1002", "000000162").as_bytes()).await;
    clinic.until(STATES, &["VISIT-1001 paid", "VISIT-1002 denied"]).await;
    clinic.receive("harbor", denial("VISIT-1001", "000000163").as_bytes()).await;
    clinic.until(STATES, &["VISIT-1001 denied", "VISIT-1002 denied"]).await;
    clinic.receive("harbor", denial("VISIT-1001", "000000164").as_bytes()).await;
    processed(&clinic, "4").await;
    assert_eq!(clinic.rows(REPEATED).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remittance_is_given_to_a_partner_once() {
    let (clinic, payer) = sides().await;
    clinic.submit(claims("837p/two-visits.x12")).await;
    clinic.until(STATES, &["VISIT-1001 accepted", "VISIT-1002 accepted"]).await;
    let give = || {
        let gateway = Arc::clone(&payer.gateway);
        let submission = Submission {
            source: "test".into(),
            partner: Some("clinic".into()),
            only: None,
            allow_duplicates: false,
            claims: std::io::Cursor::new(remittance()),
        };
        tokio::task::spawn_blocking(move || gateway.pay(submission).unwrap())
    };
    let (first, second) = (give().await.unwrap(), give().await.unwrap());
    assert!(first.file.is_some() && first.repeats.is_none());
    assert!(second.file.is_none() && second.repeats.is_some());
    clinic.until(STATES, &["VISIT-1001 accepted", "VISIT-1002 paid"]).await;
    assert_eq!(payer.rows("SELECT content AS one FROM file WHERE content = '835'").await.len(), 1);
}
