use std::time::Duration;

use hearth::http::{Response, StatusCode};
use hearth::{Body, Context, Error, PathParams, Request};
use serde_json::json;

pub async fn handle(request: Request, context: Context) -> Result<Response<Body>, Error> {
    let path = request.uri().path().to_string();
    let answer = match path.as_str() {
        "/hello" => Response::new("hello".into()),
        "/echo" => {
            let kind = request.headers().get("Content-Type").cloned();
            let mut answer = Response::builder();
            if let Some(kind) = kind {
                answer = answer.header("Content-Type", kind);
            }
            answer.body(request.into_body().bytes().await?.into())?
        }
        "/teapot" => Response::builder().status(418).header("X-Kind", "tea").body("short and stout".into())?,
        "/cookies" => Response::builder().header("Set-Cookie", "a=1").header("Set-Cookie", "b=2").body("two".into())?,
        "/json" => to_json(json!({"name": "Ada"}))?,
        "/empty" => Response::builder().status(StatusCode::NO_CONTENT).body(Body::empty())?,
        "/says-2" => Response::builder().header("Content-Length", 2).body("abcdef".into())?,
        "/says-9" => Response::builder().header("Content-Length", 9).body("abcdef".into())?,
        "/says-two" => Response::builder().header("Content-Length", "two").body("abcdef".into())?,
        "/held" => held(),
        "/size" => Response::new(request.into_body().bytes().await?.len().to_string().into()),
        "/size-streamed" => Response::new(size_streamed(request.into_body()).await?.to_string().into()),
        "/big" => Response::new(vec![b'x'; 8 << 20].into()),
        "/context" => to_json(json!({
            "call_id": context.call_id, "function": context.function, "namespace": context.namespace,
            "revision": context.revision, "traceparent": context.traceparent,
            "remaining_ms": context.remaining().as_millis() as u64,
        }))?,
        "/log" => {
            hearth::println!("to standard output");
            hearth::eprintln!("to standard error");
            hearth::log::info!("by the logger");
            println!("by a plain print");
            Response::new("logged".into())
        }
        "/raise" => return Err("broken on purpose".into()),
        "/late" => Response::new(Body::written(|mut writer| async move {
            writer.write("a piece").await;
            panic!("broken on purpose")
        })),
        "/env" => Response::new(std::env::var("LEVEL")?.into()),
        "/tmp" => to_json(json!({"tmp": can_write("/tmp/x"), "root": can_write("/function/x")}))?,
        "/child" => {
            let told = std::process::Command::new("grep").args(["Sig", "/proc/self/status"]).output()?;
            Response::new(told.stdout.into())
        }
        "/crash" => std::process::exit(3),
        seen if seen.starts_with("/seen/") => to_json(json!({
            "method": request.method().as_str(), "path": path, "query": request.uri().query(),
            "header": request.headers().get("X-Test").and_then(|value| value.to_str().ok()),
        }))?,
        people if people.starts_with("/people/") => {
            to_json(json!({"id": request.path_param("id"), "rest_of": request.path_param("rest_of")}))?
        }
        _ => Response::builder().status(StatusCode::NOT_FOUND).body(format!("there is no {path}").into())?,
    };
    Ok(answer)
}

fn to_json(value: serde_json::Value) -> Result<Response<Body>, Error> {
    Ok(Response::builder().header("Content-Type", "application/json").body(value.to_string().into())?)
}

/// Says so when it is dropped before its end.
struct Held(bool);

impl Drop for Held {
    fn drop(&mut self) {
        if !self.0 {
            hearth::println!("cancelled");
        }
    }
}

fn held() -> Response<Body> {
    Response::new(Body::written(|mut writer| async move {
        let mut held = Held(false);
        writer.write("begun\n").await;
        while !std::path::Path::new("/run/hearth/gate").exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        writer.write("over\n").await;
        held.0 = true;
        Ok(())
    }))
}

async fn size_streamed(mut body: Body) -> Result<usize, Error> {
    let mut count = 0;
    while let Some(piece) = body.next().await {
        count += piece?.len();
    }
    Ok(count)
}

fn can_write(path: &str) -> bool {
    std::fs::write(path, "x").is_ok()
}
