/** `/portal/sso/callback`: where an identity provider sends a browser back to. */
import { finishSso, returnOf } from '../../../vault/sso.ts'
import type { OpenRoute } from '../../open-route.ts'
import { addressOf } from '../../peer.ts'
import { toRefusal } from '../../problem.ts'
import { clearFlowCookie, flowTicketOf, setCookie } from '../../session-cookie.ts'
import { callbackPath, ssoPlace } from '../../sso.ts'

/** Where a window ends that was opened to sign in again: it tells the page that opened it how that went. */
const windowEnd = '/portal/signed-in'

/** Answered without a key: the ticket in the browser's cookie says whose flow it is. */
export const ssoCallbackRoutes: readonly OpenRoute[] = [
  {
    path: callbackPath,
    // A look would use the ticket up.
    isHeadServed: false,
    isNeverShed: false,
    use: (context) => async (request, reply) => {
      const { vault } = context
      reply.header('referrer-policy', 'no-referrer')
      const stranger = { requestId: request.id, address: addressOf(request) }
      const agent = { address: stranger.address, userAgent: request.headers['user-agent'] ?? '' }
      const ticket = flowTicketOf(request) ?? ''
      try {
        const place = ssoPlace(context, request)
        const answer = new URL(request.raw.url ?? '', place.redirectUri)
        const { opened, returnTo } = await finishSso(vault, stranger, place, { ticket, answer }, agent)
        setCookie(request, reply, opened.token, (opened.session.expiresAt ?? 0) - vault.now())
        clearFlowCookie(request, reply)
        return reply.redirect(returnTo, 303)
      } catch (error) {
        const { code } = toRefusal(error)
        request.log.info({ code }, 'a sign-in through a provider failed')
        clearFlowCookie(request, reply)
        // A person is looking at this: the portal says what it means.
        const end = returnOf(vault, ticket) === windowEnd ? windowEnd : '/portal/'
        return reply.redirect(`${end}?trouble=${code}`, 303)
      }
    },
  },
]
