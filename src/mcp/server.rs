//! The SDK's handler: what this server offers, to whom, and how calls reach the tools.

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestMethod,
    CompleteRequestParams, CompleteResult, CustomRequest, CustomResult, DiscoverResult, ErrorCode,
    GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use rmcp_actix_web::transport::on_request_extensions;
use serde_json::json;

use crate::domain::tool::Tool;
use crate::mcp::{prompts, resources, tools};
use crate::service::Ctx;
use crate::service::calls::{self, Caller, Line};

/// How long a list may be kept, milliseconds: short, because a changed role acts at once.
pub(super) const KEEP_MS: u64 = 60_000;
/// Shown to the model once, at the start.
const INSTRUCTIONS: &str = "Search an index of online stores and the people who work at them. Call list_taxonomy once to learn the filter \
     values, then search_stores or search_contacts with filters, get_store for one domain, enrich_domains for many. \
     reveal_contacts spends credits: say what it would cost and ask the person before confirming. get_usage tells \
     what is left of quotas and credits.";

/// The methods of both eras.
const OURS: [&str; 7] = [
    "tools/list",
    "tools/call",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/templates/list",
    "resources/read",
];

/// One request's server; there are no sessions.
pub(super) struct PortcullisServer {
    ctx: Ctx,
}

impl PortcullisServer {
    pub(super) fn new(ctx: Ctx) -> Self {
        Self { ctx }
    }
}

/// Who calls: put there by the gate, without which nothing gets here.
fn caller(context: &RequestContext<RoleServer>) -> Result<&Caller, ErrorData> {
    on_request_extensions(&context.extensions)
        .and_then(|extensions| extensions.get::<Caller>())
        .ok_or_else(|| ErrorData::internal_error("internal error", None))
}

/// Every list of ours has one page, so there is no cursor to hand back (checklist B12).
fn check_one_page(
    context: &RequestContext<RoleServer>,
    request: Option<PaginatedRequestParams>,
) -> Result<(), ErrorData> {
    if request.is_some_and(|request| request.cursor.is_some()) {
        let error = ErrorData::invalid_params("the list has one page; leave cursor out", None);
        return Err(with_id(context, error));
    }
    Ok(())
}

/// The error with the id of its request in its data, by which an administrator finds it in the log.
fn with_id(context: &RequestContext<RoleServer>, mut error: ErrorData) -> ErrorData {
    if let Ok(caller) = caller(context) {
        let data = error.data.get_or_insert_with(|| json!({}));
        if let Some(members) = data.as_object_mut() {
            members.insert("request_id".into(), json!(caller.request_id));
        }
    }
    error
}

impl ServerHandler for PortcullisServer {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(
            ServerCapabilities::builder()
                .enable_tools()
                .enable_prompts()
                .enable_resources()
                .build(),
        )
        .with_server_info(
            Implementation::new("portcullis", env!("CARGO_PKG_VERSION"))
                .with_title("Portcullis store index"),
        )
        .with_instructions(INSTRUCTIONS)
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info()).with_ttl_ms(KEEP_MS))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        check_one_page(&context, request)?;
        let allowed = &caller(&context)?.principal.tools;
        let list = tools::definitions()
            .iter()
            .filter(|(tool, _)| allowed.contains(tool))
            .map(|(_, tool)| tool.clone());
        Ok(ListToolsResult::with_all_items(list.collect())
            .with_ttl_ms(KEEP_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let caller = caller(&context)?;
        // Check 6: a tool that the role does not allow answers like one that does not exist.
        let named = Tool::parse(&request.name);
        let Some(tool) = named.filter(|tool| caller.principal.tools.contains(tool)) else {
            calls::note_unknown(&self.ctx, caller, named)
                .await
                .map_err(|_| ErrorData::internal_error("internal error", None))?;
            let error = ErrorData::invalid_params("there is no tool of that name", None);
            return Err(with_id(&context, error));
        };
        let arguments = request.arguments.unwrap_or_default();
        let is_modern = context.meta.protocol_version().is_some();
        let line = Line::new(is_modern.then(|| context.ct.clone()));
        Ok(tools::call(&self.ctx, caller, &line, tool, arguments).await.into())
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        check_one_page(&context, request)?;
        Ok(ListPromptsResult::with_all_items(prompts::list(caller(&context)?))
            .with_ttl_ms(KEEP_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let prompt = prompts::get(caller(&context)?, &request.name, request.arguments);
        Ok(prompt.map_err(|error| with_id(&context, error))?.into())
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        check_one_page(&context, request)?;
        Ok(ListResourcesResult::with_all_items(resources::list(caller(&context)?))
            .with_ttl_ms(KEEP_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        check_one_page(&context, request)?;
        Ok(ListResourceTemplatesResult::with_all_items(Vec::new())
            .with_ttl_ms(KEEP_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let is_modern = context.meta.protocol_version().is_some();
        let result = resources::read(&self.ctx, caller(&context)?, &request.uri, is_modern).await;
        Ok(result.map_err(|error| with_id(&context, error))?.into())
    }

    // What is not announced is not there (checklist A18); the SDK would answer with nothing.
    async fn complete(
        &self,
        _: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Err(with_id(&context, ErrorData::method_not_found::<CompleteRequestMethod>()))
    }

    /// What the SDK could not read as a request it knows: an unknown method, or one of ours with
    /// parameters of a wrong form (checklist B8).
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let ours: &[&str] = match context.meta.protocol_version() {
            Some(_) => &["server/discover"],
            None => &["initialize", "ping"],
        };
        if OURS.contains(&request.method.as_str()) || ours.contains(&request.method.as_str()) {
            let message = format!("the parameters of {} are malformed", request.method);
            return Err(with_id(&context, ErrorData::invalid_params(message, None)));
        }
        Err(with_id(&context, ErrorData::new(ErrorCode::METHOD_NOT_FOUND, request.method, None)))
    }

    fn get_tool(&self, name: &str) -> Option<rmcp::model::Tool> {
        let tool = Tool::parse(name)?;
        tools::definitions()
            .iter()
            .find(|(listed, _)| *listed == tool)
            .map(|(_, definition)| definition.clone())
    }
}
