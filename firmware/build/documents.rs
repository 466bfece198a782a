//! Turns the documents that are readable on the unit from Markdown into HTML, so that the
//! unit needs no reader of Markdown.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// The documents under `docs`, and where each is on the unit. The rest is for those who
/// build it; a link to it is but text on the unit.
const DOCUMENTS: [(&str, &str); 6] = [
    ("guide.md", "/help/guide"),
    ("never-locked-out.md", "/help/guide/never-locked-out"),
    ("signing-in.md", "/help/guide/signing-in"),
    ("backup.md", "/help/guide/backup"),
    ("console.md", "/help/guide/console"),
    ("services.md", "/help/guide/services"),
];

/// A document in HTML.
#[derive(Default)]
struct Rendered {
    title: String,
    /// The anchor and the text of each chapter.
    chapters: Vec<(String, String)>,
    content: String,
}

/// Writes the documents for `src/web/guide.rs` to include.
pub(crate) fn write() -> io::Result<()> {
    let mut list = String::from("&[\n");
    for (file, path) in DOCUMENTS {
        let source = Path::new("../docs").join(file);
        println!("cargo::rerun-if-changed={}", source.display());
        let Rendered {
            title,
            chapters,
            content,
        } = render(&fs::read_to_string(source)?);
        writeln!(
            list,
            "Document {{ path: {path:?}, title: {title:?}, chapters: &{chapters:?}, content: {content:?} }},"
        )
        .map_err(io::Error::other)?;
    }
    list.push(']');
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    fs::write(Path::new(&folder).join("documents.rs"), list)
}

fn render(markdown: &str) -> Rendered {
    let mut rendered = Rendered::default();
    let events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
    let mut shown = Vec::new();
    let mut rest = events.as_slice();
    while let [event, after @ ..] = rest {
        rest = after;
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let (text, after) = text_until(after, TagEnd::Heading(*level));
                rest = after;
                match level {
                    HeadingLevel::H1 => rendered.title = text,
                    level => {
                        let anchor = anchor(&text);
                        let text = escaped(&text);
                        let heading = format!("<{level} id=\"{anchor}\">{text}</{level}>\n");
                        shown.push(Event::Html(heading.into()));
                        if *level == HeadingLevel::H2 {
                            rendered.chapters.push((anchor, text));
                        }
                    }
                }
            }
            // What is wider than the screen is scrolled, with the keyboard too.
            Event::Start(Tag::CodeBlock(_)) => {
                shown.push(Event::Html(
                    "<pre class=\"pem\" tabindex=\"0\"><code>".into(),
                ));
            }
            Event::End(TagEnd::CodeBlock) => shown.push(Event::Html("</code></pre>\n".into())),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let (text, after) = text_until(after, TagEnd::Link);
                rest = after;
                let text = escaped(&text);
                let link = match DOCUMENTS.iter().find(|(file, _)| **file == **dest_url) {
                    Some((_, path)) => format!("<a href=\"{path}\">{text}</a>"),
                    None => text,
                };
                shown.push(Event::InlineHtml(link.into()));
            }
            // Pictures of the pages are for those who do not have the pages before them.
            Event::Start(Tag::Image { .. }) => {
                (_, rest) = text_until(after, TagEnd::Image);
            }
            event => shown.push(event.clone()),
        }
    }
    html::push_html(&mut rendered.content, shown.into_iter());
    // Where a picture stood alone.
    rendered.content = rendered.content.replace("<p></p>\n", "");
    rendered
}

/// The text up to this end, and what comes after it.
fn text_until<'e, 'a>(events: &'e [Event<'a>], end: TagEnd) -> (String, &'e [Event<'a>]) {
    let is_end = |event: &Event<'a>| *event == Event::End(end);
    let length = events.iter().position(is_end).unwrap_or(events.len());
    let text = events[..length].iter().filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(&**text),
        Event::SoftBreak => Some(" "),
        _ => None,
    });
    (text.collect(), events.get(length + 1..).unwrap_or_default())
}

fn escaped(text: &str) -> String {
    let mut html = String::new();
    html::push_html(&mut html, [Event::Text(text.into())].into_iter());
    html
}

/// "Be your own CA" becomes "be-your-own-ca".
fn anchor(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}
