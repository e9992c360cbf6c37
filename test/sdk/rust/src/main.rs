//! Prints who the AWS SDK for Rust is by its default credentials, as one line of JSON without a secret.

use aws_config::BehaviorVersion;
use aws_sdk_sts::config::ProvideCredentials;
use aws_sdk_sts::error::DisplayErrorContext;
use aws_sdk_sts::primitives::{DateTime, DateTimeFormat};
use aws_smithy_http_client::Builder;
use serde_json::{Value, json};
use std::error::Error;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match identify().await {
        Ok(identity) => {
            println!("{identity}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!(
                "{}",
                json!({ "error": DisplayErrorContext(&*error).to_string() })
            );
            ExitCode::FAILURE
        }
    }
}

async fn identify() -> Result<Value, Box<dyn Error>> {
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .http_client(Builder::new().build_http())
        .load()
        .await;
    let caller = aws_sdk_sts::Client::new(&sdk)
        .get_caller_identity()
        .send()
        .await?;
    let provider = sdk
        .credentials_provider()
        .ok_or("there is no credentials provider")?;
    let credentials = provider.provide_credentials().await?;
    let expiration = credentials
        .expiry()
        .map(DateTime::from)
        .ok_or("the credentials have no end")?;
    Ok(json!({
        "arn": caller.arn(),
        "region": sdk.region().map(AsRef::as_ref),
        "accessKeyId": credentials.access_key_id(),
        "expiration": expiration.fmt(DateTimeFormat::DateTime)?,
    }))
}
