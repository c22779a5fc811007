/** `/v3/folders`: the folders of secrets, a level at a time. */
import { Type } from 'typebox'
import { folderStart } from '../../model/name.ts'
import { decodePosition, encodeCursor } from '../../vault/cursors.ts'
import { listFolders } from '../../vault/secret-listing.ts'
import { askerOf } from '../asker.ts'
import { take } from '../listing.ts'
import { defineRoute, noBody, noParams, type Route } from '../route.ts'
import { CursorQuery, FolderQuery, KeyQuery, LimitQuery } from '../schema.ts'

const Folder = Type.Object(
  { name: Type.String({ description: 'All of its name, with "/" at the end.' }) },
  { title: 'Folder', description: 'A folder of secrets: what names have before a "/".' },
)

const defaultLimit = 1000

export const folderRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/folders',
    operationId: 'listFolders',
    tag: 'Secrets',
    summary: 'List folders',
    description:
      'Those directly in a folder, by name, of secrets that the key may list; `GET /v3/secrets?folder=web/` lists the secrets that are directly in it. 1000 unless `limit` says otherwise.',
    scope: 'secrets:list',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: Type.Object(
        {
          ...KeyQuery,
          folder: FolderQuery,
          effective: Type.Optional(
            Type.Literal('true', {
              description: '"true"',
              'x-about': 'With those that only what the environment inherits is in.',
            }),
          ),
          limit: LimitQuery,
          cursor: CursorQuery,
        },
        { additionalProperties: false },
      ),
      body: noBody,
      answers: { 200: Type.Object({ folders: Type.Array(Folder) }) },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { folder = '', effective, limit = defaultLimit, cursor } = request.query
        const most = Number(limit)
        const { accountId, pages } = await listFolders(vault, askerOf(request), {
          folder: folderStart(folder),
          isEffective: effective === 'true',
          after: (account) =>
            cursor === undefined ? undefined : String(decodePosition(vault, account, 'folders', cursor)[0]),
        })
        // One more tells whether there is another page.
        const found = await take(pages, most + 1)
        const names = found.slice(0, most)
        const last = names.at(-1)
        if (found.length > most && last !== undefined) {
          reply.header('strongroom-next-cursor', encodeCursor(vault, accountId, 'folders', [last]))
        }
        return { folders: names.map((name) => ({ name })) }
      },
  }),
]
