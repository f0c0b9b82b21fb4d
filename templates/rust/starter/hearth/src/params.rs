use http::Request;

/// The path's parameters where an HTTP trigger matched. A test sets the header `Hearth-Param-NAME`.
pub trait PathParams {
    /// Decoded; `None` where there is none of that name.
    fn path_param(&self, name: &str) -> Option<String>;
}

impl<B> PathParams for Request<B> {
    fn path_param(&self, name: &str) -> Option<String> {
        let value = self.headers().get(format!("hearth-param-{}", name.to_ascii_lowercase()).as_str())?;
        Some(String::from_utf8_lossy(&decoded(value.as_bytes())).into_owned())
    }
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let escaped = match (first, after) {
            (b'%', [high, low, after @ ..]) => digit(*high).zip(digit(*low)).map(|(high, low)| (high << 4 | low, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

fn digit(text: u8) -> Option<u8> {
    char::from(text).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
