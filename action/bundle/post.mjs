// Made by "npm run build:action" from action/src, src/client and src/formats. Do not edit.
// action/src/commands.ts
/** Hides a text in all that the job logs from now on. A blank text cannot be hidden. */
function mask(text) {
	if (text.trim() !== "") command("add-mask", text);
}
/** The same for what fails nothing. */
function warn(message) {
	command("warning", message);
}
/** A line of the log. */
function say(line) {
	process.stdout.write(`${line.replaceAll(/[\r\n]+/g, " ").replaceAll(/::|##\[/g, " ")}\n`);
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
function whatIsLeft({ STATE_url: url = "", STATE_key: apiKey = "" }) {
	return apiKey === "" ? void 0 : {
		url,
		apiKey
	};
}
// action/src/post.ts
/** The end of the action, when the job is over: revokes the key that the step got, if that is still to be done. */
var left = whatIsLeft(process.env);
if (left !== void 0) {
	mask(left.apiKey);
	await revoke(left);
}
export {};
