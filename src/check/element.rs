//! The elements of a segment against what is asked of them: SNIP levels 1 and 2.

use super::{
    plan::{Composite, Kind, More, Plan, Presence, Simple, Slot, Value},
    rule::{Rule, rules},
    value,
};
use crate::x12::{Delimiters, Segment};

rules! {
    REQUIRED = Rule::error(2, "ELM02", "required").by_place().ik4("I9")
        .says("is missing", "the guide requires it: fill it in");
    MANDATORY = Rule::error(1, "ELM01", "mandatory").by_place().ik4("1")
        .says("is missing", "every segment of this kind has it: fill it in");
    NOT_USED = Rule::error(2, "ELM02", "not-used").by_place().ik4("I10")
        .says("is not used by the guide", "leave it empty");
    RELATION = Rule::error(1, "ELM01", "relation").by_place().ik4("2")
        .says("is missing, which the elements beside it call for", "fill it in, or leave the others out");
    EXCLUSION = Rule::error(1, "ELM01", "exclusion").by_place().ik4("10")
        .says("must not stand together with another element of the segment", "keep only one of them");
    TOO_MANY_ELEMENTS = Rule::error(1, "ELM01", "elements").by_place().ik4("3")
        .says("has more elements than the standard defines", "remove what follows the last element");
    TOO_MANY_COMPONENTS = Rule::error(1, "ELM01", "components").by_place().ik4("13")
        .says("has more components than the standard defines", "remove what follows the last component");
    TOO_MANY_REPETITIONS = Rule::error(1, "ELM01", "repetitions").by_place().ik4("12")
        .says("repeats more often than allowed", "send each value once, within the limit");
    SHORT = Rule::error(1, "ELM01", "short").by_place().ik4("4")
        .says("is too short", "send the whole value");
    LENGTH = Rule::error(1, "ELM01", "length").by_place().ik4("5")
        .says("is too long", "shorten it to the limit");
    GUIDE_LENGTH = Rule::error(2, "ELM20", "guide-length").by_place().ik4("5")
        .says("is longer than the guide allows", "shorten it to the limit");
    CHARACTER = Rule::error(1, "ENV15", "character").by_place().ik4("6")
        .says("holds a character that X12 does not allow here", "use letters, digits, blanks and ordinary punctuation only");
    BLANK = Rule::error(1, "ENV15", "blank").by_place().ik4("6")
        .says("holds blanks only", "leave the element empty instead");
    SPACES = Rule::warning(1, "ENV15", "spaces").by_place().ik4("6")
        .says("begins or ends with a blank", "remove blanks at either end");
    NUMBER = Rule::error(1, "ELM04", "number").by_place().ik4("6").stc("A7:697")
        .says("is not a number", "write digits with at most one decimal point and, if negative, a minus before them: no commas, no plus sign, no exponent");
    ZEROS = Rule::warning(1, "ELM04", "zeros").by_place().ik4("6").stc("A7:697")
        .says("has zeros that say nothing", "write the number without zeros before it and without more decimals than the guide has");
    DECIMALS = Rule::error(2, "ELM05", "decimals").by_place().ik4("I12").stc("A7:697")
        .says("has too many digits after the decimal point", "round it as the guide asks");
    AMOUNT = Rule::error(2, "ELM05", "amount").by_place().ik4("5").stc("A7:697")
        .says("has more than ten digits", "an amount is at most 99999999.99");
    DATE = Rule::error(1, "ELM09", "date").by_place().ik4("8")
        .says("is not a date", "write a day that exists as CCYYMMDD, such as 20260115");
    TIME = Rule::error(1, "ELM09", "time").by_place().ik4("9")
        .says("is not a time of day", "write HHMM or HHMMSS on a 24-hour clock");
    FORMAT = Rule::error(1, "ELM10", "date-format").by_place().ik4("8")
        .says("does not have the form that the element before it announces", "D8 is CCYYMMDD, RD8 is CCYYMMDD-CCYYMMDD from first to last day, DT is CCYYMMDDHHMM");
    CODE = Rule::error(2, "ELM02", "code").by_place().ik4("7")
        .says("is not a code that the guide allows", "use one of the codes of the guide");
    PATTERN = Rule::error(2, "ELM02", "pattern").by_place().ik4("I12")
        .says("does not have the form that the guide asks for", "see the guide for its form");
    TRAILING_ELEMENT = Rule::error(1, "ENV16", "trailing-separator").by_place().ik4("3")
        .says("ends with an element separator that nothing follows", "end the segment after its last value");
    TRAILING_COMPONENT = Rule::warning(1, "ENV16", "trailing-component").by_place()
        .says("ends with a component separator that nothing follows", "end the element after its last component");
}

