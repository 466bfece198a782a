//! What is said of an upload, said of what was pasted.

use cert_lifecycle::Error;

/// The text without what only whoever uploads can do.
pub(crate) fn reworded(text: &str) -> String {
    text.replace("Upload ", "Paste ")
        .replace("upload ", "paste ")
}

/// Why what was pasted was not taken: there was no file.
pub(crate) fn not_taken(error: &Error) -> String {
    match error {
        Error::Read(why) if why.code() == "empty" => {
            "Nothing was pasted. Paste the text that your CA sent, beginning with the line \
             -----BEGIN CERTIFICATE-----."
                .into()
        }
        error => {
            let said = reworded(&error.to_string());
            match said.strip_prefix("The file ") {
                Some(rest) => format!("The text {rest}"),
                None => said,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_uploaded_where_it_is_pasted() {
        for (of_a_page, here) in [
            (
                "This is none. Upload the file that your CA sent.",
                "This is none. Paste the file that your CA sent.",
            ),
            (
                "Unpack it and upload the certificate inside.",
                "Unpack it and paste the certificate inside.",
            ),
        ] {
            assert_eq!(reworded(of_a_page), here);
        }
    }
}
