//! Files from the mirrors of a data set.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use ureq::Agent;

use super::event::{Event, Progress};
use super::store::{check, keep, missing, packed_limit, unpack};
use crate::DatasetError;
use crate::mnist::File;

/// How long to wait for a connection before the next mirror is tried.
const CONNECT: Duration = Duration::from_secs(4);
/// How long to wait for the first bytes of an answer.
const RESPONSE: Duration = Duration::from_secs(20);
/// How long one file may take.
const BODY: Duration = Duration::from_secs(600);

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 16;

/// Gets the missing ones of `files`, each from the first mirror that sends it whole.
pub(super) fn fetch_all(
    mirrors: &[&str],
    files: &[File],
    folder: &Path,
    progress: &mut Progress<'_>,
) -> Result<(), DatasetError> {
    let config = Agent::config_builder()
        .timeout_connect(Some(CONNECT))
        .timeout_resolve(Some(CONNECT))
        .timeout_recv_response(Some(RESPONSE))
        .timeout_recv_body(Some(BODY));
    let agent: Agent = config.build().into();
    for file in missing(folder, files) {
        let packed = fetch_from_any(&agent, mirrors, file, progress)?;
        keep(folder, file, &unpack(file, &packed)?, progress)?;
    }
    Ok(())
}

fn fetch_from_any(
    agent: &Agent,
    mirrors: &[&str],
    file: &File,
    progress: &mut Progress<'_>,
) -> Result<Vec<u8>, DatasetError> {
    let mut last = DatasetError::Http {
        url: file.name.to_owned(),
        reason: "the data set has no mirror".to_owned(),
    };
    for mirror in mirrors {
        let url = format!("{mirror}{}.gz", file.name);
        match fetch(agent, &url, file, progress) {
            Ok(packed) => return Ok(packed),
            Err(error) => {
                progress(Event::Failed {
                    from: &url,
                    error: &error,
                });
                last = error;
            }
        }
    }
    Err(last)
}

/// The bytes at `url`, which are the compressed file.
pub(super) fn fetch(
    agent: &Agent,
    url: &str,
    file: &File,
    progress: &mut Progress<'_>,
) -> Result<Vec<u8>, DatasetError> {
    let failed = |reason: String| DatasetError::Http {
        url: url.to_owned(),
        reason,
    };
    let answer = agent.get(url).call();
    let mut answer = answer.map_err(|error| failed(error.to_string()))?;
    progress(Event::FileStarted {
        file: file.name,
        bytes: answer.body().content_length(),
    });
    let mut body = answer.body_mut().as_reader().take(packed_limit(file));
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; CHUNK]);
    loop {
        match body.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(error.to_string())),
        }
        progress(Event::Received {
            bytes: bytes.len() as u64,
        });
    }
    check(url, &bytes, file.gz_sha256)?;
    Ok(bytes)
}
