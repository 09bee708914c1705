//! PayloadLength and CheckSum: over the bytes of the payload as it is written to disk.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use aws_lc_rs::digest;
use serde::Deserialize;

use super::{
    envelope::{Field, Fields},
    fault::Fault,
};
use crate::gateway::connect::{Parcel, Spooled};

/// What CheckSum is computed with. The rule says SHA-1; some partners agree on SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// SHA-1.
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
}

/// What becomes of a payload whose length or checksum is not what its envelope says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enforcement {
    /// It is refused.
    #[default]
    Enforce,
    /// It is taken, and logged.
    Warn,
    /// It is taken.
    Ignore,
}

impl Algorithm {
    /// The CheckSum of a received file, in lower-case hexadecimal.
    pub fn of(self, file: &Spooled) -> String {
        match self {
            Algorithm::Sha1 => hex::encode(file.sha1),
            Algorithm::Sha256 => hex::encode(file.sha256),
        }
    }

    /// The CheckSum of a file on its way out.
    pub fn of_parcel(self, parcel: &Parcel) -> String {
        match self {
            Algorithm::Sha1 => hex::encode(parcel.sha1),
            Algorithm::Sha256 => hex::encode(parcel.sha256),
        }
    }

    fn digest(self) -> digest::Context {
        digest::Context::new(match self {
            Algorithm::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Algorithm::Sha256 => &digest::SHA256,
        })
    }
}

/// Whether a payload has the length and the checksum that its envelope states. What is not stated is not checked.
///
/// Reads the file once more if the checksum differs, to say whether line ends were changed: it blocks.
///
/// # Errors
///
/// The first that differs.
pub fn verify(fields: &Fields, file: &Spooled, algorithm: Algorithm) -> Result<(), Fault> {
    let length = fields.payload_length()?;
    let stated = fields.value(Field::CheckSum).filter(|stated| !stated.eq_ignore_ascii_case(&algorithm.of(file)));
    let hint = |otherwise: &str| match stated.and_then(|stated| line_ends(&file.path, stated, algorithm).ok()) {
        Some(Some(hint)) => hint.to_owned(),
        Some(None) | None => otherwise.to_owned(),
    };
    if let Some(length) = length.filter(|length| *length != file.length) {
        let otherwise = "count the bytes of the payload itself, before any encoding";
        let remedy = format!("it says {length} bytes, {} came; {}", file.length, hint(otherwise));
        return Err(Fault::illegal(Field::PayloadLength, remedy));
    }
    if stated.is_some() {
        let otherwise = match algorithm {
            Algorithm::Sha1 => "compute SHA-1 in hexadecimal over the bytes of the payload itself, before any encoding",
            Algorithm::Sha256 => {
                "compute SHA-256 in hexadecimal over the bytes of the payload itself, before any encoding"
            }
        };
        return Err(Fault::ChecksumMismatched(hint(otherwise).into()));
    }
    Ok(())
}

/// Where the segment terminator of an interchange stands, from its first byte.
const TERMINATOR: usize = 105;

