//! Dapr's service. What requests mean and how they are answered is decided where HTTP's are.

use http::HeaderMap;
use prost::Message;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Extensions, Request, Response, Status, async_trait};

use crate::api::converse::Told;
use crate::api::dapr::Converse;
use crate::api::dapr::wire::dapr_server::Dapr;
use crate::api::dapr::wire::{
    ConversationRequest, ConversationRequestAlpha2, ConversationResponse, ConversationResponseAlpha2,
    GetMetadataRequest, GetMetadataResponse, SetMetadataRequest, ShutdownRequest,
};
use crate::api::status::Refusal;
use crate::api::{SharedApi, cache_status, converse, metadata};
use crate::limits;

/// Serves the methods.
pub(super) struct Service {
    api: SharedApi,
}

impl Service {
    pub(super) fn new(api: SharedApi) -> Self {
        Self { api }
    }

    /// The one method behind both versions, which differ in nothing but their messages.
    async fn converse<R: Converse<Answer: Message>>(&self, request: Request<R>) -> Result<Response<R::Answer>, Status> {
        let mut request = request.into_inner();
        let name = request.take_name();
        let Told { message, cache } = converse::converse(&self.api, &name, request).await?;
        let (length, most) = (message.encoded_len(), self.api.max_body_size);
        if length > most {
            let text = format!("the answer has {length} bytes, more than the {most} that `--max-body-size` allows");
            return Err(Status::resource_exhausted(text));
        }
        let mut headers = HeaderMap::new();
        cache_status::tell(cache, &mut headers);
        Ok(Response::from_parts(MetadataMap::from_headers(headers), message, Extensions::default()))
    }
}

#[async_trait]
impl Dapr for Service {
    async fn converse_alpha1(
        &self,
        request: Request<ConversationRequest>,
    ) -> Result<Response<ConversationResponse>, Status> {
        self.converse(request).await
    }

    async fn converse_alpha2(
        &self,
        request: Request<ConversationRequestAlpha2>,
    ) -> Result<Response<ConversationResponseAlpha2>, Status> {
        self.converse(request).await
    }

    async fn get_metadata(
        &self,
        _request: Request<GetMetadataRequest>,
    ) -> Result<Response<GetMetadataResponse>, Status> {
        Ok(Response::new(metadata::tell(&self.api)))
    }

    async fn set_metadata(&self, request: Request<SetMetadataRequest>) -> Result<Response<()>, Status> {
        let SetMetadataRequest { key, value } = request.into_inner();
        metadata::set(&self.api, key, value.into_bytes())?;
        Ok(Response::new(()))
    }

    async fn shutdown(&self, request: Request<ShutdownRequest>) -> Result<Response<()>, Status> {
        self.api.end(request.metadata().as_ref());
        Ok(Response::new(()))
    }
}

impl From<Refusal> for Status {
    fn from(mut refusal: Refusal) -> Self {
        refusal.message.truncate(refusal.message.floor_char_boundary(limits::GRPC_ERROR_TEXT));
        let after = refusal.retry_after_seconds();
        let mut status = Self::new(refusal.grpc, refusal.message);
        if let Some(seconds) = after {
            status.metadata_mut().insert("retry-after", MetadataValue::from(seconds));
        }
        status
    }
}
