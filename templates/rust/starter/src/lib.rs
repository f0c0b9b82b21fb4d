use hearth::{http::Response, BadRequest, Context, Error, Request};
use serde_json::{json, Value};

/// Greets whoever the JSON body or the query names.
pub async fn handle(request: Request, _context: Context) -> Result<Response<String>, Error> {
    let query = request.uri().query().unwrap_or_default();
    let mut name = query.split('&').find_map(|pair| pair.strip_prefix("name=")).unwrap_or("world").to_string();
    let body = request.into_body().bytes().await?;
    if !body.is_empty() {
        let given: Value =
            serde_json::from_slice(&body).map_err(|error| BadRequest(format!("the body is no JSON: {error}")))?;
        name = given["name"].as_str().map_or(name, str::to_string);
    }
    hearth::log::info!("greeting {name}");
    let answer = json!({ "message": format!("Hello, {name}!") });
    Ok(Response::builder().header("Content-Type", "application/json").body(answer.to_string())?)
}

// Run by: cargo test
#[cfg(test)]
mod tests {
    use super::*;

    fn greeted(target: &str, body: &'static str) -> Result<String, Error> {
        let request = hearth::http::Request::post(target).body(body.into())?;
        Ok(hearth::block_on(handle(request, Context::default()))?.into_body())
    }

    #[test]
    fn greets() {
        assert_eq!(greeted("/", r#"{"name":"Ada"}"#).unwrap(), r#"{"message":"Hello, Ada!"}"#);
        assert_eq!(greeted("/?name=Bob", "").unwrap(), r#"{"message":"Hello, Bob!"}"#);
        assert_eq!(greeted("/", "").unwrap(), r#"{"message":"Hello, world!"}"#);
    }

    #[test]
    fn refuses_what_is_no_json() {
        assert!(greeted("/", "{").unwrap_err().is::<BadRequest>());
    }
}
