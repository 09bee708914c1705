//! Settings of trading partners and of a gateway.

use super::shown;
use crate::{
    guide, ndjson,
    partner::{Channel, Partner},
    record::{Date, Time},
    x12::{OnDelimiter, Reader, Token},
};

/// Something short to write.
const LINE: &str = r#"{"kind":"interchange_acknowledgment","control_number":"000000131","date":"2026-02-02","time":"10:23","status":"A","note":"000"}"#;

/// A text of settings, a partner's or a gateway's: what is taken can be used, and what is refused is told in words
/// of bounded length.
pub fn settings(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Partner::parse(text) {
        Ok(partner) => used(&partner, data),
        Err(error) => assert!(error.to_string().len() <= 1000 + text.len(), "{error}"),
    }
    #[cfg(feature = "gateway")]
    gateway(text);
}

/// What settings that were taken are good for.
fn used(partner: &Partner, data: &[u8]) {
    let (style, options) = (partner.style(), partner.options());
    assert!(style.is_ok() && options.is_ok(), "{:?} {:?} of {}", style.err(), options.err(), shown(data));
    let (Ok(style), Ok(options)) = (partner.style(), partner.options()) else { return };
    for name in guide::NAMES {
        assert!(partner.options_for(name).is_ok(), "{name}: {}", shown(data));
    }
    let _ = (partner.checking(), partner.answers(), partner.channels().count(), partner.collect_every());
    for channel in [Channel::Core, Channel::Stream, Channel::Folder] {
        let _ = partner.channel::<toml::Table>(channel);
    }
    // An envelope of theirs is read with their separators.
    let own = ndjson::Options {
        sender: options.sender.clone().or_else(|| Some("SENDER".into())),
        receiver: options.receiver.clone().or_else(|| Some("RECEIVER".into())),
        created: (Date::constant(2026, 1, 15), Time::new(10, 30).unwrap_or_default()),
        ..options
    };
    let mut writer = ndjson::Writer::new(Vec::new(), own);
    if writer.push(LINE.as_bytes()).is_err() {
        return;
    }
    let Ok(file) = writer.finish() else { return };
    let mut reader = Reader::new(&file[..]);
    let Ok(Some(Token::Segment { segment, .. })) = reader.next() else { panic!("an ISA: {}", shown(&file)) };
    assert_eq!(segment.delimiters().segment, style.delimiters.segment, "{} by {}", shown(&file), shown(data));
    assert_eq!(segment.delimiters().element, style.delimiters.element, "{} by {}", shown(&file), shown(data));
    assert!(!matches!(style.on_delimiter, OnDelimiter::Replace(byte) if style.delimiters.contains(byte)));
}

#[cfg(feature = "gateway")]
fn gateway(text: &str) {
    use crate::gateway::Settings;

    match Settings::parse(text) {
        Ok(settings) => {
            assert!(settings.offer_again.is_positive() && settings.keep_days != Some(0));
            if let Some(api) = settings.api.as_ref().filter(|api| api.tls.is_none()) {
                assert!(api.listen.ip().is_loopback(), "plain HTTP is for this machine only");
            }
        }
        // What the parser says shows the line; nothing more.
        Err(problem) => assert!(problem.len() <= 1000 + 3 * text.len(), "{problem}"),
    }
}
