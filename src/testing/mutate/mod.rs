//! What goes wrong in X12, and what an attacker would try, done to a file.

mod bytes;
mod envelope;
mod file;
mod order;
mod values;

use std::fmt;

use crate::generate::random::Random;
use file::File;

/// Does to files what goes wrong in X12. The seed is all that it depends on: the same seed, limit and files
/// give the same results, on every machine.
///
/// ```
/// use claimwire::testing::Mutator;
///
/// let file = std::fs::read("samples/837p/office-visit.x12")?;
/// let hostile = Mutator::new(7).mutate(&file, 2);
/// assert_ne!(hostile.bytes, file);
/// for note in &hostile.notes {
///     println!("{note}");
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mutator {
    random: Random,
    limit: usize,
    only: Option<Mutation>,
}

/// A file that something was done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutated {
    /// What has become of it.
    pub bytes: Vec<u8>,
    /// What was done, in the order it was done.
    pub notes: Vec<Note>,
}

/// What was done to a file, in words: `segment 12 (NM1): dropped`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What sort of thing it is.
    pub mutation: Mutation,
    /// The number of the segment in the file as it was before, from 1; 0 where it is about bytes.
    pub segment: usize,
    /// The rest, in words.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.segment {
            0 => f.write_str(&self.text),
            number => write!(f, "segment {number} {}", self.text),
        }
    }
}

/// The largest file that a mutator makes unless told otherwise: 4 MiB, enough to go over every limit.
const LIMIT: usize = 4 << 20;

/// How often another mutation is tried where one has nothing to work on.
const TRIES: usize = 8;

impl Mutator {
    /// A mutator for files of up to 4 MiB.
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), limit: LIMIT, only: None }
    }

    /// Makes no file larger than so many bytes, unless it was before.
    pub fn limit(self, bytes: usize) -> Self {
        Self { limit: bytes, ..self }
    }

    /// Does this and nothing else.
    pub fn only(self, mutation: Mutation) -> Self {
        Self { only: Some(mutation), ..self }
    }

    /// Does so many things to a file, or fewer where there is nothing left to do them to. What is not X12 gets
    /// its bytes changed.
    pub fn mutate(&mut self, file: &[u8], mutations: usize) -> Mutated {
        let mut mutated = Mutated { bytes: file.to_vec(), notes: Vec::new() };
        for _ in 0..mutations {
            for _ in 0..TRIES {
                let mutation = self.only.unwrap_or_else(|| self.random.pick(&Mutation::ALL));
                if let Some((bytes, note)) = self.once(&mutated.bytes, mutation) {
                    mutated.bytes = bytes;
                    mutated.notes.push(note);
                    break;
                }
            }
        }
        mutated
    }

    fn once(&mut self, bytes: &[u8], mutation: Mutation) -> Option<(Vec<u8>, Note)> {
        let mut file = File::read(bytes, self.limit);
        let done = mutation.apply(&mut file, &mut self.random)?;
        let changed = file.into_bytes();
        let fits = changed.len() <= self.limit.max(bytes.len());
        (fits && changed != bytes).then_some((changed, Note { mutation, segment: done.segment, text: done.text }))
    }
}

/// What a mutation says of itself.
struct Done {
    segment: usize,
    text: String,
}

impl Done {
    /// About the segment at an index.
    fn at(index: usize, text: impl Into<String>) -> Option<Self> {
        Some(Self { segment: index + 1, text: text.into() })
    }

    /// About bytes.
    fn whole(text: impl Into<String>) -> Option<Self> {
        Some(Self { segment: 0, text: text.into() })
    }
}

