//! Signing in at the house's own OpenID Connect provider: the authorization code flow with PKCE, state and nonce.
//!
//! In: the settings, and the code that a browser brings back. Out: the provider's subject, and the login that it names. Nothing is durable:
//! what is under way is in memory and begins anew after a restart.
//!
//! The provider says who somebody is; what they may do stands in their account here. Discovery, the token's signature, issuer, audience,
//! expiry and nonce are checked by the library; what is asked goes over our own HTTP and TLS ([`http`]).

mod arrive;
mod begun;
mod http;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use openidconnect::{
    AccessToken, AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError, Client,
    ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IdToken, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, StandardErrorResponse, StandardTokenResponse, SubjectIdentifier,
    TokenResponse as _, UserInfoClaims,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod,
        CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Mutex, Semaphore};

pub(super) use self::arrive::{begin, come_back};
use self::{
    begun::{Begun, UnderWay},
    http::{Http, NoAnswer},
};
use crate::{
    notices::settings::Secret,
    people::is_subject,
    settings::{Oidc, Passwords},
};

/// Where a browser begins.
pub(super) const BEGIN: &str = "/login/oidc";
/// Where the provider sends the browser back to.
pub(super) const RETURN: &str = "/login/oidc/return";
/// How long what the provider says of itself is believed, in milliseconds.
const KNOWN_MS_MAX: i64 = 3_600_000;
/// How old it must be before an unknown signing key makes it asked for anew, in milliseconds.
const KNOWN_MS_MIN: i64 = 10_000;
/// Sign-ins that ask the provider at once; more are told to try again.
const ASKING_MAX: usize = 8;
/// What a step may take, with all that is asked for it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Signatures that only the provider can make: neither none, nor those by the secret that this side knows too.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Every claim that the library does not name, as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Further {
    #[serde(flatten)]
    claims: BTreeMap<String, Value>,
}

impl AdditionalClaims for Further {}

type Fields = IdTokenFields<
    Further,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Answered = StandardTokenResponse<Fields, CoreTokenType>;
type Token =
    IdToken<Further, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Relying = Client<
    Further,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Answered,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The provider as the settings name it.
pub(in crate::serve) struct Provider {
    settings: Oidc,
    issuer: IssuerUrl,
    back: RedirectUrl,
    http: Http,
    /// What it said of itself and when, with its keys.
    known: Mutex<Option<(Arc<CoreProviderMetadata>, i64)>>,
    asking: Semaphore,
    under_way: UnderWay,
}

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub(super) enum OidcError {
    /// The provider does not answer, or not as a provider does.
    #[error("{0}")]
    Unreachable(String),
    /// It answered, and what it answered does not hold.
    #[error("{0}")]
    Refused(String),
}

/// What the answer must fit; known to this server and to the provider's token endpoint alone.
#[derive(Clone, Debug)]
pub(super) struct Secrets {
    nonce: Secret,
    verifier: Secret,
}

/// Whom the provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The provider's own name for them, which never changes.
    pub(super) subject: String,
    /// The login that the claim holds.
    pub(super) login: Option<String>,
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            nonce: Secret::new(""),
            verifier: Secret::new(""),
        }
    }
}

