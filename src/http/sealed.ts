/**
 * What a server answers that has no root key yet: shares of it are taken, and everything else is told what to do. Who asks on
 * the host's socket is let in by its file's mode; everybody else only where the settings say so, and may not undo anything.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Given, Progress, Shares, Way } from '../crypto/providers/shares.ts'
import { invalid, Refusal } from '../errors.ts'
import { parseJson } from '../json.ts'
import { programVersion } from '../package-root.ts'
import { RateLimiter } from './limits.ts'

/** Nobody has more to say than a share. */
const maxBody = 1024
/** Of one address, and of all of them, each second: shares are typed by people. */
const sharesPerSecond = { one: 1, all: 3 } as const

export interface Unsealing {
  readonly shares: Shares
  readonly isLimited: boolean
  /** Told of each share that was taken, and of no share itself. */
  readonly onGiven: (given: Given, way: Way) => void
}

/** Serves `/unseal` to those who come by one way. */
export function serveUnsealing(app: FastifyInstance, { shares, isLimited, onGiven }: Unsealing, way: Way): void {
  const limiters = isLimited
    ? { one: new RateLimiter(sharesPerSecond.one), all: new RateLimiter(sharesPerSecond.all) }
    : undefined
  app.removeAllContentTypeParsers()
  // No page of another site sends this type unasked.
  app.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: maxBody }, (_request, body, done) =>
    done(null, body),
  )
  app.get('/unseal', () => shown(shares.progress))
  app.post('/unseal', { bodyLimit: maxBody }, (request) => {
    if (way === 'network') {
      limiters?.one.take(request.socket.remoteAddress ?? '', performance.now())
      limiters?.all.take('', performance.now())
    }
    const text = shareIn(request.body)
    try {
      const given = shares.give(text, way)
      onGiven(given, way)
      const { outcome, wrong } = given
      return { ...shown(given), outcome, wrong_shares: wrong }
    } finally {
      text.fill(0)
    }
  })
  // By the network, whoever is there could take away what others gave.
  if (way === 'network') return
  app.delete('/unseal', () => {
    shares.forget()
    return shown(shares.progress)
  })
}

function shown({ isOpen, threshold, count, have, set }: Progress) {
  return { status: isOpen ? 'open' : 'sealed', threshold, shares: count, have, set }
}

function shareIn(body: unknown): Buffer {
  if (!Buffer.isBuffer(body)) throw invalid('share', 'Send {"share": "…"} as "Content-Type: application/json".')
  try {
    const sent = parseJson(body)
    const share = typeof sent === 'object' && sent !== null && 'share' in sent ? sent.share : undefined
    if (typeof share === 'string') return Buffer.from(share)
    throw invalid('share', 'Is required, as a text.')
  } finally {
    body.fill(0)
  }
}

/** Why nothing is answered, and what to do about it. */
export function sealedRefusal(shares: Shares | undefined): Refusal {
  const headers = { 'retry-after': '5' }
  if (shares === undefined) {
    const text =
      'The server has no root key yet: none of the root keys in its settings can be used right now. Try again later.'
    return new Refusal('sealed', text, { headers })
  }
  const { threshold, count, have } = shares.progress
  const text = `The server is sealed: it needs ${threshold} of the ${count} shares of its root key, and has ${have}. Anyone who holds a share can enter it on the host of the server with "strongroom unseal".`
  return new Refusal('sealed', text, { headers })
}

/** `/v1/sys/…` as clients of Vault and OpenBao ask for it, while the server is sealed. */
export function serveVaultHealth(app: FastifyInstance, isSealed: () => boolean, shares: Shares | undefined): void {
  const { threshold, count } = shares ?? { threshold: 1, count: 1 }
  const version = `1.17.0+strongroom.${programVersion()}`
  const unlessOpen = () => {
    if (!isSealed())
      throw new Refusal('overloaded', 'The server is starting, and waits for its store. Try again shortly.')
  }
  app.get('/v1/sys/health', (_request: FastifyRequest, reply: FastifyReply) => {
    unlessOpen()
    return reply.code(503).send({
      ...{ initialized: true, sealed: true, standby: true, performance_standby: false },
      ...{ replication_performance_mode: 'disabled', replication_dr_mode: 'disabled' },
      version,
    })
  })
  app.get('/v1/sys/seal-status', () => {
    unlessOpen()
    return {
      ...{ type: shares === undefined ? 'strongroom' : 'shamir', initialized: true, sealed: true },
      ...{ t: threshold, n: count, progress: shares?.progress.have ?? 0, nonce: '' },
      ...{ migration: false, recovery_seal: false, build_date: '', version },
    }
  })
  app.get('/v1/sys/init', () => {
    unlessOpen()
    return { initialized: true }
  })
}

/** For people who open the portal meanwhile. */
export function sealedPage(shares: Shares | undefined): string {
  const { message } = sealedRefusal(shares)
  const text = message
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/"([^"]*)"/g, '<code>$1</code>')
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="15">
<title>Sealed - Strongroom</title>
<style>
:root { color-scheme: light dark }
body { font: 0.9375rem/1.6 system-ui, sans-serif; margin: 0; padding: 15vh 1rem; background: light-dark(#f5f6f8, #0d0e12); color: light-dark(#1a1c22, #e7e9ee) }
main { max-width: 26rem; margin: 0 auto; padding: 1.5rem 1.75rem; border-radius: 0.75rem; background: light-dark(#fff, #1a1c23); border: 1px solid light-dark(#e2e4ea, #2c2f38) }
h1 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 1rem }
p { margin: 0.75rem 0 0 }
code { font-family: ui-monospace, monospace; font-size: 0.9em; white-space: nowrap; padding: 0.1em 0.35em; border-radius: 0.25rem; background: light-dark(#eef0f4, #0d0e12) }
</style>
<main>
<h1>Strongroom is sealed</h1>
<p>${text}</p>
<p>Until then, nobody can sign in or read a secret. Stored data is safe. This page refreshes by itself.</p>
</main>
</html>
`
}