macro_rules! mutations {
    ($($(#[$doc:meta])* $name:ident = $text:literal by $function:path;)*) => {
        /// What may be done to a file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Mutation { $($(#[$doc])* $name,)* }

        impl Mutation {
            /// All of them.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$name),*];

            /// A name for lists: `swap-segments`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            fn apply(self, file: &mut File, random: &mut Random) -> Option<Done> {
                match self { $(Self::$name => $function(file, random),)* }
            }
        }
    };
}

mutations! {
    /// Two segments change places.
    SwapSegments = "swap-segments" by order::swap;
    /// A segment stands again, now and then very often.
    RepeatSegment = "repeat-segment" by order::repeat;
    /// A segment is gone.
    DropSegment = "drop-segment" by order::drop;
    /// A segment stands elsewhere.
    MoveSegment = "move-segment" by order::moved;
    /// A loop of the guide stands again.
    RepeatLoop = "repeat-loop" by order::repeat_loop;
    /// A loop of the guide is gone.
    DropLoop = "drop-loop" by order::drop_loop;
    /// A loop of the guide stands elsewhere.
    MoveLoop = "move-loop" by order::move_loop;
    /// A count or a running number is wrong.
    BreakCount = "break-count" by envelope::break_count;
    /// A level names another parent.
    BreakLevel = "break-level" by envelope::break_level;
    /// A control number stands twice, or differs at the two ends.
    BreakControlNumber = "break-control-number" by envelope::break_control_number;
    /// An envelope begins or ends where it must not.
    NestEnvelope = "nest-envelope" by envelope::nest;
    /// A qualifier or another code is one the guide has elsewhere, or nowhere.
    ChangeQualifier = "change-qualifier" by values::change_qualifier;
    /// A value is one that few expect.
    ReplaceValue = "replace-value" by values::replace;
    /// A value has the greatest length that is allowed, or one more, or far more.
    StretchValue = "stretch-value" by values::stretch;
    /// An element is gone, and what follows moves up; or one has come, and what follows moves down.
    ShiftElements = "shift-elements" by values::shift;
    /// An element has many components or repetitions.
    MultiplyElement = "multiply-element" by values::multiply;
    /// A delimiter is gone, doubled or stands a little elsewhere.
    MoveDelimiter = "move-delimiter" by bytes::move_delimiter;
    /// The ISA states other delimiters than are in use.
    ChangeDelimiters = "change-delimiters" by bytes::change_delimiters;
    /// The file ends early.
    Cut = "cut" by bytes::cut;
    /// Characters of other sets stand in a value.
    MixCharacters = "mix-characters" by bytes::mix_characters;
    /// Lines break elsewhere.
    BreakLines = "break-lines" by bytes::break_lines;
    /// Something stands between segments, before the first or after the last.
    InsertJunk = "insert-junk" by bytes::insert_junk;
    /// A few bytes are others.
    ChangeBytes = "change-bytes" by bytes::change_bytes;
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::Path};

    use proptest::prelude::*;

    use super::*;

    fn sample(name: &str) -> Vec<u8> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    const SAMPLES: &[&str] = &[
        "837p/office-visit.x12",
        "837i/inpatient-surgery.x12",
        "837d/check-up.x12",
        "835/two-visits.x12",
        "999/rejected.x12",
        "277ca/accepted.x12",
        "ta1/accepted.x12",
        "odd/several-interchanges.x12",
    ];

    #[test]
    fn the_same_seed_does_the_same() {
        let file = sample("837p/office-visit.x12");
        for seed in 0..20 {
            let mut one = Mutator::new(seed);
            let mut other = Mutator::new(seed);
            assert_eq!(one.mutate(&file, 5), other.mutate(&file, 5));
            assert_eq!(one.mutate(&file, 5), other.mutate(&file, 5));
        }
        assert_ne!(Mutator::new(1).mutate(&file, 5), Mutator::new(2).mutate(&file, 5));
    }

    #[test]
    fn every_mutation_finds_something_to_do_and_says_what() {
        let mut done: BTreeMap<Mutation, usize> = BTreeMap::new();
        for name in SAMPLES {
            let file = sample(name);
            for mutation in Mutation::ALL {
                for seed in 0..8 {
                    let mutated = Mutator::new(seed).only(mutation).mutate(&file, 1);
                    for note in &mutated.notes {
                        assert_eq!(note.mutation, mutation);
                        assert!(note.to_string().len() > 10, "{note}");
                        assert_ne!(mutated.bytes, file, "{note}");
                        *done.entry(mutation).or_default() += 1;
                    }
                    assert_eq!(mutated.notes.is_empty(), mutated.bytes == file, "{name} {}", mutation.name());
                }
            }
        }
        for mutation in Mutation::ALL {
            assert!(done.get(&mutation).is_some_and(|count| *count > 8), "{}: {done:?}", mutation.name());
        }
    }

    #[test]
    fn a_file_in_its_segments_is_the_same_bytes() {
        for name in SAMPLES {
            let file = sample(name);
            assert!(File::read(&file, LIMIT).into_bytes() == file, "{name}");
        }
    }

    #[test]
    fn limits_hold() {
        let file = sample("837p/office-visit.x12");
        for seed in 0..300 {
            let mutated = Mutator::new(seed).limit(2000).mutate(&file, 4);
            assert!(mutated.bytes.len() <= 2000.max(file.len()));
        }
    }

    proptest! {
        #[test]
        fn whatever_it_is_given_is_mutated(bytes in prop::collection::vec(any::<u8>(), 0..200), seed: u64) {
            let mutated = Mutator::new(seed).limit(10_000).mutate(&bytes, 4);
            prop_assert!(mutated.bytes.len() <= 10_000);
        }

        #[test]
        fn what_is_mutated_is_mutated_again(at in prop::sample::select(SAMPLES), seed: u64) {
            Mutator::new(seed).limit(20_000).mutate(&sample(at), 20);
        }
    }
}
