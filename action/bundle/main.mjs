// Made by "npm run build:action" from action/src, src/client and src/formats. Do not edit.
import { randomUUID } from "node:crypto";
import { appendFileSync, statSync, truncateSync } from "node:fs";
import { EOL } from "node:os";
// src/client/account.ts
var Account = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	async get(options) {
		return (await this.#connection.send("GET /v3/account", {}, options)).body;
	}
	/** Does a part of a rotation to this version. Done twice, it has the same effect. */
	async rotateKeyPart(version, options) {
		return (await this.#connection.send("POST /v3/account/rotate-key", { body: { version } }, options)).body;
	}
	/** The provider that the account keeps its key with. @throws NotFound where there is none */
	async customerKey(options) {
		return (await this.#connection.send("GET /v3/account/customer-key", {}, options)).body;
	}
	/** Keeps the account's key with a provider, or with another one. Values are not touched. */
	async setCustomerKey(input, options) {
		return (await this.#connection.send("PUT /v3/account/customer-key", { body: input }, options)).body;
	}
	/** Leaves it to the operator alone again, while the provider opens it. */
	async removeCustomerKey(options) {
		await this.#connection.send("DELETE /v3/account/customer-key", {}, options);
	}
	/** Replaces the key, or finishes a rotation that was broken off, part by part. */
	async rotateKey(onProgress = () => {}, options) {
		let { key } = await this.get(options);
		const version = key.rotating ? key.version : key.version + 1;
		do {
			key = await this.rotateKeyPart(version, options);
			onProgress(key);
		} while (key.rotating);
		return key;
	}
};
// src/client/errors.ts
/** A request that failed. It holds neither the API key nor a value, so it may be logged. */
var StrongroomError = class extends Error {
	name = "StrongroomError";
	/** Of HTTP; `undefined` when there was no answer. */
	status;
	/** One of `Code`, or one that a newer server has. */
	code;
	/** Names the request in the server's log and in the audit trail. */
	requestId;
	/** Each faulty field, if the request was `invalid`. */
	errors;
	/** How long the server asks to wait. */
	retryAfterMs;
	/** Whether a change may have been made all the same: read to find out. Never set for a read. */
	mayHaveActed;
	constructor(failure, mayHaveActed = false) {
		super(failure.message);
		this.status = failure.status;
		this.code = failure.code;
		this.requestId = failure.requestId;
		this.errors = failure.errors ?? [];
		this.retryAfterMs = failure.retryAfterMs;
		this.mayHaveActed = mayHaveActed;
	}
};
/** 400, 413: the request is at fault, and `errors` says where. */
var Invalid = class extends StrongroomError {
	name = "Invalid";
};
/** 401: no API key, or one that is unknown, expired, revoked or used from outside its networks. */
var Unauthorized = class extends StrongroomError {
	name = "Unauthorized";
};
/** 403: the API key lacks the scope. */
var Forbidden = class extends StrongroomError {
	name = "Forbidden";
};
/** 404: nothing there, or nothing that this API key may know of. */
var NotFound = class extends StrongroomError {
	name = "NotFound";
};
/** 409, 412, 422: the name is taken, the version is stale, or the idempotency key was used for something else. */
var Conflict = class extends StrongroomError {
	name = "Conflict";
};
/** 429: too many requests, even after waiting. */
var RateLimited = class extends StrongroomError {
	name = "RateLimited";
};
/** 408, 502, 503, 504, 507: the server cannot do it now. */
var Unavailable = class extends StrongroomError {
	name = "Unavailable";
};
/** 500: a fault of the server. `integrity_failure`: what is stored was not used. Tell the operator. */
var ServerFault = class extends StrongroomError {
	name = "ServerFault";
};
/** No answer: the connection failed. */
var Unreachable = class extends StrongroomError {
	name = "Unreachable";
};
/** No answer in time. */
var TimedOut = class extends Unreachable {
	name = "TimedOut";
};
/** An answer that is not Strongroom's: the URL is wrong, or something in between answered. */
var UnexpectedAnswer = class extends StrongroomError {
	name = "UnexpectedAnswer";
};
/**
* An earlier request under the same `Idempotency-Key` made it, or an earlier try of this one whose answer was lost: what
* was given out then is not given out again. The message says how to get one that can be used.
*/
var AlreadyMade = class extends StrongroomError {
	name = "AlreadyMade";
	/** Of what was made. */
	id;
	constructor(failure) {
		super(failure, true);
		this.id = failure.id ?? 0;
	}
};
var byClientCode = {
	unreachable: Unreachable,
	timed_out: TimedOut,
	unexpected_answer: UnexpectedAnswer,
	already_made: AlreadyMade
};
var byStatus = {
	400: Invalid,
	401: Unauthorized,
	403: Forbidden,
	404: NotFound,
	408: Unavailable,
	409: Conflict,
	412: Conflict,
	413: Invalid,
	422: Conflict,
	429: RateLimited,
	500: ServerFault,
	502: Unavailable,
	503: Unavailable,
	504: Unavailable,
	507: Unavailable
};
/** The error of the class that fits. */
function errorOf(failure, mayHaveActed) {
	return new (byClientCode[failure.code] ?? byStatus[failure.status ?? 0] ?? StrongroomError)(failure, mayHaveActed);
}
// src/client/answer.ts
/** What answers say in headers: the state of a secret, and where a listing goes on. */
/**
* The body with its entity tag.
*
* @throws UnexpectedAnswer without one: a change on condition of it would be made without any
*/
function tagged({ body, headers }) {
	const etag = headers.get("etag");
	if (etag === null) throw errorOf({
		code: "unexpected_answer",
		message: "The answer has no ETag. Something before the server removes it, or does not let scripts see it.",
		requestId: headers.get("strongroom-request-id") ?? void 0
	}, false);
	return {
		...body,
		etag
	};
}
function pageOf(items, headers) {
	const next = headers.get("strongroom-next-cursor");
	return next === null ? { items } : {
		items,
		next
	};
}
/** With the way back, and how many there are. */
function countedPageOf(items, headers) {
	const [previous, total] = [headers.get("strongroom-previous-cursor"), headers.get("strongroom-total-count")];
	return {
		...pageOf(items, headers),
		...previous === null ? {} : { previous },
		...total === null ? {} : { total: Number(total) }
	};
}
/** Items of a page where all are wanted. */
var pageSize = 1e3;
/** The items of a whole listing, each page read when it is needed. */
function allPages(read) {
	return itemsOf((cursor) => read({
		limit: pageSize,
		...cursor === void 0 ? {} : { cursor }
	}));
}
/** The items of all pages, each page read when it is needed. */
async function* itemsOf(read) {
	let cursor;
	do {
		const page = await read(cursor);
		yield* page.items;
		if (page.next !== void 0 && page.next === cursor) throw errorOf({
			code: "unexpected_answer",
			message: "The listing does not go on: a page leads to itself."
		}, false);
		cursor = page.next;
	} while (cursor !== void 0);
}
/** The id by which what was deleted can be restored, if it can. */
function deletionOf(headers) {
	const id = headers.get("strongroom-deleted");
	return id === null ? void 0 : Number(id);
}
/** For how many days what is deleted can be restored: a server that does not say so keeps nothing. */
function recoveryDaysOf(headers) {
	return Number(headers.get("strongroom-recovery-days") ?? 0);
}
// src/client/audit.ts
/** The audit trail. */
var Audit = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	/** The records that match, newest first, from the archive too; page by page as they are taken. */
	list(filter = {}, options = {}) {
		const { onLeftOut, ...call } = options;
		return allPages(async (query) => {
			const page = await this.page({
				...filter,
				...query
			}, call);
			if (page.archived !== void 0) onLeftOut?.(page.archived);
			return page;
		});
	}
	/** One page of the records, 100 unless `limit` says otherwise. It may be short, or empty, before the end. */
	async page(query = {}, options) {
		const { body, headers } = await this.#connection.send("GET /v3/audit", { query: inTexts(query) }, options);
		return {
			...pageOf(body.records, headers),
			...body.archived === void 0 ? {} : { archived: body.archived }
		};
	}
	/** Counts the records that match, by time and action, and who reads most. */
	async activity(query = {}, options) {
		return (await this.#connection.send("GET /v3/audit/activity", { query: inTexts(query) }, options)).body;
	}
	/** Tries a change against the last days: what would have been refused, and what it would leave behind. Changes nothing. */
	async whatIf(change, options) {
		return (await this.#connection.send("POST /v3/what-if", { body: change }, options)).body;
	}
	/** Verifies a part of the trail; `after` says where to begin. */
	async verifyPart(after, options) {
		const body = after === void 0 ? {} : { after };
		return (await this.#connection.send("POST /v3/audit/verify", { body }, options)).body;
	}
	/**
	* Verifies the trail, part by part, up to its end or to the first record that does not hold.
	*
	* @param after a record that is known, such as one that was noted down long ago
	* @returns what the last part came to: the trail holds when `fault` is null
	*/
	async verify({ after, onProgress } = {}, options) {
		let archived;
		for (let from = after;;) {
			const found = await this.verifyPart(from, options);
			archived ??= found.archived;
			const part = {
				...found,
				archived
			};
			onProgress?.(part);
			if (part.fault !== null || part.records >= part.total) return part;
			from = {
				seq: part.records,
				head: part.head
			};
		}
	}
};
/** Ids stand where names may. */
function inTexts({ secret, principal, ...others }) {
	return {
		...others,
		...secret === void 0 ? {} : { secret: String(secret) },
		...principal === void 0 ? {} : { principal: String(principal) }
	};
}
// src/client/options.ts
/** How a client is set up, and how one call of it can differ. */
/** In place of an API key: the cookie of whoever is signed in to the portal. */
var session = Symbol("session");
/** Timers count in 31 bits of milliseconds. */
var maxTimeoutMs = 2 ** 31 - 1;
/** @throws TypeError, which never quotes the API key */
function settingsOf(options) {
	const { apiKey, fetch = (url, init) => globalThis.fetch(url, init) } = options;
	const url = baseOf(options.url);
	if (typeof apiKey !== "function" && typeof apiKey !== "object" && apiKey !== session) checkedApiKey(apiKey);
	const environment = environmentOf(options);
	const limits = {
		timeoutMs: timeoutOf(options, 1e4),
		retries: retriesOf(options, 3)
	};
	const keys = typeof apiKey === "object" ? { keys: apiKey } : {};
	return {
		url,
		apiKey: readerOf(apiKey),
		...keys,
		fetch,
		environment,
		signal: options.signal,
		...limits
	};
}
function readerOf(apiKey) {
	if (apiKey === session) return void 0;
	if (typeof apiKey === "object") return (signal) => apiKey.key(signal);
	return typeof apiKey === "function" ? apiKey : () => apiKey;
}
/** `fetch` would quote a key that is no header's value. */
function checkedApiKey(apiKey) {
	if (typeof apiKey !== "string" || !/^[\x21-\x7e]{1,1024}$/.test(apiKey)) throw new TypeError("apiKey: must be printable characters without a blank or a line end.");
	return apiKey;
}
/** @throws TypeError for what no header can carry */
function environmentOf({ environment }, usual) {
	if (environment === void 0) return usual;
	if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/.test(environment)) return environment;
	throw new TypeError("environment: must be 1 to 63 letters, digits, \"_\", \".\" or \"-\".");
}
function timeoutOf({ timeoutMs }, usual) {
	return amountOf("timeoutMs", timeoutMs, usual, 1, maxTimeoutMs);
}
function retriesOf({ retries }, usual) {
	return amountOf("retries", retries, usual, 0, 100);
}
function amountOf(name, given, usual, least, most) {
	const amount = given ?? usual;
	if (Number.isSafeInteger(amount) && amount >= least && amount <= most) return amount;
	throw new TypeError(`${name}: must be a whole number from ${least} to ${most}.`);
}
/** The server prints its address with `/v3`, so that is taken too. */
function baseOf(text) {
	const url = URL.canParse(text) ? new URL(text) : void 0;
	const isHttp = url?.protocol === "https:" || url?.protocol === "http:";
	if (url === void 0 || !isHttp || url.username || url.password || url.search || url.hash) throw new TypeError("url: must be such as https://strongroom.example.com, without a user, a query or a fragment.");
	return url.href.replace(/\/+$/, "").replace(/\/v3$/, "");
}
// src/client/retry.ts
/** When a request may be sent again, and how long to wait before it. */
var basePauseMs = 250;
var maxPauseMs$1 = 1e4;
/** Who is asked to wait longer is told so, and does not wait. */
var maxRetryAfterMs = 6e4;
/** The server says that it did nothing. */
var undone = /* @__PURE__ */ new Set([
	"rate_limited",
	"overloaded",
	"sealed",
	"audit_unavailable",
	"request_timeout"
]);
/** It may have been carried out, or not. Once more may go better. */
var unsettled = /* @__PURE__ */ new Set([
	"unreachable",
	"timed_out",
	"unavailable",
	"outcome_unknown"
]);
/** @param isRepeatable whether twice is the same as once */
function mayRepeat({ code }, isRepeatable) {
	return undone.has(code) || isRepeatable && unsettled.has(code);
}
/** Whether waiting may help: nobody said no. */
function isPassing(error) {
	return isOutage(error) || error instanceof RateLimited;
}
/** Whether the server was not reached, or cannot answer now. What it found damaged is no absence. */
function isOutage(error) {
	if (error instanceof Unreachable || error instanceof Unavailable) return true;
	return error instanceof StrongroomError && error.code !== "integrity_failure" && (error.status ?? 0) >= 500;
}
/** Whether a change may have been carried out although its request failed. */
function leavesOpen({ code, status }) {
	if (undone.has(code) || code === "storage_full" || code === "key_exhausted") return false;
	return unsettled.has(code) || code === "unexpected_answer" || (status ?? 0) >= 500;
}
/**
* Full jitter: any time up to a bound that doubles, so that clients which failed together do not come back together.
* What `Retry-After` asks for comes on top.
*
* @param random from 0 to below 1
* @returns `undefined` when the server asks to wait too long
*/
function pauseMs(tries, retryAfterMs, random, mostMs = maxPauseMs$1) {
	if (retryAfterMs !== void 0 && retryAfterMs > maxRetryAfterMs) return void 0;
	return (retryAfterMs ?? 0) + Math.floor(random * Math.min(mostMs, basePauseMs * 2 ** tries));
}
/**
* Reads `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
*
* @param now milliseconds since 1970
*/
function readRetryAfter(text, now) {
	const trimmed = text?.trim() ?? "";
	if (/^\d{1,9}$/.test(trimmed)) return Number(trimmed) * 1e3;
	const date = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(trimmed) ? Date.parse(trimmed) : NaN;
	return Number.isNaN(date) ? void 0 : Math.max(0, date - now);
}
/** Waits, unless the signal says otherwise. */
function wait(milliseconds, signal) {
	return new Promise((resolve, reject) => {
		const give = () => {
			clearTimeout(timer);
			reject(signal?.reason);
		};
		const timer = setTimeout(() => {
			signal?.removeEventListener("abort", give);
			resolve();
		}, milliseconds);
		if (signal?.aborted === true) give();
		else signal?.addEventListener("abort", give, { once: true });
	});
}
// src/client/cached.ts
var maxTimeMs = 6048e5;
var usualMaxStaleMs = 3e5;
/** The one that was asked for longest ago makes room. */
var maxEntries = 1e3;
/**
* Reads secrets through the memory of this process. The server is asked again once it was not for `ttlMs`. If it cannot
* be asked then, the last value stands in, until it is `ttlMs` and `maxStaleMs` old. A refusal (401, 403, 404 or any
* other) is thrown, and the value forgotten. Reads from memory are in no audit trail.
*/
var CachedSecrets = class {
	#secrets;
	#ttlMs;
	#maxAgeMs;
	#entries = /* @__PURE__ */ new Map();
	#flights = /* @__PURE__ */ new Map();
	constructor(secrets, options) {
		this.#secrets = secrets;
		this.#ttlMs = amountOf("ttlMs", options.ttlMs, 0, 1, maxTimeMs);
		this.#maxAgeMs = this.#ttlMs + amountOf("maxStaleMs", options.maxStaleMs, usualMaxStaleMs, 0, maxTimeMs);
	}
	get(id, options = {}) {
		return this.#read(`id ${id}`, options, (call, known) => known === void 0 ? this.#secrets.get(id, call) : this.#secrets.getIfChanged(known, call));
	}
	getByName(name, options = {}) {
		return this.#read(`name ${name}`, options, (call, known) => known === void 0 || known.name !== name ? this.#secrets.getByName(name, call) : this.#secrets.getByNameIfChanged(known, call));
	}
	/** Forgets all values. */
	clear() {
		this.#entries = /* @__PURE__ */ new Map();
		this.#flights = /* @__PURE__ */ new Map();
	}
	async #read(at, { signal }, read) {
		signal?.throwIfAborted();
		const known = this.#entries.get(at);
		const now = Date.now();
		if (known !== void 0 && isYounger(known.askedAt, now, this.#ttlMs) && this.#mayStandIn(known, now)) return known.secret;
		return orAborted(this.#flights.get(at) ?? this.#take(at, known, read), signal);
	}
	/** Whoever asks meanwhile waits for the same answer. */
	#take(at, known, read) {
		const entries = this.#entries;
		const flights = this.#flights;
		const flight = this.#refresh(at, known, read, entries).finally(() => flights.delete(at));
		flights.set(at, flight);
		return flight;
	}
	async #refresh(at, known, read, entries) {
		const askedAt = Date.now();
		entries.delete(at);
		try {
			const found = await read(known !== void 0 && this.#mayStandIn(known, askedAt) ? { retries: 0 } : {}, known?.secret) ?? known?.secret;
			if (found === void 0) throw new Error("Nothing is unchanged that was not known.");
			const secret = Object.freeze(found);
			this.#keep(entries, at, {
				secret,
				readAt: askedAt,
				askedAt
			});
			return secret;
		} catch (error) {
			if (known === void 0 || !isPassing(error) || !this.#mayStandIn(known, Date.now())) throw error;
			this.#keep(entries, at, {
				...known,
				askedAt
			});
			return known.secret;
		}
	}
	#keep(entries, at, entry) {
		for (const [oldest, kept] of entries) {
			if (entries.size < maxEntries && this.#mayStandIn(kept, entry.askedAt)) break;
			entries.delete(oldest);
		}
		entries.set(at, entry);
	}
	#mayStandIn({ readAt }, now) {
		return isYounger(readAt, now, this.#maxAgeMs);
	}
};
/** A clock that stepped back says nothing about age. */
function isYounger(then, now, ageMs) {
	return now >= then && now - then < ageMs;
}
function orAborted(flight, signal) {
	if (signal === void 0) return flight;
	return new Promise((resolve, reject) => {
		const give = () => reject(signal.reason);
		signal.addEventListener("abort", give, { once: true });
		flight.then(resolve, reject).finally(() => signal.removeEventListener("abort", give));
	});
}
// src/client/deployments.ts
/** Which target holds which version of which secret. */
var Deployments = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	list(filter = {}, options) {
		return allPages((query) => this.page({
			...filter,
			...query
		}, options));
	}
	/** Who holds a secret, after its deletion too. */
	async ofSecret(id, query = {}, options) {
		return (await this.#connection.send("GET /v3/secrets/{id}/deployments", {
			id,
			query
		}, options)).body.deployments;
	}
	/** When a machine is gone. */
	async delete(id, options) {
		await this.#connection.send("DELETE /v3/deployments/{id}", { id }, options);
	}
	/** One page of the listing; without a limit, all of it. */
	async page(query = {}, options) {
		const { body, headers } = await this.#connection.send("GET /v3/deployments", { query }, options);
		return pageOf(body.deployments, headers);
	}
};
// src/client/environments.ts
/** Environments: name spaces of an account; what they have in common, and what goes from one into another. */
var Environments = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	/** Those in which the API key has a right over secrets, oldest first. */
	async list(options) {
		return (await this.#connection.send("GET /v3/environments", {}, options)).body.environments;
	}
	async get(id, options) {
		return (await this.#connection.send("GET /v3/environments/{id}", { id }, options)).body;
	}
	/** Once, however often it is sent. */
	async create(input, options) {
		return (await this.#connection.send("POST /v3/environments", { body: input }, options)).body;
	}
	async update(id, input, options) {
		return (await this.#connection.send("PATCH /v3/environments/{id}", {
			id,
			body: input
		}, options)).body;
	}
	/**
	* Only of one in which nothing is.
	*
	* @returns the id by which it can be restored, where the account keeps what is deleted
	*/
	async delete(id, options) {
		const { headers } = await this.#connection.send("DELETE /v3/environments/{id}", { id }, options);
		return deletionOf(headers);
	}
	/**
	* Compares environments name by name, without a value; page by page as they are taken.
	*
	* @param environments by their names; without them, all that the API key may know of
	*/
	compare(environments, filter = {}, options) {
		return allPages((query) => this.comparedPage(environments, {
			...filter,
			...query
		}, options));
	}
	/** One page of the comparison; without a limit, all of it. */
	async comparedPage(environments, filter = {}, options) {
		const query = environments === void 0 ? filter : {
			...filter,
			environments: environments.join(",")
		};
		const { body, headers } = await this.#connection.send("GET /v3/compare", { query }, options);
		return pageOf(body.secrets, headers);
	}
	/**
	* Copies secrets from one environment into another, all of them or none; with `dry_run` it is only said what would be. Sent
	* again after a lost connection, they are copied once.
	*/
	async copy(input, options) {
		return (await this.#connection.send("POST /v3/copy", { body: input }, options)).body.secrets;
	}
};
// src/client/keys.ts
/** API keys. */
var nothing = {
	keys: [],
	trust_rules: [],
	machines: [],
	webhooks: []
};
var Keys = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	/** The API keys that this one may manage, revoked ones too; page by page as they are taken. */
	list(options) {
		return allPages((query) => this.page(query, options));
	}
	/** One page of the listing; without a limit, all of it. */
	async page(query = {}, options) {
		const { body, headers } = await this.#connection.send("GET /v3/keys", { query }, options);
		return pageOf(body.keys, headers);
	}
	async get(id, options) {
		return (await this.#connection.send("GET /v3/keys/{id}", { id }, options)).body;
	}
	/** The API key that this client asks with. */
	async self(options) {
		return (await this.#connection.send("GET /v3/keys/self", {}, options)).body;
	}
	/** Makes an API key, once. @throws AlreadyMade when the answer that had it was lost: rotate that key */
	async create(input, options) {
		return (await this.#connection.send("POST /v3/keys", { body: input }, options)).body;
	}
	/** Makes an API key with the same rights; the old one expires after the overlap. Once, as `create`. */
	async rotate(id, input = {}, options) {
		return (await this.#connection.send("POST /v3/keys/{id}/rotate", {
			id,
			body: input
		}, options)).body;
	}
	/** What an API key used of what it may, in the last days, and narrower scopes that would have done. */
	async usage(id, days, options) {
		const query = days === void 0 ? {} : { days: String(days) };
		return (await this.#connection.send("GET /v3/keys/{id}/usage", {
			id,
			query
		}, options)).body;
	}
	/** What an API key made, and what that made in turn. */
	async made(id, options) {
		return (await this.#connection.send("GET /v3/keys/{id}/made", { id }, options)).body;
	}
	/**
	* Revokes an API key, for good and at once. What it made goes on, seeds apart; with `cascade` that ends too.
	*
	* @returns what ended with it
	*/
	async revoke(id, { cascade = false, ...options } = {}) {
		const query = cascade ? { cascade: "true" } : {};
		return (await this.#connection.send("DELETE /v3/keys/{id}", {
			id,
			query
		}, options)).body.ended ?? nothing;
	}
	/**
	* Revokes the API key that this client asks with, for good and at once. If a first answer was lost, it may end as
	* `Unauthorized` with `mayHaveActed`.
	*/
	async revokeSelf({ cascade = false, ...options } = {}) {
		const query = cascade ? { cascade: "true" } : {};
		return (await this.#connection.send("DELETE /v3/keys/self", { query }, options)).body.ended ?? nothing;
	}
};
// src/client/lists.ts
/** Lists of secrets. */
var Lists = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	/** All lists, oldest first; page by page as they are taken. */
	list(options) {
		return allPages((query) => this.page(query, options));
	}
	/** One page of the listing; without a limit, all of it. */
	async page(query = {}, options) {
		const { body, headers } = await this.#connection.send("GET /v3/lists", { query }, options);
		return pageOf(body.lists, headers);
	}
	async get(id, options) {
		return (await this.#connection.send("GET /v3/lists/{id}", { id }, options)).body;
	}
	/** Once, however often it is sent. */
	async create(input, options) {
		return (await this.#connection.send("POST /v3/lists", { body: input }, options)).body;
	}
	async rename(id, name, options) {
		return (await this.#connection.send("PUT /v3/lists/{id}", {
			id,
			body: { name }
		}, options)).body;
	}
	/**
	* Deletes a list, with every secret in it.
	*
	* @returns the id by which it can be restored, where the account keeps what is deleted
	*/
	async delete(id, options) {
		const { headers } = await this.#connection.send("DELETE /v3/lists/{id}", { id }, options);
		return deletionOf(headers);
	}
	/** The secrets in a list, without values; page by page as they are taken. */
	secrets(id, options) {
		return allPages((query) => this.secretsPage(id, query, options));
	}
	/** One page of the secrets in a list; without a limit, all of them. */
	async secretsPage(id, query = {}, options) {
		const { body, headers } = await this.#connection.send("GET /v3/lists/{id}/secrets", {
			id,
			query
		}, options);
		return pageOf(body.secrets, headers);
	}
	/** Puts a secret into a list. */
	async move(id, secret, options) {
		return (await this.#connection.send("PUT /v3/lists/{id}/secrets/{secret}", {
			id,
			secret
		}, options)).body;
	}
};
// src/client/machines.ts
/** Machines that read without a key, and the switch of the account that lets them. */
var Machines = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	/** All machines; page by page as they are taken. */
	list(options) {
		return allPages((query) => this.page(query, options));
	}
	/** One page of the listing; without a limit, all of it. */
	async page(query = {}, options) {
		const { body, headers } = await this.#connection.send("GET /v3/machines", { query }, options);
		return pageOf(body.machines, headers);
	}
	async get(id, options) {
		return (await this.#connection.send("GET /v3/machines/{id}", { id }, options)).body;
	}
	/** Once, however often it is sent. */
	async create(input, options) {
		return (await this.#connection.send("POST /v3/machines", { body: input }, options)).body;
	}
	async delete(id, options) {
		await this.#connection.send("DELETE /v3/machines/{id}", { id }, options);
	}
};
var AccountSettings = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	async get(options) {
		return (await this.#connection.send("GET /v3/settings", {}, options)).body;
	}
	/** What is not named stays as it is. */
	async update(input, options) {
		return (await this.#connection.send("PUT /v3/settings", { body: input }, options)).body;
	}
};
// src/client/secrets.ts
/** Secrets and their versions. */
var Secrets = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	/** All secrets that the API key may list, oldest first, without values; page by page as they are taken. */
	list(filter = {}, options) {
		return allPages((query) => this.page({
			...filter,
			...query
		}, options));
	}
	/** One page of the listing; without a limit, all of it. */
	async page(query = {}, options) {
		const { body, headers } = await this.#connection.send("GET /v3/secrets", { query }, options);
		return countedPageOf(body.secrets, headers);
	}
	/**
	* The folders directly in one, by name, of secrets that the API key may list; page by page as they are taken. What is
	* directly in a folder besides is `list({ folder })`.
	*
	* @param folder such as `web/`; without it, those that are in none
	*/
	folders(folder = "", options) {
		return allPages(async (query) => {
			const { body, headers } = await this.#connection.send("GET /v3/folders", { query: {
				folder,
				...query
			} }, options);
			return pageOf(body.folders, headers);
		});
	}
	/** Reads the current value. */
	async get(id, options) {
		return tagged(await this.#connection.send("GET /v3/secrets/{id}", {
			id,
			query: formOf(options)
		}, options));
	}
	/** Reads the current value of the secret of this name: one request, and no right but to read it. */
	async getByName(name, options) {
		return tagged(await this.#connection.send("GET /v3/secrets/by-name/{name}", {
			name,
			query: formOf(options)
		}, options));
	}
	/**
	* Reads the current value unless it is the one that is known, which leaves no record in the audit trail.
	*
	* @param known as it was read before
	* @returns nothing while it is still what is there; a template is always read
	*/
	async getIfChanged(known, options) {
		const { id, etag } = known;
		const sent = {
			id,
			query: formOf(options)
		};
		const answer = await this.#connection.sendUnless("GET /v3/secrets/{id}", sent, {
			...options,
			known: etag
		});
		return answer === void 0 ? void 0 : tagged(answer);
	}
	/** The same by name, which may lead to another secret by now. */
	async getByNameIfChanged(known, options) {
		const { id, name, etag } = known;
		const whole = `"${etag.replaceAll("\"", "")}.${id}"`;
		const sent = {
			name,
			query: formOf(options)
		};
		const answer = await this.#connection.sendUnless("GET /v3/secrets/by-name/{name}", sent, {
			...options,
			known: whole
		});
		return answer === void 0 ? void 0 : tagged(answer);
	}
	/**
	* Reads up to 1000 secrets by name, as they are at one moment: one request, each with its own record. One that the API
	* key may see and not read is `Forbidden` for all. Values of more than 16 MiB together are `Invalid`.
	*/
	async getMany(names, options) {
		return this.#many({ names }, (one) => typeof one === "string", options);
	}
	/** The same by id. */
	async getManyById(ids, options) {
		return this.#many({ ids }, (one) => typeof one === "number", options);
	}
	/**
	* Creates the secret of this name, or stores a new version of it; `created` says which. Sent again after a lost connection,
	* it does so once.
	*/
	async putByName(name, input, options) {
		const answer = tagged(await this.#connection.send("PUT /v3/secrets/by-name/{name}", {
			name,
			body: input
		}, options));
		const { id, updated_at, etag } = answer;
		return {
			id,
			name: answer.name,
			updated_at,
			etag,
			created: "created_at" in answer
		};
	}
	/** Creates a secret. Sent again after a lost connection, it is created once. */
	async create(input, options) {
		return tagged(await this.#connection.send("POST /v3/secrets", { body: input }, options));
	}
	/**
	* Creates up to 100 secrets in one transaction: all of them, or none; `errors` of what is thrown names those at fault. Sent
	* again after a lost connection, they are created once.
	*/
	async createMany(inputs, options) {
		const body = { secrets: [...inputs] };
		return (await this.#connection.send("POST /v3/secrets/batch/create", { body }, options)).body.secrets;
	}
	/**
	* Stores up to 100 values in one transaction, all of them or none: new secrets, and next versions of those that are there.
	* Sent again after a lost connection, they are stored once.
	*/
	async storeMany(inputs, options) {
		const body = { secrets: [...inputs] };
		return (await this.#connection.send("POST /v3/secrets/batch/store", { body }, options)).body.secrets;
	}
	/** What `storeMany` would do with each. Each value that is compared is a recorded read; none leaves the server. */
	async previewMany(inputs, options) {
		const body = {
			secrets: [...inputs],
			dry_run: true
		};
		return (await this.#connection.send("POST /v3/secrets/batch/store", { body }, options)).body.secrets;
	}
	/**
	* Who can read a secret now, who did, and what holds it. It needs `audit:read` over the secret. With a `limit`, `next` is the
	* cursor of the next of those who can; its page has only them.
	*/
	async access(id, query = {}, options) {
		const { body, headers } = await this.#connection.send("GET /v3/secrets/{id}/access", {
			id,
			query
		}, options);
		const { next } = pageOf(body.can, headers);
		return next === void 0 ? body : {
			...body,
			next
		};
	}
	/** Moves up to 100 into a list, or changes their tags and expiry, each by itself. */
	async changeMany(input, options) {
		return (await this.#connection.send("POST /v3/secrets/batch/change", { body: input }, options)).body;
	}
	/** Deletes up to 100, with all their versions, each by itself. */
	async deleteMany(ids, options) {
		return (await this.#connection.send("POST /v3/secrets/batch/delete", { body: { ids: [...ids] } }, options)).body;
	}
	/** Stores a new version. Sent again after a lost connection, it is stored once. */
	async update(id, input, options) {
		return tagged(await this.#connection.send("PUT /v3/secrets/{id}", {
			id,
			body: input
		}, options));
	}
	/**
	* Deletes a secret, with all its versions. Sent again after a lost connection, it may be `NotFound` with
	* `mayHaveActed`.
	*
	* @returns the id by which it can be restored, where the account keeps what is deleted
	*/
	async delete(id, options) {
		const { headers } = await this.#connection.send("DELETE /v3/secrets/{id}", { id }, options);
		return deletionOf(headers);
	}
	/** What is known of all secrets that the API key may list, oldest first; page by page as they are taken. */
	listMetadata(filter = {}, options) {
		return allPages((query) => this.metadataPage({
			...filter,
			...query
		}, options));
	}
	/** One page of what is known of them, 1000 unless the limit is another. */
	async metadataPage(query = {}, options) {
		const { body, headers } = await this.#connection.send("GET /v3/metadata", { query }, options);
		return countedPageOf(body.secrets, headers);
	}
	/** How many secrets there are of each kind, and in each list, of those that the API key may list. */
	async summary(options) {
		return (await this.#connection.send("GET /v3/metadata/summary", {}, options)).body;
	}
	/** What is known of the secret beside its value. The `etag` is that of `updateMetadata`; a new value leaves it. */
	async metadata(id, options) {
		return tagged(await this.#connection.send("GET /v3/secrets/{id}/metadata", { id }, options));
	}
	/**
	* Changes what is given, and leaves the rest; the value and its version stay. With the `etag` of `metadata` as
	* `ifMatch`, only if nobody else changed any of it since. To a key that may not list the secret no more is told than
	* after every other change, and there is no `etag`.
	*/
	async updateMetadata(id, input, options) {
		const received = await this.#connection.send("PATCH /v3/secrets/{id}/metadata", {
			id,
			body: input
		}, options);
		return received.body.version === void 0 ? received.body : tagged(received);
	}
	/** Calls it otherwise: its value is stored again under the new name, as the next version. */
	async rename(id, name, options) {
		return tagged(await this.#connection.send("PUT /v3/secrets/{id}/name", {
			id,
			body: { name }
		}, options));
	}
	/** The versions that are kept, newest first, without values. */
	async versions(id, options) {
		const { body } = await this.#connection.send("GET /v3/secrets/{id}/versions", { id }, options);
		return body.versions;
	}
	/** Reads the value as it was. */
	async version(id, version, options) {
		return (await this.#connection.send("GET /v3/secrets/{id}/versions/{version}", {
			id,
			version,
			query: formOf(options)
		}, options)).body;
	}
	/** Destroys the value of a version for good; of the current one, the secret has none until another is stored. */
	async destroyVersion(id, version, options) {
		await this.#connection.send("DELETE /v3/secrets/{id}/versions/{version}", {
			id,
			version
		}, options);
	}
	/** Stores an old value as a new version. */
	async restore(id, version, options) {
		return tagged(await this.#connection.send("POST /v3/secrets/{id}/versions/{version}/restore", {
			id,
			version
		}, options));
	}
	/** A reader for values that are needed often. It keeps them in memory: see `CachedSecrets`. */
	cached(options) {
		return new CachedSecrets(this, options);
	}
	async #many(refs, isRef, options) {
		const body = {
			...refs,
			...options?.resolve === false ? { resolve: false } : {}
		};
		const { body: many } = await this.#connection.send("POST /v3/secrets/batch", { body }, options);
		return {
			...many,
			missing: many.missing.filter(isRef)
		};
	}
};
function formOf(options) {
	return options?.resolve === false ? { resolve: "false" } : {};
}
// src/client/seeds.ts
/** One-time seeds for machines. */
var Seeds = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	/** Those that this API key made; with `account:manage`, all of the account. */
	list(options) {
		return allPages((query) => this.page(query, options));
	}
	async get(id, options) {
		return (await this.#connection.send("GET /v3/seeds/{id}", { id }, options)).body;
	}
	/** Once; the URL is shown this once. @throws AlreadyMade when the answer that had it was lost: make another */
	async create(input, options) {
		return (await this.#connection.send("POST /v3/seeds", { body: input }, options)).body;
	}
	/** Its URL leads nowhere from now on. */
	async delete(id, options) {
		await this.#connection.send("DELETE /v3/seeds/{id}", { id }, options);
	}
	/** One page of the listing; without a limit, all of it. */
	async page(query = {}, options) {
		const { body, headers } = await this.#connection.send("GET /v3/seeds", { query }, options);
		return pageOf(body.seeds, headers);
	}
};
// src/client/sign-in.ts
var SignIn = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	async get(options) {
		return (await this.#connection.send("GET /v3/sign-in", {}, options)).body;
	}
	/** With a second factor required, whoever has none is signed out, and sets one up at the next sign-in. */
	async update(input, options) {
		return (await this.#connection.send("PUT /v3/sign-in", { body: input }, options)).body;
	}
	/** @throws NotFound where there is none */
	async sso(options) {
		return (await this.#connection.send("GET /v3/sso", {}, options)).body;
	}
	async setSso(input, options) {
		return (await this.#connection.send("PUT /v3/sso", { body: input }, options)).body;
	}
	async removeSso(options) {
		await this.#connection.send("DELETE /v3/sso", {}, options);
	}
};
// src/client/shape.ts
var text = (value) => typeof value === "string";
var bool = (value) => typeof value === "boolean";
var integer = (value) => Number.isSafeInteger(value);
var anything = (_value) => true;
function record(item) {
	return (value) => typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every((one) => item(one));
}
function oneOf(...words) {
	return (value) => words.some((word) => word === value);
}
function orNull(shape) {
	return (value) => value === null || shape(value);
}
function either(one, other) {
	return (value) => one(value) || other(value);
}
function optional(shape) {
	return (value) => value === void 0 || shape(value);
}
function list(item) {
	return (value) => Array.isArray(value) && value.every((one) => item(one));
}
/** An object with at least these fields: a newer server may add some. A field that `T` has and this lacks does not compile. */
function fields(shapes) {
	const entries = Object.entries(shapes);
	return (value) => {
		if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
		const given = { ...value };
		return entries.every(([name, shape]) => shape(given[name]));
	};
}
// src/client/exchange.ts
var maxMessageLength = 500;
/** A shorter value is a word or a digit, which a message may hold by chance. */
var leastTellingLength = 8;
/** @throws the reason of the caller's signal, and nothing else */
async function exchange(fetch, request, shape) {
	const { signal, timeoutMs } = request;
	signal?.throwIfAborted();
	const controller = new AbortController();
	const giveUp = () => controller.abort();
	const timer = setTimeout(giveUp, timeoutMs);
	signal?.addEventListener("abort", giveUp, { once: true });
	try {
		return await Promise.race([ask$1(fetch, request, controller.signal, shape), whenAborted(controller.signal)]);
	} catch (error) {
		signal?.throwIfAborted();
		if (!controller.signal.aborted) return { failure: unreachable(request, error) };
		return { failure: {
			code: "timed_out",
			message: `No answer from ${originOf(request)} in ${timeoutMs} ms.`
		} };
	} finally {
		clearTimeout(timer);
		signal?.removeEventListener("abort", giveUp);
	}
}
/**
* The same of an answer that goes on: its body as it comes.
*
* @param signal ends it
*/
async function openStream(fetch, request, signal) {
	try {
		const { url, method, headers } = request;
		const response = await fetch(url, {
			method,
			headers: { ...headers },
			redirect: "manual",
			signal
		});
		const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
		if (response.ok && isStream && response.body !== null) return { body: response.body };
		if (response.ok || response.status < 400) {
			await response.body?.cancel();
			return { failure: unexpected(request, response, "something else than a stream of events") };
		}
		return { failure: failureOf(request, response, parse(await response.arrayBuffer())) };
	} catch (error) {
		request.signal?.throwIfAborted();
		return { failure: unreachable(request, error) };
	}
}
/** Of a read on condition: whether the server says that nothing has changed. */
function isUnchanged({ headers }, { status }) {
	return status === 304 && headers["if-none-match"] !== void 0;
}
async function ask$1(fetch, request, signal, shape) {
	const { url, method, headers, body } = request;
	const response = await fetch(url, {
		method,
		headers: { ...headers },
		redirect: "manual",
		signal,
		...body === void 0 ? {} : { body }
	});
	if (isUnchanged(request, response)) return { unchanged: true };
	if (response.type === "opaqueredirect" || response.status >= 300 && response.status < 400) {
		await response.body?.cancel();
		return { failure: unexpected(request, response, "a redirect, which is not followed") };
	}
	const content = parse(await response.arrayBuffer());
	if (!response.ok) return { failure: failureOf(request, response, content) };
	if (response.headers.get("idempotent-replayed") !== null && !shape(content) && isMadeBefore(content)) return { failure: madeBefore(request, response, content) };
	if (!shape(content)) return { failure: unexpected(request, response, "something else than the API describes") };
	return { answer: {
		body: content,
		headers: response.headers
	} };
}
function whenAborted(signal) {
	return new Promise((_, reject) => {
		signal.addEventListener("abort", () => reject(signal.reason), { once: true });
	});
}
/** Invalid UTF-8 is not mended: a value comes as it was stored or not at all. */
function parse(bytes) {
	try {
		return JSON.parse(new TextDecoder("utf-8", {
			fatal: true,
			ignoreBOM: true
		}).decode(bytes));
	} catch {
		return;
	}
}
var isProblem = fields({
	type: text,
	code: text,
	message: text,
	request_id: text
});
var isFaulty = fields({ errors: list(fields({
	field: text,
	detail: text
})) });
function failureOf(request, response, content) {
	const { status, headers } = response;
	const retryAfterMs = readRetryAfter(headers.get("retry-after"), Date.now());
	if (!isProblem(content) || !isOurs(content)) return {
		...foreign(request, response),
		retryAfterMs
	};
	const faults = isFaulty(content) ? content.errors : [];
	const isTelling = tells(request, JSON.stringify([content.message, faults]));
	return {
		status,
		code: content.code,
		message: isTelling ? `The server answered ${status}.` : content.message.slice(0, maxMessageLength),
		requestId: requestIdOf(request, response),
		errors: isTelling ? [] : faults.map(({ field, detail }) => ({
			field,
			detail
		})),
		retryAfterMs
	};
}
var isMadeBefore = fields({
	id: integer,
	message: text
});
function madeBefore(request, response, { id, message }) {
	const words = tells(request, message) ? "An earlier request made it." : message.slice(0, maxMessageLength);
	return {
		code: "already_made",
		status: response.status,
		message: words,
		id,
		requestId: requestIdOf(request, response)
	};
}
function isOurs({ type, code }) {
	return /^[a-z_]{1,64}$/.test(code) && type === `urn:strongroom:problem:${code}`;
}
/** What a proxy says of itself: that it is busy, or that it does not reach the server. */
function foreign(request, response) {
	const { status } = response;
	if (status === 429) return {
		status,
		code: "rate_limited",
		message: "Something before the server limits requests."
	};
	if ([
		408,
		502,
		503,
		504
	].includes(status)) return {
		status,
		code: "unavailable",
		message: `Something before the server answered ${status}.`
	};
	return unexpected(request, response, "something else than Strongroom does");
}
function unexpected(request, response, what) {
	const message = `${originOf(request)} answered ${response.status} with ${what}. Is the URL right?`;
	const requestId = requestIdOf(request, response);
	return {
		status: response.status,
		code: "unexpected_answer",
		message,
		requestId
	};
}
function unreachable(request, error) {
	const reason = reasonsOf(error).join(": ");
	const why = reason === "" || tells(request, reason) ? "" : `: ${reason.slice(0, maxMessageLength)}`;
	return {
		code: "unreachable",
		message: `No answer from ${originOf(request)}${why}`
	};
}
/** The texts of an error and of what caused it. Not the error itself, which may hold the request, and so the key. */
function reasonsOf(error, depth = 0) {
	if (!(error instanceof Error) || depth > 3) return [];
	const code = "code" in error && typeof error.code === "string" ? error.code : "";
	return [(error.message || code).replace(openssl, "$1").replaceAll(/\s+/g, " ").trim(), ...reasonsOf(error.cause, depth + 1)].filter((reason) => reason !== "");
}
/** Of a fault of TLS: its words, among where in the library it was found. */
var openssl = /(?:[0-9A-F]+:)?error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):[^\n]*/;
function requestIdOf(request, { headers }) {
	const id = headers.get("strongroom-request-id") ?? "";
	return /^[\x21-\x7e]{1,128}$/.test(id) && !tells(request, id) ? id : void 0;
}
function originOf({ url }) {
	return new URL(url).origin;
}
function tells({ secrets }, message) {
	return secrets.some((secret) => {
		if (secret.length < leastTellingLength) return false;
		return message.includes(secret) || message.includes(JSON.stringify(secret).slice(1, -1));
	});
}
// src/client/operations.ts
var principalShape = fields({
	kind: text,
	id: integer,
	name: text
});
var ableShape = fields({
	principal: principalShape,
	environments: list(fields({
		name: text,
		scope: text
	})),
	role: orNull(text),
	trust_rule: orNull(integer),
	networks: list(text),
	expires_at: orNull(text)
});
var accessedSecretShape = fields({
	id: integer,
	name: text,
	version: integer
});
var pastReaderShape = fields({
	principal: principalShape,
	environments: list(text),
	reads: integer,
	last_at: text,
	version: orNull(integer),
	can: bool
});
var holderShape = fields({
	id: integer,
	target: text,
	environment: text,
	version: integer,
	stale: bool,
	since: text
});
var leadingTemplateShape = fields({
	id: integer,
	name: text,
	environments: list(text)
});
var accessShape = fields({
	secret: accessedSecretShape,
	environments: list(text),
	from: optional(text),
	complete: optional(bool),
	did: optional(list(pastReaderShape)),
	targets: optional(list(holderShape)),
	templates: optional(list(leadingTemplateShape)),
	cut: optional(list(text)),
	can: list(ableShape)
});
var accountKeyShape = fields({
	version: integer,
	rotating: bool,
	outdated: integer
});
var accountInfoShape = fields({
	id: integer,
	name: text,
	created_at: text,
	key: accountKeyShape,
	limits: fields({
		keep_versions: integer,
		max_value_bytes: integer,
		max_file_bytes: integer,
		requests_per_second: orNull(integer)
	})
});
var stepCountShape = fields({
	start: text,
	actions: list(fields({
		action: text,
		ok: integer,
		refused: integer
	}))
});
var readerShape = fields({
	principal: principalShape,
	reads: integer
});
var activityShape = fields({
	by: oneOf("minute", "hour", "day", "week"),
	from: text,
	to: text,
	complete: bool,
	records: integer,
	steps: list(stepCountShape),
	readers: list(readerShape)
});
var addressUseShape = fields({
	address: text,
	requests: integer,
	last_at: text
});
var makerShape = fields({
	kind: text,
	id: integer,
	name: text
});
var apiKeyShape = fields({
	id: integer,
	name: text,
	scopes: list(text),
	networks: list(text),
	created_at: text,
	expires_at: orNull(text),
	revoked_at: orNull(text),
	last_used_at: orNull(text),
	last_used_api: orNull(oneOf("v3", "lists", "vault")),
	created_by: orNull(makerShape)
});
var archivedShape = fields({
	first: integer,
	last: integer,
	from: text,
	to: text,
	code: oneOf("not_configured", "missing", "altered", "unavailable"),
	detail: text
});
var auditObjectShape = fields({
	kind: text,
	id: orNull(integer),
	uid: orNull(text),
	name: orNull(text),
	version: orNull(integer),
	hash: orNull(text)
});
var environmentRefShape = fields({
	id: integer,
	name: orNull(text)
});
var auditRecordShape = fields({
	seq: integer,
	time: text,
	principal: principalShape,
	action: text,
	object: orNull(auditObjectShape),
	environment: optional(environmentRefShape),
	outcome: text,
	request_id: text,
	address: text,
	head: text
});
var awayShape = fields({ url: text });
var begunLoginShape = fields({
	device_code: text,
	user_code: text,
	verification_uri: text,
	verification_uri_complete: text,
	expires_in: integer,
	interval: integer
});
var listRefShape = fields({
	id: integer,
	name: text
});
var decoyShape = fields({ revoke: bool });
var changedMetadataShape = fields({
	id: integer,
	name: text,
	type: optional(text),
	filename: optional(orNull(text)),
	list: optional(orNull(listRefShape)),
	version: optional(integer),
	description: optional(text),
	tags: optional(list(text)),
	expires_at: optional(orNull(text)),
	created_at: optional(text),
	updated_at: text,
	environment: optional(orNull(text)),
	inherited: optional(bool),
	decoy: optional(orNull(decoyShape))
});
var heldInEnvironmentShape = fields({
	environment: text,
	id: integer,
	version: integer,
	updated_at: text,
	group: orNull(integer)
});
var comparedNameShape = fields({
	name: text,
	state: oneOf("same", "different", "missing", "inherited", "unknown"),
	inherited: list(text),
	in: list(heldInEnvironmentShape)
});
var copiedSecretShape = fields({
	name: text,
	state: oneOf("created", "replaced", "same", "refused"),
	id: orNull(integer),
	version: orNull(integer),
	why: orNull(text)
});
var customerKeyShape = fields({
	provider: text,
	open: bool,
	closed_at: orNull(text),
	closed_for: orNull(oneOf("away", "denied", "wrong")),
	created_at: text
});
var deletedShape = fields({
	id: integer,
	kind: oneOf("secret", "list", "environment"),
	thing: integer,
	name: text,
	environment: orNull(text),
	deleted_at: text,
	deleted_by: principalShape,
	restorable_until: text
});
var deletedSecretShape = fields({
	id: integer,
	name: text,
	deletion: optional(integer)
});
var deliveryShape = fields({
	id: integer,
	action: text,
	state: oneOf("waiting", "delivered", "failed"),
	attempts: integer,
	created_at: text,
	attempted_at: orNull(text),
	next_attempt_at: orNull(text),
	status: orNull(integer),
	fault: orNull(text),
	took_ms: orNull(integer)
});
var deploymentShape = fields({
	id: integer,
	target: text,
	secrets: list(fields({
		id: integer,
		name: text,
		version: integer,
		current_version: orNull(integer)
	})),
	stale: bool,
	created_at: text,
	principal: optional(principalShape)
});
var namedShape = fields({
	id: integer,
	name: text
});
var madeThingsShape = fields({
	keys: list(namedShape),
	trust_rules: list(namedShape),
	machines: list(namedShape),
	webhooks: list(namedShape)
});
var endedShape = fields({
	message: text,
	ended: optional(madeThingsShape)
});
var enrolmentShape = fields({
	enrolment: text,
	secret: text,
	uri: text
});
var environmentShape = fields({
	id: integer,
	name: text,
	base: orNull(text),
	secrets: integer,
	created_at: text
});
var passkeyShape = fields({
	id: integer,
	name: text,
	created_at: text,
	last_used_at: orNull(text)
});
var factorsShape = fields({
	passkeys: list(passkeyShape),
	authenticator: orNull(fields({
		id: integer,
		created_at: text,
		last_used_at: orNull(text)
	})),
	recovery_codes_left: integer,
	sso: list(fields({
		issuer: text,
		created_at: text,
		last_used_at: orNull(text)
	}))
});
var failedSecretShape = fields({
	id: integer,
	code: text,
	detail: text
});
var fingerprintShape = fields({
	id: integer,
	name: text,
	version: integer,
	form: text,
	length: integer,
	offset: integer,
	filter: integer,
	mac: text
});
var unscannableShape = fields({
	id: integer,
	name: text,
	version: integer,
	reason: text
});
var fingerprintsShape = fields({
	base: integer,
	mix: integer,
	mac_key: text,
	fingerprints: list(fingerprintShape),
	unscannable: list(unscannableShape)
});
var folderShape = fields({ name: text });
var grantedLoginShape = fields({
	state: oneOf("granted"),
	api_key: text,
	key_id: integer,
	name: text,
	scopes: list(text),
	networks: list(text),
	expires_at: text,
	person: text
});
var invitationShape = fields({
	kind: oneOf("setup", "invitation", "reset"),
	account: text,
	email: orNull(text),
	name: orNull(text),
	role: oneOf("owner", "admin", "editor", "reader", "auditor")
});
var roleShape = oneOf("owner", "admin", "editor", "reader", "auditor");
var invitedUserShape = fields({
	id: integer,
	name: text,
	email: orNull(text),
	role: roleShape,
	name_patterns: orNull(list(text)),
	environment_roles: optional(record(oneOf("admin", "editor", "reader", "auditor"))),
	state: oneOf("active", "invited", "disabled"),
	second_factor: bool,
	created_at: text,
	last_sign_in_at: orNull(text),
	invitation_url: text,
	invitation_expires_at: text
});
var issuedApiKeyShape = fields({
	id: integer,
	name: text,
	scopes: list(text),
	networks: list(text),
	created_at: text,
	expires_at: orNull(text),
	revoked_at: orNull(text),
	last_used_at: orNull(text),
	last_used_api: orNull(oneOf("v3", "lists", "vault")),
	created_by: orNull(makerShape),
	api_key: text
});
var issuedSeedShape = fields({
	id: integer,
	url: text,
	target: text,
	expires_at: text
});
var webhookEnvironmentShape = fields({
	id: integer,
	name: orNull(text)
});
var webhookWarningShape = fields({
	fault: text,
	detail: text
});
var issuedWebhookShape = fields({
	id: integer,
	url: text,
	actions: list(text),
	name: orNull(text),
	environment: orNull(webhookEnvironmentShape),
	enabled: bool,
	disabled_for: orNull(text),
	disabled_at: orNull(text),
	previous_secret_until: orNull(text),
	created_at: text,
	updated_at: text,
	created_by: orNull(makerShape),
	warning: optional(webhookWarningShape),
	secret: text
});
var jobKeyShape = fields({
	api_key: text,
	key_id: integer,
	rule: text,
	scopes: list(text),
	expires_at: text,
	expires_in: integer
});
var keySetShape = fields({ keys: list(record(anything)) });
var usedKeyShape = fields({
	id: integer,
	name: text
});
var scopeUseShape = fields({
	scope: text,
	requests: integer,
	last_at: orNull(text)
});
var useShape = fields({
	right: text,
	name: orNull(text),
	environment: orNull(text),
	requests: integer,
	last_at: text
});
var suggestedScopesShape = fields({
	scopes: list(text),
	networks: list(text)
});
var keyUsageShape = fields({
	key: usedKeyShape,
	from: text,
	complete: bool,
	requests: integer,
	scopes: list(scopeUseShape),
	used: list(useShape),
	addresses: list(addressUseShape),
	suggested: orNull(suggestedScopesShape)
});
var listShape = fields({
	id: integer,
	name: text,
	created_at: text,
	updated_at: text
});
var listCountShape = fields({
	id: integer,
	name: text,
	secrets: integer
});
var loginShape = fields({
	host: text,
	address: text,
	same_network: bool,
	state: oneOf("pending", "approved"),
	scopes: list(text),
	networks: list(text),
	wants_network: bool,
	key_expires_in: integer,
	created_at: text,
	expires_at: text
});
var loginProgressShape = fields({
	state: oneOf("pending", "slow_down", "refused", "expired", "used"),
	interval: integer
});
var lostTemplateShape = fields({
	id: integer,
	name: text,
	environments: list(text)
});
var machineShape = fields({
	id: integer,
	name: text,
	addresses: list(text),
	scopes: list(text),
	created_at: text,
	created_by: orNull(makerShape)
});
var messageShape = fields({ message: text });
var metadataShape = fields({
	id: integer,
	name: text,
	type: text,
	filename: orNull(text),
	list: orNull(listRefShape),
	version: integer,
	description: text,
	tags: list(text),
	expires_at: orNull(text),
	created_at: text,
	updated_at: text,
	environment: optional(orNull(text)),
	inherited: optional(bool),
	decoy: optional(orNull(decoyShape))
});
var missedUseShape = fields({
	principal: principalShape,
	action: text,
	name: orNull(text),
	environment: orNull(text),
	requests: integer,
	last_at: text
});
var movedShape = fields({
	id: integer,
	name: text,
	list: fields({
		id: integer,
		name: optional(text)
	})
});
var namedSecretShape = fields({
	id: integer,
	name: text
});
var oneTimeLinkShape = fields({
	invitation_url: text,
	invitation_expires_at: text
});
var openSessionShape = fields({
	id: integer,
	created_at: text,
	last_used_at: text,
	expires_at: text,
	address: text,
	user_agent: text,
	current: bool
});
var recoveryCodesShape = fields({ recovery_codes: orNull(list(text)) });
var renamedListShape = fields({
	id: integer,
	name: text,
	created_at: optional(text),
	updated_at: text
});
var renderedShape = fields({
	rendered: optional(text),
	script_content: optional(text)
});
var restoredShape = fields({
	kind: oneOf("secret", "list", "environment"),
	id: integer,
	name: text,
	environment: orNull(text)
});
var rollbackShape = fields({
	environment: text,
	dry_run: bool,
	items: list(fields({
		state: text,
		id: integer,
		name: text,
		version: orNull(integer),
		was: orNull(integer),
		detail: orNull(text)
	}))
});
var secretShape = fields({
	id: integer,
	name: text,
	value: text,
	created_at: text,
	updated_at: text
});
var secretHeadShape = fields({
	id: integer,
	name: text,
	created_at: text,
	updated_at: text
});
var secretOfManyShape = fields({
	id: integer,
	name: text,
	value: text,
	created_at: text,
	updated_at: text,
	version: integer,
	type: text,
	encoding: text
});
var seedShape = fields({
	id: integer,
	target: text,
	state: oneOf("open", "used", "expired"),
	max_fetches: integer,
	fetches: fields({
		user_data: integer,
		meta_data: integer,
		vendor_data: integer,
		network_config: integer
	}),
	created_at: text,
	expires_at: text,
	used_at: orNull(text),
	refetched_at: orNull(text)
});
var sessionShape = fields({
	user: fields({
		id: integer,
		name: text,
		email: text,
		role: oneOf("owner", "admin", "editor", "reader", "auditor")
	}),
	account: fields({
		id: integer,
		name: text
	}),
	scopes: list(text),
	name_patterns: orNull(list(text)),
	created_at: text,
	expires_at: text,
	idle_expires_at: text,
	confirmed_until: text,
	enrolment_required: bool,
	confirm_with: list(oneOf("password", "passkey", "sso"))
});
var settingsShape = fields({
	vm_auth: bool,
	networks: list(text),
	machine_networks: list(text),
	recovery_days: integer
});
var signInRulesShape = fields({ second_factor_required: bool });
var ssoShape = fields({
	label: text,
	issuer: text,
	client_id: text,
	domains: list(text),
	role: orNull(oneOf("editor", "reader", "auditor")),
	only: bool,
	redirect_uri: text,
	sign_in_url: text
});
var ssoProviderShape = fields({
	account: text,
	label: text
});
var staleTargetShape = fields({
	id: integer,
	target: text,
	environment: text,
	version: integer
});
var storedSecretShape = fields({
	id: orNull(integer),
	name: text,
	version: integer,
	state: text,
	stale_deployments: integer
});
var summaryShape = fields({
	secrets: integer,
	files: integer,
	expiring: integer,
	unchanged: integer,
	held_old: integer,
	lists: list(listCountShape),
	tags: list(text)
});
var triedShape = fields({
	from: text,
	complete: bool,
	requests: integer,
	refused_requests: integer,
	refused: list(missedUseShape),
	stale_targets: list(staleTargetShape),
	unresolved_templates: list(lostTemplateShape)
});
var trustRuleShape = fields({
	id: integer,
	name: text,
	issuer: text,
	audience: text,
	claims: record(text),
	scopes: list(text),
	networks: list(text),
	key_ttl: integer,
	single_use: bool,
	jwks_url: orNull(text),
	jwks: orNull(keySetShape),
	created_at: text,
	updated_at: text,
	created_by: orNull(makerShape)
});
var unresolvedSecretShape = fields({
	id: integer,
	name: text,
	code: text,
	detail: text,
	errors: list(fields({
		field: text,
		detail: text,
		name: optional(text),
		line: optional(integer),
		column: optional(integer),
		part: optional(integer)
	}))
});
var updatedSecretShape = fields({
	id: integer,
	name: text,
	updated_at: text
});
var userShape = fields({
	id: integer,
	name: text,
	email: orNull(text),
	role: roleShape,
	name_patterns: orNull(list(text)),
	environment_roles: optional(record(oneOf("admin", "editor", "reader", "auditor"))),
	state: oneOf("active", "invited", "disabled"),
	second_factor: bool,
	created_at: text,
	last_sign_in_at: orNull(text)
});
var verifiedShape = fields({
	records: integer,
	total: integer,
	head: text,
	fault: orNull(fields({
		seq: integer,
		reason: text
	})),
	archived: integer
});
var versionShape = fields({
	id: integer,
	name: text,
	version: integer,
	value: text,
	created_at: text
});
var versionHeadShape = fields({
	version: integer,
	created_at: text,
	destroyed_at: optional(text)
});
var webhookShape = fields({
	id: integer,
	url: text,
	actions: list(text),
	name: orNull(text),
	environment: orNull(webhookEnvironmentShape),
	enabled: bool,
	disabled_for: orNull(text),
	disabled_at: orNull(text),
	previous_secret_until: orNull(text),
	created_at: text,
	updated_at: text,
	created_by: orNull(makerShape),
	warning: optional(webhookWarningShape)
});
var operations = {
	"GET /v3/secrets": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ secrets: list(secretHeadShape) })
	},
	"GET /v3/secrets/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: secretShape
	},
	"POST /v3/secrets": {
		repeat: "keyed",
		isOpen: false,
		answer: secretHeadShape
	},
	"PUT /v3/secrets/{id}": {
		repeat: "keyed",
		isOpen: false,
		answer: updatedSecretShape
	},
	"DELETE /v3/secrets/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"GET /v3/secrets/by-name/{name}": {
		names: ["name"],
		repeat: "safe",
		isOpen: false,
		answer: secretShape
	},
	"PUT /v3/secrets/by-name/{name}": {
		names: ["name"],
		repeat: "keyed",
		isOpen: false,
		answer: either(updatedSecretShape, secretHeadShape)
	},
	"GET /v3/folders": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ folders: list(folderShape) })
	},
	"POST /v3/secrets/batch": {
		repeat: "safe",
		isOpen: false,
		answer: fields({
			secrets: list(secretOfManyShape),
			missing: list(either(text, integer)),
			unresolved: list(unresolvedSecretShape)
		})
	},
	"POST /v3/secrets/batch/create": {
		repeat: "keyed",
		isOpen: false,
		answer: fields({ secrets: list(secretHeadShape) })
	},
	"POST /v3/secrets/batch/store": {
		repeat: "keyed",
		isOpen: false,
		answer: fields({ secrets: list(storedSecretShape) })
	},
	"POST /v3/secrets/batch/change": {
		repeat: "safe",
		isOpen: false,
		answer: fields({
			changed: list(namedSecretShape),
			failed: list(failedSecretShape)
		})
	},
	"POST /v3/secrets/batch/delete": {
		repeat: "safe",
		isOpen: false,
		answer: fields({
			deleted: list(deletedSecretShape),
			failed: list(failedSecretShape)
		})
	},
	"GET /v3/secrets/{id}/versions": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ versions: list(versionHeadShape) })
	},
	"GET /v3/secrets/{id}/versions/{version}": {
		repeat: "safe",
		isOpen: false,
		answer: versionShape
	},
	"POST /v3/secrets/{id}/versions/{version}/restore": {
		repeat: "keyed",
		isOpen: false,
		answer: updatedSecretShape
	},
	"DELETE /v3/secrets/{id}/versions/{version}": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"GET /v3/secrets/{id}/access": {
		repeat: "safe",
		isOpen: false,
		answer: accessShape
	},
	"GET /v3/metadata": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ secrets: list(metadataShape) })
	},
	"GET /v3/metadata/summary": {
		repeat: "safe",
		isOpen: false,
		answer: summaryShape
	},
	"GET /v3/secrets/{id}/metadata": {
		repeat: "safe",
		isOpen: false,
		answer: metadataShape
	},
	"PATCH /v3/secrets/{id}/metadata": {
		repeat: "safe",
		isOpen: false,
		answer: changedMetadataShape
	},
	"PUT /v3/secrets/{id}/name": {
		repeat: "keyed",
		isOpen: false,
		answer: updatedSecretShape
	},
	"GET /v3/lists": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ lists: list(listShape) })
	},
	"GET /v3/lists/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: listShape
	},
	"POST /v3/lists": {
		repeat: "keyed",
		isOpen: false,
		answer: listShape
	},
	"PUT /v3/lists/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: renamedListShape
	},
	"DELETE /v3/lists/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"GET /v3/lists/{id}/secrets": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ secrets: list(secretHeadShape) })
	},
	"PUT /v3/lists/{id}/secrets/{secret}": {
		repeat: "safe",
		isOpen: false,
		answer: movedShape
	},
	"GET /v3/environments": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ environments: list(environmentShape) })
	},
	"GET /v3/environments/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: environmentShape
	},
	"POST /v3/environments": {
		repeat: "keyed",
		isOpen: false,
		answer: environmentShape
	},
	"PATCH /v3/environments/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: environmentShape
	},
	"DELETE /v3/environments/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"GET /v3/compare": {
		repeat: "safe",
		isOpen: false,
		answer: fields({
			environments: list(text),
			secrets: list(comparedNameShape)
		})
	},
	"POST /v3/copy": {
		repeat: "keyed",
		isOpen: false,
		answer: fields({
			dry_run: bool,
			secrets: list(copiedSecretShape)
		})
	},
	"GET /v3/deleted": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ deleted: list(deletedShape) })
	},
	"POST /v3/deleted/{id}/restore": {
		repeat: "safe",
		isOpen: false,
		answer: restoredShape
	},
	"DELETE /v3/deleted/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"POST /v3/rollback": {
		repeat: "safe",
		isOpen: false,
		answer: rollbackShape
	},
	"POST /v3/render": {
		repeat: "safe",
		isOpen: false,
		answer: renderedShape
	},
	"POST /v3/seeds": {
		repeat: "keyed",
		isOpen: false,
		answer: issuedSeedShape
	},
	"GET /v3/seeds": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ seeds: list(seedShape) })
	},
	"GET /v3/seeds/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: seedShape
	},
	"DELETE /v3/seeds/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"GET /v3/deployments": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ deployments: list(deploymentShape) })
	},
	"GET /v3/secrets/{id}/deployments": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ deployments: list(deploymentShape) })
	},
	"DELETE /v3/deployments/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"POST /v3/fingerprints": {
		repeat: "safe",
		isOpen: false,
		answer: fingerprintsShape
	},
	"GET /v3/keys": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ keys: list(apiKeyShape) })
	},
	"GET /v3/keys/self": {
		repeat: "safe",
		isOpen: false,
		answer: apiKeyShape
	},
	"GET /v3/keys/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: apiKeyShape
	},
	"GET /v3/keys/{id}/made": {
		repeat: "safe",
		isOpen: false,
		answer: madeThingsShape
	},
	"POST /v3/keys": {
		repeat: "keyed",
		isOpen: false,
		answer: issuedApiKeyShape
	},
	"POST /v3/keys/{id}/rotate": {
		repeat: "keyed",
		isOpen: false,
		answer: issuedApiKeyShape
	},
	"DELETE /v3/keys/self": {
		repeat: "safe",
		isOpen: false,
		answer: endedShape
	},
	"DELETE /v3/keys/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: endedShape
	},
	"GET /v3/machines": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ machines: list(machineShape) })
	},
	"GET /v3/machines/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: machineShape
	},
	"POST /v3/machines": {
		repeat: "keyed",
		isOpen: false,
		answer: machineShape
	},
	"DELETE /v3/machines/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"GET /v3/settings": {
		repeat: "safe",
		isOpen: false,
		answer: settingsShape
	},
	"PUT /v3/settings": {
		repeat: "safe",
		isOpen: false,
		answer: settingsShape
	},
	"GET /v3/account": {
		repeat: "safe",
		isOpen: false,
		answer: accountInfoShape
	},
	"POST /v3/account/rotate-key": {
		repeat: "safe",
		isOpen: false,
		answer: accountKeyShape
	},
	"GET /v3/account/customer-key": {
		repeat: "safe",
		isOpen: false,
		answer: customerKeyShape
	},
	"PUT /v3/account/customer-key": {
		repeat: "safe",
		isOpen: false,
		answer: customerKeyShape
	},
	"DELETE /v3/account/customer-key": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"GET /v3/users": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ users: list(userShape) })
	},
	"POST /v3/users": {
		repeat: "keyed",
		isOpen: false,
		answer: invitedUserShape
	},
	"GET /v3/users/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: userShape
	},
	"GET /v3/users/{id}/made": {
		repeat: "safe",
		isOpen: false,
		answer: madeThingsShape
	},
	"PATCH /v3/users/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: userShape
	},
	"POST /v3/users/{id}/reset": {
		repeat: "keyed",
		isOpen: false,
		answer: oneTimeLinkShape
	},
	"DELETE /v3/users/{id}/factors": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"DELETE /v3/users/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: endedShape
	},
	"GET /v3/session": {
		repeat: "safe",
		isOpen: false,
		answer: sessionShape
	},
	"DELETE /v3/session": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"POST /v3/session/confirm": {
		repeat: "safe",
		isOpen: false,
		answer: sessionShape
	},
	"PUT /v3/session/password": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"GET /v3/sessions": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ sessions: list(openSessionShape) })
	},
	"DELETE /v3/sessions/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"POST /v3/session": {
		repeat: "never",
		isOpen: false,
		answer: sessionShape
	},
	"POST /v3/session/passkey": {
		repeat: "never",
		isOpen: false,
		answer: sessionShape
	},
	"POST /v3/invitations/check": {
		repeat: "safe",
		isOpen: false,
		answer: invitationShape
	},
	"POST /v3/invitations/accept": {
		repeat: "never",
		isOpen: false,
		answer: either(messageShape, sessionShape)
	},
	"POST /v3/logins": {
		repeat: "never",
		isOpen: true,
		answer: begunLoginShape
	},
	"POST /v3/logins/poll": {
		repeat: "never",
		isOpen: true,
		answer: either(loginProgressShape, grantedLoginShape)
	},
	"POST /v3/logins/cancel": {
		repeat: "safe",
		isOpen: true,
		answer: messageShape
	},
	"POST /v3/logins/show": {
		repeat: "safe",
		isOpen: false,
		answer: loginShape
	},
	"POST /v3/logins/confirm": {
		repeat: "safe",
		isOpen: false,
		answer: loginShape
	},
	"POST /v3/logins/refuse": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"POST /v3/session/passkey/challenge": {
		repeat: "safe",
		isOpen: false,
		answer: record(anything)
	},
	"GET /v3/session/factors": {
		repeat: "safe",
		isOpen: false,
		answer: factorsShape
	},
	"POST /v3/session/totp": {
		repeat: "safe",
		isOpen: false,
		answer: enrolmentShape
	},
	"PUT /v3/session/totp": {
		repeat: "safe",
		isOpen: false,
		answer: recoveryCodesShape
	},
	"POST /v3/session/passkeys/challenge": {
		repeat: "safe",
		isOpen: false,
		answer: record(anything)
	},
	"POST /v3/session/passkeys": {
		repeat: "keyed",
		isOpen: false,
		answer: fields({
			id: integer,
			recovery_codes: orNull(list(text))
		})
	},
	"POST /v3/session/recovery-codes": {
		repeat: "keyed",
		isOpen: false,
		answer: recoveryCodesShape
	},
	"PATCH /v3/session/factors/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: passkeyShape
	},
	"DELETE /v3/session/factors/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"GET /v3/session/sso": {
		repeat: "safe",
		isOpen: false,
		answer: fields({
			provider: orNull(ssoProviderShape),
			account_required: bool
		})
	},
	"POST /v3/session/sso": {
		repeat: "never",
		isOpen: false,
		answer: awayShape
	},
	"POST /v3/session/sso/link": {
		repeat: "never",
		isOpen: false,
		answer: awayShape
	},
	"GET /v3/sso": {
		repeat: "safe",
		isOpen: false,
		answer: ssoShape
	},
	"PUT /v3/sso": {
		repeat: "safe",
		isOpen: false,
		answer: ssoShape
	},
	"DELETE /v3/sso": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"GET /v3/sign-in": {
		repeat: "safe",
		isOpen: false,
		answer: signInRulesShape
	},
	"PUT /v3/sign-in": {
		repeat: "safe",
		isOpen: false,
		answer: signInRulesShape
	},
	"GET /v3/trust-rules": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ trust_rules: list(trustRuleShape) })
	},
	"POST /v3/trust-rules": {
		repeat: "keyed",
		isOpen: false,
		answer: trustRuleShape
	},
	"GET /v3/trust-rules/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: trustRuleShape
	},
	"PATCH /v3/trust-rules/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: trustRuleShape
	},
	"DELETE /v3/trust-rules/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"POST /v3/auth/oidc": {
		repeat: "never",
		isOpen: true,
		answer: jobKeyShape
	},
	"GET /v3/audit": {
		repeat: "safe",
		isOpen: false,
		answer: fields({
			records: list(auditRecordShape),
			archived: optional(archivedShape)
		})
	},
	"GET /v3/audit/activity": {
		repeat: "safe",
		isOpen: false,
		answer: activityShape
	},
	"POST /v3/audit/verify": {
		repeat: "safe",
		isOpen: false,
		answer: verifiedShape
	},
	"GET /v3/keys/{id}/usage": {
		repeat: "safe",
		isOpen: false,
		answer: keyUsageShape
	},
	"POST /v3/what-if": {
		repeat: "safe",
		isOpen: false,
		answer: triedShape
	},
	"GET /v3/webhooks": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ webhooks: list(webhookShape) })
	},
	"POST /v3/webhooks": {
		repeat: "keyed",
		isOpen: false,
		answer: issuedWebhookShape
	},
	"GET /v3/webhooks/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: webhookShape
	},
	"PATCH /v3/webhooks/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: webhookShape
	},
	"DELETE /v3/webhooks/{id}": {
		repeat: "safe",
		isOpen: false,
		answer: messageShape
	},
	"POST /v3/webhooks/{id}/rotate": {
		repeat: "never",
		isOpen: false,
		answer: issuedWebhookShape
	},
	"POST /v3/webhooks/{id}/test": {
		repeat: "safe",
		isOpen: false,
		answer: deliveryShape
	},
	"GET /v3/webhooks/{id}/deliveries": {
		repeat: "safe",
		isOpen: false,
		answer: fields({ deliveries: list(deliveryShape) })
	},
	"POST /v3/webhooks/{id}/deliveries/{delivery}/retry": {
		repeat: "safe",
		isOpen: false,
		answer: deliveryShape
	}
};
// src/client/connection.ts
/** Sends operations to the server: addresses, keys, and as many tries as are safe. */
var Connection = class {
	#settings;
	constructor(settings) {
		this.#settings = settings;
	}
	/**
	* Opens a stream of events.
	*
	* @param signal ends it
	* @throws StrongroomError; the reason of the caller's signal
	*/
	async listen(query, options, signal) {
		for (let isRenewed = false;; isRenewed = true) {
			const rule = {
				repeat: "safe",
				isOpen: false,
				answer: anything
			};
			const request = await this.#requestOf("GET /v3/events", rule, { query }, options);
			const headers = {
				...request.headers,
				accept: "text/event-stream"
			};
			const opened = await openStream(this.#settings.fetch, {
				...request,
				headers
			}, signal);
			if ("body" in opened) return opened.body;
			if (isRenewed || !this.#isKeyRefused(request, opened.failure)) throw errorOf(opened.failure, false);
		}
	}
	/** @throws StrongroomError; the reason of the signal; TypeError for what cannot be sent */
	async send(operation, sent, options = {}) {
		const received = await this.sendUnless(operation, sent, options);
		if (received === void 0) throw new Error("Only what is asked on condition is unchanged.");
		return received;
	}
	/** The same on condition: nothing, where what is known is still what is there. */
	async sendUnless(operation, sent, options = {}) {
		const rule = operations[operation];
		let request = await this.#requestOf(operation, rule, sent, options);
		const retries = retriesOf(options, this.#settings.retries);
		for (let tries = 0, mayHaveActed = false, isRenewed = false;; tries++) {
			const exchanged = await exchange(this.#settings.fetch, request, rule.answer);
			if ("answer" in exchanged) return exchanged.answer;
			if ("unchanged" in exchanged) return void 0;
			const { failure } = exchanged;
			mayHaveActed ||= request.method !== "GET" && leavesOpen(failure);
			const isAnew = !isRenewed && this.#isKeyRefused(request, failure);
			isRenewed ||= isAnew;
			const pause = isAnew ? 0 : tries < retries ? pauseBefore(rule, failure, tries) : void 0;
			if (pause === void 0) throw errorOf(failure, mayHaveActed);
			if (pause > 0) await wait(pause, request.signal);
			if (mayHaveActed && rule.repeat === "keyed" && this.#isOver(request)) throw errorOf(failure, mayHaveActed);
			request = await this.#underGoodKey(request);
		}
	}
	/** Tells whoever the key is from, for whom the server may take another one. */
	#isKeyRefused({ apiKey }, { status, code }) {
		if (apiKey === void 0 || status !== 401 || code !== "unauthenticated") return false;
		this.#settings.keys?.refused(apiKey);
		return this.#settings.keys !== void 0;
	}
	#isOver({ apiKey }) {
		const { keys } = this.#settings;
		return keys !== void 0 && apiKey !== void 0 && !keys.isGood(apiKey);
	}
	/** The same request, under another key where its own has ended. */
	async #underGoodKey(request) {
		if (!this.#isOver(request)) return request;
		const apiKey = checkedApiKey(await this.#settings.apiKey?.(request.signal));
		const headers = {
			...request.headers,
			authorization: `Bearer ${apiKey}`
		};
		return {
			...request,
			headers,
			apiKey,
			secrets: [apiKey, ...request.secrets]
		};
	}
	async #requestOf(operation, { repeat, isOpen, names }, sent, options) {
		const [method = "", path = ""] = operation.split(" ");
		const url = this.#settings.url + addressOf(path, sent, names) + queryOf$1(sent.query);
		const body = sent.body === void 0 ? void 0 : JSON.stringify(sent.body);
		const timeoutMs = timeoutOf(options, this.#settings.timeoutMs);
		const signal = eitherOf(options.signal, this.#settings.signal);
		signal?.throwIfAborted();
		const apiKey = await this.#settings.apiKey?.(signal);
		const known = options.known ?? options.ifNoneMatch;
		return {
			url,
			method,
			headers: headersOf({
				accept: "application/json",
				"strongroom-portal": this.#settings.apiKey === void 0 ? "1" : void 0,
				authorization: this.#settings.apiKey === void 0 || isOpen ? void 0 : `Bearer ${checkedApiKey(apiKey)}`,
				"content-type": body === void 0 ? void 0 : "application/json",
				"strongroom-environment": environmentOf(options, this.#settings.environment),
				"if-match": options.ifMatch === void 0 ? void 0 : [options.ifMatch].flat().join(", "),
				"if-none-match": known,
				"idempotency-key": repeat === "keyed" ? options.idempotencyKey ?? newIdempotencyKey() : void 0
			}),
			body,
			timeoutMs,
			signal,
			secrets: [...apiKey === void 0 ? [] : [apiKey], ...valueIn(sent.body)],
			apiKey
		};
	}
};
/**
* Those that there are. Not a `Headers`: in Node.js that takes longer to load than all else that one command does.
*
* @throws TypeError for what no header can carry
*/
function headersOf(headers) {
	return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => {
		if (value === void 0) return [];
		if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw new TypeError(`${name}: must be what a header can carry.`);
		return [[name, value]];
	}));
}
function eitherOf(one, other) {
	return one === void 0 || other === void 0 ? one ?? other : AbortSignal.any([one, other]);
}
function pauseBefore({ repeat }, failure, tries) {
	if (!mayRepeat(failure, repeat !== "never")) return void 0;
	return pauseMs(tries, failure.retryAfterMs, Math.random());
}
/**
* @param names which parts of the path are names
* @throws TypeError for an id or a name that is none, which could lead to another path
*/
function addressOf(path, sent, names = []) {
	const ids = new Map(Object.entries(sent));
	return path.replaceAll(/\{(\w+)\}/g, (_, name) => {
		const id = ids.get(name);
		if (names.includes(name)) {
			if (typeof id !== "string" || /^\.{0,2}$/.test(id) || /\p{Cs}/u.test(id)) throw new TypeError(`${name}: must be a name.`);
			return encodeURIComponent(id);
		}
		if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 1) throw new TypeError(`${name}: must be a whole number from 1.`);
		return String(id);
	});
}
function queryOf$1(query) {
	const entries = Object.entries(query ?? {}).filter(([, value]) => value !== void 0);
	if (entries.length === 0) return "";
	return `?${new URLSearchParams(entries.map(([name, value]) => [name, String(value)]))}`;
}
/** Of bodies: what no message may quote. */
var secretFields = /* @__PURE__ */ new Set([...[
	"value",
	"token",
	"password",
	"current_password",
	"code",
	"client_secret",
	"enrolment"
]]);
function valueIn(body) {
	if (typeof body !== "object" || body === null) return [];
	return Object.entries(body).flatMap(([name, one]) => secretFields.has(name) && typeof one === "string" ? [one] : []);
}
/** Not `randomUUID`, which pages without TLS do not have. */
function newIdempotencyKey() {
	const bytes = crypto.getRandomValues(/* @__PURE__ */ new Uint8Array(16));
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
// src/client/deleted.ts
/** What was deleted and can be restored for a while. */
var DeletedThings = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	/** All that can be restored, the newest first; page by page as they are taken. */
	list(options) {
		return allPages((query) => this.page(query, options));
	}
	/** One page of the listing; without a limit, all of it. */
	async page(query = {}, options) {
		const { body, headers } = await this.#connection.send("GET /v3/deleted", { query }, options);
		return pageOf(body.deleted, headers);
	}
	/** For how many days what is deleted now can be restored; 0: deletion is permanent. */
	async recoveryDays(options) {
		const { headers } = await this.#connection.send("GET /v3/deleted", { query: { limit: 1 } }, options);
		return recoveryDaysOf(headers);
	}
	/** Puts something back, with its id and its history; a list with all that was in it. */
	async restore(id, input = {}, options) {
		return (await this.#connection.send("POST /v3/deleted/{id}/restore", {
			id,
			body: input
		}, options)).body;
	}
	/** Makes an environment again what it was at a time; with `dry_run`, says what that would do. */
	async rollBack(input, options) {
		return (await this.#connection.send("POST /v3/rollback", { body: input }, options)).body;
	}
	/** Destroys it now. */
	async purge(id, options) {
		await this.#connection.send("DELETE /v3/deleted/{id}", { id }, options);
	}
};
// src/client/event-stream.ts
/** A line longer than that is none of ours. */
var maxLength = 1048576;
/** @throws Error when what comes is no such stream */
async function* blocksOf(body) {
	const reader = body.getReader();
	const decoder = new TextDecoder("utf-8", { fatal: true });
	let text = "";
	try {
		for (let part = await reader.read(); !part.done; part = await reader.read()) {
			text += decoder.decode(part.value, { stream: true }).replaceAll("\r\n", "\n");
			if (text.length > maxLength) throw new Error("An event is too long.");
			const blocks = text.split("\n\n");
			text = blocks.pop() ?? "";
			for (const block of blocks) yield blockOf(block);
		}
	} finally {
		await reader.cancel().catch(() => {});
	}
}
function blockOf(text) {
	let event = "message";
	let id;
	const data = [];
	for (const line of text.split("\n")) {
		const [, name, value = ""] = /^([a-z]+):? ?(.*)$/.exec(line) ?? [];
		if (name === "event") event = value;
		else if (name === "id") id = value;
		else if (name === "data") data.push(value);
	}
	return {
		event,
		id,
		data: data.join("\n")
	};
}
// src/client/events.ts
var isEvent = fields({
	id: integer,
	action: text,
	object: orNull(fields({
		kind: text,
		id: orNull(integer),
		name: orNull(text),
		version: orNull(integer)
	})),
	time: text,
	outcome: text,
	environment: optional(text),
	inherited: optional(bool),
	principal: optional(fields({
		kind: text,
		id: integer,
		name: text
	}))
});
var isPosition = fields({
	position: integer,
	missed: bool
});
/** Between two connections at most, at random. */
var maxPauseMs = 3e4;
/** The server says that it is there every 15 seconds: one that says nothing for so long is not. */
var silenceMs = 45e3;
/**
* Listens until the signal ends it. A connection that breaks is made anew, at another server too, and goes on where it stopped.
*
* @throws StrongroomError when the server refuses, for another reason than that it is away; the reason of the signal
*/
async function* events(connection, options = {}) {
	const { signal, onPosition = () => {}, onDisconnect = () => {} } = options;
	let last = options.after;
	for (let tries = 0;;) {
		signal?.throwIfAborted();
		const quiet = new Silence(signal);
		try {
			const body = await connection.listen(queryOf(options, last), options, quiet.signal);
			for await (const block of blocksOf(body)) {
				quiet.heard();
				const data = dataOf(block.data);
				if (block.event === "position" && isPosition(data)) {
					tries = 0;
					last = data.position;
					onPosition(data);
				} else if (block.event === "message" && isEvent(data)) {
					last = data.id;
					yield data;
				} else if (block.data === "" && block.id !== void 0 && Number.isSafeInteger(Number(block.id))) last = Number(block.id);
			}
		} catch (error) {
			signal?.throwIfAborted();
			if (error instanceof StrongroomError && !isPassing(error)) throw error;
		} finally {
			quiet.end();
		}
		onDisconnect();
		await wait(pauseMs(tries++, void 0, Math.random(), maxPauseMs) ?? 0, signal);
	}
}
function queryOf({ name, actions, everywhere }, after) {
	return {
		...after === void 0 ? {} : { after: String(after) },
		...name === void 0 ? {} : { name },
		...actions === void 0 ? {} : { action: actions.join(",") },
		...everywhere === true ? { everywhere: "true" } : {}
	};
}
function dataOf(data) {
	try {
		return data === "" ? void 0 : JSON.parse(data);
	} catch {
		return;
	}
}
/** Breaks a connection on which nothing is heard. */
var Silence = class {
	#controller = new AbortController();
	#outer;
	#giveUp = () => this.#controller.abort();
	#timer;
	constructor(outer) {
		this.#outer = outer;
		this.#timer = setTimeout(this.#giveUp, silenceMs);
		outer?.addEventListener("abort", this.#giveUp, { once: true });
	}
	get signal() {
		return this.#controller.signal;
	}
	heard() {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(this.#giveUp, silenceMs);
	}
	end() {
		clearTimeout(this.#timer);
		this.#outer?.removeEventListener("abort", this.#giveUp);
		this.#controller.abort();
	}
};
// src/client/trust-rules.ts
/** Keys for jobs without a stored one: rules about whose tokens are trusted, and trading a token for a key. */
var TrustRules = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	/** The trust rules whose keys this API key may manage; page by page as they are taken. */
	list(options) {
		return allPages((query) => this.page(query, options));
	}
	/** One page of the listing; without a limit, all of it. */
	async page(query = {}, options) {
		const { body, headers } = await this.#connection.send("GET /v3/trust-rules", { query }, options);
		return pageOf(body.trust_rules, headers);
	}
	async get(id, options) {
		return (await this.#connection.send("GET /v3/trust-rules/{id}", { id }, options)).body;
	}
	/** Once, however often it is sent. */
	async create(input, options) {
		return (await this.#connection.send("POST /v3/trust-rules", { body: input }, options)).body;
	}
	async update(id, change, options) {
		return (await this.#connection.send("PATCH /v3/trust-rules/{id}", {
			id,
			body: change
		}, options)).body;
	}
	/** With every key that was made under it. */
	async delete(id, options) {
		await this.#connection.send("DELETE /v3/trust-rules/{id}", { id }, options);
	}
};
// src/client/users.ts
/** The people of the account. */
var Users = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	/** All users; page by page as they are taken. */
	list(options) {
		return allPages((query) => this.page(query, options));
	}
	/** One page of the listing; without a limit, all of it. */
	async page(query = {}, options) {
		const { body, headers } = await this.#connection.send("GET /v3/users", { query }, options);
		return pageOf(body.users, headers);
	}
};
// src/client/webhooks.ts
/** Webhooks: where records of the trail are told of as they come. */
var Webhooks = class {
	#connection;
	constructor(connection) {
		this.#connection = connection;
	}
	/** One's own; all of the account with `account:manage`. Page by page as they are taken. */
	list(options) {
		return allPages(async (query) => {
			const { body, headers } = await this.#connection.send("GET /v3/webhooks", { query }, options);
			return pageOf(body.webhooks, headers);
		});
	}
	async get(id, options) {
		return (await this.#connection.send("GET /v3/webhooks/{id}", { id }, options)).body;
	}
	/**
	* Once, however often it is sent. The secret is in this answer alone; `warning` says why nothing can be sent there now.
	*
	* @throws AlreadyMade when it was given out before
	*/
	async create(input, options) {
		return (await this.#connection.send("POST /v3/webhooks", { body: input }, options)).body;
	}
	async update(id, change, options) {
		return (await this.#connection.send("PATCH /v3/webhooks/{id}", {
			id,
			body: change
		}, options)).body;
	}
	async delete(id, options) {
		await this.#connection.send("DELETE /v3/webhooks/{id}", { id }, options);
	}
	/** Makes another secret; the one before signs beside it for a day. */
	async rotate(id, options) {
		return (await this.#connection.send("POST /v3/webhooks/{id}/rotate", { id }, options)).body;
	}
	/** Sends a test: the answer comes before it is sent. */
	async test(id, options) {
		return (await this.#connection.send("POST /v3/webhooks/{id}/test", { id }, options)).body;
	}
	/** What it was told, and is to be, the newest first. */
	deliveries(id, filter = {}, options) {
		return allPages(async (page) => {
			const query = {
				...filter,
				...page
			};
			const { body, headers } = await this.#connection.send("GET /v3/webhooks/{id}/deliveries", {
				id,
				query
			}, options);
			return pageOf(body.deliveries, headers);
		});
	}
	/** Sends a delivery again, under the same id. */
	async retry(id, delivery, options) {
		const sent = {
			id,
			delivery
		};
		return (await this.#connection.send("POST /v3/webhooks/{id}/deliveries/{delivery}/retry", sent, options)).body;
	}
};
// src/client/strongroom.ts
/** The client: one object for one server and one API key. */
/** Speaks the v3 API. Holds no connection that would have to be closed, and shows its API key to nobody. */
var Strongroom = class {
	secrets;
	lists;
	machines;
	seeds;
	deleted;
	deployments;
	environments;
	settings;
	signIn;
	account;
	keys;
	trustRules;
	users;
	webhooks;
	audit;
	#connection;
	/** @throws TypeError for options that cannot be right */
	constructor(options) {
		const connection = new Connection(settingsOf(options));
		this.#connection = connection;
		this.secrets = new Secrets(connection);
		this.lists = new Lists(connection);
		this.machines = new Machines(connection);
		this.seeds = new Seeds(connection);
		this.deleted = new DeletedThings(connection);
		this.deployments = new Deployments(connection);
		this.environments = new Environments(connection);
		this.settings = new AccountSettings(connection);
		this.signIn = new SignIn(connection);
		this.account = new Account(connection);
		this.keys = new Keys(connection);
		this.trustRules = new TrustRules(connection);
		this.users = new Users(connection);
		this.webhooks = new Webhooks(connection);
		this.audit = new Audit(connection);
	}
	/** Puts the values of secrets in the places of `${{secret.NAME}}`. Every read is recorded, and what the target holds. */
	async render(template, options) {
		return (await this.#connection.send("POST /v3/render", { body: template }, options)).body;
	}
	/**
	* What happens from now on, as it happens: `for await (const event of strongroom.events({ name: 'db-*' }))`. Lost connections
	* are made anew, and nothing is lost or told twice; `signal` ends it. Listening leaves no record in the audit trail.
	*/
	events(options) {
		return events(this.#connection, options);
	}
	/**
	* Calls an operation by its name, as `/openapi.json` has it: those too that have no method of their own. What it takes
	* and answers is typed: `call('POST /v3/users', { body: { email, role: 'reader' } })`.
	*/
	async call(operation, sent, options) {
		return (await this.#connection.send(operation, sent, options)).body;
	}
	/** Makes fingerprints of the values that may be scanned for, by which they are recognized and not known. */
	async fingerprints(filter = {}, options) {
		return (await this.#connection.send("POST /v3/fingerprints", { body: filter }, options)).body;
	}
	/** The same in parts, of which there may be any number: all under the same keys. */
	async *fingerprintParts(filter = {}, options) {
		yield* itemsOf(async (cursor) => {
			const body = {
				limit: 1e4,
				...filter,
				...cursor === void 0 ? {} : { cursor }
			};
			const answer = await this.#connection.send("POST /v3/fingerprints", { body }, options);
			return pageOf([answer.body], answer.headers);
		});
	}
};
// src/formats/forms.ts
var controls = {
	"\b": "\\b",
	"	": "\\t",
	"\n": "\\n",
	"\f": "\\f",
	"\r": "\\r"
};
function hex(code, digits) {
	return code.toString(16).padStart(digits, "0");
}
function unitsOf(character) {
	return Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
}
function bytesOf(character) {
	return [...Buffer.from(character)];
}
/** `\u0026`: by UTF-16's units, so that a character beyond them is two. */
function escapedUnits(character, isUpper = false) {
	return unitsOf(character).map((unit) => `\\u${isUpper ? hex(unit, 4).toUpperCase() : hex(unit, 4)}`).join("");
}
/** As ECMAScript writes JSON, and escaped besides what fits the pattern. */
function json(also, isUpper = false) {
	return (character) => {
		if (character === "\\") return "\\\\";
		if (also?.test(character)) return escapedUnits(character, isUpper);
		return JSON.stringify(character).slice(1, -1);
	};
}
var beyondAscii = /[^\p{ASCII}]/u;
var jsonAscii = json(beyondAscii);
var pythonJson = json(/\x7f|[^\p{ASCII}]/u);
var plainJson = json(void 0);
var goJson = json(/[&<>\u2028\u2029]/u);
function again(written) {
	return written.replaceAll("\\", "\\\\").replaceAll("\"", "\\\"");
}
/** The characters that a URL takes as they are, for one program or another, besides letters and digits. */
function percent(safe, { blank = "%20", isLower = false } = {}) {
	return (character) => {
		if (character === " ") return blank;
		if (safe.includes(character)) return character;
		return bytesOf(character).map((byte) => `%${isLower ? hex(byte, 2) : hex(byte, 2).toUpperCase()}`).join("");
	};
}
/** As the URLs of browsers have them: only what is in the set, and what is not ASCII, is escaped. */
function percentOf(unsafe) {
	const all = percent("");
	return (character) => /[^\x21-\x7e]/u.test(character) || unsafe.includes(character) ? all(character) : character;
}
/** `escape` of JavaScript. */
function escaped$1(character) {
	if ("@*_+-./".includes(character)) return character;
	return unitsOf(character).map((unit) => {
		return unit < 256 ? `%${hex(unit, 2).toUpperCase()}` : `%u${hex(unit, 4).toUpperCase()}`;
	}).join("");
}
function entities(names) {
	return (character) => names[character] ?? character;
}
/** A literal in a program's source, as Python, Node or Go show a text. */
function literal(quotes, isAscii) {
	return (character) => {
		if (quotes.includes(character)) return `\\${character}`;
		if (character === "\\") return "\\\\";
		const short = controls[character];
		if (short !== void 0) return short;
		return /\p{Cc}/u.test(character) || isAscii && beyondAscii.test(character) ? bytesOf(character).map((byte) => `\\x${hex(byte, 2)}`).join("") : character;
	};
}
/** What is no ASCII, and control characters: each of their bytes. */
function byBytes(write) {
	return (character) => {
		if (!beyondAscii.test(character) && !/\p{Cc}/u.test(character)) return character;
		return bytesOf(character).map(write).join("");
	};
}
/** With the octal digits that C has, all three or as few as it takes. */
function octal(byte, digits = 3) {
	return `\\${byte.toString(8).padStart(digits, "0")}`;
}
/** As words of a shell have them in `$'…'`. */
function shellByte(byte) {
	return controls[String.fromCharCode(byte)] ?? octal(byte);
}
/** As `cat -v` shows a byte, with what stands for Control and for Meta. */
function caret(control, meta) {
	const write = (byte) => {
		if (byte >= 128) return meta + write(byte - 128);
		return byte < 32 || byte === 127 ? control + String.fromCharCode(byte ^ 64) : String.fromCharCode(byte);
	};
	return write;
}
/** What is no ASCII, by its number: `\\xe4` of Python and YAML, `\\u{e4}` of Rust and Ruby, `&#228;` of XML. */
function byNumber(write) {
	return (character) => {
		if (!beyondAscii.test(character) && !/\p{Cc}/u.test(character)) return character;
		return write(character.codePointAt(0) ?? 0);
	};
}
function pythonNumber(code) {
	if (code < 256) return `\\x${hex(code, 2)}`;
	return code < 65536 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}
/** The same with the digits of YAML. */
function yamlNumber(code) {
	const written = pythonNumber(code);
	return written.slice(0, 2) + written.slice(2).toUpperCase();
}
/** As e-mail has it. */
function quotedPrintable(character) {
	if (/[\x21-\x3c\x3e-\x7e]/.test(character)) return character;
	return bytesOf(character).map((byte) => `=${hex(byte, 2).toUpperCase()}`).join("");
}
/** What `printf %q` of bash and `set -x` put before a character, but for those that they let stand; in octal what is no ASCII. */
function shellWord(safe) {
	return (character) => {
		if (safe.includes(character)) return character;
		if (!beyondAscii.test(character)) return controls[character] ?? `\\${character}`;
		return bytesOf(character).map((byte) => `\\${byte.toString(8)}`).join("");
	};
}
var xml = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;"
};
var unreserved = "-_.~";
/** Each of them as some program has it, for every character of a value. */
var encoders = [
	(character) => character,
	plainJson,
	goJson,
	jsonAscii,
	pythonJson,
	(character) => character === "/" ? "\\/" : character,
	(character) => character === "/" ? "\\/" : jsonAscii(character),
	json(/["&'+<>`\x7f]|[^\p{ASCII}]/u, true),
	json(/["&'<>/=]|[^\p{ASCII}]/u),
	...[
		plainJson,
		goJson,
		jsonAscii,
		pythonJson
	].map((encode) => (character) => again(encode(character))),
	...[false, true].flatMap((isLower) => [
		percent(unreserved, { isLower }),
		percent(`${unreserved}/`, { isLower }),
		percent(unreserved, {
			isLower,
			blank: "+"
		}),
		percent(`${unreserved}$&+:=@`, { isLower }),
		percent(`${unreserved}$&+,/:;=@`, { isLower }),
		percent(`${unreserved}$&+,;=`, { isLower }),
		percent(`${unreserved}!*'()`, { isLower }),
		percent("-_.!*()", {
			isLower,
			blank: "+"
		}),
		percent("*-._", {
			isLower,
			blank: "+"
		}),
		percent("-_.", {
			isLower,
			blank: "+"
		})
	]),
	percent(`;/?:@&=+$,#${unreserved}!*'()`),
	percentOf("\"#<>?`{}/:;=@[\\]^|"),
	percentOf("\"#<>?`{}"),
	percentOf("\"#<>'"),
	escaped$1,
	entities(xml),
	entities({
		...xml,
		"\"": "&quot;",
		"'": "&apos;",
		"\n": "&#10;",
		"\r": "&#13;",
		"	": "&#9;"
	}),
	entities({
		...xml,
		"\"": "&quot;",
		"'": "&#x27;"
	}),
	entities({
		...xml,
		"\"": "&quot;",
		"'": "&#39;",
		"\n": "&#xA;",
		"\r": "&#xD;"
	}),
	entities({
		...xml,
		"\"": "&#34;",
		"'": "&#39;"
	}),
	entities({ "'": "'\\''" }),
	entities({ "'": "\\''" }),
	entities({ "'": `'"'"'` }),
	entities({ "'": "''" }),
	entities({ "\"": "\"\"" }),
	entities({
		"\"": "\\\"",
		"\\": "\\\\",
		$: "\\$",
		"`": "\\`"
	}),
	shellWord("_@%+=:./-"),
	shellWord("_@%+=:,./-"),
	byNumber(pythonNumber),
	byNumber(yamlNumber),
	byNumber((code) => `\\u{${hex(code, 1)}}`),
	byNumber((code) => `\\u{${hex(code, 1).toUpperCase()}}`),
	byNumber((code) => `\\x{${hex(code, 1)}}`),
	byNumber((code) => `&#${code};`),
	byNumber((code) => `&#x${hex(code, 1)};`),
	byNumber((code) => `&#x${hex(code, 1).toUpperCase()};`),
	quotedPrintable,
	(character) => character === " " ? "_" : quotedPrintable(character),
	(character) => character === " " ? "_" : percent("")(character).replaceAll("%", "="),
	(character) => `\\${character}`,
	(character) => percent("")(character).replaceAll("%", "\\x"),
	(character) => percent("", {
		blank: "%20",
		isLower: true
	})(character).replaceAll("%", "\\x"),
	byBytes((byte) => octal(byte)),
	byBytes((byte) => octal(byte, 1)),
	byBytes((byte) => `$'${shellByte(byte)}'`),
	byBytes((byte) => `'$'${shellByte(byte)}''`),
	byBytes(caret("^", "M-")),
	byBytes(caret("\\C-", "\\M-")),
	byBytes((byte) => caret("\\c", "")(byte).toLowerCase()),
	byBytes((byte) => `\\x[${hex(byte, 2)}]`),
	entities({
		"\x07": "\\a",
		"\v": "\\v",
		"\x1B": "\\e"
	}),
	entities({ "\x1B": "\\E" }),
	(character) => /\p{Cc}/u.test(character) ? "�" : character,
	entities({ "\\": "/" }),
	literal("'", false),
	literal("\"", false),
	literal("'", true),
	literal("\"", true)
];
/** Every way in which one program writes the whole text. */
function writtenForms(text) {
	return encoders.map((encode) => encodedBy(encode, text));
}
function encodedBy(encode, text) {
	return [...text].map((one) => /[A-Za-z0-9]/.test(one) ? one : encode(one)).join("");
}
/** Canonical base64 of 12 bytes or more. */
var isBase64 = /^(?:[A-Za-z0-9+/]{4}){4,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** The text in a value that is itself the base64 of one. */
function decodedText(value) {
	const text = value.trim();
	if (!isBase64.test(text)) return void 0;
	try {
		return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "base64"));
	} catch {
		return;
	}
}
/** As a log is cut into lines; without the blanks around them, so that they are found however they are indented. */
function linesOf(text) {
	return text.split(/\r\n|\r|\n/).map((line) => line.trim());
}
var alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/**
* The base64 of bytes that stand behind others: so many more than a multiple of three, as in `user:password`. The digit
* that the byte before has a part of is left out: it has four bits of the first byte, at the most.
*/
function base64Behind(bytes, before) {
	const whole = Buffer.concat([
		Buffer.alloc(before),
		bytes,
		Buffer.alloc(2)
	]).toString("base64");
	const [start, end] = [before * 8, (before + bytes.length) * 8];
	const [from, to] = [Math.ceil(start / 6), Math.floor(end / 6)];
	const lastBits = end - to * 6;
	const last = alphabet.indexOf(whole[to] ?? "A") >> 6 - lastBits;
	return {
		digits: whole.slice(from, to),
		last: lastBits === 0 ? [] : [...alphabet].filter((_, digit) => digit >> 6 - lastBits === last)
	};
}
/** As programs wrap base64: PEM, and MIME. */
var wraps = [64, 76];
/** A shorter one is in every log. */
var leastDigits = 8;
/** Lines such as `}` say nothing of a value, and hiding them would hide half of the log. */
var isPunctuation = /^[{}[\](),;:"'`]{1,3}$/;
/**
* The texts by which a value is known in a log, where only whole texts can be looked for, line by line.
*
* @param value a text, or the bytes of a file
*/
function formsOf(value) {
	const bytes = Buffer.from(value);
	const text = typeof value === "string" ? value : textOf(bytes);
	const inside = text === void 0 ? void 0 : decodedText(text);
	const forms = [
		...formsOfText(text),
		...formsOfText(inside),
		...inBase64(bytes)
	];
	if (inside !== void 0) forms.push(...inBase64(Buffer.from(inside)));
	return [...new Set(forms)].filter((form) => form.trim() !== "" && !isPunctuation.test(form.trim()));
}
function textOf(bytes) {
	try {
		return new TextDecoder("utf-8", {
			fatal: true,
			ignoreBOM: true
		}).decode(bytes);
	} catch {
		return;
	}
}
function formsOfText(text) {
	if (text === void 0) return [];
	return [
		text,
		text.trim(),
		...linesOf(text)
	].flatMap((one) => writtenForms(one));
}
function inBase64(bytes) {
	if (bytes.length === 0) return [];
	const whole = [bytes.toString("base64"), bytes.toString("base64url")];
	const lines = whole.flatMap((one) => wraps.flatMap((width) => one.match(new RegExp(`.{1,${width}}`, "g")) ?? []));
	const behind = [
		0,
		1,
		2
	].map((before) => base64Behind(bytes, before).digits);
	const others = [
		...lines,
		...behind,
		...behind.map(forUrls),
		bytes.toString("hex")
	];
	return [...whole, ...[...others, bytes.toString("hex").toUpperCase()].filter(({ length }) => length >= leastDigits)];
}
function forUrls(digits) {
	return digits.replaceAll("+", "-").replaceAll("/", "_");
}
// action/src/commands.ts
/** How an action speaks to its runner: commands on standard output, and files that set outputs and variables. */
/** Hides a text in all that the job logs from now on. A blank text cannot be hidden. */
function mask(text) {
	if (text.trim() !== "") command("add-mask", text);
}
/** Shows an error in the log and beside the workflow. */
function error(message) {
	command("error", message);
}
/** The same for what fails nothing. */
function warn(message) {
	command("warning", message);
}
/** A line of the log. */
function say(line) {
	process.stdout.write(`${line.replaceAll(/[\r\n]+/g, " ").replaceAll(/::|##\[/g, " ")}\n`);
}
/**
* Gives all of them to each file, or, where that cannot be, such as on a full disk, nothing to any.
*
* @param paths of files that the runner reads once the step is over
*/
function append(paths, pairs) {
	const before = paths.map((path) => [path, statSync(path, { throwIfNoEntry: false })?.size ?? 0]);
	try {
		for (const path of paths) appendFileSync(path, pairs.map(block).join(""));
	} catch (error) {
		for (const [path, size] of before) cut(path, size);
		throw error;
	}
}
function cut(path, size) {
	try {
		truncateSync(path, size);
	} catch {}
}
/** Between two lines that nobody who chose the value could know. */
function block({ name, value }) {
	const delimiter = `strongroom_${randomUUID()}`;
	if (name.includes(delimiter) || value.includes(delimiter)) throw new Error("A delimiter was guessed.");
	return `${name}<<${delimiter}${EOL}${value}${EOL}${delimiter}${EOL}`;
}
function command(name, text) {
	process.stdout.write(`::${name}::${escaped(text)}\n`);
}
/** The percent sign first, or what is escaped would be escaped again. */
function escaped(text) {
	return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
// action/src/fault.ts
/** What stops the action for a reason that whoever wrote the workflow can read and mend. */
var Fault = class extends Error {
	name = "Fault";
};
// src/formats/unsafe-variables.ts
/**
* Variables that decide what programs load and run, or whom they trust: no secret becomes one of them by its name. The
* command, exports and the GitHub Action share this list. In capitals, as many programs read theirs in small letters too.
*/
/** Whatever begins so. */
var beginnings = [
	"LD_",
	"DYLD_",
	"_RLD",
	"BASH_FUNC_",
	"STRONGROOM_"
];
/**
* The settings of one program: whatever begins so, but what is called a password or a token, which many of these
* programs take in such a variable, and none runs.
*/
var settings = [
	...[
		"XDG_",
		"TERMINFO",
		"SYSTEMD_",
		"GIT_",
		"NPM_CONFIG_",
		"PNPM_CONFIG_",
		"YARN_",
		"BUN_",
		"NODE_GYP_",
		"PYTHON"
	],
	...[
		"PIP_",
		"PIPENV_",
		"PYTEST_",
		"UV_",
		"VIRTUALENV_",
		"CONDA_",
		"IPYTHON",
		"JUPYTER_",
		"ANSIBLE_",
		"PERL",
		"RUBY"
	],
	...[
		"BUNDLER_",
		"LUA_",
		"ERL_",
		"ELIXIR_",
		"MIX_",
		"GUILE_",
		"OCAML",
		"GHC_",
		"CABAL_",
		"JULIA_",
		"R_",
		"OCTAVE_"
	],
	...[
		"DOTNET_",
		"COREHOST_",
		"CORECLR_",
		"COR_",
		"COMPLUS_",
		"MSBUILD",
		"CMAKE_",
		"CTEST_",
		"PKG_CONFIG",
		"CCACHE_"
	],
	...[
		"DISTCC_",
		"SCCACHE_",
		"CGO_",
		"RUSTC",
		"RUSTDOC",
		"RUSTUP_",
		"CARGO_",
		"TF_CLI_",
		"TERRAGRUNT_",
		"CLOUDSDK_"
	],
	...[
		"KUBECTL_",
		"HELM_",
		"BUILDX_",
		"CONTAINERS_",
		"VAGRANT_",
		"OPENSSL_",
		"GNUTLS_",
		"GTK_",
		"GIO_",
		"GST_PLUGIN"
	],
	...[
		"UWSGI_",
		"AWS_ENDPOINT_URL_",
		"PLAYWRIGHT_",
		"QT_",
		"QML",
		"MAGICK_",
		"FONTCONFIG_",
		"GROFF_",
		"EMACS",
		"VIM",
		"TMUX"
	]
];
var isCredential = /_(?:TOKENS?|PASSWORD|PASSPHRASE|PASSWD|SECRET|API_?KEY|ACCESS_KEY|AUTH|USER|USERNAME|CREDENTIALS)$/;
/** What variables of any program are called that name a command, a library or flags. */
var endings = /_(?:PASSWORD_COMMAND|PASS_?COMMAND|ASKPASS|EDITOR|PAGER|RSH|BROWSER|JAVA_OPTS|JAVA_OPTIONS|JVM_OPTS|SYMBOLIZER_PATH|HOOK_PATH|EXECUTABLE_PATH)$/;
/** Those by themselves. */
var names = /* @__PURE__ */ new Set([
	...[
		"CI",
		"PATH",
		"PATHEXT",
		"HOME",
		"USERPROFILE",
		"HOMEDRIVE",
		"HOMEPATH",
		"APPDATA",
		"LOCALAPPDATA"
	],
	...[
		"PROGRAMDATA",
		"PROGRAMFILES",
		"SHELL",
		"COMSPEC",
		"SYSTEMROOT",
		"SYSTEMDRIVE",
		"WINDIR",
		"PSMODULEPATH"
	],
	...[
		"PWD",
		"OLDPWD",
		"CDPATH",
		"TMPDIR",
		"TEMP",
		"TMP",
		"TMPPREFIX",
		"ZDOTDIR",
		"FPATH",
		"MODULE_PATH",
		"IFS",
		"ENV"
	],
	...[
		"BASH_ENV",
		"BASHOPTS",
		"BASH_LOADABLES_PATH",
		"BASH_XTRACEFD",
		"SHELLOPTS",
		"EXECIGNORE",
		"GLOBIGNORE"
	],
	...[
		"PROMPT_COMMAND",
		"PROMPT",
		"PS0",
		"PS1",
		"PS2",
		"PS3",
		"PS4",
		"HISTFILE",
		"INPUTRC",
		"MAILPATH",
		"TERM"
	],
	...[
		"TERMCAP",
		"TEXTDOMAIN",
		"TEXTDOMAINDIR",
		"POSIXLY_CORRECT",
		"FISH_USER_PATHS",
		"FISH_FUNCTION_PATH"
	],
	...[
		"RANDOM",
		"SRANDOM",
		"SECONDS",
		"EPOCHSECONDS",
		"LINENO",
		"OPTIND",
		"OPTERR",
		"COLUMNS",
		"LINES",
		"HISTCMD"
	],
	...[
		"HISTSIZE",
		"HISTFILESIZE",
		"SAVEHIST",
		"TMOUT",
		"KEYTIMEOUT",
		"LISTMAX",
		"LOGCHECK",
		"MAILCHECK",
		"SHLVL"
	],
	...[
		"DIRSTACKSIZE",
		"UID",
		"EUID",
		"GID",
		"EGID",
		"PPID",
		"BASHPID",
		"ERRNO",
		"FUNCNEST",
		"REPORTTIME",
		"TTYIDLE"
	],
	...[
		"REPORTMEMORY",
		"TRY_BLOCK_ERROR",
		"TRY_BLOCK_INTERRUPT",
		"NULLCMD",
		"READNULLCMD",
		"STTY",
		"POSTEDIT"
	],
	...[
		"GCONV_PATH",
		"GLIBC_TUNABLES",
		"LOCPATH",
		"NLSPATH",
		"GETCONF_DIR",
		"MALLOC_TRACE",
		"RESOLV_HOST_CONF"
	],
	...[
		"RES_OPTIONS",
		"LOCALDOMAIN",
		"HOSTALIASES",
		"NIS_PATH",
		"TZDIR",
		"LIBPATH",
		"SHLIB_PATH"
	],
	...[
		"LESS",
		"LESSOPEN",
		"LESSCLOSE",
		"LESSKEY",
		"LESSKEYIN",
		"LESSKEY_SYSTEM",
		"LESSEDIT",
		"SSH_ASKPASS"
	],
	...[
		"SSH_ASKPASS_REQUIRE",
		"SSH_AUTH_SOCK",
		"SSH_SK_PROVIDER",
		"SSH_SK_HELPER",
		"SSH_PKCS11_HELPER",
		"SUDO_ASKPASS"
	],
	...[
		"SUDO_EDITOR",
		"SUDO_PROMPT",
		"SVN_SSH",
		"SVN_EDITOR",
		"HG",
		"HGRCPATH",
		"HGEDITOR",
		"HGMERGE",
		"RSYNC_RSH"
	],
	...[
		"RSYNC_CONNECT_PROG",
		"RSYNC_PROXY",
		"GNUPGHOME",
		"GPG_AGENT_INFO"
	],
	...[
		"EDITOR",
		"VISUAL",
		"FCEDIT",
		"KUBE_EDITOR",
		"PAGER",
		"MANPAGER",
		"MANOPT",
		"MORE",
		"BROWSER",
		"CVS_RSH"
	],
	...[
		"EXINIT",
		"NVIM_APPNAME",
		"MYVIMRC",
		"SCREENRC",
		"SYSSCREENRC",
		"MAILCAPS",
		"MAILRC",
		"WGETRC",
		"SYSTEM_WGETRC"
	],
	...[
		"CURL_HOME",
		"NETRC",
		"BAT_PAGER",
		"DELTA_PAGER",
		"PSQLRC",
		"PSQL_PAGER",
		"PSQL_EDITOR",
		"PSQL_EDITOR_LINENUMBER_ARG"
	],
	...[
		"PGSYSCONFDIR",
		"PGSERVICEFILE",
		"MYSQL_HOME",
		"LIBMYSQL_PLUGINS",
		"LIBMYSQL_PLUGIN_DIR",
		"LYNX_CFG"
	],
	...[
		"CC",
		"CXX",
		"CPP",
		"LD",
		"AR",
		"AS",
		"NM",
		"FC",
		"RANLIB",
		"STRIP",
		"OBJCOPY",
		"MAKE",
		"MAKEFLAGS",
		"MFLAGS"
	],
	...[
		"GNUMAKEFLAGS",
		"MAKEFILES",
		"MAKEOVERRIDES",
		"MAKESHELL",
		"CFLAGS",
		"CXXFLAGS",
		"CPPFLAGS",
		"LDFLAGS",
		"CPATH"
	],
	...[
		"C_INCLUDE_PATH",
		"CPLUS_INCLUDE_PATH",
		"OBJC_INCLUDE_PATH",
		"LIBRARY_PATH",
		"COMPILER_PATH",
		"GCC_EXEC_PREFIX"
	],
	...[
		"DEPENDENCIES_OUTPUT",
		"SUNPRO_DEPENDENCIES",
		"CONFIG_SITE",
		"CONFIG_SHELL",
		"M4PATH",
		"ACLOCAL_PATH"
	],
	...[
		"GRADLE_OPTS",
		"GRADLE_HOME",
		"GRADLE_USER_HOME",
		"NUGET_PACKAGES",
		"NUGET_PLUGIN_PATHS"
	],
	...["NUGET_NETCORE_PLUGIN_PATHS", "NUGET_NETFX_PLUGIN_PATHS"],
	...[
		"BAZELISK_BASE_URL",
		"BAZEL_SH",
		"GCCGO",
		"GOFLAGS",
		"GOPROXY",
		"GOPRIVATE",
		"GONOPROXY",
		"GONOSUMDB"
	],
	...[
		"GONOSUMCHECK",
		"GOSUMDB",
		"GOINSECURE",
		"GOENV",
		"GOROOT",
		"GOPATH",
		"GOBIN",
		"GOTOOLCHAIN",
		"GOTOOLDIR",
		"GOAUTH"
	],
	...[
		"GOCACHE",
		"GOCACHEPROG",
		"GOMODCACHE",
		"GOVCS",
		"GODEBUG",
		"GOWORK",
		"GOEXPERIMENT",
		"RUSTFLAGS"
	],
	...[
		"NODE_OPTIONS",
		"NODE_PATH",
		"NODE_REPL_EXTERNAL_MODULE",
		"NODE_REPL_HISTORY",
		"NODE_REDIRECT_WARNINGS"
	],
	...[
		"NODE_V8_COVERAGE",
		"NODE_COMPILE_CACHE",
		"NODE_ICU_DATA",
		"NODE_USE_ENV_PROXY",
		"NODE_EXTRA_CA_CERTS"
	],
	...[
		"NODE_TLS_REJECT_UNAUTHORIZED",
		"DENO_DIR",
		"DENO_CERT",
		"DENO_V8_FLAGS",
		"TS_NODE_PROJECT",
		"BABEL_CONFIG_FILE"
	],
	...[
		"VIRTUAL_ENV",
		"COVERAGE_PROCESS_START",
		"POETRY_HOME",
		"POETRY_CONFIG_DIR",
		"GEM_HOME",
		"GEM_PATH",
		"GEMRC"
	],
	...[
		"IRBRC",
		"JRUBY_OPTS",
		"JRUBY_HOME",
		"RAKEOPT",
		"PHPRC",
		"PHP_INI_SCAN_DIR",
		"PHP_BINARY",
		"CONDARC",
		"BUNDLE_GEMFILE",
		"BUNDLE_PATH",
		"BUNDLE_BIN",
		"BUNDLE_APP_CONFIG",
		"BUNDLE_USER_CONFIG",
		"BUNDLE_USER_HOME",
		"BUNDLE_USER_PLUGIN",
		"COMPOSER",
		"COMPOSER_HOME",
		"COMPOSER_BIN_DIR"
	],
	...[
		"COMPOSER_VENDOR_DIR",
		"LUA_INIT",
		"TCLLIBPATH",
		"TCL_LIBRARY",
		"TK_LIBRARY",
		"GHCRTS",
		"CAML_LD_LIBRARY_PATH"
	],
	...[
		"AWKPATH",
		"AWKLIBPATH",
		"BC_ENV_ARGS",
		"GS_LIB",
		"GS_OPTIONS",
		"TEXINPUTS",
		"TEXMFCNF"
	],
	...[
		"JAVA_HOME",
		"JAVA_OPTS",
		"JAVA_ARGS",
		"JAVA_TOOL_OPTIONS",
		"_JAVA_OPTIONS",
		"JDK_JAVA_OPTIONS",
		"JVM_OPTS"
	],
	...[
		"JDK_JAVAC_OPTIONS",
		"IBM_JAVA_OPTIONS",
		"OPENJ9_JAVA_OPTIONS",
		"CLASSPATH",
		"MAVEN_OPTS",
		"MAVEN_ARGS"
	],
	...[
		"MAVEN_CONFIG",
		"MAVEN_HOME",
		"M2_HOME",
		"MAVEN_CMD_LINE_ARGS",
		"MAVEN_DEBUG_OPTS",
		"MAVEN_PROJECTBASEDIR"
	],
	...[
		"ANT_ARGS",
		"ANT_OPTS",
		"ANT_HOME",
		"SBT_OPTS",
		"CATALINA_OPTS",
		"CATALINA_HOME",
		"CATALINA_BASE",
		"LEIN_JVM_OPTS"
	],
	...[
		"ASPNETCORE_HOSTINGSTARTUPASSEMBLIES",
		"LIBGL_DRIVERS_PATH",
		"LIBVA_DRIVERS_PATH",
		"OCL_ICD_VENDORS"
	],
	...[
		"VK_ICD_FILENAMES",
		"VK_DRIVER_FILES",
		"VK_ADD_DRIVER_FILES",
		"VK_LAYER_PATH",
		"VK_ADD_LAYER_PATH"
	],
	...["GDK_PIXBUF_MODULE_FILE"],
	...[
		"TAR_OPTIONS",
		"ZIPOPT",
		"UNZIPOPT",
		"APT_CONFIG",
		"DPKG_ROOT",
		"DPKG_ADMINDIR",
		"RPM_CONFIGDIR",
		"RCLONE_CONFIG"
	],
	...[
		"RCLONE_SFTP_SSH",
		"RCLONE_METADATA_MAPPER",
		"BORG_REMOTE_PATH",
		"FZF_DEFAULT_COMMAND",
		"FZF_DEFAULT_OPTS"
	],
	...[
		"FZF_DEFAULT_OPTS_FILE",
		"RIPGREP_CONFIG_PATH",
		"BAT_CONFIG_PATH",
		"ACKRC",
		"PRYRC",
		"GVIMINIT",
		"ELINKS_CONFDIR"
	],
	...[
		"PASSWORD_STORE_EXTENSIONS_DIR",
		"PASSWORD_STORE_ENABLE_EXTENSIONS",
		"PASSWORD_STORE_GPG_OPTS",
		"VALGRIND_LIB"
	],
	...[
		"VALGRIND_OPTS",
		"QEMU_LD_PREFIX",
		"WINEDLLOVERRIDES",
		"ELECTRON_RUN_AS_NODE",
		"P4CONFIG",
		"P4DIFF",
		"P4EDITOR"
	],
	...[
		"P4MERGE",
		"NIX_PATH",
		"NIX_CONFIG",
		"NIX_USER_CONF_FILES",
		"PYENV_ROOT",
		"RBENV_ROOT",
		"NVM_DIR",
		"ASDF_DIR"
	],
	...[
		"ASDF_DATA_DIR",
		"VOLTA_HOME",
		"SDKMAN_DIR",
		"DIRENV_CONFIG",
		"STARSHIP_CONFIG",
		"SHELL_ESCAPE",
		"OPENOUT_ANY"
	],
	...[
		"KAFKA_OPTS",
		"HADOOP_OPTS",
		"SPARK_SUBMIT_OPTS",
		"VAULT_CONFIG_PATH",
		"PACKER_CONFIG",
		"PACKER_PLUGIN_PATH"
	],
	...[
		"ODBCINI",
		"ODBCSYSINI",
		"ODBCINSTINI",
		"TNS_ADMIN",
		"ORACLE_HOME",
		"GSS_MECH_CONFIG",
		"ALSA_CONFIG_PATH"
	],
	...[
		"LADSPA_PATH",
		"GNUPLOT_LIB",
		"GNUPLOT_DRIVER_DIR"
	],
	...[
		"TF_DATA_DIR",
		"TF_PLUGIN_CACHE_DIR",
		"TF_REATTACH_PROVIDERS",
		"TG_TF_PATH",
		"TG_CONFIG",
		"TF_LOG_PATH",
		"TERRAFORM_CONFIG",
		"KUBECONFIG"
	],
	...[
		"DOCKER_HOST",
		"DOCKER_CONFIG",
		"DOCKER_CONTEXT",
		"DOCKER_CERT_PATH",
		"CONTAINER_HOST",
		"COMPOSE_FILE"
	],
	...[
		"COMPOSE_ENV_FILES",
		"AWS_CONFIG_FILE",
		"AWS_SHARED_CREDENTIALS_FILE",
		"AWS_PAGER",
		"AWS_CA_BUNDLE"
	],
	...[
		"AWS_ENDPOINT_URL",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AZURE_CONFIG_DIR",
		"AZURE_EXTENSION_DIR"
	],
	...[
		"GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES",
		"KRB5_CONFIG",
		"LDAPCONF",
		"LDAPRC",
		"SASL_PATH",
		"SOFTHSM2_CONF"
	],
	...[
		"LEX",
		"YACC",
		"RM",
		"PC",
		"CO",
		"GET",
		"LINT",
		"M4",
		"TEX",
		"TANGLE",
		"CTANGLE",
		"WEAVE",
		"CWEAVE",
		"MAKEINFO"
	],
	...[
		"TEXI2DVI",
		"ARFLAGS",
		"ASFLAGS",
		"FFLAGS",
		"LFLAGS",
		"YFLAGS",
		"COFLAGS",
		"GFLAGS",
		"LDLIBS",
		"LOADLIBES"
	],
	...[
		"ACLOCAL",
		"AUTOCONF",
		"AUTOHEADER",
		"AUTOMAKE",
		"AUTOM4TE",
		"LIBTOOL",
		"LIBTOOLIZE",
		"SCONSFLAGS"
	],
	...[
		"ASAN_OPTIONS",
		"LSAN_OPTIONS",
		"MSAN_OPTIONS",
		"TSAN_OPTIONS",
		"UBSAN_OPTIONS",
		"LLDB_DEBUGSERVER_PATH"
	],
	...[
		"DJANGO_SETTINGS_MODULE",
		"FLASK_APP",
		"GUNICORN_CMD_ARGS",
		"CELERY_CONFIG_MODULE",
		"MPLBACKEND",
		"MPLCONFIGDIR"
	],
	...[
		"REBAR_CONFIG",
		"CLJ_CONFIG",
		"LEIN_HOME",
		"HEX_HOME",
		"PEAR_CONF",
		"WP_CLI_CONFIG_PATH",
		"WP_CLI_CUSTOM_SHELL"
	],
	...[
		"PULUMI_HOME",
		"PULUMI_PYTHON_CMD",
		"SOPS_AGE_KEY_CMD",
		"SOPS_GPG_EXEC",
		"KUSTOMIZE_PLUGIN_HOME",
		"KREW_ROOT"
	],
	...[
		"DOCKER_CLI_PLUGIN_EXTRA_DIRS",
		"BUILDKIT_HOST",
		"GH_HOST",
		"GH_CONFIG_DIR",
		"REDISCLI_RCFILE",
		"PNPM_HOME"
	],
	...[
		"VCPKG_ROOT",
		"CONAN_HOME",
		"CONAN_USER_HOME",
		"PIPX_HOME",
		"PRE_COMMIT_HOME",
		"TORCH_HOME",
		"CUDA_HOME"
	],
	...[
		"CHROME_PATH",
		"CHROME_BIN",
		"PSEXECUTIONPOLICYPREFERENCE"
	],
	...[
		"PGSSLROOTCERT",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT"
	],
	...[
		"HTTP_PROXY",
		"HTTPS_PROXY",
		"ALL_PROXY",
		"NO_PROXY",
		"FTP_PROXY",
		"SOCKS_PROXY",
		"GRPC_PROXY",
		"SSL_CERT_FILE"
	],
	...[
		"SSL_CERT_DIR",
		"CURL_CA_BUNDLE",
		"REQUESTS_CA_BUNDLE",
		"SSLKEYLOGFILE"
	]
]);
/** What the runner of GitHub Actions sets, or takes for an input or a state of a step. */
var ofRunner = [
	"GITHUB_",
	"RUNNER_",
	"ACTIONS_",
	"INPUT_",
	"STATE_"
];
/** Whether a value there could make a program run something, find something else, or trust somebody else. */
function isSteering(variable) {
	const capitals = variable.toUpperCase();
	if (names.has(capitals) || endings.test(capitals)) return true;
	if (beginnings.some((beginning) => capitals.startsWith(beginning))) return true;
	return settings.some((beginning) => capitals.startsWith(beginning)) && !isCredential.test(capitals);
}
/** Whether a variable is the runner's own, in a job of GitHub Actions. */
function isOfRunner(variable) {
	const capitals = variable.toUpperCase();
	return ofRunner.some((beginning) => capitals.startsWith(beginning));
}
// action/src/variables.ts
/** Names of outputs and of environment variables: made from names of secrets, and those that would be dangerous to set. */
/** @returns `undefined` where the name begins with a digit, so that no variable can have it */
function variableOf(secret) {
	const name = secret.toUpperCase().replaceAll(/[^A-Z0-9_]/g, "_");
	return isVariable(name) ? name : void 0;
}
function isVariable(name) {
	return /^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(name);
}
/** Whether a value there could make later steps run something, find something else, or trust somebody else. */
function isDangerous(name) {
	return isOfRunner(name) || isSteering(name);
}
// action/src/fetched.ts
/** Finds and reads the wanted secrets, and settles under which name each is handed on. */
/** One string of an environment, with its name, on Linux: with a longer one no program starts. */
var maxVariableBytes = 131071;
/** As many as one request may ask for. */
var readAtOnce = 1e3;
/**
* Finds what is wanted and settles the names, before any value is read. What a line names is not looked for: reading it
* shows whether it is there.
*
* @throws Fault if a pattern finds nothing, or two secrets would get one name
*/
async function find(secrets, wanted, isExported) {
	const byName = /* @__PURE__ */ new Map();
	const isPattern = ({ pattern }) => pattern.includes("*");
	for (const { pattern: name, variable } of wanted.filter((one) => !isPattern(one))) {
		const known = byName.get(name);
		if (known !== void 0 && variable !== void 0 && variable !== known.variable) throw new Fault(`secrets: "${name}" is named twice, for ${known.variable} and ${variable}.`);
		if (known === void 0) byName.set(name, {
			name,
			variable: variable ?? variableFor(name)
		});
	}
	for (const { pattern } of wanted.filter(isPattern)) {
		let count = 0;
		for await (const { name } of secrets.list({ name: pattern })) {
			count++;
			if (!byName.has(name)) byName.set(name, {
				name,
				variable: variableFor(name)
			});
		}
		if (count === 0) throw new Fault(`secrets: nothing is called "${pattern}", or nothing that the key may list.`);
	}
	const found = [...byName.values()];
	check(found, isExported);
	return found;
}
/** @param take is given each value as soon as it is here, before anything else happens */
async function read(secrets, found, isExported, take) {
	const pairs = [];
	for (let start = 0; start < found.length; start += readAtOnce) {
		const some = found.slice(start, start + readAtOnce);
		const values = await readSome(secrets, some);
		for (const { value, encoding } of values.values()) take(encoding === "base64" ? Buffer.from(value, "base64") : value);
		for (const { name, variable } of some) {
			const one = values.get(name);
			if (one === void 0) throw new Fault(`secrets: nothing is called "${name}", or nothing that the key may read.`);
			pairs.push({
				name: variable,
				value: one.value
			});
		}
	}
	const unfit = isExported ? pairs.find(isUnfit) : void 0;
	if (unfit !== void 0) throw new Fault(`export-env: the value for ${unfit.name} has a NUL in it, or is too long for an environment.`);
	return pairs;
}
/** With one request, unless the values are too long for one together. */
async function readSome(secrets, some) {
	try {
		const { secrets: read, unresolved } = await secrets.getMany(some.map(({ name }) => name));
		const [broken] = unresolved;
		if (broken !== void 0) throw new Fault(`"${broken.name}" could not be read: ${broken.detail}`);
		return new Map(read.map((one) => [one.name, one]));
	} catch (error) {
		if (!(error instanceof StrongroomError)) throw error;
		if (error.code === "too_large" && some.length > 1) {
			const half = Math.ceil(some.length / 2);
			const parts = [await readSome(secrets, some.slice(0, half)), await readSome(secrets, some.slice(half))];
			return new Map(parts.flatMap((part) => [...part]));
		}
		const [at = -1] = error.errors.flatMap(placeOf);
		const name = some[at]?.name;
		if (name === void 0) throw error;
		throw new Fault(`"${name}" could not be read: ${error.message}`);
	}
}
/** Which of the names a fault is of. */
function placeOf({ field }) {
	const [, at] = /^names\.(\d+)$/.exec(field) ?? [];
	return at === void 0 ? [] : [Number(at)];
}
function variableFor(name) {
	const variable = variableOf(name);
	if (variable !== void 0) return variable;
	throw new Fault(`secrets: no variable can be called as "${name}" is. Say which, as in "${name} => A_NAME".`);
}
/** Outputs and, on some systems, variables differ by more than capitals. */
function check(found, isExported) {
	const names = /* @__PURE__ */ new Map();
	for (const { name, variable } of found) {
		const other = names.get(variable.toUpperCase());
		if (other !== void 0) throw new Fault(`secrets: "${other}" and "${name}" would both be ${variable}.`);
		names.set(variable.toUpperCase(), name);
		if (isExported && isDangerous(variable)) throw new Fault(`export-env: ${variable} in the environment would change what later steps do. Give "${name}" another variable, or use the output.`);
	}
}
function isUnfit({ name, value }) {
	return value.includes("\0") || Buffer.byteLength(value) + name.length + 2 > maxVariableBytes;
}
// action/src/ask.ts
/** Requests of the action that need no API key yet, or only to end it. */
var tries = 3;
var timeoutMs = 1e4;
/** @param url as the workflow gives it, which may end as the API does */
function endpointOf(url, path) {
	return `${url.replace(/\/+$/, "").replace(/\/v3$/, "")}${path}`;
}
/**
* Asks again when nobody answered, or nobody could.
*
* @param init made anew for each try, where the same could be carried out once alone
* @throws Fault when that does not help
*/
async function ask(who, url, init) {
	for (let tried = 1;; tried++) {
		const answered = await askOnce(url, typeof init === "function" ? await init() : init);
		if (answered !== void 0 && answered.status < 500 && answered.status !== 429) return answered;
		if (tried === tries) throw new Fault(`${who} gave no answer${answered === void 0 ? "" : ` but ${answered.status}`}. Try again later.`);
		await new Promise((resolve) => setTimeout(resolve, Math.random() * 1e3 * 2 ** tried));
	}
}
/** @returns nothing where no answer came, or a part of one */
async function askOnce(url, init) {
	try {
		const response = await fetch(url, {
			...init,
			redirect: "manual",
			signal: AbortSignal.timeout(timeoutMs)
		});
		return {
			status: response.status,
			body: fieldsOf(await response.text())
		};
	} catch {
		return;
	}
}
function fieldsOf(text) {
	try {
		const body = JSON.parse(text);
		return typeof body === "object" && body !== null ? { ...body } : {};
	} catch {
		return {};
	}
}
// action/src/identity.ts
/** The job shows who it is: a token that the platform signs is traded for an API key that lives for minutes. */
/**
* Asks the platform for a token that names the job.
*
* @throws Fault when the job may not have one
*/
async function requestToken(environment, audience) {
	const text = environment["ACTIONS_ID_TOKEN_REQUEST_URL"] ?? "";
	const bearer = environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] ?? "";
	if (!URL.canParse(text) || bearer === "") throw new Fault("The job has no identity to show. Give it \"permissions: id-token: write\", or give this action an api-key.");
	const url = new URL(text);
	url.searchParams.set("audience", audience);
	const headers = {
		authorization: `Bearer ${bearer}`,
		accept: "application/json"
	};
	const { status, body } = await ask("The platform's token endpoint", url.href, { headers });
	if (status === 200 && typeof body["value"] === "string" && body["value"] !== "") return body["value"];
	throw new Fault(`The platform's token endpoint answered ${status} without a token.`);
}
/**
* Revokes a key that a token was traded for, whether or not it is good any more.
*
* @throws Fault when it may be good still
*/
async function revokeKey(url, apiKey) {
	const init = {
		method: "DELETE",
		headers: {
			authorization: `Bearer ${apiKey}`,
			accept: "application/json"
		}
	};
	const { status } = await ask("Strongroom", endpointOf(url, "/v3/keys/self"), init);
	if (status !== 200 && status !== 401) throw new Fault(`Strongroom answered with ${status}.`);
}
/**
* Trades a token for an API key.
*
* @param token gets one: of a trade whose answer was lost, the server may have taken it, and takes none twice
* @throws Fault with what the server says
*/
async function tradeToken({ url, account, rule }, token) {
	const { status, body } = await ask("Strongroom", endpointOf(url, "/v3/auth/oidc"), async () => ({
		method: "POST",
		headers: {
			"content-type": "application/json",
			accept: "application/json"
		},
		body: JSON.stringify({
			token: await token(),
			...account === void 0 ? {} : { account },
			...rule === void 0 ? {} : { rule }
		})
	}));
	if (status === 201 && typeof body["api_key"] === "string" && /^[\x21-\x7e]+$/.test(body["api_key"])) return body["api_key"];
	throw new Fault(`Strongroom answered the job's token with ${status}${typeof body["message"] === "string" ? `: ${body["message"].slice(0, 500)}` : ". Is the URL right?"}`);
}
// src/model/pattern.ts
/** Patterns over secret names: literal text in which `*` stands for any run of characters, also none, and `/` too. */
/** The characters of a name and `*`. */
var valid = /^[A-Za-z0-9_./*-]{1,255}$/;
function isPattern(text) {
	return valid.test(text);
}
// action/src/inputs.ts
/** What the workflow asks for: the inputs of `action.yml`, read from the environment as the runner sets them. */
var maxWanted = 500;
/** @throws Fault naming the input */
function readInputs(environment) {
	const given = (name) => environment[`INPUT_${name.toUpperCase()}`]?.trim() || void 0;
	const url = checkedUrl(given("url"));
	const wanted = (given("secrets") ?? "").split(/\r?\n/).flatMap(wantedOf);
	if (wanted.length === 0) throw new Fault("secrets: name at least one secret, one to a line.");
	if (wanted.length > maxWanted) throw new Fault(`secrets: at most ${maxWanted} lines. A pattern names many.`);
	return {
		url,
		apiKey: given("api-key"),
		audience: given("audience") ?? url,
		account: given("account"),
		rule: given("rule"),
		wanted,
		isExported: toBoolean("export-env", given("export-env") ?? "false"),
		isRevoked: toBoolean("revoke", given("revoke") ?? "true")
	};
}
/** A key or a value sent without TLS is everybody's on the way. */
function checkedUrl(text) {
	if (text === void 0) throw new Fault("url: say where the server is, such as https://strongroom.example.com.");
	const url = URL.canParse(text) ? new URL(text) : void 0;
	const isLocal = url !== void 0 && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
	if (url?.protocol === "https:" || url?.protocol === "http:" && isLocal) return text;
	throw new Fault("url: must begin with https://. Without TLS only a server on this machine is asked.");
}
function wantedOf(text) {
	const line = text.trim();
	if (line === "" || line.startsWith("#")) return [];
	const [pattern = "", variable, ...rest] = line.split("=>").map((part) => part.trim());
	if (!isPattern(pattern) || rest.length > 0) throw new Fault(`secrets: "${line}" is not NAME, PATTERN or NAME => VARIABLE.`);
	if (variable !== void 0 && !isVariable(variable)) throw new Fault(`secrets: "${variable}" cannot be the name of a variable: letters, digits and "_" can.`);
	if (variable !== void 0 && pattern.includes("*")) throw new Fault(`secrets: "${pattern}" may name several secrets, which cannot share one variable.`);
	return [{
		pattern,
		variable
	}];
}
/** As YAML has it. */
function toBoolean(name, text) {
	if (/^(?:true|True|TRUE)$/.test(text)) return true;
	if (/^(?:false|False|FALSE)$/.test(text)) return false;
	throw new Fault(`${name}: must be true or false.`);
}
// action/src/revoke.ts
/** Ends the key that the job got for its token. Whatever comes of it, the job does not fail for it. */
/** @returns whether the key is good no more */
async function revoke({ url, apiKey }) {
	try {
		await revokeKey(url, apiKey);
		say("The API key of this job is revoked.");
		return true;
	} catch (reason) {
		warn(`The API key of this job could not be revoked, and is good until it expires.${reason instanceof Fault ? ` ${reason.message}` : ""}`);
		return false;
	}
}
// action/src/state.ts
/** What the step leaves for its end, when the job is over: the key that it got, while it may still be good. */
/** Where that cannot be, nothing is left: no job fails for it. */
function leave({ GITHUB_STATE: path }, left) {
	try {
		append([path ?? ""], [{
			name: "url",
			value: left?.url ?? ""
		}, {
			name: "key",
			value: left?.apiKey ?? ""
		}]);
	} catch {}
}
// action/src/main.ts
/** The GitHub Action: who asks, what is fetched, what later steps get. Nothing is handed on unless all of it is. */
async function run(environment) {
	const inputs = readInputs(environment);
	const files = {
		outputFile: fileOf(environment, "GITHUB_OUTPUT"),
		variablesFile: inputs.isExported ? fileOf(environment, "GITHUB_ENV") : void 0
	};
	if (inputs.apiKey === void 0) return withKeyOfJob(inputs, environment, (apiKey) => fetchAll(inputs, apiKey, files));
	mask(inputs.apiKey);
	await fetchAll(inputs, inputs.apiKey, files);
}
async function fetchAll(inputs, apiKey, { outputFile, variablesFile }) {
	const { secrets } = new Strongroom({
		url: inputs.url,
		apiKey
	});
	const pairs = await read(secrets, await find(secrets, inputs.wanted, inputs.isExported), inputs.isExported, hide);
	append(variablesFile === void 0 ? [outputFile] : [outputFile, variablesFile], pairs);
	const where = inputs.isExported ? "outputs and environment variables" : "outputs";
	say(`Fetched ${pairs.length} as ${where}: ${pairs.map(({ name }) => name).join(", ")}`);
}
function fileOf(environment, name) {
	const path = environment[name];
	if (path === void 0 || path === "") throw new Fault(`The runner names no file as ${name}.`);
	return path;
}
/** Gets a key for the work, and revokes it right after. The end of the job sees to what is not revoked by then. */
async function withKeyOfJob(inputs, environment, work) {
	const apiKey = await tradeToken(inputs, async () => {
		const token = await requestToken(environment, inputs.audience);
		mask(token);
		return token;
	});
	mask(apiKey);
	if (!inputs.isRevoked) return work(apiKey);
	const left = {
		url: inputs.url,
		apiKey
	};
	leave(environment, left);
	try {
		await work(apiKey);
	} finally {
		if (await revoke(left)) leave(environment, void 0);
	}
}
function hide(value) {
	for (const form of formsOf(value)) mask(form);
}
try {
	await run(process.env);
} catch (reason) {
	error(reason instanceof Fault || reason instanceof StrongroomError || reason instanceof TypeError ? reason.message : "The action failed in a way that it does not know.");
	process.exitCode = 1;
}
export {};
