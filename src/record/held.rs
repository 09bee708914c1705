//! Which text of a segment comes back from a record, and which would be lost.

use super::plan::{ElementPlan, Fill, SegmentPlan};

/// What becomes of the elements of a loop's segments.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    list: Vec<Held>,
    codes: Vec<Vec<u8>>,
    /// The components of composites, from the first.
    composites: Vec<Vec<Held>>,
}

/// What becomes of the text of an element or component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Held {
    /// It is lost.
    #[default]
    Nothing,
    /// A field holds it.
    Whole,
    /// A number takes its place.
    Counted,
    /// It is the one code that may stand here.
    Code(u16),
    /// Component by component.
    Composite(u16),
}

impl Holdings {
    /// Adds the elements of a segment, the id included, up to the last that the guide has; gives where they stand.
    pub(super) fn add(&mut self, segment: &SegmentPlan) -> (u32, u32) {
        let start = self.list.len();
        for plan in &segment.elements {
            let held = self.of(plan);
            let at = start + usize::from(plan.element);
            if self.list.len() <= at {
                self.list.resize(at + 1, Held::Nothing);
            }
            let Some(element) = self.list.get_mut(at) else { continue };
            if plan.component == 0 {
                *element = held;
                continue;
            }
            if !matches!(element, Held::Composite(_)) {
                *element = Held::Composite(self.composites.len() as u16);
                self.composites.push(Vec::new());
            }
            if let Held::Composite(composite) = *element
                && let Some(components) = self.composites.get_mut(usize::from(composite))
            {
                components.resize(usize::from(plan.component) - 1, Held::Nothing);
                components.push(held);
            }
        }
        (start as u32, self.list.len() as u32)
    }

    fn of(&mut self, plan: &ElementPlan) -> Held {
        match (&plan.implied, plan.counter) {
            _ if plan.fill != Fill::Nothing => Held::Whole,
            (_, Some(_)) => Held::Counted,
            (Some(code), None) => {
                self.codes.push(code.clone());
                Held::Code(self.codes.len() as u16 - 1)
            }
            (None, None) => Held::Nothing,
        }
    }

    /// Whether nothing of an element's text is lost. `at` is where its segment begins, and its number added.
    #[inline]
    pub(super) fn hold(&self, at: usize, text: &[u8], separator: Option<u8>) -> bool {
        match self.list.get(at) {
            Some(Held::Whole) => true,
            Some(held) => self.comes_back(*held, text, separator),
            None => false,
        }
    }

    fn comes_back(&self, held: Held, text: &[u8], separator: Option<u8>) -> bool {
        match held {
            Held::Nothing => false,
            Held::Whole => true,
            Held::Counted => text.iter().all(u8::is_ascii_alphanumeric),
            Held::Code(code) => self.codes.get(usize::from(code)).is_some_and(|code| code == text),
            Held::Composite(composite) => {
                let known = self.composites.get(usize::from(composite)).map(Vec::as_slice).unwrap_or_default();
                let components = text.split(|byte| Some(*byte) == separator).enumerate();
                components
                    .filter(|(_, text)| !text.is_empty())
                    .all(|(at, text)| known.get(at).is_some_and(|held| self.comes_back(*held, text, separator)))
            }
        }
    }
}