/// A rule that an element breaks.
pub(super) struct Broken {
    pub(super) rule: &'static Rule,
    pub(super) element: u8,
    pub(super) component: u8,
    pub(super) repetition: u16,
    /// What was found and expected, without the value.
    pub(super) detail: Option<String>,
}

/// Judges the elements of a segment.
#[inline]
pub(super) fn check(plan: &Plan, segment: &Segment<'_>, characters: &Characters, report: &mut impl FnMut(Broken)) {
    let mut checker = Checker { segment, characters, report };
    let mut present = 0u64;
    let mut at = 0u8;
    for element in segment.elements().skip(1) {
        at = at.saturating_add(1);
        if element.is_empty() {
            continue;
        }
        present |= 1u64.checked_shl(u32::from(at)).unwrap_or(0);
        match plan.slots.get(usize::from(at) - 1) {
            Some(Slot { value: Value::Simple(simple), repeat: 1 }) => checker.simple(simple, element, (at, 0, 0), at),
            Some(slot) => checker.slot(slot, element, at),
            None => {}
        }
    }
    if usize::from(at) > plan.slots.len() && !segment.is_empty() {
        let detail = format!("{at}, at most {}", plan.slots.len());
        checker.say(&TOO_MANY_ELEMENTS, (0, 0, 0), Some(detail));
    }
    if segment.bytes().last() == Some(&segment.delimiters().element) {
        checker.say(&TRAILING_ELEMENT, (at, 0, 0), None);
    }
    let known = u64::MAX >> 63u32.saturating_sub(plan.slots.len() as u32);
    checker.presence(&plan.presence, present & known, (0, 0));
}

/// Most digits of an amount of money, and most of them after the point.
const MONEY: (usize, usize) = (10, 2);

/// Which bytes may stand in a value, for one set of delimiters.
#[derive(Debug)]
pub(super) struct Characters {
    delimiters: Delimiters,
    classes: [u8; 256],
}

/// Classes of bytes: no character of X12, or a separator that a simple value cannot hold.
const NO_CHARACTER: u8 = 1;
const SEPARATOR: u8 = 2;

impl Characters {
    pub(super) fn new(delimiters: Delimiters) -> Self {
        let mut classes = [0; 256];
        for (class, byte) in classes.iter_mut().zip(0..=u8::MAX) {
            // Bytes above ASCII are a matter of agreement, and reported once an interchange.
            *class = match byte {
                _ if delimiters.contains(byte) => SEPARATOR,
                // Line breaks are reported once a segment.
                b'\r' | b'\n' => 0,
                0..b' ' | b'`' | b'^' | 0x7F => NO_CHARACTER,
                _ => 0,
            };
        }
        Self { delimiters, classes }
    }

    /// Whether they are for these delimiters.
    pub(super) fn are_for(&self, delimiters: Delimiters) -> bool {
        self.delimiters == delimiters
    }

    /// The classes of the bytes of a value.
    #[inline]
    fn of(&self, value: &[u8]) -> u8 {
        value.iter().fold(0, |all, byte| all | self.classes[usize::from(*byte)])
    }
}

