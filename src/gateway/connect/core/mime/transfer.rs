use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Undoes a Content-Transfer-Encoding, piece by piece.
#[derive(Debug)]
pub struct Decoder(Coding);

#[derive(Debug)]
enum Coding {
    /// `binary`, `8bit`, `7bit`: the bytes as they are.
    Plain,
    Base64 {
        /// Letters that do not make a group of four yet.
        group: Vec<u8>,
        /// Whether padding has come, after which nothing may.
        ended: bool,
    },
    QuotedPrintable {
        /// An escape that is not whole yet, from its `=`.
        escape: Vec<u8>,
    },
}

/// The bytes are not what their encoding says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the part is not encoded as its Content-Transfer-Encoding says")]
pub struct Malformed;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// How long a line of blanks after a `=` may be in quoted-printable before it is no soft line break.
const MAX_ESCAPE: usize = 80;

impl Decoder {
    /// The decoder for a Content-Transfer-Encoding; nothing is undone for one that is not known.
    pub fn of(encoding: Option<&str>) -> Decoder {
        let encoding = encoding.unwrap_or_default().trim();
        if encoding.eq_ignore_ascii_case("base64") {
            return Decoder::base64();
        }
        if encoding.eq_ignore_ascii_case("quoted-printable") {
            return Decoder(Coding::QuotedPrintable { escape: Vec::new() });
        }
        Decoder(Coding::Plain)
    }

    /// The decoder for base64.
    pub fn base64() -> Decoder {
        Decoder(Coding::Base64 { group: Vec::new(), ended: false })
    }

    /// Decodes a piece and appends it to `to`.
    ///
    /// # Errors
    ///
    /// [`Malformed`].
    pub fn decode(&mut self, piece: &[u8], to: &mut Vec<u8>) -> Result<(), Malformed> {
        match &mut self.0 {
            Coding::Plain => {
                to.extend_from_slice(piece);
                Ok(())
            }
            Coding::Base64 { group, ended } => {
                group.extend(piece.iter().filter(|byte| !byte.is_ascii_whitespace()));
                // After padding nothing may come, in this piece or in a later one.
                let padding = memchr::memchr(b'=', group).and_then(|at| group.get(at..)).unwrap_or_default();
                if *ended && !group.is_empty() || padding.iter().any(|byte| *byte != b'=') {
                    return Err(Malformed);
                }
                let whole = group.len() - group.len() % 4;
                let (now, later) = group.split_at(whole);
                ENGINE.decode_vec(now, to).map_err(|_| Malformed)?;
                *ended |= now.contains(&b'=');
                if *ended && !later.is_empty() {
                    return Err(Malformed);
                }
                *group = later.to_vec();
                Ok(())
            }
            Coding::QuotedPrintable { escape } => piece.iter().try_for_each(|byte| quoted(escape, *byte, to)),
        }
    }

    /// Decodes what is left.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the encoding stops in the middle.
    pub fn finish(self, to: &mut Vec<u8>) -> Result<(), Malformed> {
        match self.0 {
            Coding::Plain => Ok(()),
            Coding::Base64 { group, .. } => ENGINE.decode_vec(&group, to).map_err(|_| Malformed),
            // A part that ends in a soft line break has lost that line break to the boundary.
            Coding::QuotedPrintable { escape } if escape.len() <= 1 => Ok(()),
            Coding::QuotedPrintable { .. } => Err(Malformed),
        }
    }
}

/// One byte of quoted-printable: `=3D` is a byte, `=` before a line end nothing at all.
fn quoted(escape: &mut Vec<u8>, byte: u8, to: &mut Vec<u8>) -> Result<(), Malformed> {
    match (escape.as_slice(), byte) {
        ([], b'=') => escape.push(byte),
        ([], _) => to.push(byte),
        ([.., b'\r'] | [b'='] | [b'=', b' ' | b'\t', ..], b'\n') => escape.clear(),
        ([b'='] | [b'=', b' ' | b'\t', ..], b' ' | b'\t' | b'\r') if escape.len() < MAX_ESCAPE => escape.push(byte),
        ([b'='], _) if byte.is_ascii_hexdigit() => escape.push(byte),
        ([b'=', high], _) => {
            to.push(nibble(*high)? << 4 | nibble(byte)?);
            escape.clear();
        }
        _ => return Err(Malformed),
    }
    Ok(())
}

fn nibble(digit: u8) -> Result<u8, Malformed> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(encoding: &str, pieces: &[&[u8]]) -> Result<Vec<u8>, Malformed> {
        let mut decoder = Decoder::of(Some(encoding));
        let mut to = Vec::new();
        for piece in pieces {
            decoder.decode(piece, &mut to)?;
        }
        decoder.finish(&mut to)?;
        Ok(to)
    }

    #[test]
    fn encodings_are_undone() {
        assert_eq!(decoded("BASE64", &[b"SVNB\r\nKj", b"A=\n"]).unwrap(), b"ISA*0");
        assert_eq!(decoded("base64", &[b"SVNBKjA"]).unwrap(), b"ISA*0");
        assert_eq!(decoded("base64", &[b"SVNBKjA=", b"SVNB"]), Err(Malformed));
        assert_eq!(decoded("base64", &[b"SVNBKjA=SV"]), Err(Malformed));
        assert_eq!(decoded("base64", &[b"SV*B"]), Err(Malformed));
        assert_eq!(decoded("quoted-printable", &[b"ISA=2", b"A=\r", b"\n00= \n*"]).unwrap(), b"ISA*00*");
        assert_eq!(decoded("quoted-printable", &[b"=4"]), Err(Malformed));
        assert_eq!(decoded("quoted-printable", &[b"=ZZ"]), Err(Malformed));
        assert_eq!(decoded("8bit", &[b"=4", b"1"]).unwrap(), b"=41");
    }

    proptest! {
        #[test]
        fn base64_comes_back_however_it_is_cut(bytes: Vec<u8>, cut in 1..20_usize) {
            let text = base64::prelude::BASE64_STANDARD.encode(&bytes);
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(cut).collect();
            prop_assert_eq!(decoded("base64", &pieces).unwrap(), bytes);
        }

        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>, cut in 1..20_usize) {
            let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
            let _ = decoded("base64", &pieces);
            let _ = decoded("quoted-printable", &pieces);
        }
    }
}
