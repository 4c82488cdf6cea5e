// Node's own fetch (undici) through an HTTP proxy: CONNECT, then TLS inside.
// Arguments: proxy host, proxy port, URL, seconds of patience.
import http from "node:http";
import tls from "node:tls";

const [proxyHost, proxyPort, url, seconds] = process.argv.slice(2);
await fetch("data:,").then((answer) => answer.text()); // the global dispatcher is made at the first use
const Agent = globalThis[Symbol.for("undici.globalDispatcher.1")].constructor;

function connect({ hostname, port }, done) {
  const path = `${hostname}:${port || 443}`;
  const asked = http.request({ host: proxyHost, port: proxyPort, method: "CONNECT", path });
  asked.on("connect", (_answer, socket) => {
    const inside = tls.connect({ socket, servername: hostname }, () => done(null, inside));
    inside.on("error", done);
  });
  asked.on("error", done);
  asked.end();
}

const dispatcher = new Agent({ connect, headersTimeout: seconds * 1000, bodyTimeout: seconds * 1000 });
const body = JSON.stringify({ subject: "s" });
const headers = { "content-type": "application/json" };
const answer = await fetch(url, { method: "POST", body, headers, dispatcher });
console.log(JSON.stringify({ status: answer.status, body: await answer.text() }));
process.exit(0);