impl Provider {
    /// Reads the authorities; asks nothing yet, so that a city starts whether the provider does or not.
    ///
    /// # Errors
    /// What cannot be used.
    pub(in crate::serve) fn new(settings: Oidc) -> Result<Self, String> {
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|error| error.to_string())?;
        let back = RedirectUrl::new(format!("{}{RETURN}", settings.console));
        Ok(Self {
            back: back.map_err(|error| error.to_string())?,
            http: Http::new(settings.ca.as_deref())?,
            issuer,
            settings,
            known: Mutex::default(),
            asking: Semaphore::new(ASKING_MAX),
            under_way: UnderWay::default(),
        })
    }

    pub(super) const fn settings(&self) -> &Oidc {
        &self.settings
    }

    /// Whether administrators alone may sign in with a password.
    pub(super) fn is_instead_of_passwords(&self) -> bool {
        self.settings.passwords == Passwords::Administrators
    }

    /// Where the browser is sent; `remember` makes what is kept of it.
    pub(super) async fn begin(
        &self,
        now_ms: i64,
        remember: impl FnOnce(Secrets) -> Begun + Send,
    ) -> Result<String, OidcError> {
        let begun = self.patiently(async {
            let client = self.client(&*self.metadata(now_ms, KNOWN_MS_MAX).await?);
            let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
            let scopes = self.settings.scopes.iter().cloned().map(Scope::new);
            let (url, state, nonce) = client
                .authorize_url(
                    CoreAuthenticationFlow::AuthorizationCode,
                    CsrfToken::new_random,
                    Nonce::new_random,
                )
                .add_scopes(scopes)
                .set_pkce_challenge(challenge)
                .url();
            let secrets = Secrets {
                nonce: Secret::new(nonce.secret()),
                verifier: Secret::new(verifier.secret()),
            };
            Ok((url.to_string(), state, secrets))
        });
        let (url, state, secrets) = begun.await?;
        self.under_way.keep(state.secret(), remember(secrets));
        Ok(url)
    }

    /// The sign-in that comes back with this state, to this browser.
    pub(super) fn returned(&self, state: &str, browser: &str, now_ms: i64) -> Option<Begun> {
        self.under_way.take(state, browser, now_ms)
    }

    /// Gives the code for the token, and says for whom it vouches.
    pub(super) async fn identify(
        &self,
        code: String,
        secrets: &Secrets,
        now_ms: i64,
    ) -> Result<Identity, OidcError> {
        self.patiently(async {
            let client = self.client(&*self.metadata(now_ms, KNOWN_MS_MAX).await?);
            let answered = client
                .exchange_code(AuthorizationCode::new(code))
                .map_err(|error| OidcError::Unreachable(error.to_string()))?
                .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier.reveal().to_owned()))
                .request_async(&self.http)
                .await
                .map_err(refused)?;
            let token = answered
                .id_token()
                .ok_or_else(|| OidcError::Refused("the answer holds no ID token".into()))?;
            let (subject, claimed) = self.verified(token, secrets, now_ms).await?;
            let login = match claimed {
                Some(login) => Some(login),
                None => {
                    let access = answered.access_token().clone();
                    self.asked_for(&client, access, &subject).await?
                }
            };
            Ok(Identity { subject, login })
        })
        .await
    }

    async fn patiently<T>(
        &self,
        step: impl Future<Output = Result<T, OidcError>> + Send,
    ) -> Result<T, OidcError> {
        let slow = |why: &str| Err(OidcError::Unreachable(why.into()));
        let Ok(_permit) = self.asking.try_acquire() else {
            return slow("too many sign-ins wait for it");
        };
        tokio::time::timeout(PATIENCE, step)
            .await
            .unwrap_or_else(|_| slow("it takes too long"))
    }

    /// What the provider says of itself, no older than this.
    async fn metadata(
        &self,
        now_ms: i64,
        age_ms_max: i64,
    ) -> Result<Arc<CoreProviderMetadata>, OidcError> {
        let mut known = self.known.lock().await;
        if let Some((metadata, at_ms)) = known.as_ref()
            && now_ms - at_ms < age_ms_max
        {
            return Ok(Arc::clone(metadata));
        }
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await;
        let found = Arc::new(found.map_err(|error| OidcError::Unreachable(chain(&error)))?);
        *known = Some((Arc::clone(&found), now_ms));
        Ok(found)
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Relying {
        let id = ClientId::new(self.settings.client_id.clone());
        let secret = self.settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.reveal().to_owned()));
        // Where nothing is said the standard's default holds, which is the library's too.
        let ways = metadata.token_endpoint_auth_methods_supported();
        let only_in_body = ways.is_some_and(|ways| {
            ways.contains(&CoreClientAuthMethod::ClientSecretPost)
                && !ways.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
        let client = Relying::from_provider_metadata(metadata.clone(), id, secret)
            .set_redirect_uri(self.back.clone());
        match only_in_body {
            true => client.set_auth_type(AuthType::RequestBody),
            false => client,
        }
    }

    /// The subject of a token that holds, and the login in its claim. A signing key that is not known yet is asked for once.
    async fn verified(
        &self,
        token: &Token,
        secrets: &Secrets,
        now_ms: i64,
    ) -> Result<(String, Option<String>), OidcError> {
        let metadata = self.metadata(now_ms, KNOWN_MS_MAX).await?;
        match self.claims(&metadata, token, secrets, now_ms) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                let fresh = self.metadata(now_ms, KNOWN_MS_MIN).await?;
                self.claims(&fresh, token, secrets, now_ms)
            }
            other => other,
        }
        .map_err(|error| OidcError::Refused(chain(&error)))
        .and_then(|(subject, login)| {
            is_subject(&subject)
                .then_some((subject, login))
                .ok_or_else(|| OidcError::Refused("the subject is not one".into()))
        })
    }

    fn claims(
        &self,
        metadata: &CoreProviderMetadata,
        token: &Token,
        secrets: &Secrets,
        now_ms: i64,
    ) -> Result<(String, Option<String>), ClaimsVerificationError> {
        let client = self.client(metadata);
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now_ms.unsigned_abs());
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(SIGNATURES)
            .set_time_fn(move || now.into());
        let nonce = Nonce::new(secrets.nonce.reveal().to_owned());
        let claims = token.claims(&verifier, &nonce)?;
        let all = serde_json::to_value(claims).unwrap_or_default();
        Ok((claims.subject().to_string(), self.login_in(&all)))
    }

    /// The login from what the provider answers about the person: many tell it there and not in the token.
    async fn asked_for(
        &self,
        client: &Relying,
        access: AccessToken,
        subject: &str,
    ) -> Result<Option<String>, OidcError> {
        let subject = SubjectIdentifier::new(subject.to_owned());
        // A provider without such an answer has told all that it tells.
        let Ok(request) = client.user_info(access, Some(subject)) else {
            return Ok(None);
        };
        let answer: Result<UserInfoClaims<Further, CoreGenderClaim>, _> =
            request.request_async(&self.http).await;
        let claims = answer.map_err(|error| OidcError::Refused(chain(&error)))?;
        let all = serde_json::to_value(claims).unwrap_or_default();
        Ok(self.login_in(&all))
    }

    fn login_in(&self, claims: &Value) -> Option<String> {
        let login = claims.get(&self.settings.claim)?.as_str()?;
        Some(login.to_lowercase())
    }
}

fn refused(
    error: RequestTokenError<NoAnswer, StandardErrorResponse<CoreErrorResponseType>>,
) -> OidcError {
    match error {
        RequestTokenError::Request(error) => OidcError::Unreachable(error.to_string()),
        RequestTokenError::ServerResponse(said) => OidcError::Refused(said.to_string()),
        RequestTokenError::Parse(error, _) => {
            OidcError::Refused(format!("the answer cannot be read: {error}"))
        }
        RequestTokenError::Other(why) => OidcError::Refused(why),
    }
}

/// An error with its causes, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text.chars().take(500).collect()
}
