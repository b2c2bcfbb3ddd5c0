//! Files sent through a form, the way a browser sends them.

use super::browser::{Browser, Page};

pub const INDEX: &str = "/admin/index";
const BOUNDARY: &str = "----a-boundary-of-the-tests";

/// A part of a form: a field, or a file with its name.
pub enum Part<'a> {
    Field(&'a str, &'a str),
    File(&'a str, &'a str, &'a [u8]),
}

/// The body of a form with these parts, in this order.
pub fn body(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        let (head, content) = match part {
            Part::Field(name, value) => (format!("name=\"{name}\"\r\n"), value.as_bytes()),
            Part::File(name, file, content) => (
                format!(
                    "name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: application/octet-stream\r\n"
                ),
                *content,
            ),
        };
        body.extend_from_slice(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n").as_bytes(),
        );
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

impl Browser {
    /// Sends these parts.
    pub async fn send_parts(&self, parts: &[Part<'_>]) -> Page {
        let request = self
            .request("POST", INDEX)
            .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
            .body(body(parts));
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Page { status, headers, text: answer.text().await.unwrap() }
    }

    /// Opens the store index, chooses a file and sends the form.
    pub async fn upload(&self, what: &str, name: &str, content: &[u8], strict: bool) -> Page {
        let token = self.get(INDEX).await.hidden(INDEX);
        let mut parts: Vec<_> =
            token.iter().map(|(name, value)| Part::Field(name, value)).collect();
        parts.push(Part::Field("what", what));
        parts.push(Part::File("file", name, content));
        if strict {
            parts.push(Part::Field("strict", "yes"));
        }
        self.send_parts(&parts).await
    }
}
