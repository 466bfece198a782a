//! Pages as trees, read with the tokenizer of the HTML standard.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};

/// Elements without content (HTML, section 13.1.2).
const VOID: [&str; 13] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];

/// Elements whose text a person does not read.
const UNSEEN: [&str; 4] = ["head", "script", "style", "template"];

/// An element of a page.
#[derive(Debug, Clone, Default)]
pub struct Element {
    tag: String,
    attributes: BTreeMap<String, String>,
    children: Vec<Node>,
}

#[derive(Debug, Clone)]
enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    /// Reads a page. The root stands above its outermost elements.
    ///
    /// It is strict: an end tag without its start, or an element left open, fails.
    pub fn parse(page: &str) -> Result<Self> {
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        let mut open = vec![Self::default()];
        for token in Tokenizer::new_with_emitter(page, emitter) {
            let Ok(token) = token;
            match token {
                Token::StartTag(tag) => {
                    let element = Self::start(&tag);
                    if tag.self_closing || VOID.contains(&element.tag.as_str()) {
                        append(&mut open, Node::Element(element));
                    } else {
                        open.push(element);
                    }
                }
                Token::EndTag(tag) => {
                    let name = text(&tag.name);
                    match open.pop() {
                        Some(element) if element.tag == name => {
                            append(&mut open, Node::Element(element));
                        }
                        other => bail!("</{name}> closes <{}>", other.unwrap_or_default().tag),
                    }
                }
                Token::String(string) => append(&mut open, Node::Text(text(&string))),
                Token::Comment(_) | Token::Doctype(_) => {}
                Token::Error(error) => bail!("the page is not HTML: {:?}", error.value),
            }
        }
        match (open.pop(), open.pop()) {
            (Some(root), None) => Ok(root),
            (Some(left_open), _) => bail!("<{}> is left open", left_open.tag),
            (None, _) => bail!("more is closed than was opened"),
        }
    }

    fn start(tag: &StartTag<()>) -> Self {
        let attributes = tag.attributes.iter();
        Self {
            tag: text(&tag.name),
            attributes: attributes
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
            children: Vec::new(),
        }
    }

    /// The name of its tag.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// Every element below it that `wanted` holds for, in the order of the page.
    pub fn find_all(&self, wanted: impl Fn(&Self) -> bool) -> Vec<&Self> {
        let mut found = Vec::new();
        self.visit(&mut |element| {
            if wanted(element) {
                found.push(element);
            }
        });
        found
    }

    /// Every element below it with this tag.
    #[must_use]
    pub fn all(&self, tag: &str) -> Vec<&Self> {
        self.find_all(|element| element.tag == tag)
    }

    /// The element below it with this `id`.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<&Self> {
        self.find_all(|element| element.attribute("id") == Some(id))
            .into_iter()
            .next()
    }

    /// What a person reads, with single spaces.
    #[must_use]
    pub fn text(&self) -> String {
        let mut read = String::new();
        self.collect_text(&mut read, true);
        read.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Its text as it stands in the page.
    #[must_use]
    pub fn raw_text(&self) -> String {
        let mut raw = String::new();
        self.collect_text(&mut raw, false);
        raw
    }

    fn visit<'a>(&'a self, visitor: &mut impl FnMut(&'a Self)) {
        for child in &self.children {
            if let Node::Element(element) = child {
                visitor(element);
                element.visit(visitor);
            }
        }
    }

    fn collect_text(&self, into: &mut String, parted: bool) {
        for child in &self.children {
            match child {
                Node::Text(text) => into.push_str(text),
                Node::Element(element) if UNSEEN.contains(&element.tag.as_str()) => {}
                Node::Element(element) => {
                    // Cells and paragraphs are apart for a person, even where
                    // the page has no space between them.
                    if parted && !INLINE.contains(&element.tag.as_str()) {
                        into.push(' ');
                    }
                    element.collect_text(into, parted);
                    if parted && !INLINE.contains(&element.tag.as_str()) {
                        into.push(' ');
                    }
                }
            }
        }
    }
}

/// Elements that stand within a line.
const INLINE: [&str; 11] = [
    "a", "abbr", "b", "bdi", "code", "em", "kbd", "small", "span", "strong", "wbr",
];

fn append(open: &mut [Element], node: Node) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(node);
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_a_person_reads() {
        let page = Element::parse(
            "<!doctype html><title>t</title><p>a <b>b</b>&amp;c</p><td>1</td><td>2</td>\
             <script>x</script><textarea>\n&lt;p></textarea>",
        );
        assert_eq!(page.expect("HTML").text(), "t a b&c 1 2 <p>");
    }

    #[test]
    fn a_page_that_is_not_well_formed_is_refused() {
        for page in ["<p>", "<b></p></b>", "</p>", "<p a=1 a=2></p>"] {
            assert!(Element::parse(page).is_err(), "{page}");
        }
    }
}
