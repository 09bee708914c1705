//! The server: CORE requests over HTTP, answered once the gateway has done what they ask.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, BodyDataStream},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
    routing::any,
};
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use jiff::Timestamp;
use tracing::{error, info, warn};

use super::{
    door::Door,
    envelope::Act,
    exchange::{Answer, Exchange, RETRY_AFTER},
    fault::{Fault, FaultCode},
    intake::{Form, Intake, IntakeError, Media, Message},
    outgoing::{Letter, Outgoing},
    settings::{RealTimePayload, ServerOptions, span},
    soap,
};
use crate::gateway::connect::{Caller, Parcel, Peer, Service};

/// The routes of the server: `POST` to the path of its settings, and `GET` of its WSDL (`?wsdl`) and schema
/// (`?xsd`).
///
/// Requests need a [`Peer`] among their extensions, put there by what accepts connections. Bodies are streamed to
/// the spool folder; the path's limit on their size is that of the settings, whatever limit is set around it.
pub fn router(service: Arc<dyn Service>, options: ServerOptions) -> Router {
    let server = Arc::new(Server { service, options });
    Router::new().route(server.options.settings.path.as_str(), any(handle)).with_state(Arc::clone(&server))
}

struct Server {
    service: Arc<dyn Service>,
    options: ServerOptions,
}

async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response<Body> {
    match *request.method() {
        Method::POST => server.post(request).await,
        Method::GET => server.describe(&request),
        _ => {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "Post a CORE message, or get ?wsdl.\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
            response
        }
    }
}

