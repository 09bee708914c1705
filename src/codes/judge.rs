//! Whether a value is a code of the lists that govern its element.

use jiff::civil::Date;

use super::{CodeSet, Own, Verdict, choice::CHOICES};

/// Judges the values of an element: made once from the names of its lists, then asked for each value.
///
/// ```
/// use claimwire::codes::{Judge, Own, Verdict};
///
/// let diagnosis = Judge::new(&["icd-diagnosis"], &Own::default())?;
/// assert_eq!(diagnosis.judge(b"ABK", b"J029", None).verdict, Verdict::Known);
/// assert_eq!(diagnosis.judge(b"ABK", b"J02", None).verdict, Verdict::NotBillable);
/// assert_eq!(diagnosis.judge(b"ABK", b"J02.9", None).verdict, Verdict::Malformed);
/// # Ok::<(), claimwire::codes::UnknownList>(())
/// ```
#[derive(Clone, Debug)]
pub struct Judge {
    qualified_by: Option<u16>,
    arms: Box<[Arm]>,
}

/// A set of codes and the qualifiers that choose it.
#[derive(Clone, Debug)]
struct Arm {
    /// Packed; none if any qualifier will do.
    qualifiers: Box<[u64]>,
    set: CodeSet,
}

/// What a [`Judge`] says of a value.
#[derive(Clone, Copy, Debug)]
pub struct Ruling<'j> {
    /// What is the case.
    pub verdict: Verdict,
    /// The set it was judged by; `None` if the qualifier chooses none.
    pub set: Option<&'j CodeSet>,
}

/// A name that is no list's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no code list is called {0}")]
pub struct UnknownList(pub String);

impl Judge {
    /// A judge of values that one of some lists has, by their names in the guides. An operator's own
    /// lists take the place of those that come with the program.
    ///
    /// # Errors
    /// A name that is no list's.
    pub fn new(lists: &[impl AsRef<str>], own: &Own) -> Result<Self, UnknownList> {
        let mut arms = Vec::new();
        let mut qualified_by = None;
        for list in lists {
            let list = list.as_ref();
            let unknown = || UnknownList(list.to_owned());
            match CHOICES.iter().find(|choice| choice.list == list) {
                Some(choice) => {
                    qualified_by = qualified_by.or(Some(choice.element));
                    for (qualifiers, set) in choice.sets {
                        let qualifiers = qualifiers.iter().map(|qualifier| pack(qualifier.as_bytes())).collect();
                        arms.push(Arm { qualifiers, set: CodeSet::new(set, own).ok_or_else(unknown)? });
                    }
                }
                None => {
                    arms.push(Arm { qualifiers: Box::default(), set: CodeSet::new(list, own).ok_or_else(unknown)? })
                }
            }
        }
        Ok(Self { qualified_by, arms: arms.into() })
    }

    /// The data element that chooses among the sets, by its number: it stands in the same composite, or
    /// else in the same segment. 1270, 235 and 506 precede the code; 26, the country, follows it.
    pub fn qualified_by(&self) -> Option<u16> {
        self.qualified_by
    }

    /// The sets that a value may be of.
    pub fn sets(&self) -> impl Iterator<Item = &CodeSet> {
        self.arms.iter().map(|arm| &arm.set)
    }

    /// Judges a value (not empty) on a date, under the qualifier found beside it (empty if none). Where
    /// several sets may have it, the mildest verdict holds.
    pub fn judge(&self, qualifier: &[u8], value: &[u8], on: Option<Date>) -> Ruling<'_> {
        let qualifier = pack(qualifier);
        mildest(self.arms.iter().filter(|arm| arm.takes(qualifier)), value, on)
    }

    /// Judges a value of which the qualifier is not known.
    pub fn judge_any(&self, value: &[u8], on: Option<Date>) -> Ruling<'_> {
        mildest(self.arms.iter(), value, on)
    }
}

