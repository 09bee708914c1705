//! Many codes in few lines, as `specs/codes/icd-10-cm.txt` has them.

/// Calls with each code of a line: characters that all have, then a column for each further position,
/// of the characters that may stand there. `A05 01` is A050 and A051.
pub(super) fn each_code(line: &str, call: &mut impl FnMut(&str)) {
    let mut columns = line.split_ascii_whitespace();
    let mut code = columns.next().unwrap_or_default().to_owned();
    if !code.is_empty() {
        extend(&mut code, &columns.collect::<Vec<_>>(), call);
    }
}

fn extend(code: &mut String, columns: &[&str], call: &mut impl FnMut(&str)) {
    let Some((column, rest)) = columns.split_first() else { return call(code) };
    for character in column.chars() {
        code.push(character);
        extend(code, rest, call);
        code.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_every_choice_of_its_columns() {
        let mut codes = Vec::new();
        for line in ["A09", "A05 01", "S722 12 X AD", ""] {
            each_code(line, &mut |code| codes.push(code.to_owned()));
        }
        assert_eq!(codes, ["A09", "A050", "A051", "S7221XA", "S7221XD", "S7222XA", "S7222XD"]);
    }
}