/// Says so if the stated checksum is that of the same file with other line ends.
fn line_ends(path: &Path, stated: &str, algorithm: Algorithm) -> io::Result<Option<&'static str>> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut terminator = None;
    let mut position = 0_usize;
    let [mut bare, mut with_lf, mut with_crlf] = [algorithm.digest(), algorithm.digest(), algorithm.digest()];
    let mut piece: [Vec<u8>; 3] = Default::default();
    loop {
        let count = file.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        if terminator.is_none() {
            terminator = TERMINATOR.checked_sub(position).and_then(|at| bytes.get(at)).copied();
            if terminator.is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
                return Ok(None); // line ends are the terminators: there is nothing to add or to take away
            }
        }
        position = position.saturating_add(count);
        piece.iter_mut().for_each(Vec::clear);
        let [plain, lf, crlf] = &mut piece;
        for byte in bytes.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
            plain.push(*byte);
            lf.push(*byte);
            crlf.push(*byte);
            if Some(*byte) == terminator {
                lf.push(b'\n');
                crlf.extend_from_slice(b"\r\n");
            }
        }
        bare.update(plain);
        with_lf.update(lf);
        with_crlf.update(crlf);
    }
    let is = |context: digest::Context| hex::encode(context.finish()).eq_ignore_ascii_case(stated);
    if is(bare) {
        return Ok(Some("the CheckSum stated is that of the payload without line ends: something added them"));
    }
    if is(with_lf) {
        return Ok(Some(
            "the CheckSum stated is that of the payload with LF after each segment: something changed them",
        ));
    }
    if is(with_crlf) {
        return Ok(Some(
            "the CheckSum stated is that of the payload with CRLF after each segment: something changed them",
        ));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::connect::Spool;

    const PAYLOAD: &[u8] =
        b"ISA*00*          *00*          *ZZ*BILLCO         *ZZ*PAYERB         *260115*0930*^*00501*\
        000000905*0*T*:~TA1*000000904*260114*2215*A*000~IEA*0*000000905~";
    const BARE: &str = "0f3caf1b9c7c35501ebeff4297b48ab973632a7c";
    const CRLF: &str = "47d92bc987c5fca6d8325a23da4bc370aa2f9e44";
    const LF: &str = "db87ba336bfc641ac3974aa8817e8df43f528773";
    const BARE_SHA256: &str = "287f1613005dc02d83d2a1b0a6279aa12e85bf5be6888af95f31cc25ef3d1130";

    fn spooled(bytes: &[u8]) -> (tempfile::TempDir, Spooled) {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::create(folder.path(), 1 << 20).unwrap();
        spool.write(bytes).unwrap();
        (folder, spool.finish().unwrap())
    }

    fn with_ends(end: &str) -> Vec<u8> {
        String::from_utf8(PAYLOAD.to_vec()).unwrap().replace('~', &format!("~{end}")).into_bytes()
    }

    fn stating(length: usize, checksum: &str) -> Fields {
        Fields::default().with(Field::PayloadLength, length.to_string()).with(Field::CheckSum, checksum)
    }

    #[test]
    fn the_vectors_hold() {
        let cases = [(PAYLOAD.to_vec(), 154, BARE), (with_ends("\r\n"), 160, CRLF), (with_ends("\n"), 157, LF)];
        for (bytes, length, checksum) in cases {
            let (_folder, file) = spooled(&bytes);
            assert_eq!(file.length, length);
            assert_eq!(Algorithm::Sha1.of(&file), checksum);
            assert_eq!(verify(&stating(bytes.len(), &checksum.to_uppercase()), &file, Algorithm::Sha1), Ok(()));
        }
        let (_folder, file) = spooled(PAYLOAD);
        assert_eq!(verify(&stating(154, BARE_SHA256), &file, Algorithm::Sha256), Ok(()));
    }

    #[test]
    fn changed_line_ends_are_recognised() {
        let cases = [
            (with_ends("\r\n"), BARE, "without line ends"),
            (PAYLOAD.to_vec(), CRLF, "with CRLF"),
            (PAYLOAD.to_vec(), LF, "with LF"),
            (with_ends("\r\n"), LF, "with LF"),
        ];
        for (bytes, stated, words) in cases {
            let (_folder, file) = spooled(&bytes);
            let fault = verify(&stating(bytes.len(), stated), &file, Algorithm::Sha1).unwrap_err();
            assert_eq!(fault.code(), "ChecksumMismatched");
            assert!(fault.to_string().contains(words), "{fault}");
            let fault = verify(&stating(1, stated), &file, Algorithm::Sha1).unwrap_err();
            assert_eq!(fault.code(), "PayloadLengthIllegal");
            assert!(fault.to_string().contains(words), "{fault}");
        }
        let (_folder, file) = spooled(PAYLOAD);
        let fault = verify(&stating(154, "43B8485AB5"), &file, Algorithm::Sha1).unwrap_err();
        assert!(fault.to_string().contains("compute SHA-1"), "{fault}");
    }
}