fn mildest<'j>(arms: impl Iterator<Item = &'j Arm>, value: &[u8], on: Option<Date>) -> Ruling<'j> {
    let mut mildest = Ruling { verdict: Verdict::Unjudged, set: None };
    for arm in arms {
        let verdict = arm.set.judge(value, on);
        if mildest.set.is_none() || verdict.weight() < mildest.verdict.weight() {
            mildest = Ruling { verdict, set: Some(&arm.set) };
        }
        if verdict == Verdict::Known {
            break;
        }
    }
    mildest
}

/// The first eight bytes of a qualifier as a number; none has more than four.
#[inline]
fn pack(qualifier: &[u8]) -> u64 {
    qualifier.iter().take(8).fold(0, |word, byte| word << 8 | u64::from(*byte))
}

impl Arm {
    #[inline]
    fn takes(&self, qualifier: u64) -> bool {
        self.qualifiers.is_empty() || self.qualifiers.contains(&qualifier)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::{
        super::{choice::sets_of, facts},
        *,
    };

    fn verdict(lists: &[&str], qualifier: &str, value: &str, on: Option<Date>) -> Verdict {
        let judge = Judge::new(lists, &Own::default()).expect("lists");
        judge.judge(qualifier.as_bytes(), value.as_bytes(), on).verdict
    }

    #[test]
    fn every_list_of_the_index_has_a_judge() {
        for list in super::super::all() {
            assert!(Judge::new(&[list.name], &Own::default()).is_ok(), "{}", list.name);
            assert!(!sets_of(list.name).is_empty(), "{}", list.name);
        }
        assert_eq!(Judge::new(&["carcs"], &Own::default()).err(), Some(UnknownList("carcs".into())));
    }

    #[test]
    fn every_set_is_reached_by_a_list() {
        let reached: Vec<&str> = super::super::all().iter().flat_map(|list| sets_of(list.name)).collect();
        for set in facts::all() {
            assert!(reached.contains(&set.name), "{}", set.name);
        }
    }

    #[test]
    fn diagnoses() {
        let old = Some(date(2015, 9, 30));
        let new = Some(date(2015, 10, 1));
        let icd = |qualifier, value, on| verdict(&["icd-diagnosis"], qualifier, value, on);
        for (value, expected) in [
            ("J029", Verdict::Known),
            ("A09", Verdict::Known),
            ("U071", Verdict::Known),
            ("U099", Verdict::Known),
            ("S72001A", Verdict::Known),
            ("QA00101", Verdict::Known),
            ("J02", Verdict::NotBillable),
            ("U07", Verdict::NotBillable),
            ("S72001", Verdict::NotBillable),
            ("J021", Verdict::Unknown),
            ("J0290", Verdict::Unknown),
            ("U072", Verdict::Unknown),
            ("J02.9", Verdict::Malformed),
            ("j029", Verdict::Malformed),
            ("462", Verdict::Malformed),
        ] {
            for qualifier in ["ABK", "ABF", "ABJ", "ABN", "APR"] {
                assert_eq!(icd(qualifier, value, new), expected, "{value}");
                assert_eq!(icd(qualifier, value, None), expected, "{value}");
            }
        }
        assert_eq!(icd("ABK", "J029", old), Verdict::NotYet(date(2015, 10, 1)));
        assert_eq!(icd("BK", "462", old), Verdict::Unjudged);
        assert_eq!(icd("BK", "462", new), Verdict::NoLonger(date(2015, 9, 30)));
        assert_eq!(icd("BK", "J029", old), Verdict::Malformed);
        assert_eq!(icd("", "J029", new), Verdict::Known);
        assert_eq!(icd("", "462", old), Verdict::Unjudged);
        assert_eq!(icd("XX", "J029", new), Verdict::Unjudged);
        let dental = &["icd-diagnosis", "snodent"];
        assert_eq!(verdict(dental, "TQ", "anything", new), Verdict::Unjudged);
        assert_eq!(verdict(dental, "ABK", "anything", new), Verdict::Malformed);
    }

    #[test]
    fn the_qualifier_chooses_the_set() {
        for (lists, qualifier, value, expected) in [
            (&["procedure"][..], "HC", "99213", Verdict::Unjudged),
            (&["procedure"], "HC", "D0120", Verdict::Unjudged),
            (&["procedure"], "AD", "99213", Verdict::Malformed),
            (&["procedure"], "HP", "1AFKS", Verdict::Unjudged),
            (&["procedure"], "NU", "0450", Verdict::Unjudged),
            (&["procedure"], "NU", "99213", Verdict::Malformed),
            (&["procedure"], "ER", "whatever", Verdict::Unjudged),
            (&["drug-or-device"], "N4", "0040973331", Verdict::Malformed),
            (&["drug-or-device"], "UP", "036000291452", Verdict::Unjudged),
            (&["icd-procedure", "abc"], "BBR", "0DTJ4ZZ", Verdict::Unjudged),
            (&["icd-procedure", "abc"], "BBR", "4701", Verdict::Malformed),
            (&["icd-procedure", "abc"], "CAH", "ADAAC", Verdict::Unjudged),
            (&["rarc", "ncpdp-reject"], "HE", "75", Verdict::Malformed),
            (&["rarc", "ncpdp-reject"], "RX", "75", Verdict::Unjudged),
            (&["rarc"], "", "MA130", Verdict::Unjudged),
            (&["bank-routing"], "01", "021000021", Verdict::Unjudged),
            (&["bank-routing"], "01", "021000022", Verdict::Malformed),
            (&["bank-routing"], "04", "000412345", Verdict::Unjudged),
            (&["state"], "", "ID", Verdict::Known),
            (&["state"], "CA", "BC", Verdict::Known),
            (&["state"], "", "ZZ", Verdict::Unknown),
            (&["state"], "MX", "JAL", Verdict::Unjudged),
            (&["postal-code"], "", "83702", Verdict::Unjudged),
            (&["postal-code"], "", "83702-1234", Verdict::Malformed),
            (&["postal-code"], "CA", "V8W1A1", Verdict::Unjudged),
            (&["postal-code"], "DE", "SW1A 1AA", Verdict::Unjudged),
            (&["place-of-service", "facility-type"], "", "11", Verdict::Known),
            (&["place-of-service", "facility-type"], "", "83", Verdict::Unjudged),
            (&["place-of-service"], "", "83", Verdict::Unknown),
            (&["place-of-service"], "", "1", Verdict::Malformed),
            (&["carc"], "", "45", Verdict::Known),
            (&["carc"], "", "9999", Verdict::Unknown),
            (&["npi"], "", "1234567893", Verdict::Unjudged),
            (&["npi"], "", "1234567890", Verdict::Malformed),
        ] {
            assert_eq!(verdict(lists, qualifier, value, None), expected, "{lists:?} {qualifier} {value}");
        }
    }

    #[test]
    fn a_ruling_names_the_set() {
        let judge = Judge::new(&["icd-diagnosis"], &Own::default()).expect("a list");
        let set = judge.judge(b"BK", b"J02.9", None).set.expect("chosen");
        assert_eq!((set.name(), set.has_list(), set.edition()), ("icd-9-cm", false, ""));
        let set = judge.judge(b"ABK", b"J02.9", None).set.expect("chosen");
        assert_eq!((set.name(), set.as_of()), ("icd-10-cm", Some(date(2026, 4, 1))));
        assert!(set.edition().contains("April 2026") && set.form().contains("without a point"));
        assert!(judge.judge(b"ZZ", b"J029", None).set.is_none());
        assert_eq!(judge.judge_any(b"462", None).set.map(CodeSet::name), Some("icd-9-cm"));
        assert_eq!(judge.qualified_by(), Some(1270));
    }

    proptest! {
        #[test]
        fn no_value_is_too_odd(value: Vec<u8>, qualifier: Vec<u8>) {
            for list in super::super::all() {
                let judge = Judge::new(&[list.name], &Own::default()).expect("a list");
                let _ = (judge.judge(&qualifier, &value, None), judge.judge_any(&value, Some(date(2026, 1, 1))));
            }
        }
    }
}
