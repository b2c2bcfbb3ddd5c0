//! A picture that an authenticator app reads, drawn as squares so that the page can hold it.

use std::fmt::Write;

use qrcode::{Color, QrCode};

use crate::error::{Error, Result};

/// The light rim that readers need, in squares.
const RIM: usize = 4;

/// A QR code as an SVG path.
#[derive(Debug)]
pub(super) struct Picture {
    /// Squares along one side, the rim included.
    pub side: usize,
    /// The dark squares.
    pub path: String,
}

impl Picture {
    /// The picture of a text.
    ///
    /// # Errors
    /// When the text is too long, which is our fault.
    pub fn of(text: &str) -> Result<Self> {
        let code = QrCode::new(text).map_err(Error::internal)?;
        let (width, mut path) = (code.width(), String::new());
        for (place, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let (x, y) = (place % width + RIM, place / width + RIM);
                write!(path, "M{x} {y}h1v1h-1z").map_err(Error::internal)?;
            }
        }
        Ok(Self { side: width + 2 * RIM, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_three_marks_and_a_rim() {
        let picture = Picture::of("otpauth://totp/Portcullis:ann@example.com?secret=ABC").unwrap();
        let far = picture.side - RIM - 7;
        for (x, y) in [(RIM, RIM), (far, RIM), (RIM, far)] {
            assert!(picture.path.contains(&format!("M{x} {y}h1")), "{x} {y}");
        }
        assert!(!picture.path.contains("M0 ") && !picture.path.contains("M3 "));
    }
}
