/**
 * A process that asks a token once, and ends: standard input is a request in JSON, a line feed, and bytes; descriptor 3 has an answer in the
 * same form. Libraries of manufacturers may write elsewhere what they want.
 */
import { readFileSync, writeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { askToken, loadPackage, type TokenRequest } from './pkcs11-token.ts'

const asked = readFileSync(0)
const end = asked.indexOf('\n')
const request: TokenRequest = JSON.parse(asked.toString('utf8', 0, end))
// Whoever started it may be gone before the library hangs: then nobody else would end it, and it would keep the token's session.
new Worker(`setTimeout(() => process.kill(${process.pid}, 'SIGKILL'), ${Number(request.lifeMs)})`, { eval: true })
const { answer, bytes } = askToken(await loadPackage(), request, asked.subarray(end + 1))
const told = Buffer.concat([Buffer.from(`${JSON.stringify(answer)}\n`), bytes])
for (let at = 0; at < told.length; ) at += writeSync(3, told, at)
for (const secret of [asked, bytes, told]) secret.fill(0)
// Some of them leave threads behind, for which nothing else would wait.
process.exit(0)
