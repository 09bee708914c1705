//! What becomes of files that are refused in the exchange in which they are sent.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A partner that answers on the spot, as on the stream: what it does at each try.
struct OnTheSpot {
    tries: AtomicUsize,
    /// Notes of the TA1s that reject; none: the connection breaks.
    says: &'static [Option<&'static str>],
    spool: std::path::PathBuf,
}

impl Connector for OnTheSpot {
    fn submit<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<Receipt, SendError>> {
        Box::pin(async move {
            let turn = self.tries.fetch_add(1, Ordering::SeqCst);
            let Some(note) = self.says.get(turn).copied().flatten() else {
                return Err(SendError::Unknown { reason: "the connection broke".into() });
            };
            let mut text = String::new();
            tokio::task::block_in_place(|| parcel.body.open().unwrap().read_to_string(&mut text).unwrap());
            let isa: Vec<&str> = text.split('*').collect();
            let ta1 = format!(
                "{}TA1*{}*{}*{}*R*{note}~IEA*0*000000900~",
                "ISA*00*          *00*          *ZZ*99001          *ZZ*CLRV01         *260127*0630*^*00501*000000900*0*T*:~",
                isa[13],
                isa[9],
                isa[10]
            );
            let mut spool = Spool::create(&self.spool, 1 << 20).unwrap();
            spool.write(ta1.as_bytes()).unwrap();
            let answer = Some(Arc::new(spool.finish().unwrap()));
            Err(SendError::Refused { code: note.into(), reason: "TA1 rejects".into(), answer })
        })
    }
}

async fn sent(says: &'static [Option<&'static str>]) -> Side {
    let clinic = tokio::task::block_in_place(|| Side::new("harbor", HARBOR));
    let connector = OnTheSpot { tries: AtomicUsize::new(0), says, spool: clinic._folder.path().to_owned() };
    clinic.gateway.connectors.lock().unwrap().insert("harbor".into(), Arc::new(connector));
    clinic.work();
    clinic.submit(claims("837p/two-visits.x12")).await;
    clinic
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ta1_that_refuses_on_the_spot_reaches_the_claims() {
    let clinic = sent(&[Some("008")]).await;
    clinic.until(STATES, &["VISIT-1001 interchange_rejected", "VISIT-1002 interchange_rejected"]).await;
    clinic.until("SELECT state || ' ' || reason AS one FROM delivery", &["failed refused with 008: TA1 rejects"]).await;
    let kept = clinic.rows("SELECT verdict || ' ' || kind AS one FROM acknowledgment").await;
    assert_eq!(kept, ["rejected TA1"]);
    assert_eq!(
        clinic.rows("SELECT answer || ' ' || note AS one FROM interchange WHERE direction = 'out'").await,
        ["R 008"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ta1_that_knows_the_number_from_an_earlier_try_says_that_it_arrived() {
    let clinic = sent(&[None, Some("025")]).await;
    clinic.until("SELECT state AS one FROM delivery", &["sent"]).await;
    clinic.until(STATES, &["VISIT-1001 sent", "VISIT-1002 sent"]).await;
    assert!(clinic.rows("SELECT kind AS one FROM acknowledgment").await.is_empty());
}