impl Server {
    async fn post(&self, request: Request) -> Response<Body> {
        let begun = Instant::now();
        let (head, body) = request.into_parts();
        let Some(peer) = head.extensions.get::<Peer>().cloned() else {
            error!("a CORE request came without its peer: the listener does not say who calls");
            return plain(StatusCode::INTERNAL_SERVER_ERROR, "The server is not set up.\n");
        };
        let Some(media) = text(&head.headers, header::CONTENT_TYPE.as_str()).as_deref().and_then(Media::of) else {
            return plain(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Send multipart/form-data, application/soap+xml or multipart/related.\n",
            );
        };
        if head.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send it without a Content-Encoding.\n");
        }
        let form = media.form();
        let stated = text(&head.headers, header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse::<u64>().ok());
        let accepts_multipart = text(&head.headers, header::ACCEPT.as_str())
            .is_some_and(|accepts| accepts.to_ascii_lowercase().contains("multipart/related"));
        let mut body = body.into_data_stream();
        let door = Door::new(self.service.as_ref(), &peer);
        let message = match stated {
            Some(stated) if stated > self.options.settings.limit => Err(IntakeError::TooLarge),
            Some(_) | None => self.take(media, &mut body, &head.headers, &door).await,
        };
        // Who waits to be told to send needs no patience.
        let is_cut_off = match &message {
            Ok(message) => message.unproven,
            Err(error) => matches!(error, IntakeError::TooLarge),
        };
        if is_cut_off && !head.headers.contains_key(header::EXPECT) {
            linger(&mut body).await;
        }
        match message {
            Ok(mut message) => {
                if let Form::Soap { multipart, .. } = &mut message.form {
                    *multipart |= accepts_multipart;
                }
                self.answer(&door, &peer, message, begun).await
            }
            Err(error) => not_taken(&error, form, &peer),
        }
    }

    async fn take(
        &self,
        media: Media,
        body: &mut BodyDataStream,
        headers: &HeaderMap,
        door: &Door<'_>,
    ) -> Result<Message, IntakeError> {
        let settings = &self.options.settings;
        let intake = Intake {
            folder: self.options.spool.clone(),
            limit: settings.limit,
            inline_limit: usize::try_from(settings.inline_limit).unwrap_or(usize::MAX),
            idle: span(settings.idle_timeout),
        };
        let actions = ["SOAPAction", "Action"].into_iter().filter_map(|name| text(headers, name)).collect();
        let taking = intake.take(media, body, actions, door);
        tokio::time::timeout(span(settings.request_timeout), taking).await.unwrap_or(Err(IntakeError::Slow))
    }

    async fn answer(&self, door: &Door<'_>, peer: &Peer, mut message: Message, begun: Instant) -> Response<Body> {
        let length = message.payload.as_ref().map(|file| file.length);
        let form = message.form;
        let mut exchange = match Exchange::new(self.service.as_ref(), &self.options, door, &mut message) {
            Ok(exchange) => exchange,
            Err(fault) => {
                log(None, peer, Err(&fault), length, begun);
                return fault_alone(&fault, form);
            }
        };
        let outcome = exchange.run(message).await;
        log(Some(&exchange), peer, outcome.as_ref(), length, begun);
        let response = self.respond(&exchange, outcome.as_ref()).await;
        match (response, outcome) {
            (Ok(written), Ok(Answer { payload: Some(parcel), .. })) => self.send_file(&exchange, written, &parcel),
            (Ok(written), outcome) => {
                let fault = outcome.err();
                let status = fault.as_ref().map_or(200, |fault| fault.status(form != Form::Mime));
                send(status, fault.as_ref(), written)
            }
            (Err(error), _) => {
                error!(error = %error, partner = exchange.partner(), "an answer could not be written");
                fault_alone(&Fault::Receiver { retry_after: Some(RETRY_AFTER) }, form)
            }
        }
    }

    async fn respond(&self, exchange: &Exchange<'_>, outcome: Result<&Answer, &Fault>) -> std::io::Result<Outgoing> {
        let operation = match (exchange.form, outcome, exchange.operation) {
            (Form::Soap { version, .. }, Err(fault), _) if fault.soap_fault().is_some() => {
                return Ok(soap_fault(version, fault));
            }
            (_, _, Some(operation)) => operation,
            // A form says its operation by its fields; if they do not, the answer's fields are the same for all.
            (_, _, None) => super::envelope::Operation::BatchSubmit,
        };
        let fields = exchange.answer_fields(outcome);
        let letter = Letter {
            form: exchange.form,
            operation,
            response: true,
            namespace: exchange.dialect.root_namespace.as_deref(),
            credentials: None,
            fields: &fields,
            payload: outcome.ok().and_then(|answer| answer.payload.as_ref()),
            real_time: RealTimePayload::Cdata,
        };
        letter.write().await
    }

    /// An answer that brings a file: it counts as fetched once its last byte was taken.
    fn send_file(&self, exchange: &Exchange<'_>, written: Outgoing, parcel: &Parcel) -> Response<Body> {
        let service = Arc::clone(&self.service);
        let (caller, asked, id) = (exchange.caller.clone(), exchange.asked_id(), parcel.id);
        let content_type = written.content_type.clone();
        let fetched = async move {
            if let Some(caller) = caller {
                note_fetched(service.as_ref(), &caller, id, asked.as_deref()).await;
            }
        };
        let partner = exchange.partner().to_owned();
        let stream = written.stream(fetched.boxed()).inspect_err(move |error| {
            error!(partner, payload.id = %id, error = %error, "a stored file could not be read to its end");
        });
        with_type(StatusCode::OK, &content_type, Body::from_stream(stream))
    }

    fn describe(&self, request: &Request) -> Response<Body> {
        let xml = |document: String| with_type(StatusCode::OK, "text/xml; charset=UTF-8", Body::from(document));
        match request.uri().query().map(str::to_ascii_lowercase).as_deref() {
            Some("wsdl" | "singlewsdl") => xml(soap::wsdl::wsdl(&self.address(request))),
            Some("xsd") => xml(soap::wsdl::xsd()),
            _ => plain(StatusCode::NOT_FOUND, "Post a CORE message, or get ?wsdl.\n"),
        }
    }

    /// Where partners post to, as they see it.
    fn address(&self, request: &Request) -> String {
        if let Some(url) = &self.options.settings.public_url {
            return url.clone();
        }
        let tls = request.extensions().get::<Peer>().is_none_or(|peer| peer.tls.is_some());
        let host = text(request.headers(), header::HOST.as_str()).unwrap_or_else(|| "localhost".to_owned());
        let scheme = if tls { "https" } else { "http" };
        format!("{scheme}://{host}{}", self.options.settings.path.as_str())
    }
}

/// How much more of a message that is too large is read before it is refused, in bytes, and for how long.
const LINGER: (u64, Duration) = (1 << 20, Duration::from_secs(1));

/// Reads on for a little. A client that is cut off while it sends may never see the answer.
async fn linger(body: &mut BodyDataStream) {
    let (mut left, time) = LINGER;
    let reading = async {
        while let Some(Ok(bytes)) = body.next().await {
            left = left.saturating_sub(bytes.len() as u64);
            if left == 0 {
                break;
            }
        }
    };
    // Whether it got to the end does not matter.
    let _ = tokio::time::timeout(time, reading).await;
}

async fn note_fetched(service: &dyn Service, caller: &Caller, id: uuid::Uuid, asked: Option<&str>) {
    if let Err(error) = service.fetched(caller, id, asked).await {
        warn!(partner = %caller.partner, payload.id = %id, error = %error, "a file was fetched, and that is not recorded");
    }
}