struct Checker<'s, F> {
    segment: &'s Segment<'s>,
    characters: &'s Characters,
    report: &'s mut F,
}

impl<F: FnMut(Broken)> Checker<'_, F> {
    #[cold]
    fn say(&mut self, rule: &'static Rule, (element, component, repetition): (u8, u8, u16), detail: Option<String>) {
        (self.report)(Broken { rule, element, component, repetition, detail });
    }

    /// An element that may have repetitions or components.
    fn slot(&mut self, slot: &Slot, element: &[u8], at: u8) {
        let separator =
            self.segment.delimiters().repetition.filter(|separator| slot.repeat != 1 && element.contains(separator));
        let Some(separator) = separator else {
            return self.one(slot, element, (at, 0));
        };
        let mut count = 0u16;
        for one in element.split(|byte| *byte == separator) {
            count = count.saturating_add(1);
            self.one(slot, one, (at, count));
        }
        if slot.repeat != 0 && count > slot.repeat {
            self.say(
                &TOO_MANY_REPETITIONS,
                (at, 0, slot.repeat + 1),
                Some(format!("{count}, at most {}", slot.repeat)),
            );
        }
    }

    fn one(&mut self, slot: &Slot, element: &[u8], (at, repetition): (u8, u16)) {
        match &slot.value {
            Value::Simple(simple) => self.simple(simple, element, (at, 0, repetition), at),
            Value::Composite(composite) => self.composite(composite, element, (at, repetition)),
        }
    }

    fn composite(&mut self, composite: &Composite, element: &[u8], (at, repetition): (u8, u16)) {
        let separator = self.segment.delimiters().component;
        let (mut present, mut position) = (0u64, 0u8);
        let mut before: &[u8] = b"";
        for component in element.split(|byte| Some(*byte) == separator) {
            position = position.saturating_add(1);
            if !component.is_empty() {
                present |= 1u64.checked_shl(u32::from(position)).unwrap_or(0);
                if let Some(simple) = composite.components.get(usize::from(position) - 1) {
                    self.value(simple, component, (at, position, repetition), before);
                }
            }
            before = component;
        }
        if usize::from(position) > composite.components.len() {
            let detail = format!("{position}, at most {}", composite.components.len());
            self.say(&TOO_MANY_COMPONENTS, (at, 0, repetition), Some(detail));
        }
        if element.last().copied() == separator && !element.is_empty() {
            self.say(&TRAILING_COMPONENT, (at, 0, repetition), None);
        }
        let known = u64::MAX >> 63u32.saturating_sub(composite.components.len() as u32);
        self.presence(&composite.presence, present & known, (at, repetition));
    }

    #[inline]
    fn simple(&mut self, simple: &Simple, value: &[u8], place: (u8, u8, u16), at: u8) {
        let before = if simple.kind == Kind::When { self.segment.element(usize::from(at) - 1) } else { b"" };
        self.value(simple, value, place, before);
    }

    #[inline]
    fn value(&mut self, simple: &Simple, value: &[u8], place: (u8, u8, u16), before: &[u8]) {
        match simple.kind {
            Kind::Text => self.text(simple, value, place),
            Kind::Code if simple.has_codes() => {
                if !simple.allows(value) {
                    self.code(simple, value, place);
                }
            }
            Kind::Code => self.text(simple, value, place),
            Kind::Decimal | Kind::Money => match value::digits(value) {
                Some(digits) => {
                    if has_leading_zero(value) {
                        self.say(&ZEROS, place, None);
                    }
                    self.digits(simple, digits, value, place);
                }
                None => self.say(&NUMBER, place, None),
            },
            Kind::Integer => match value::digits(value) {
                Some(digits) if digits.decimals == 0 && !value.ends_with(b".") => {
                    self.digits(simple, digits, value, place);
                }
                _ => self.say(&NUMBER, place, Some("a whole number".into())),
            },
            Kind::Date if !value::is_date(value) => self.say(&DATE, place, None),
            Kind::ShortDate if !value::is_short_date(value) => self.say(&DATE, place, Some("YYMMDD".into())),
            Kind::Time if !value::is_time(value) => self.say(&TIME, place, None),
            Kind::When if value::fits_format(before, value) == Some(false) => self.say(&FORMAT, place, None),
            Kind::Date | Kind::ShortDate | Kind::Time | Kind::When | Kind::Any => {}
        }
        if let Some(more) = &simple.more {
            self.more(simple, more, value, place);
        }
    }

    #[inline]
    fn text(&mut self, simple: &Simple, value: &[u8], place: (u8, u8, u16)) {
        let (Some(first), Some(last)) = (value.first(), value.last()) else { return };
        let odd = self.characters.of(value) != 0
            || value.len() > usize::from(simple.max)
            || value.len() < usize::from(simple.min)
            || *first == b' '
            || *last == b' ';
        if odd {
            self.odd_text(simple, value, place);
        }
    }

    #[cold]
    fn odd_text(&mut self, simple: &Simple, value: &[u8], place: (u8, u8, u16)) {
        let classes = self.characters.of(value);
        if classes & NO_CHARACTER != 0 {
            let is_wrong = |byte: &&u8| self.characters.of(&[**byte]) & NO_CHARACTER != 0;
            let wrong = value.iter().find(is_wrong).map(|byte| format!("byte {byte:#04x}"));
            self.say(&CHARACTER, place, wrong);
        }
        if classes & SEPARATOR != 0 {
            let repetition = self.segment.delimiters().repetition;
            let repeats = repetition.is_some_and(|separator| value.contains(&separator));
            let rule = if repeats { &TOO_MANY_REPETITIONS } else { &TOO_MANY_COMPONENTS };
            self.say(rule, place, Some(if repeats { "more than 1".into() } else { "it has no components".into() }));
        }
        if value.iter().all(|byte| *byte == b' ') {
            return self.say(&BLANK, place, None);
        }
        if value.first() == Some(&b' ') || value.last() == Some(&b' ') {
            self.say(&SPACES, place, None);
        }
        self.length(simple, value, place);
    }

    /// What few elements have: limits of the guide, patterns, codes beside another type.
    #[cold]
    fn more(&mut self, simple: &Simple, more: &More, value: &[u8], place: (u8, u8, u16)) {
        let length = characters(value);
        if let Some(most) = more.max
            && matches!(simple.kind, Kind::Text | Kind::Code)
            && (usize::from(most) + 1..=usize::from(simple.max)).contains(&length)
        {
            self.say(&GUIDE_LENGTH, place, Some(format!("{length} characters, at most {most}")));
        }
        if let Some(pattern) = &more.pattern
            && !std::str::from_utf8(value).is_ok_and(|text| pattern.is_match(text))
        {
            self.say(&PATTERN, place, None);
        }
        if simple.kind != Kind::Code && simple.has_codes() && !simple.allows(value.trim_ascii_end()) {
            self.say(&CODE, place, Some(format!("the guide has {}", simple.list_of_codes())));
        }
        if simple.kind.is_number()
            && let Some(digits) = value::digits(value)
        {
            if let Some(most) = more.max.map(usize::from)
                && (most + 1..=usize::from(simple.max)).contains(&digits.count)
            {
                self.say(&GUIDE_LENGTH, place, Some(format!("{} digits, at most {most}", digits.count)));
            }
            if let Some(most) = more.decimals {
                self.decimals(usize::from(most), digits.decimals, value, place);
            }
        }
    }

    #[cold]
    fn code(&mut self, simple: &Simple, value: &[u8], place: (u8, u8, u16)) {
        if value.iter().all(|byte| *byte == b' ') {
            return self.say(&BLANK, place, None);
        }
        let repetition = self.segment.delimiters().repetition;
        if repetition.is_some_and(|separator| value.contains(&separator)) {
            return self.say(&TOO_MANY_REPETITIONS, place, Some("more than 1".into()));
        }
        self.say(&CODE, place, Some(format!("the guide has {}", simple.list_of_codes())));
    }

    #[cold]
    fn length(&mut self, simple: &Simple, value: &[u8], place: (u8, u8, u16)) {
        let length = characters(value);
        if length > usize::from(simple.max) {
            self.say(&LENGTH, place, Some(format!("{length} characters, at most {}", simple.max)));
        } else if length < usize::from(simple.min) {
            self.say(&SHORT, place, Some(format!("{length} characters, at least {}", simple.min)));
        }
    }

    #[inline]
    fn digits(&mut self, simple: &Simple, digits: value::Digits, value: &[u8], place: (u8, u8, u16)) {
        let (count, decimals) = (digits.count, digits.decimals);
        if count > usize::from(simple.max) {
            self.say(&LENGTH, place, Some(format!("{count} digits, at most {}", simple.max)));
        } else if count < usize::from(simple.min) {
            self.say(&SHORT, place, Some(format!("{count} digits, at least {}", simple.min)));
        } else if simple.kind == Kind::Money && count > MONEY.0 {
            self.say(&AMOUNT, place, Some(format!("{count} digits, at most {}", MONEY.0)));
        }
        if simple.kind == Kind::Money && decimals > MONEY.1 {
            self.decimals(MONEY.1, decimals, value, place);
        }
    }

    #[cold]
    fn decimals(&mut self, most: usize, decimals: usize, value: &[u8], place: (u8, u8, u16)) {
        if decimals > most {
            let zeros = value.iter().rev().take_while(|byte| **byte == b'0').count();
            if decimals.saturating_sub(zeros) > most {
                self.say(&DECIMALS, place, Some(format!("{decimals} decimals, at most {most}")));
            } else if !has_leading_zero(value) {
                self.say(&ZEROS, place, Some(format!("{decimals} decimals, at most {most}")));
            }
        }
    }

    /// What must stand and does not, and the other way around.
    #[inline]
    fn presence(&mut self, presence: &Presence, present: u64, (at, repetition): (u8, u16)) {
        let wrong = presence.required & !present | present & !presence.used;
        if wrong != 0 || presence.notes.iter().any(|note| !note.holds(present)) {
            self.absent(presence, present, (at, repetition));
        }
    }

    #[cold]
    fn absent(&mut self, presence: &Presence, present: u64, (at, repetition): (u8, u16)) {
        let place = |position: u8| if at == 0 { (position, 0, 0) } else { (at, position, repetition) };
        for position in 1..64u8 {
            let bit = 1u64 << position;
            if presence.required & !present & bit != 0 {
                let rule = if presence.mandatory & bit != 0 { &MANDATORY } else { &REQUIRED };
                self.say(rule, place(position), None);
            }
            if present & !presence.used & bit != 0 {
                self.say(&NOT_USED, place(position), None);
            }
        }
        for note in presence.notes.iter().filter(|note| !note.holds(present)) {
            let missing = note.all & !present & !(presence.required);
            match note.kind {
                'E' => {
                    let last = 63 - (note.all & present).leading_zeros() as u8;
                    self.say(&EXCLUSION, place(last), Some(note.text.clone()));
                }
                _ if missing != 0 => {
                    let first = missing.trailing_zeros() as u8;
                    self.say(&RELATION, place(first), Some(note.text.clone()));
                }
                _ => {}
            }
        }
    }
}

/// Whether a number begins with a zero that another digit follows.
#[inline]
fn has_leading_zero(value: &[u8]) -> bool {
    matches!(value.strip_prefix(b"-").unwrap_or(value), [b'0', b'0'..=b'9', ..])
}

/// How many characters a value has: of UTF-8 if it is that, of Latin-1 otherwise.
pub(super) fn characters(value: &[u8]) -> usize {
    if value.is_ascii() {
        value.len()
    } else {
        std::str::from_utf8(value).map_or(value.len(), |text| text.chars().count())
    }
}
