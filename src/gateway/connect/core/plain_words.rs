//! What a partner says in free text, as far as it can be shown.
//!
//! An ErrorMessage may quote what was sent: a name, a member number, a date of birth. It goes into events, answers of
//! the API and logs, so nothing is kept of it but words that such messages are made of and that are no data; what stands
//! between them becomes `…`. The code, which says what is wrong, is kept beside it.

/// How much is kept, in characters.
const LONGEST: usize = 300;

/// Words that may be kept. No names: not *will*, *grant*, *may* or *mark*.
const WORDS: &str = "
    a about above accept accepted access account active additional after again agreed agreement all allowed already also
    an and another any applied are array as at authentication authorized available away back bad base64 batch be because
    been before below between body both but by call called cannot certificate change changed characters check checksum
    claim claims code communication complete configured confirmation connection contact contain contains content contents
    core correct could created credentials data database date day days denied did different digits directory disabled
    does done down due duplicate during each element elements empty enabled end enrolled enrollment entity entry envelope
    error errors exceeded exceeds exist existing exists expected expired failed failure field fields file files first
    for format found from full function given group had has have header held help here hour hours however id identifier
    if illegal in inactive incomplete incorrect information inside inquiry instead interchange internal invalid is it its
    itself key known larger later length less limit limits line loaded locked log login longer match matched matches
    maximum member message messages method mime minute minutes mismatch missing mode more most must name names need needs
    no none not nothing number occurred of off offline on once one only open operation or other out outside over own
    parameter part partner password patient payer payload payloads pending perform permitted please present problem
    process processed processing production profile provided provider providers quota read real reason receipt receive
    received receiver record registered rejected repeat request requests require required resend resource response
    response result results retrieve retrieval retry rule same schema second seconds security segment send sender sent
    server service session set sets sha1 sha256 should sign size soap some specified standard start status still
    submission submit submitted submitter subscriber success successful successfully such suffix support supported
    suspended system temporarily temporary terminated test than that the their then there these they this time timeout
    timestamp to token too trading transaction transactions transmission try type types unable unauthorized unavailable
    under unexpected unique unknown unrecognized unsupported until up upload use used user username valid validation
    value values version was we were when where which while window with within without wrong wsdl x12 xml yet you your
    payloadtype processingmode payloadid payloadlength senderid receiverid corerule coreruleversion errorcode
    errormessage unauthorised";

/// A text with nothing in it but words that are known.
pub(super) fn plain_words(text: &str) -> String {
    let mut kept = String::new();
    let mut between = "";
    // A number of characters that is no message is not looked at.
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(LONGEST) {
        let is_known = WORDS.split_whitespace().any(|known| known.eq_ignore_ascii_case(word));
        let word = if is_known { word } else { "…" };
        if !is_known && kept.ends_with('…') {
            continue;
        }
        if kept.chars().count() + word.chars().count() >= LONGEST {
            break;
        }
        kept.push_str(between);
        kept.push_str(word);
        between = " ";
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_of_messages_stay_and_data_goes() {
        for (said, kept) in [
            ("Member JANE DOE (W900445566), born 1961-09-14, not found.", "Member … not found"),
            ("PayloadID 'f81d4fae-7dec' was used already", "PayloadID … was used already"),
            ("The checksum does not match: expected 0F3C, got 1A2B", "The checksum does not match expected …"),
            ("Please send it again later", "Please send it again later"),
            ("Will Grant Mark May", "…"),
            ("ISA*00*          ~", "…"),
            ("", ""),
        ] {
            assert_eq!(plain_words(said), kept, "{said}");
        }
        assert!(plain_words(&"file ".repeat(1000)).chars().count() <= LONGEST);
    }

    proptest! {
        #[test]
        fn nothing_is_kept_but_known_words(text in "\\PC{0,200}") {
            for word in plain_words(&text).split(' ').filter(|word| !word.is_empty()) {
                prop_assert!(word == "…" || WORDS.split_whitespace().any(|known| known.eq_ignore_ascii_case(word)));
            }
        }
    }
}