/// The answer to a message that did not come in.
fn not_taken(error: &IntakeError, form: Form, peer: &Peer) -> Response<Body> {
    let fault = match error {
        IntakeError::Fault(fault) => fault.clone(),
        IntakeError::TooLarge => Fault::TooLarge,
        IntakeError::Slow => {
            warn!(peer = %peer.address, "a client was too slow");
            return plain(StatusCode::REQUEST_TIMEOUT, "Nothing came for too long.\n");
        }
        IntakeError::Broken(reason) => {
            info!(peer = %peer.address, error = %reason, "a client went away while it sent");
            return plain(StatusCode::BAD_REQUEST, "The body broke off.\n");
        }
        IntakeError::Storage(error) => {
            error!(error = %error, "a payload could not be written");
            Fault::Receiver { retry_after: Some(RETRY_AFTER) }
        }
    };
    info!(peer = %peer.address, error.code = %fault.code(), "CORE message refused unread");
    fault_alone(&fault, form)
}

/// The answer to what has no envelope to answer in: a SOAP fault, or for a form its error code alone.
fn fault_alone(fault: &Fault, form: Form) -> Response<Body> {
    match form {
        Form::Soap { version, .. } => send(fault.status(true), Some(fault), soap_fault(version, fault)),
        Form::Mime => {
            let mut multipart = super::mime::Multipart::new();
            multipart.field("PayloadType", "CoreEnvelopeError");
            multipart.field("TimeStamp", &super::envelope::written_time(Timestamp::now()));
            multipart.field("CORERuleVersion", super::envelope::RULE_VERSION);
            multipart.field("ErrorCode", &fault.code());
            multipart.field("ErrorMessage", &fault.to_string());
            let content_type = format!("multipart/form-data; boundary={}", multipart.boundary());
            let body = Body::from(multipart.finish());
            retry_after(with_type(status(fault.status(false)), &content_type, body), Some(fault))
        }
    }
}

fn soap_fault(version: soap::SoapVersion, fault: &Fault) -> Outgoing {
    let code = fault.soap_fault().unwrap_or(FaultCode::Sender);
    let content_type = format!("{}; charset=UTF-8", version.media_type());
    Outgoing::whole(content_type, soap::fault(version, code, &fault.to_string()))
}

fn send(code: u16, fault: Option<&Fault>, written: Outgoing) -> Response<Body> {
    let response = match written.into_whole() {
        Ok((content_type, bytes)) => with_type(status(code), &content_type, Body::from(bytes)),
        Err(written) => {
            let content_type = written.content_type.clone();
            with_type(status(code), &content_type, Body::from_stream(written.stream(async {}.boxed())))
        }
    };
    retry_after(response, fault)
}

fn retry_after(mut response: Response<Body>, fault: Option<&Fault>) -> Response<Body> {
    if let Some(Fault::Receiver { retry_after: Some(after) }) = fault {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    response
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn with_type(status: StatusCode, content_type: &str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    with_type(status, "text/plain; charset=UTF-8", Body::from(text))
}

/// A header's text; bytes that are none are replaced.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn log(
    exchange: Option<&Exchange<'_>>,
    peer: &Peer,
    outcome: Result<&Answer, &Fault>,
    length: Option<u64>,
    begun: Instant,
) {
    let id = exchange.and_then(Exchange::asked_id).unwrap_or_default();
    let operation = exchange.and_then(|exchange| exchange.operation).map(|operation| operation.action());
    let content = exchange.and_then(Exchange::content).map(|content| content.name());
    let sent = outcome.ok().and_then(|answer| answer.payload.as_ref());
    // Asking again and again for what does not wait is no news.
    let asks =
        exchange.and_then(|exchange| exchange.operation).is_some_and(|operation| operation.act() == Act::Retrieve);
    tell!(
        !asks || sent.is_some() || outcome.is_err(),
        partner = exchange.map_or("", Exchange::partner),
        peer = %peer.address,
        tls = peer.tls.as_deref(),
        credential = exchange.and_then(|exchange| exchange.caller.as_ref()).map(|caller| caller.credential.as_str()),
        operation,
        content,
        payload.id = id,
        payload.length = length,
        sent.id = sent.map(|parcel| tracing::field::display(parcel.id)),
        sent.length = sent.map(|parcel| parcel.length),
        error.code = outcome.err().map(|fault| tracing::field::display(fault.code())),
        duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        "CORE message answered"
    );
}
