/** Which API a path belongs to, for what no route takes: each refuses in a form of its own. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerError } from './answers.ts'
import { answerListsError, isListsPath, refusedPaths as refusedListPaths } from './secret-lists/plugin.ts'
import { answerVaultError } from './vault-api/answers.ts'
import { isVaultPath, refusedPaths as refusedVaultPaths } from './vault-api/paths.ts'

/** How an error is answered at a path. */
export function answerAt(path: string): typeof answerError {
  if (isVaultPath(path)) return answerVaultError
  return isListsPath(path) ? answerListsError : answerError
}

/** What no route takes, in the form of the API that its path belongs to. */
export function answerUnmatched(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return answerAt(request.server.knownPathOf(request)?.path ?? '')(error, request, reply)
}

/** Whatever is not there below these is refused in the form of their API. */
export function refusedPathsOf({ isVaultApiServed }: { readonly isVaultApiServed: boolean }): readonly string[] {
  return [...refusedListPaths, ...(isVaultApiServed ? refusedVaultPaths : [])]
}
