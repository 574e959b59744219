// A certified OpenID Connect provider with two people, for the test that starts it: node provider.mjs PACKAGE REDIRECT
// Prints its port. Ends with its input.
import http from "node:http";
import { pathToFileURL } from "node:url";

const [folder, redirect] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${folder}/lib/index.js`).href);
const people = { "p-1001": "Wang", "p-1002": "nobody.here" };

const server = http.createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const { port } = server.address();
// Another site than the console's address of numbers, as a provider is.
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{ client_id: "granary", client_secret: "a secret of this test", redirect_uris: [redirect] }],
  claims: { openid: ["sub"], profile: ["preferred_username"] },
  pkce: { required: () => true },
  cookies: { keys: ["a key of this test"] },
  features: { devInteractions: { enabled: false } },
  findAccount: (_, id) =>
    people[id] && { accountId: id, claims: async () => ({ sub: id, preferred_username: people[id] }) },
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid profile");
    await grant.save();
    return grant;
  },
});

async function interact(request, response) {
  await provider.interactionDetails(request, response);
  if (request.method === "POST") {
    let body = "";
    for await (const part of request) body += part;
    const accountId = new URLSearchParams(body).get("who");
    await provider.interactionFinished(request, response, { login: { accountId } });
    return;
  }
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end('<!doctype html><title>provider</title><p>Who are you?</p><form method="post"><input id="who" name="who"><button>Here</button></form>');
}

const answer = provider.callback();
server.on("request", (request, response) => {
  if (!request.url.startsWith("/interaction/")) return answer(request, response);
  return interact(request, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
});
console.log(port);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
