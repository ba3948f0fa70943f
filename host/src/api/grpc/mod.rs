//! The gRPC API: Dapr's service over the same calls as HTTP, and beside it what tools ask for, reflection and health.
//!
//! It is a router like that of HTTP, so that connections, limits and the end of the process have one home in `server.rs`.

use anyhow::{Context, Result};
use axum::Router;
use axum::middleware;
use tonic::server::NamedService;
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};
use tonic_reflection::server::Builder;

use self::service::Service;
use super::dapr::wire::dapr_server::DaprServer;
use super::dapr::wire::{DESCRIPTORS, METHODS};
use super::{SharedApi, call_log};
use crate::shutdown::Tasks;

mod gate;
mod service;

/// All methods. Whatever is none of them is answered as unimplemented, by its name.
///
/// # Errors
/// When the service's own description is broken.
pub async fn router(api: SharedApi, tasks: &Tasks) -> Result<Router> {
    let dapr = DaprServer::new(Service::new(api.clone()))
        .max_decoding_message_size(api.max_body_size)
        .max_encoding_message_size(usize::MAX);
    let mut calls = Router::new();
    for path in METHODS {
        calls = calls.route_service(path, dapr.clone());
    }
    let calls = calls.layer(middleware::from_fn_with_state(api.clone(), gate::call));
    let logs_calls = api.logs_calls;
    let all = calls
        .merge(reflection(tasks)?)
        .merge(health(tasks).await)
        .fallback(gate::unimplemented)
        .layer(middleware::from_fn_with_state(api, gate::admit));
    Ok(if logs_calls { all.layer(middleware::from_fn(call_log::of_grpc)) } else { all })
}

/// Reflection in both versions. Its streams end with the process: nothing else would end those of a client that stays.
fn reflection(tasks: &Tasks) -> Result<Router> {
    let builder = || {
        Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let v1 = builder().build_v1().context("the gRPC service can't be described")?;
    let v1alpha = builder().build_v1alpha().context("the gRPC service can't be described")?;
    let end = middleware::map_request_with_state(tasks.clone(), gate::end_body_at_shutdown);
    Ok(Router::new()
        .route_service(&path_of(&v1, "ServerReflectionInfo"), v1)
        .route_service(&path_of(&v1alpha, "ServerReflectionInfo"), v1alpha)
        .layer(end))
}

async fn health(tasks: &Tasks) -> Router {
    let (reporter, health) = health_reporter();
    reporter.set_serving::<DaprServer<Service>>().await;
    tasks.spawn(tell_the_end(reporter, tasks.clone()));
    let methods = ["Check", "Watch"];
    methods
        .into_iter()
        .fold(Router::new(), |router, method| router.route_service(&path_of(&health, method), health.clone()))
}

/// Tells those who watch that the end is near, and ends their streams, on which the shutdown would wait.
async fn tell_the_end(mut reporter: HealthReporter, tasks: Tasks) {
    tasks.stopping().await;
    for service in ["", DaprServer::<Service>::NAME] {
        reporter.set_service_status(service, ServingStatus::NotServing).await;
        reporter.clear_service_status(service).await;
    }
}

fn path_of<S: NamedService>(_service: &S, method: &str) -> String {
    format!("/{}/{method}", S::NAME)
}
