//! The tokens of a source.

/// Returns true for a name or a keyword.
pub(super) fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The index of the first such token; the end if there is none.
pub(super) fn position(tokens: &[&str], wanted: &str) -> usize {
    let found = tokens.iter().position(|token| *token == wanted);
    found.unwrap_or(tokens.len())
}

/// The index of the bracket that closes the one that the tokens begin with.
pub(super) fn group(tokens: &[&str]) -> usize {
    let mut depth = 0;
    let close = tokens.iter().position(|token| {
        depth += i32::from(["(", "[", "{"].contains(token));
        depth -= i32::from([")", "]", "}"].contains(token));
        depth == 0
    });
    close.unwrap_or(tokens.len() - 1)
}

/// The tokens without attributes and without the items of tests; `#macro_export` stays as a mark.
pub(super) fn without_attributes<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let bracket = at + 1 + usize::from(tokens.get(at + 1) == Some(&"!"));
        if tokens[at] != "#" || tokens.get(bracket) != Some(&"[") {
            kept.push(tokens[at]);
            at += 1;
            continue;
        }
        let end = bracket + group(&tokens[bracket..]);
        let attribute = &tokens[bracket + 1..end];
        at = end + 1;
        match attribute {
            ["macro_export", ..] => kept.push("#macro_export"),
            ["cfg", "(", "test", ")"] | ["cfg", "(", "all", "(", "test", ..] => {
                at += item(&tokens[at..]);
            }
            _ => {}
        }
    }
    kept
}

/// The number of tokens of the item, field or statement that the tokens begin with.
fn item(tokens: &[&str]) -> usize {
    let mut at = 0;
    while tokens.get(at) == Some(&"#") {
        at += 2 + group(&tokens[at + 1..]);
    }
    let kinds = [
        "pub", "fn", "mod", "use", "struct", "enum", "trait", "impl", "const", "unsafe", "static",
        "type",
    ];
    let is_item = tokens.get(at).is_some_and(|token| kinds.contains(token));
    let is_use = tokens[at..].iter().take(6).any(|token| *token == "use");
    while at < tokens.len() {
        match tokens[at] {
            ";" => return at + 1,
            "," if !is_item => return at + 1,
            ")" | "]" | "}" => return at,
            "{" if !is_use => return at + group(&tokens[at..]) + 1,
            "(" | "[" | "{" => at += group(&tokens[at..]) + 1,
            _ => at += 1,
        }
    }
    at
}

/// The names and marks of a source, without comments, literals and lifetimes.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest);
        if length > 0 {
            rest = &rest[length..];
            continue;
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = match first {
            _ if rest.starts_with("::") => 2,
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        found.push(&rest[..length]);
        rest = &rest[length..];
    }
    found
}

/// The length of the space, comment, literal or lifetime that a text begins with; 0 if there is none.
fn skipped(text: &str) -> usize {
    let first = text.chars().next().unwrap_or(' ');
    if first.is_whitespace() {
        return first.len_utf8();
    }
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return text.find("*/").map_or(text.len(), |end| end + 2);
    }
    if first == '\'' {
        return quoted_char(text);
    }
    let prefix = text.find(|c| !"bcr".contains(c)).unwrap_or(0);
    let hashes = text[prefix..].len() - text[prefix..].trim_start_matches('#').len();
    let start = prefix + hashes + 1;
    let is_raw = text[..prefix].contains('r');
    match text[prefix + hashes..].chars().next() {
        Some('"') if is_raw => {
            let close = format!("\"{}", "#".repeat(hashes));
            let end = text[start..].find(&close).unwrap_or(text.len() - start);
            (start + end + close.len()).min(text.len())
        }
        Some('"') if hashes == 0 => start + close_of(&text[start..], '"'),
        Some('\'') if &text[..prefix] == "b" => 1 + quoted_char(&text[1..]),
        _ => 0,
    }
}

/// The length of the literal or lifetime behind a single quote.
fn quoted_char(text: &str) -> usize {
    let mut chars = text[1..].chars();
    let first = chars.next().unwrap_or(' ');
    if first == '\\' || chars.next() == Some('\'') {
        return 1 + close_of(&text[1..], '\'');
    }
    let word = text[1..].find(|c: char| !c.is_alphanumeric() && c != '_');
    1 + word.unwrap_or(text.len() - 1)
}

/// The length up to the end of the quote that is not escaped.
fn close_of(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    let close = text.find(|c: char| {
        let is_close = c == quote && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_close
    });
    close.map_or(text.len(), |close| close + 1)
}
